"""The JSON interface itself: how it answers, what it refuses, and its own description."""

from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema

from api.reading_as import MINUTE, KeyAuth
from partners import guessing

VERSION = "1"
PREFIX = "/api/v1/"
PROBLEM = "application/problem+json"

DESCRIPTION = """\
Read what your firm may see in Handschlag. Every request carries a key of the firm:
`Authorization: Bearer hsk_...`. A key reads with the rights of an observer and changes nothing.
Labels and sentences come in German, or in English with `Accept-Language: en`.
"""


class Interface(NinjaAPI):
    """Refusals are problem documents, in fact and in the description."""

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        schema = super().get_openapi_schema(
            path_prefix=PREFIX if path_prefix is None else path_prefix, path_params=path_params
        )
        for operations in schema["paths"].values():
            for operation in operations.values():
                first, _blank, rest = operation.pop("description").partition("\n\n")
                operation["summary"] = first
                operation |= {"description": rest} if rest else {}
                for status, answer in operation["responses"].items():
                    if int(status) >= HTTPStatus.BAD_REQUEST:
                        answer["content"] = {PROBLEM: answer["content"]["application/json"]}
        return schema


def problem(
    status: HTTPStatus, detail: str, errors: list[dict[str, Any]] | None = None
) -> HttpResponse:
    """A refusal that a program can read (RFC 9457)."""
    content = {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": detail,
        "errors": errors or [],
    }
    response = JsonResponse(content, status=int(status), content_type=PROBLEM)
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = 'Bearer realm="Handschlag"'
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        response["Retry-After"] = str(MINUTE)
    return response


def build() -> Interface:
    """The interface without its routes."""
    interface = Interface(
        title="Handschlag",
        version=VERSION,
        description=DESCRIPTION,
        urls_namespace="v1",
        auth=KeyAuth(),
        openapi_url=None,
        docs_url=None,
    )

    @interface.exception_handler(Http404)
    def not_found(request: HttpRequest, refusal: Http404) -> HttpResponse:
        said = _("There is no such thing, or your firm may not see it.")
        return problem(HTTPStatus.NOT_FOUND, said)

    @interface.exception_handler(HttpError)
    def refused(request: HttpRequest, refusal: HttpError) -> HttpResponse:
        status = HTTPStatus(refusal.status_code)
        if status == HTTPStatus.UNAUTHORIZED:
            return problem(status, _("Please send a valid key: Authorization: Bearer hsk_..."))
        return problem(status, str(refusal))

    @interface.exception_handler(ValidationError)
    def not_usable(request: HttpRequest, refusal: ValidationError) -> HttpResponse:
        # Not what was sent: it would come back into logs and pages.
        errors = [
            {"where": [str(part) for part in error["loc"]], "why": str(error["msg"])}
            for error in refusal.errors
        ]
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return problem(status, _("A parameter cannot be used."), errors)

    @interface.exception_handler(guessing.TooMany)
    def too_many(request: HttpRequest, refusal: guessing.TooMany) -> HttpResponse:
        return problem(HTTPStatus.TOO_MANY_REQUESTS, _("Too many requests. Please wait a minute."))

    return interface
