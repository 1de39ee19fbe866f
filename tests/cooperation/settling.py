"""Signed agreements and points to settle for the tests, made by the verbs."""

from typing import Any

from cooperation import disputes, signing
from cooperation.models import AgreementVersion, Dispute
from partners.models import User
from tests.cooperation.worlds import World, world
from tests.factories import member

POINT = "publicity"  # joint, answered by default, seen by all
MANAGING = "managing_director"
SAID = {"subject": "Logo auf der Website", "description": "Vereinbart war etwas anderes."}


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


def opened(world: World, version: AgreementVersion, firm: int = 0, **fields: Any) -> Dispute:
    """A point that the firm opened, with all others unless ``others`` says otherwise."""
    key = fields.pop("key", POINT)
    return disputes.begin(version.pk, key, **{**SAID, **fields}, **world.acting(firm))


def again(dispute: Dispute) -> Dispute:
    """As it is stored now."""
    return Dispute.objects.get(pk=dispute.pk)


def colleague(world: World, firm: int, *traits: str, **fields: Any) -> User:
    return member(world.firms[firm], *traits, **fields)
