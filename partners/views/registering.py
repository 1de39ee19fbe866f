"""A firm registers itself: the form, the code, and waiting for the operator where one is asked."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.mail import mail_admins
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from partners import acting, guessing, registrations
from partners.joining_forms import RegistrationForm
from partners.models import Registration, User
from partners.newcomers import Newcomer
from partners.people import NotPossible
from partners.registrations import Application
from partners.views import proving

PURPOSE = "registration"


def next_page(request: HttpRequest) -> str:
    """Where the reader wants to go on, if that is a page of this portal; else ""."""
    page = request.POST.get("next") or request.GET.get("next") or ""
    if page.startswith("/") and url_has_allowed_host_and_scheme(page, allowed_hosts=None):
        return page
    return ""


@login_not_required
@require_http_methods(["GET", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """The firm, the person, an address in the firm's domain."""
    user = _reader(request)
    form = RegistrationForm(request.POST or None, signed_in=user)
    if request.method == "POST" and form.is_valid():
        if form.is_machine:  # it gets to see what everybody sees, and nothing is sent
            return redirect("partners:register_code")
        try:
            if _begin(request, form.cleaned_data, user):
                return redirect("partners:register_code")
            form.add_error(None, _("The mail could not be sent. Please try again later."))
        except guessing.TooMany:
            form.add_error(None, proving.too_many())
    here, page = reverse("partners:register"), next_page(request)
    context = {
        "form": form,
        "reader": user,
        "next": page,
        "here": f"{here}?{urlencode({'next': page})}" if page else here,
        "is_approved_by_operator": settings.REGISTRATION_APPROVAL,
    }
    return render(request, "partners/register.html", context)


def _begin(request: HttpRequest, data: dict[str, Any], user: User | None) -> bool:
    person: Newcomer | User = user or Newcomer.of(
        email=data["email"],
        name=data["person_name"],
        language=translation.get_language()[:2],
        password=data["password"],
    )
    facts = {name: data[name] for name in ("name", "legal_name", "website", "domain")}
    here = registrations.firm_with(data["domain"])
    whose = {"reader": str(user.pk) if user else "", "next": next_page(request)}
    return proving.ask_for_code(request, PURPOSE, facts | whose, person, firm_here=here)


@login_not_required
@require_http_methods(["GET", "POST"])
def register_code(request: HttpRequest) -> HttpResponse:
    """The code that was sent into the firm's domain.

    The page also stands for whoever was sent none: they are told nothing here.
    """
    return proving.take_code(request, PURPOSE, back=reverse("partners:register"), then=_register)


def _register(
    request: HttpRequest, facts: dict[str, Any], newcomer: Newcomer | None
) -> HttpResponse:
    user = _reader(request)
    if (str(user.pk) if user else "") != facts["reader"]:  # somebody else signed in meanwhile
        messages.warning(request, _("The code no longer works. Please ask for a new one."))
        return redirect("partners:register")
    firm = {name: facts[name] for name in ("name", "legal_name", "website", "domain")}
    person = newcomer or user
    try:
        if person is None:
            raise NotPossible(_("The code no longer works. Please ask for a new one."))
        registration = registrations.register(Application(**firm), person)
    except NotPossible as error:
        messages.warning(request, str(error))
        return redirect("partners:register")
    if registration.partner is None:
        mail_admins("A firm waits for approval", _told(registration), fail_silently=True)
        return redirect("partners:registered")
    messages.success(
        request,
        _("Welcome. %(firm)s is registered, and you are its first admin.")
        % {"firm": registration.name},
    )
    page = facts["next"] or reverse("home")
    founder = registration.partner.memberships.select_related("user").get().user
    response = redirect(page) if user else proving.sign_in(request, founder, page)
    acting.choose(request.session, registration.partner.pk)
    return response


def _told(registration: Registration) -> str:
    return f"{registration} registered. Please approve or refuse it in the administration."


@login_not_required
@require_GET
def registered(request: HttpRequest) -> HttpResponse:
    """The domain is proved; now the operator looks at the firm."""
    return render(request, "partners/registered.html")


def _reader(request: HttpRequest) -> User | None:
    return request.user if request.user.is_authenticated else None
