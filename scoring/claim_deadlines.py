"""How long a CPOR claim may stay in a state, and who has to act: ``data/claim_deadlines.toml``.

Files say which state a claim has, never since when. A term is therefore counted from the day on
which the state was first seen, which is the real one or a later one: what is due "by" a day may be
due earlier, and Partner Center knows when.
"""

import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, PositiveInt, TypeAdapter

from scoring.claim_states import ClaimState

FILE = Path(__file__).parent / "data" / "claim_deadlines.toml"
SATURDAY = 5


class Term(BaseModel):
    """The time that somebody has while a claim is in a state."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    days: PositiveInt
    business_days: bool
    who: Literal["partner", "microsoft"]
    source: str

    @property
    def is_ours(self) -> bool:
        return self.who == "partner"

    def ends(self, seen_on: date) -> date:
        """The last day of the term that began on ``seen_on``, which itself is not counted."""
        if not self.business_days:
            return seen_on + timedelta(days=self.days)
        day, left = seen_on, self.days
        while left:
            day += timedelta(days=1)
            left -= day.weekday() < SATURDAY
        return day


@cache
def terms() -> Mapping[ClaimState, Term]:
    """By state; a state without a term is not in it."""
    with FILE.open("rb") as file:
        found = TypeAdapter(dict[str, Term]).validate_python(tomllib.load(file))
    return {ClaimState[name.upper()]: term for name, term in found.items()}
