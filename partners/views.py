"""Pages about firms and their people."""

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import PasswordChangeView
from django.contrib.messages.views import SuccessMessageMixin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse_lazy
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from partners import cards, directory, mails, people, perms
from partners.cards import Place
from partners.forms import (
    AccountForm,
    ContactFormSet,
    DirectoryForm,
    PersonForm,
    ProfileForm,
    RoleForm,
)
from partners.middleware import PortalRequest
from partners.models import Membership, Partner

PAGE_SIZE = 25


def _own_partner(request: PortalRequest) -> Partner:
    """The firm that the reader acts for; whoever belongs to none has no such page."""
    if not request.partner:
        raise Http404
    return get_object_or_404(Partner.objects.of(request.user), pk=request.partner.pk)


def _added(request: PortalRequest, place: Place, firms: Sequence[Partner]) -> cards.Added:
    """What the rooms above add to this page."""
    reader = cards.Reader(request.user, request.partner or None)  # lazy, also when it holds nothing
    return cards.added(place, reader, firms)


@require_GET
@vary_on_headers("HX-Request")  # else the browser's Back shows the fragment as a page
def directory_list(request: PortalRequest) -> HttpResponse:
    form = DirectoryForm(request.GET)
    form.is_valid()
    firms = directory.search(
        request.user,
        q=form.cleaned_data.get("q", ""),
        competence=form.cleaned_data.get("competence", ""),
    )
    page = Paginator(firms, PAGE_SIZE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    added = _added(request, Place.LINE, list(page))
    context = {
        "form": form,
        "page": page,
        "lines": [(firm, added.of(firm)) for firm in page],
        "stylesheets": added.stylesheets,
        "query": query.urlencode(),
        "searched": bool(query),
    }
    template = "partners/directory.html" + ("#found" if request.htmx else "")
    return render(request, template, context)


@require_GET
def firm_detail(request: PortalRequest, pk: UUID) -> HttpResponse:
    """What a firm shows to the others: legal facts, competences, contacts."""
    firms = Partner.objects.visible_to(request.user).prefetch_related("contacts")
    firm = get_object_or_404(firms, pk=pk)
    added = _added(request, Place.FIRM, [firm])
    context = {"firm": firm, "cards": added.of(firm), "stylesheets": added.stylesheets}
    return render(request, "partners/firm_detail.html", context)


@require_GET
def profile(request: PortalRequest) -> HttpResponse:
    firm = _own_partner(request)
    signers = Membership.objects.active().filter(partner=firm, may_sign=True).count()
    added = _added(request, Place.PROFILE, [firm])
    context = {
        "firm": firm,
        "cards": added.of(firm),
        "stylesheets": added.stylesheets,
        "contacts": firm.contacts.all(),
        "can_edit": perms.can_edit_profile(request.user, firm),
        "signers": signers,
        "signers_missing": signers < firm.signatures_needed,
    }
    return render(request, "partners/profile.html", context)


@require_http_methods(["GET", "POST"])
def profile_edit(request: PortalRequest) -> HttpResponse:
    firm = _own_partner(request)
    if not perms.can_edit_profile(request.user, firm):
        raise PermissionDenied
    form = ProfileForm(request.POST or None, instance=firm)
    contacts = ContactFormSet(request.POST or None, instance=firm, prefix="contacts")
    if request.method == "POST" and form.is_valid() and contacts.is_valid():
        with transaction.atomic():
            form.save()
            contacts.save()
        messages.success(request, _("The profile is saved."))
        if "more" in request.POST:
            return redirect("partners:profile_edit")
        return redirect("partners:profile")
    context = {
        # The page keeps the firm's stored name in its head, whatever was typed into the form.
        "firm_name": Partner.objects.values_list("name", flat=True).get(pk=firm.pk),
        "form": form,
        "contacts": contacts,
    }
    return render(request, "partners/profile_edit.html", context)


@require_GET
def people_list(request: PortalRequest) -> HttpResponse:
    """The people of the reader's own firm."""
    firm = _own_partner(request)
    members = Membership.objects.of_firms_of(request.user).filter(partner=firm)
    context = {
        "firm": firm,
        "members": members.select_related("user"),
        "can_manage": perms.can_manage_people(request.user, firm),
    }
    return render(request, "partners/people.html", context)


@require_http_methods(["GET", "POST"])
def person_add(request: PortalRequest) -> HttpResponse:
    firm = _own_partner(request)
    if not perms.can_manage_people(request.user, firm):
        raise PermissionDenied
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            membership = people.add(
                firm,
                email=form.cleaned_data["email"],
                name=form.cleaned_data["name"],
                language=form.cleaned_data["language"],
                title=form.cleaned_data["title"],
                rights=form.rights,
                by=request.user,
            )
        except people.NotPossible as error:
            form.add_error(None, str(error))
        else:
            _welcome(request, membership)
            return redirect("partners:people")
    return render(request, "partners/person_add.html", {"firm": firm, "form": form})


@require_http_methods(["GET", "POST"])
def person_edit(request: PortalRequest, pk: UUID) -> HttpResponse:
    membership = _person_to_manage(request, pk)
    form = RoleForm(request.POST or None, instance=membership)
    if request.method == "POST" and form.is_valid():
        try:
            people.change(pk, title=form.cleaned_data["title"], rights=form.rights, by=request.user)
        except people.NotPossible as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The roles of %s are saved.") % membership.user.name)
            return redirect("partners:people")
    context = {
        "form": form,
        "member": membership,
        "is_self": membership.user_id == request.user.pk,
    }
    return render(request, "partners/person_edit.html", context)


@require_POST
def person_leave(request: PortalRequest, pk: UUID) -> HttpResponse:
    membership = _person_to_manage(request, pk)
    try:
        people.leave(pk, by=request.user)
    except people.NotPossible as error:
        messages.error(request, str(error))
        return redirect("partners:person_edit", pk=pk)
    messages.success(request, _("%s no longer belongs to your firm.") % membership.user.name)
    return redirect("partners:people")


@require_POST
def person_welcome(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Send the mail with the link once more, to somebody who never signed in."""
    membership = _person_to_manage(request, pk)
    if membership.user.last_login:
        name = membership.user.name
        messages.info(request, _("%s has signed in already and needs no link.") % name)
    else:
        _welcome(request, membership)
    return redirect("partners:people")


@require_http_methods(["GET", "POST"])
def account(request: PortalRequest) -> HttpResponse:
    """The reader's own name and language."""
    form = AccountForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        language = form.cleaned_data["language"]
        with translation.override(language):
            messages.success(request, _("Your details are saved."))
        response = redirect("partners:account")
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            samesite="Lax",
        )
        return response
    return render(request, "partners/account.html", {"form": form})


class PasswordChange(SuccessMessageMixin, PasswordChangeView):  # type: ignore[type-arg]
    template_name = "partners/password_change.html"
    success_url = reverse_lazy("partners:account")
    success_message = gettext_lazy("Your new password is saved.")


def _person_to_manage(request: PortalRequest, pk: UUID) -> Membership:
    people_of_firms = Membership.objects.of_firms_of(request.user).select_related("user", "partner")
    membership = get_object_or_404(people_of_firms, pk=pk)
    if not perms.can_manage_people(request.user, membership.partner):
        raise PermissionDenied
    return membership


def _welcome(request: PortalRequest, membership: Membership) -> None:
    user = membership.user
    if mails.send_welcome(membership, by=request.user):
        messages.success(
            request,
            _("%(name)s gets a mail at %(email)s.") % {"name": user.name, "email": user.email},
        )
    else:
        messages.warning(
            request,
            _("%(name)s is there, but the mail could not be sent. Please send it again later.")
            % {"name": user.name},
        )
