"""The public check page: is this file an original of the portal, and is it unchanged?"""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from documents import check_answers, checking, examining, seal_keys
from documents.check_answers import Answer
from documents.examining import Fault
from documents.forms import FileForm, FingerprintForm
from documents.models import SealCertificate
from partners import guessing, networks

# In a quarter of an hour, from one network: a team that goes through a folder gets on, whoever
# tries codes or lets the server work does not.
MOST_CHECKS = 30
MOST_FILES = 10
HOME_BITS = 64  # of an IPv6 address: who has one has 2**64 of them
SITE_BITS = 48  # what a provider gives to one customer at most: 65,536 of these nets
HOMES = 4  # of one site that use up what they may at the same time

View = Callable[..., HttpResponse]


def limited(view: View) -> View:
    """A page that asks for something counts as a check; beyond so many the answer is 429."""

    @wraps(view)
    def counted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            doors = _doors(request)
            if request.method == "POST" or "code" in kwargs:
                _count("check", doors, MOST_CHECKS)
            if request.FILES:
                _count("check-file", doors, MOST_FILES)
        except guessing.TooMany:
            response = _page(
                request, answer=check_answers.too_many(), status=HTTPStatus.TOO_MANY_REQUESTS
            )
            response["Retry-After"] = str(guessing.PAUSE)
            return response
        return view(request, *args, **kwargs)

    return counted


@login_not_required
@never_cache
@vary_on_headers("HX-Request")
@require_http_methods(["GET", "HEAD", "POST"])
@limited
def check(request: HttpRequest) -> HttpResponse:
    """The page with its forms; a POST brings a fingerprint, or a file that is not kept."""
    if request.method != "POST":
        return _page(request)
    if "sha256" in request.POST:
        return _fingerprint(request)
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, answer=check_answers.no_file())
    with form.cleaned_data["file"] as file:
        if file.size > examining.LIMIT:
            return too_large(request)
        data = file.read()
    return _page(request, answer=check_answers.of(checking.check_file(data)))


@login_not_required
@never_cache
@require_safe
@limited
def check_code(request: HttpRequest, code: str) -> HttpResponse:
    """Where the QR code of a document leads: what there is to know, and the way to a real check.

    An unknown code gets the same page with the same status: only its words differ.
    """
    answer = check_answers.of_code(checking.check_code(code))
    response = _page(request, by_code=answer)
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


@login_not_required
@require_GET
def roots(request: HttpRequest) -> HttpResponse:
    """The roots that a seal of this portal may come from, today's and earlier ones, as PEM."""
    pem = b"".join(each.public_bytes(Encoding.PEM) for each in seal_keys.trusted())
    return HttpResponse(
        pem,
        content_type="application/x-pem-file",
        headers={"Content-Disposition": 'attachment; filename="handschlag-roots.pem"'},
    )


def too_large(request: HttpRequest) -> HttpResponse:
    """The page for a file beyond the limit, which nobody has read."""
    answer = check_answers.of_fault(Fault.TOO_LARGE)
    return _page(request, answer=answer, status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def _fingerprint(request: HttpRequest) -> HttpResponse:
    form = FingerprintForm(request.POST)
    if not form.is_valid():
        return _page(request, answer=check_answers.no_fingerprint(), hash_form=form)
    verdict = checking.check_hash(form.cleaned_data["sha256"])
    return _page(request, answer=check_answers.of(verdict), hash_form=form)


def _page(
    request: HttpRequest,
    *,
    answer: Answer | None = None,
    by_code: Answer | None = None,
    hash_form: FingerprintForm | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    """The page with what was found; htmx gets the answer alone."""
    if answer is not None and request.headers.get("HX-Request"):
        context: dict[str, Any] = {"answer": answer}
        return render(request, "documents/check_result.html#result", context, status=status)
    context = {
        "answer": answer,
        "by_code": by_code,
        "asked_by_hash": hash_form is not None,
        "hash_form": hash_form or FingerprintForm(),
        "most_bytes": examining.LIMIT,
        "certificates": SealCertificate.objects.all(),
        "has_roots": bool(seal_keys.trusted()),
        # What the script finds out itself.
        "ready_answers": [
            check_answers.of_fault(Fault.EMPTY),
            check_answers.of_fault(Fault.TOO_LARGE),
            check_answers.not_read(),
        ],
    }
    return render(request, "documents/check.html", context, status=status)


def _count(what: str, doors: dict[str, int], most: int) -> None:
    for door, times in doors.items():
        guessing.count(f"{what}:{door}", most=most * times)


def _doors(request: HttpRequest) -> dict[str, int]:
    """What the tries are counted under, and how many times as many each may have.

    It is the address, of IPv6 the household's net and the site's.
    """
    address = networks.client_address(request)
    try:
        parsed = ip_address(address)
    except ValueError:  # a Unix socket without a trusted proxy: all share one count
        return {"unknown": 1}
    if not isinstance(parsed, IPv6Address):
        return {address: 1}
    if parsed.ipv4_mapped:
        return {str(parsed.ipv4_mapped): 1}
    home, site = (ip_network((parsed, bits), strict=False) for bits in (HOME_BITS, SITE_BITS))
    return {str(home): 1, str(site): HOMES}
