"""The log of an agreement in sentences."""

import pytest
from django.utils import timezone
from django.utils.translation import override

from cooperation import history, rule_books
from cooperation.models import AgreementEvent

Kind = AgreementEvent.Kind


@pytest.mark.parametrize(
    ("kind", "filled", "confirmed", "said"),
    [
        (Kind.FAST_TRACK, ["term"], [], "“{statement}” 1 point as in the Kodex."),
        (Kind.FAST_TRACK, ["term"], ["raci"], "“{statement}” 2 points as in the Kodex."),
        (Kind.DEFAULTS, [], ["term"], "Confirmed as in the Kodex (1 point): {rule}"),
        (Kind.DEFAULTS, ["term", "raci"], [], "Confirmed as in the Kodex (2 points): {rule}"),
    ],
)
def test_the_log_counts_points_in_words(
    kind: str, filled: list[str], confirmed: list[str], said: str
) -> None:
    book = rule_books.packaged()
    rule = book.rules[0]
    data = {"filled": filled, "confirmed": confirmed, "rule": rule.key}
    event = AgreementEvent(kind=kind, data=data, at=timezone.now())

    with override("en"):
        (entry,) = history.entries([event], book, {})
        expected = said.format(statement=book.statement, rule=f"{rule.number} {rule.title}")
        assert entry.what == expected
