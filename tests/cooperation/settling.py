"""Signed agreements and points to settle for the tests, made by the verbs."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from cooperation import disputes, neutral_people, points, signing
from cooperation.models import AgreementVersion, Dispute, DisputeGuest, Notice
from tests.cooperation.worlds import World, world

POINT = "publicity"  # joint, answered by default, seen by all
MANAGING = "managing_director"
SAID: dict[str, Any] = {
    "subject": "Logo auf der Website",
    "description": "Vereinbart war etwas anderes.",
}


def sign_all(world: World, version: AgreementVersion) -> AgreementVersion:
    """Every firm signs; the version is in force."""
    for number in range(len(world.firms)):
        signing.sign(
            version.pk,
            seen=version.sha256,
            language="de",
            authority=MANAGING,
            **world.acting(number),
        )
    version.refresh_from_db()
    return version


def signed(firms: int = 2, **fields: Any) -> tuple[World, AgreementVersion]:
    """Firms with a version in force."""
    some = world(firms, **fields)
    return some, sign_all(some, some.freeze())


FEE = "fee_or_margin"  # settled between two firms at a time


def signed_in_pairs(firms: int = 3) -> tuple[World, AgreementVersion]:
    """Firms whose fees differ from pair to pair: 11 %, 12 %, 13 % ... in their order."""
    some = world(firms)
    some.fill()
    some.propose(0, "commercial_model", {"choice": "referral_fee"})
    for number in range(1, firms):
        some.confirm(number, "commercial_model")
    percent = 10
    for one in range(firms):
        for other in range(one + 1, firms):
            percent += 1
            some.propose(one, FEE, {"percent": f"{percent}.00"}, other=other)
            some.confirm(other, FEE, other=one)
    for key in ("payment_timing", "payment_days"):  # asked when money goes from firm to firm
        for number in range(firms):
            if str(some.firms[number].pk) in points.unconfirmed(some.sheet, some.point(key)):
                some.confirm(number, key)
    return some, sign_all(some, signing.freeze(some.agreement.pk, **some.acting(0)))


def opened(world: World, version: AgreementVersion, firm: int = 0, **fields: Any) -> Dispute:
    """A point that the firm opened, with all others unless ``others`` says otherwise."""
    key = fields.pop("key", POINT)
    return disputes.begin(version.pk, key, **{**SAID, **fields}, **world.acting(firm))


def again(dispute: Dispute) -> Dispute:
    """As it is stored now."""
    return Dispute.objects.get(pk=dispute.pk)


def admitted(world: World, dispute: Dispute, days: int = 5) -> DisputeGuest:
    """A neutral person to whom every firm involved has agreed."""
    until = timezone.localdate() + timedelta(days=days)
    guest = neutral_people.invite(
        dispute.pk, email="nora@m.example", name="Nora Neutral", until=until, **world.acting(0)
    )
    for number, firm in enumerate(world.firms):
        if dispute.parties.filter(partner=firm).exists():
            guest = neutral_people.agree(guest.pk, **world.acting(number))
    return guest


def trail(dispute: Dispute) -> list[tuple[str, str, str]]:
    """What was written and done: kind, firm (empty: the neutral person), text."""
    return [
        (entry.kind, entry.partner.name if entry.partner else "", entry.text)
        for entry in dispute.entries.select_related("partner")
    ]


def told(kind: str, **facts: Any) -> set[str]:
    """Names of the people who get such a notice."""
    notices = Notice.objects.filter(kind=kind).select_related("person")
    return {notice.person.name for notice in notices if facts.items() <= notice.data.items()}
