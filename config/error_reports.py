"""What the report of an error may tell: where it happened, and nothing that somebody typed in."""

from collections.abc import ItemsView
from typing import Any

from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from django.views.debug import SafeExceptionReporterFilter

HIDDEN_META = ("HTTP_AUTHORIZATION", "HTTP_COOKIE", "HTTP_X_CSRFTOKEN")


class ReportFilter(SafeExceptionReporterFilter):
    """Forms, cookies and variables are hidden whole, not where a view remembered to ask for it.

    A form holds passwords, and texts of people who did not write them for the operator.
    """

    def is_active(self, request: HttpRequest | None) -> bool:
        return True

    def get_post_parameters(self, request: HttpRequest | None) -> MultiValueDict[str, Any]:
        names = list(request.POST) if request is not None else []
        return MultiValueDict({name: [self.cleansed_substitute] for name in names})

    def get_safe_cookies(self, request: HttpRequest) -> dict[str, Any]:
        return dict.fromkeys(request.COOKIES, self.cleansed_substitute)

    def get_safe_request_meta(self, request: HttpRequest) -> dict[str, Any]:
        meta = super().get_safe_request_meta(request)
        return meta | {name: self.cleansed_substitute for name in HIDDEN_META if name in meta}

    def get_traceback_frame_variables(
        self, request: HttpRequest, tb_frame: Any
    ) -> ItemsView[str, Any]:
        return dict.fromkeys(tb_frame.f_locals, self.cleansed_substitute).items()
