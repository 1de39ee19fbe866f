"""What a program may ask with: parts of lists, words, languages. Everything else is a 422."""

from typing import Annotated, Any, TypeVar

from django.db.models import Model, QuerySet
from django.utils.translation import get_language
from ninja import Schema
from pydantic import AfterValidator, Field, StringConstraints

from partners.plain import hides_something

MOST = 200
FARTHEST = 10_000_000  # beyond every list; larger numbers do not fit the database's

Row = TypeVar("Row", bound=Model)


def _readable(text: str) -> str:
    """Databases refuse some control characters, and none of them is in any name."""
    if hides_something(text):
        raise ValueError("holds invisible control characters")
    return text


Words = Annotated[str, StringConstraints(max_length=100), AfterValidator(_readable)]
Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{0,60}$", max_length=60)]


class Part(Schema):
    """Which part of a list."""

    limit: int = Field(50, ge=1, le=MOST)
    offset: int = Field(0, ge=0, le=FARTHEST)

    def of(self, rows: "QuerySet[Row, Any]") -> list[Any]:
        return list(rows[self.offset : self.offset + self.limit])

    def page(self, items: list[Any], count: int) -> dict[str, Any]:
        return {"items": items, "count": count, "limit": self.limit, "offset": self.offset}


def language() -> str:
    """In which the words of an answer are: German, unless ``Accept-Language`` wants English."""
    return "en" if (get_language() or "de").startswith("en") else "de"
