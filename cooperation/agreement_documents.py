"""The PDFs of a version in force: ordered once per language, and per firm where they differ."""

from datetime import datetime

from django.conf import settings
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from cooperation.models import AgreementDocument, AgreementEvent, AgreementVersion
from documents import jobs
from documents.models import Document
from partners.models import Partner, User

TASK = "cooperation.tasks.build_agreement_pdf"


def order(version: AgreementVersion, *, by: User) -> list[AgreementDocument]:
    """Order the PDFs that do not exist yet. The caller holds the agreement's lock."""
    existing = list(version.documents.select_related("document"))
    made = {(row.partner_id, row.language) for row in existing}
    for partner in _readers(version):
        for language, _label in settings.LANGUAGES:
            if (partner.pk if partner else None, language) not in made:
                existing.append(_order(version, partner, language, by))
    return existing


def _readers(version: AgreementVersion) -> list[Partner | None]:
    """For whom there is a PDF: one for all, unless annexes make each firm's different."""
    slots = list(version.slots.select_related("partner"))
    if len(slots) <= 2 or not version.annexes.exists():
        return [None]
    return [slot.partner for slot in slots]


def _order(
    version: AgreementVersion, partner: Partner | None, language: str, by: User
) -> AgreementDocument:
    with translation.override(language):
        said = _("Agreement “%(project)s”, version %(number)s")
        if partner is not None:
            said = _("Agreement “%(project)s”, version %(number)s, for %(firm)s")
        title = said % {
            "project": version.agreement.project.name,
            "number": version.number,
            "firm": partner.name if partner else "",
        }
    document = jobs.create(
        kind="agreement",
        task=TASK,
        language=language,
        title=title,
        by=by,
        seal=True,
        content_sha256=version.sha256,
        trail=_last_event(version),
    )
    return AgreementDocument.objects.create(
        version=version, language=language, partner=partner, document=document
    )


def supersede(version: AgreementVersion, *, at: datetime) -> None:
    """Note on the PDFs of all earlier versions that this one has taken their place."""
    earlier = AgreementDocument.objects.filter(
        version__agreement=version.agreement_id, version__number__lt=version.number
    )
    jobs.supersede(Document.objects.filter(pk__in=earlier.values("document")), at=at)


def _last_event(version: AgreementVersion) -> tuple[int, str]:
    """The event that the log in the PDF ends with: that this version came into force."""
    in_force = version.agreement.events.filter(
        kind=AgreementEvent.Kind.IN_FORCE, data__version=version.number
    )
    seq, head = in_force.values_list("seq", "hash").get()
    return seq, head


def of(version: AgreementVersion, partner: Partner | None) -> list[tuple[str, Document]]:
    """Language and PDF for a reader of ``partner``: its own, or the one for all."""
    readable = Q(partner=None) if partner is None else Q(partner=None) | Q(partner=partner)
    rows = version.documents.filter(readable).select_related("document__seal").order_by("language")
    return [(row.language, row.document) for row in rows]
