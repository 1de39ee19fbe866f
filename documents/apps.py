from django.apps import AppConfig
from django.core import checks
from django.utils.translation import gettext_lazy as _


class DocumentsConfig(AppConfig):
    name = "documents"
    verbose_name = _("Documents")

    def ready(self) -> None:
        from documents import (  # noqa: PLC0415 -- models are there from now on only
            guarding,
            guards,
            seal_checks,
        )

        guarding.register(self, since="0005_originals_stand", guards=guards.GUARDS)

        checks.register(seal_checks.check_seal, checks.Tags.security, deploy=True)
