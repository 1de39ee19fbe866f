"""Freezing an agreement, signing it, declining, taking the round back, coming into force.

Until when a round is open is in ``signing_rounds.py``, who is reminded in ``signing_reminders.py``.
The agreement row is the lock of all of it: two firms that sign in the same instant follow each
other, and of a refusal and the last signature exactly one wins.
"""

from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cooperation import (
    agreement_documents,
    amendments,
    annexes,
    blind,
    frozen,
    notices,
    points,
    sheets,
    signing_rounds,
    trail,
)
from cooperation.agreements import NotPossible, lock, record, require_draft, require_party
from cooperation.book import Text
from cooperation.kinds.base import NOTE_LIMIT, Problems
from cooperation.kinds.base import text as clean_text
from cooperation.models import (
    Agreement,
    AgreementEvent,
    AgreementVersion,
    Amendment,
    Participation,
    Signature,
    SignatureSlot,
)
from cooperation.points import Blocker
from partners.models import Membership, Partner, User
from partners.reauthentication import Method

# Data and not gettext: what somebody declared must not depend on a compiled catalogue.
INTENT = Text(
    "Ich habe Fassung {number} dieser Vereinbarung gelesen und unterzeichne sie für {firm} mit "
    "einer einfachen elektronischen Signatur. Ich bin dazu berechtigt.",
    "I have read version {number} of this agreement and sign it for {firm} with a simple "
    "electronic signature. I am authorised to do so.",
)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the request tells of a signature, for the evidence."""

    shown_at: datetime | None = None  # when the page with the text was made for the signer
    network: str = ""  # the address it came from, shortened: "203.0.113.0/24"
    method: Method = Method.PASSWORD  # how the signer showed who they are


class Blocked(NotPossible):
    """Something keeps the agreement from being signed; ``blockers`` says exactly what."""

    def __init__(self, blockers: list[Blocker]) -> None:
        self.blockers = blockers
        super().__init__(_("The agreement cannot be signed yet. Please see what is still open."))


class NotSignable(NotPossible):
    """This version cannot be signed now; ``str(error)`` is a translated sentence for the user."""


class AlreadySigned(NotSignable):
    """The firm's place is taken; ``signature`` is the one that counts."""

    def __init__(self, signature: Signature) -> None:
        self.signature = signature
        sentence = _("%(name)s has already signed for %(firm)s.")
        super().__init__(
            sentence % {"name": signature.signer_name, "firm": signature.partner_legal_name}
        )


@transaction.atomic
def freeze(
    agreement_id: UUID, *, by: User, partner: Partner, expires_on: date | None = None
) -> AgreementVersion:
    """Make the text that everybody signs, until the end of ``expires_on`` (in Berlin).

    Without a day the round is open as long as ``signing_rounds.usual_last_day`` says. Raises
    ``Blocked`` with the reasons, ``NotPossible``.
    """
    now = timezone.now().replace(microsecond=0)
    expires_on = expires_on or signing_rounds.usual_last_day(now)
    if not signing_rounds.is_possible(expires_on, now):
        raise NotPossible(_("Please choose a last day between tomorrow and half a year from now."))
    agreement = lock(agreement_id)
    require_draft(agreement)
    require_party(agreement, partner)
    blind.require_no_round(agreement)
    sheet = sheets.load(agreement)
    blockers = points.blockers(sheet)
    if blockers:
        raise Blocked(blockers)
    number = agreement.versions.count() + 1
    amendment = (
        agreement.amendments.filter(state=Amendment.State.OPEN).select_related("base").first()
    )
    if amendment is not None:
        amendments.require_day(agreement, amendment)
    between = annexes.payloads(agreement, sheet, number=number, at=now, amendment=amendment)
    payload = frozen.payload(
        agreement,
        sheet,
        number=number,
        at=now,
        annexes={pair: frozen.sha256(each) for pair, each in between.items()},
        amendment=amendment,
    )
    if amendment is not None:
        amendments.require_change(amendment, payload, between.values())
    version = AgreementVersion.objects.create(
        agreement=agreement,
        number=number,
        payload=payload,
        sha256=frozen.sha256(payload),
        frozen_at=now,
        frozen_by=by,
        frozen_by_partner=partner,
        amendment=amendment,
        effective_on=amendment.effective_on if amendment else None,
        expires_on=expires_on,
    )
    annexes.store(version, between)
    places = Participation.objects.accepted().filter(project=agreement.project_id)
    SignatureSlot.objects.bulk_create(
        SignatureSlot(
            version=version,
            partner=place.partner,
            position=position,
            needed=place.partner.signatures_needed,
        )
        for position, place in enumerate(places.select_related("partner"), start=1)
    )
    agreement.status = Agreement.Status.SIGNING
    agreement.save(update_fields=["status"])
    said: dict[str, Any] = {"version": number, "sha256": version.sha256, "name": by.name}
    event = record(agreement, AgreementEvent.Kind.FROZEN, by=by, partner=partner, **said)
    prints = notices.fingerprints(version.sha256, event)
    _tell(version, "round_opened", by=by, partner=partner, **prints)
    return version


