"""Contacts that change after a signature: noted beside the version in force, signed by nobody.

People change more often than agreements. A firm notes its own contacts; the signed text stays as it
is, the log says that no signature was needed, and the next version takes the newest ones over.
"""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cooperation import frozen, kinds, mentions, notices, proposals, restoring, rule_books
from cooperation.agreements import NotPossible, lock, record, require_party
from cooperation.book import Party, Point, Value
from cooperation.kinds.base import NOTE_LIMIT, Problems
from cooperation.kinds.base import text as clean_text
from cooperation.models import (
    Agreement,
    AgreementEvent,
    AgreementVersion,
    Answer,
    ContactNote,
    Participation,
)
from partners.models import Partner, User

KIND = "contacts"


@transaction.atomic
def note(
    version_id: UUID,
    point_key: str,
    value: Any,
    *,
    by: User,
    partner: Partner,
    reason: str = "",
    seen: str | None = None,
) -> ContactNote:
    """Note the own firm's contacts of today beside the version in force.

    ``seen`` is the ``stamp`` of the form, so that two colleagues do not overwrite each other. A
    change that is being negotiated takes the note over unless the firm has proposed other contacts
    there. Raises ``InvalidAnswer`` (also field ``reason``), ``NotPossible``, and ``KeyError`` for a
    point that the text does not ask or that is none of contacts.
    """
    agreement = lock(
        AgreementVersion.objects.values_list("agreement", flat=True).get(pk=version_id)
    )
    version = AgreementVersion.objects.get(pk=version_id)
    _require_notable(agreement, version, partner)
    content = frozen.content(version.payload)
    point = _point(agreement, content, point_key)
    parties = tuple(Party(party["id"], party["name"]) for party in content["parties"])
    problems = Problems()
    cleaned_reason = clean_text(reason, "reason", problems, limit=NOTE_LIMIT, lines=True)
    cleaned = kinds.clean(value, point, parties)
    problems.raise_if_any()
    mentions.refuse_objected(cleaned, partner)
    before = current(version, content, point_key, partner)
    if seen is not None and seen != stamp(version, partner, point_key):
        raise NotPossible(
            _("A colleague noted other contacts in the meantime. Please look at them first.")
        )
    if cleaned == before:
        raise NotPossible(_("These contacts stand there already."))
    row = ContactNote.objects.create(
        version=version,
        partner=partner,
        point_key=point_key,
        value=cleaned,
        reason=cleaned_reason,
        by=by,
        at=timezone.now(),
    )
    if agreement.is_draft:
        _carry_over(agreement, row, before)
    said: dict[str, Any] = {"point": point_key, "version": version.number, "reason": cleaned_reason}
    record(agreement, AgreementEvent.Kind.CONTACTS_NOTED, by=by, partner=partner, **said)
    places = Participation.objects.accepted().filter(project=agreement.project_id)
    signed = version.slots.values("partner")
    others = places.filter(partner__in=signed).exclude(partner=partner).select_related("partner")
    notices.tell(
        agreement,
        "contacts_noted",
        notices.people([place.partner for place in others], leads=True, without=by),
        key=str(row.pk),
        path=reverse("cooperation:version", args=[version.pk]),
        firm=partner.name,
    )
    return row


def _require_notable(agreement: Agreement, version: AgreementVersion, partner: Partner) -> None:
    require_party(agreement, partner)
    if agreement.is_closed:
        raise NotPossible(_("This agreement is over, so there is nothing to change any more."))
    if version.state != AgreementVersion.State.IN_FORCE:
        raise NotPossible(_("Contacts are noted beside the version in force only."))
    if not version.slots.filter(partner=partner).exists():
        raise NotPossible(_("Your firm is not a party of the version in force."))
    if agreement.status == Agreement.Status.SIGNING:
        raise NotPossible(
            _(
                "A new version is being signed just now, and its text names the contacts. Please "
                "note the change when it is signed."
            )
        )


def _point(agreement: Agreement, content: dict[str, Any], point_key: str) -> Point:
    asked = {point["key"] for rule in content["rules"] for point in rule["points"]}
    point = rule_books.by_id(agreement.rule_book_id).point(point_key)
    if point_key not in asked or not is_notable(point):
        raise KeyError(point_key)
    return point


def is_notable(point: Point) -> bool:
    """Whether a firm may note its own answer without a signature."""
    return point.kind == KIND and point.per_partner and not point.pairwise


def current(
    version: AgreementVersion, content: dict[str, Any], point_key: str, partner: Partner
) -> Value | None:
    """The firm's contacts of today: of the newest note, else of the text; None: it named none."""
    noted = restoring.newest_notes(version).get((str(partner.pk), point_key))
    return _signed(content, point_key, partner) if noted is None else noted.value


def _signed(content: dict[str, Any], point_key: str, partner: Partner) -> Value | None:
    for rule in content["rules"]:
        for point in rule["points"]:
            for answer in point["answers"]:
                if (point["key"], answer["partner"]) == (point_key, str(partner.pk)):
                    value: Value | None = answer["value"]
                    return value
    return None


def stamp(version: AgreementVersion, partner: Partner, point_key: str) -> str:
    """The note that a form was made from; empty while there is none."""
    noted = restoring.newest_notes(version).get((str(partner.pk), point_key))
    return "" if noted is None else str(noted.pk)


def _carry_over(agreement: Agreement, noted: ContactNote, before: Value | None) -> None:
    """Into a draft where the firm has said nothing else since; confirmations stay."""
    rows = Answer.objects.filter(
        agreement=agreement, point_key=noted.point_key, partner=noted.partner, pair=None
    )
    answer = rows.first()
    if answer is None or answer.value != before:
        return
    answer.value, answer.resolution, answer.note = noted.value, Answer.Resolution.VALUE, ""
    answer.origin, answer.source = Answer.Origin.PROPOSED, {}
    answer.revision += 1
    answer.updated_by, answer.updated_by_partner = noted.by, noted.partner
    answer.updated_at = noted.at
    answer.save()
    proposals.keep([answer])
