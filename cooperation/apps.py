from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CooperationConfig(AppConfig):
    name = "cooperation"
    verbose_name = _("Cooperation")

    def ready(self) -> None:
        from cooperation import guards  # noqa: PLC0415 -- apps are loaded before
        from support import guarding  # noqa: PLC0415

        guarding.register(self, since="0007_evidence_stands", guards=guards.GUARDS)
        self._declare()

    def _declare(self) -> None:
        from cooperation import archive_tables as own  # noqa: PLC0415
        from cooperation import privacy  # noqa: PLC0415
        from partners.privacy import archive_tables, registry  # noqa: PLC0415

        registry.register(privacy.ACTIVITIES, privacy.HELD)
        archive_tables.register(own.TABLES, checks=own.CHECKS)

        from cooperation import erasing, keeping, mentions  # noqa: PLC0415
        from partners.privacy import erasure, retention  # noqa: PLC0415
        from partners.privacy import mentions as all_mentions  # noqa: PLC0415

        erasure.register(erasing.PART)
        retention.register(keeping.RULES)
        all_mentions.register(mentions.find, mentions.listed)
