from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CooperationConfig(AppConfig):
    name = "cooperation"
    verbose_name = _("Cooperation")

    def ready(self) -> None:
        from cooperation import guards  # noqa: PLC0415 -- apps are loaded before
        from documents import guarding  # noqa: PLC0415

        guarding.register(self, since="0007_evidence_stands", guards=guards.GUARDS)
