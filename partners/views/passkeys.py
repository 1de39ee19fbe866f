"""What the browser needs to ask for a passkey in the middle of a form."""

from django.http import HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from partners import reauthentication
from partners.middleware import PortalRequest

MOST = 400  # characters of a purpose


@never_cache
@require_POST
def passkey_challenge(request: PortalRequest) -> HttpResponse:
    """A challenge for the reader's passkeys, kept for this session and purpose; 400 without one.

    The purpose is what the page says; what it is good for is computed by the view that checks.
    """
    purpose = request.POST.get("purpose", "")
    if not 0 < len(purpose) <= MOST:
        return JsonResponse({}, status=400)
    return JsonResponse(reauthentication.challenge(request, purpose))
