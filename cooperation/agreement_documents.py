"""The PDFs of a version in force: ordered once per language."""

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from cooperation.models import AgreementDocument, AgreementVersion
from documents import jobs
from partners.models import User

TASK = "cooperation.tasks.build_agreement_pdf"


def order(version: AgreementVersion, *, by: User) -> list[AgreementDocument]:
    """Order the PDFs that do not exist yet. The caller holds the agreement's lock."""
    project = version.agreement.project.name
    existing = {row.language: row for row in version.documents.select_related("document")}
    for language, _label in settings.LANGUAGES:
        if language in existing:
            continue
        with translation.override(language):
            title = _("Agreement “%(project)s”, version %(number)s") % {
                "project": project,
                "number": version.number,
            }
        document = jobs.create(kind="agreement", task=TASK, language=language, title=title, by=by)
        existing[language] = AgreementDocument.objects.create(
            version=version, language=language, document=document
        )
    return list(existing.values())
