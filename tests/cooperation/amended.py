"""Agreements in force and changes of them, made by the verbs."""

from datetime import date, timedelta
from typing import Any

from cooperation import amendments, signing, standing
from cooperation.models import Agreement, AgreementVersion, Amendment
from tests.cooperation.worlds import World, world

REASON = "Der Kunde zahlt später als gedacht."


def sign_all(some: World, version: AgreementVersion) -> AgreementVersion:
    for number, firm in enumerate(some.firms):
        if version.slots.filter(partner=firm).exists():
            sign(some, version, number)
    version.refresh_from_db()
    return version


def sign(some: World, version: AgreementVersion, number: int) -> Any:
    return signing.sign(
        version.pk,
        seen=version.sha256,
        language="de",
        authority="managing_director",
        **some.acting(number),
    )


def in_force(firms: int = 2, **fields: Any) -> World:
    """An agreement of so many firms that all have signed: version 1."""
    some = world(firms, **fields)
    sign_all(some, some.freeze())
    some.agreement.refresh_from_db()
    return some


def begin(some: World, number: int = 0, **more: Any) -> Amendment:
    fields = {"reason": REASON, "effective_on": standing.today(), **some.acting(number), **more}
    amendment = amendments.begin(some.agreement.pk, **fields)
    some.agreement.refresh_from_db()
    return amendment


def freeze(some: World, number: int = 0) -> AgreementVersion:
    return signing.freeze(some.agreement.pk, **some.acting(number))


def version(some: World, number: int) -> AgreementVersion:
    return AgreementVersion.objects.get(agreement=some.agreement, number=number)


def status(some: World) -> str:
    return Agreement.objects.values_list("status", flat=True).get(pk=some.agreement.pk)


def in_days(days: int) -> date:
    return standing.today() + timedelta(days=days)
