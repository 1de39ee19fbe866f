"""Firms that settle day rates two at a time."""

from typing import Any

from cooperation import answers, nothing_between, points, signing
from cooperation.models import AgreementVersion
from tests.cooperation.worlds import World, world

ROWS = ("consultant", "architect", "developer", "pm")


def rates(amount: str, note: str = "") -> dict[str, Any]:
    """One rate for every kind of work."""
    rows = [{"key": key, "amount": amount} for key in ROWS]
    return {"currency": "EUR", "rows": rows, "note": note}


def paired(firms: int = 3) -> World:
    """Everything agreed but the day rates of each pair."""
    several = world(firms)
    several.fill()
    several.propose(0, "commercial_model", "day_rates")
    for number in range(1, firms):
        several.confirm(number, "commercial_model")
    return several


def settle(several: World, one: int, other: int, amount: str = "900", note: str = "") -> None:
    """Both firms name their rate, and agree."""
    several.propose(one, "day_rates", rates(amount, note), other=other)
    several.propose(other, "day_rates", rates(amount, note), other=one)
    several.confirm(one, "day_rates", other=other)


def nothing(several: World, one: int, *others: int) -> None:
    """Both sides say that they settle no rates."""
    said = [several.firms[number] for number in others]
    nothing_between.say(several.agreement.pk, "day_rates", said, **several.acting(one))
    for other in others:
        nothing_between.say(
            several.agreement.pk, "day_rates", [several.firms[one]], **several.acting(other)
        )


def all_settled(firms: int = 3, amount: str = "900", note: str = "") -> World:
    """The first two firms have rates, the others nothing between them."""
    several = paired(firms)
    settle(several, 0, 1, amount, note)
    for number in range(2, firms):
        nothing(several, number, *range(number))
    return several


def signed(several: World) -> AgreementVersion:
    version = signing.freeze(several.agreement.pk, **several.acting(0))
    for number in range(len(several.firms)):
        signing.sign(
            version.pk,
            seen=version.sha256,
            language="de",
            authority="managing_director",
            **several.acting(number),
        )
    version.refresh_from_db()
    return version


def state_between(several: World, one: int, other: int, key: str = "day_rates") -> str:
    pair = several.sheet.between(str(several.firms[one].pk), str(several.firms[other].pk))
    return str(points.state(pair, pair.book.point(key)))


def talk(several: World, one: int, other: int, comment: str) -> Any:
    return answers.ask_to_talk(
        several.agreement.pk,
        "day_rates",
        comment,
        other=several.firms[other],
        **several.acting(one),
    )