def _tell(
    version: AgreementVersion,
    kind: str,
    *,
    by: User | None,
    partner: Partner | None,
    **facts: str | int,
) -> None:
    """Tell the people of every firm of the version who manage or may sign it."""
    firms = [slot.partner for slot in version.slots.select_related("partner")]
    if partner:
        facts["firm"] = partner.name
    notices.tell(
        version.agreement,
        kind,
        notices.people(firms, signers=True, without=by),
        key=str(version.pk),
        path=reverse("cooperation:version", args=[version.pk]),
        version=version.number,
        **facts,
    )


def intent(version: AgreementVersion, partner: Partner, language: str) -> str:
    """The sentence a signer agrees to; it is shown, and stored with the signature."""
    sentence = INTENT.in_language(language)
    return sentence.format(number=version.number, firm=_party_name(version, partner))


def _party_name(version: AgreementVersion, partner: Partner) -> str:
    """The legal name of a party as the text has it: the firm may have changed its own since."""
    parties = frozen.content(version.payload)["parties"]
    own: str = next(party["legal_name"] for party in parties if party["id"] == str(partner.pk))
    return own


def _lock_version(version_id: UUID) -> tuple[Agreement, AgreementVersion]:
    agreement_id = AgreementVersion.objects.values_list("agreement", flat=True).get(pk=version_id)
    agreement = lock(agreement_id)
    return agreement, AgreementVersion.objects.get(pk=version_id)


def _signer(partner: Partner, by: User) -> Membership:
    """The membership that gives ``by`` the right to sign for ``partner`` now."""
    right = Membership.objects.active().filter(user=by, partner=partner, may_sign=True)
    membership = None if by.is_staff else right.first()
    if membership is None:
        raise NotSignable(
            _("You are not (or no longer) entitled to sign for this firm. Its admin can help.")
        )
    return membership


def _require_round(version: AgreementVersion) -> None:
    if version.state != AgreementVersion.State.SIGNING:
        raise NotSignable(_("This version is not (or no longer) open for signing."))
    # Computed, so that a clock that stands still keeps no round open.
    if signing_rounds.is_over(version, timezone.now()):
        raise NotSignable(_("The time to sign this version is over. A new round can be begun."))


@transaction.atomic
def sign(
    version_id: UUID,
    *,
    by: User,
    partner: Partner,
    seen: str,
    language: str,
    authority: str,
    circumstances: Circumstances = Circumstances(),
) -> Signature:
    """Sign for ``partner``; the view has asked just now who is there.

    ``seen`` is the SHA-256 (hex) of the text the person was shown, ``authority`` what the person
    declares to sign by (``Signature.Authority``). The same person again gets the signature that
    counts already. With the last signature the agreement comes into force and its PDFs are
    ordered. Raises ``NotSignable``, ``AlreadySigned``; then nothing is written.
    """
    if authority not in Signature.Authority.values:
        raise NotSignable(_("Please say by which right you sign."))
    agreement, version = _lock_version(version_id)
    intact = frozen.sha256(bytes(version.payload)) == version.sha256 and annexes.hold(version)
    if seen != version.sha256 or not intact:
        raise NotSignable(_("The text has changed since you opened it. Please read it again."))
    slot = SignatureSlot.objects.filter(version=version, partner=partner).first()
    if slot is None:
        raise NotSignable(_("Your firm is not a party of this version."))
    signatures = list(slot.signatures.order_by("position"))
    if version.state != AgreementVersion.State.IN_FORCE:
        _require_round(version)
    own = next((signature for signature in signatures if signature.signer_id == by.pk), None)
    if own is not None:
        return own
    if len(signatures) >= slot.needed:
        raise AlreadySigned(signatures[-1])
    _require_round(version)
    membership = _signer(partner, by)
    signature = Signature.objects.create(
        slot=slot,
        position=len(signatures) + 1,
        signer=by,
        signer_name=by.name,
        signer_title=membership.title,
        authority=authority,
        partner_legal_name=_party_name(version, partner),
        payload_sha256=version.sha256,
        intent=intent(version, partner, language),
        language=language,
        shown_at=circumstances.shown_at,
        network=circumstances.network,
        method=circumstances.method,
    )
    record(
        agreement,
        AgreementEvent.Kind.SIGNED,
        by=by,
        partner=partner,
        at=signature.signed_at,
        **trail.of_signature(signature, version.number),
    )
    if signature.position == slot.needed:
        slot.completed_at = signature.signed_at
        slot.save(update_fields=["completed_at"])
        notices.drop(agreement, "reminder", partner=partner)
        if not version.slots.filter(completed_at=None).exists():
            _come_into_force(agreement, version, by, partner)
    return signature


