"""The public check page: is this file an original of the portal?"""

from cryptography.hazmat.primitives.serialization import Encoding
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from documents import seal_keys


@login_not_required
@require_GET
def check(request: HttpRequest) -> HttpResponse:
    """The page with its forms."""
    return render(request, "documents/check.html")


@login_not_required
@require_GET
def check_code(request: HttpRequest, code: str) -> HttpResponse:
    """Where the QR code of a document leads."""
    return check(request)


@login_not_required
@require_GET
def roots(request: HttpRequest) -> HttpResponse:
    """The roots that a seal of this portal may come from, as PEM."""
    pem = b"".join(each.public_bytes(Encoding.PEM) for each in seal_keys.trusted())
    return HttpResponse(pem, content_type="application/x-pem-file")
