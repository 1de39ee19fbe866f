from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PartnersConfig(AppConfig):
    name = "partners"
    verbose_name = _("Partners")

    def ready(self) -> None:
        from partners import guards  # noqa: PLC0415 -- apps are loaded before
        from partners.accounts import (  # noqa: PLC0415
            entra_adapter,
            factors,
            outgoing,
            sessions,
        )
        from support import guarding  # noqa: PLC0415

        outgoing.connect()
        sessions.connect()
        factors.connect()
        guarding.register(self, since="0003_firm_events", guards=guards.GUARDS)
        entra_adapter.connect()
        self._declare()

    def _declare(self) -> None:
        from partners.privacy import declared, registry  # noqa: PLC0415

        registry.register(declared.ACTIVITIES, declared.HELD)