def _come_into_force(
    agreement: Agreement, version: AgreementVersion, by: User, partner: Partner
) -> None:
    now = timezone.now()
    agreement.versions.filter(state=AgreementVersion.State.IN_FORCE).update(
        state=AgreementVersion.State.SUPERSEDED
    )
    version.state, version.in_force_at = AgreementVersion.State.IN_FORCE, now
    version.save(update_fields=["state", "in_force_at"])
    agreement.status = Agreement.Status.IN_FORCE
    agreement.in_force_at = agreement.in_force_at or now
    agreement.save(update_fields=["status", "in_force_at"])
    if version.amendment_id is not None:
        Amendment.objects.filter(pk=version.amendment_id).update(
            state=Amendment.State.SIGNED, closed_at=now
        )
    said: dict[str, Any] = {"version": version.number, "sha256": version.sha256}
    event = record(agreement, AgreementEvent.Kind.IN_FORCE, by=by, partner=partner, **said)
    agreement_documents.supersede(version, at=now)
    agreement_documents.order(version, by=by)
    # Everybody gets this one, the last signer too: the mails are witnesses outside of the portal.
    _tell(version, "in_force", by=None, partner=None, **notices.fingerprints(version.sha256, event))


@transaction.atomic
def decline(version_id: UUID, *, by: User, partner: Partner, reason: str) -> AgreementVersion:
    """Refuse to sign, with a reason; the agreement goes back into negotiation.

    Raises ``InvalidAnswer`` (field ``reason``) without a usable reason.
    """
    problems = Problems()
    required = _("Please say why, so that the others can respond.")
    cleaned = clean_text(
        reason, "reason", problems, limit=NOTE_LIMIT, lines=True, required=required
    )
    problems.raise_if_any()
    agreement, version = _lock_version(version_id)
    _require_round(version)
    _signer(partner, by)
    slot = SignatureSlot.objects.filter(version=version, partner=partner).first()
    if slot is None:
        raise NotSignable(_("Your firm is not a party of this version."))
    if not slot.is_open:
        raise NotSignable(
            _("Your firm has signed already. You can take the signing round back instead.")
        )
    close = partial(close_round, agreement, version, by=by, partner=partner, reason=cleaned)
    return close(AgreementVersion.State.DECLINED)


@transaction.atomic
def withdraw(version_id: UUID, *, by: User, partner: Partner, reason: str = "") -> AgreementVersion:
    """Take the signing round back before it is complete; the agreement is negotiated again."""
    problems = Problems()
    cleaned = clean_text(reason, "reason", problems, limit=NOTE_LIMIT, lines=True)
    problems.raise_if_any()
    agreement, version = _lock_version(version_id)
    if version.state != AgreementVersion.State.SIGNING:
        raise NotSignable(_("This version is not (or no longer) open for signing."))
    require_party(agreement, partner)
    close = partial(close_round, agreement, version, by=by, partner=partner, reason=cleaned)
    return close(AgreementVersion.State.WITHDRAWN)


@transaction.atomic
def expire(version_id: UUID, *, now: datetime) -> AgreementVersion:
    """Close a round whose last day is over; nobody did it, the day did. ``NotSignable`` if not."""
    agreement, version = _lock_version(version_id)
    if version.state != AgreementVersion.State.SIGNING or not signing_rounds.is_over(version, now):
        raise NotSignable(_("This version is not (or no longer) open for signing."))
    at = signing_rounds.end_of_round(version)
    return close_round(agreement, version, AgreementVersion.State.EXPIRED, at=at)


def close_round(
    agreement: Agreement,
    version: AgreementVersion,
    state: AgreementVersion.State,
    *,
    by: User | None = None,
    partner: Partner | None = None,
    reason: str = "",
    at: datetime | None = None,
) -> AgreementVersion:
    """End an open round: the points are open again and everybody is told.

    The agreement is locked and the version open. ``state`` is ``DECLINED``, ``WITHDRAWN`` or
    ``EXPIRED``; the last without ``by`` and ``partner``. ``at``: when it was due.
    """
    version.state, version.reason = state, reason
    version.closed_at, version.closed_by = at or timezone.now(), by
    version.closed_by_partner = partner
    version.save(update_fields=["state", "reason", "closed_at", "closed_by", "closed_by_partner"])
    agreement.status = Agreement.Status.DRAFT
    agreement.save(update_fields=["status"])
    said: dict[str, Any] = {"version": version.number, "reason": reason}
    record(agreement, AgreementEvent.Kind(state.value), by=by, partner=partner, **said)
    for kind in ("reminder", "round_opened"):
        notices.drop(agreement, kind, key=str(version.pk))
    _tell(version, state.value, by=by, partner=partner)
    return version
