"""The reader's own name and language."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from partners.forms import AccountForm
from partners.middleware import PortalRequest


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
