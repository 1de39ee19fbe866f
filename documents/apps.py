from django.apps import AppConfig
from django.core import checks
from django.utils.translation import gettext_lazy as _


class DocumentsConfig(AppConfig):
    name = "documents"
    verbose_name = _("Documents")

    def ready(self) -> None:
        from documents import (  # noqa: PLC0415 -- models are there from now on only
            guards,
            seal_checks,
        )
        from support import guarding  # noqa: PLC0415

        guarding.register(self, since="0005_originals_stand", guards=guards.GUARDS)

        checks.register(seal_checks.check_seal, checks.Tags.security, deploy=True)
        self._declare()

    def _declare(self) -> None:
        from documents import archive_tables as own  # noqa: PLC0415
        from documents import privacy  # noqa: PLC0415
        from partners.privacy import archive_tables, registry  # noqa: PLC0415

        registry.register(privacy.ACTIVITIES, privacy.HELD)
        archive_tables.register(own.TABLES, checks=own.CHECKS)
