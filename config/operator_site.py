"""The operator's room: the Django admin, with what running the portal needs and nothing else.

Other packages register their tables with every admin they find: second factors, linked identities,
addresses, groups. Whoever could change these could come in as somebody else, so only the portal's
own rooms may register here.
"""

from typing import Any

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.db.models import Model
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver
from django.utils.translation import gettext_lazy as _

ROOMS = frozenset({"partners", "documents", "scoring", "cooperation", "api"})
# Passwords are changed where everybody changes theirs; rows have no pages to be led to.
LEFT_OUT = frozenset({"password_change", "password_change_done", "view_on_site"})


class OperatorSite(admin.AdminSite):
    site_header = site_title = _("Handschlag: operator")
    index_title = _("What needs an operator")
    site_url = "/start/"
    index_template = "admin/operator_index.html"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        models = model_or_iterable if isinstance(model_or_iterable, list | tuple) else None
        for model in models or [model_or_iterable]:
            if model._meta.app_label in ROOMS:
                super().register(model, admin_class, **options)

    def get_urls(self) -> list[Any]:
        found: list[URLPattern | URLResolver] = super().get_urls()
        return [each for each in found if getattr(each, "name", None) not in LEFT_OUT]

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        from config import health  # noqa: PLC0415 -- apps are loaded before

        def may_open(model: type[Model]) -> bool:
            return self.is_registered(model) and self.get_model_admin(
                model
            ).has_view_or_change_permission(request)

        return super().index(request, {"health": health.lines(may_open), **(extra_context or {})})


class OperatorAdminConfig(AdminConfig):
    default_site = "config.operator_site.OperatorSite"
