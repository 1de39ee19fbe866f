from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApiConfig(AppConfig):
    name = "api"
    verbose_name = _("Programming interface")

    def ready(self) -> None:
        from api import keys  # noqa: PLC0415 -- apps are loaded before
        from partners import firm_log  # noqa: PLC0415

        firm_log.register(keys.EVENTS)
        self._declare()

    def _declare(self) -> None:
        from api import privacy  # noqa: PLC0415
        from partners.privacy import registry  # noqa: PLC0415

        registry.register(privacy.ACTIVITIES, privacy.HELD)

        from api import keeping  # noqa: PLC0415
        from partners.privacy import retention  # noqa: PLC0415

        retention.register(keeping.RULES)
