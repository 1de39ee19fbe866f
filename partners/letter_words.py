"""What a letter says: a title and a sentence made of the few facts that a mail may hold."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Words:
    """Texts with ``%(fact)s``; a sentence with a number in it is a function of the facts."""

    title: "StrOrPromise"
    sentence: "StrOrPromise | Callable[[Facts], str]"

    def said(self, facts: Facts, shown: Facts) -> "Said":
        """In the active language; ``shown`` are the facts as they are read.

        A missing fact is a ``LookupError``.
        """
        sentence = self.sentence(facts) if callable(self.sentence) else str(self.sentence)
        return Said(str(self.title), sentence % shown)


@dataclass(frozen=True, slots=True)
class Said:
    title: str
    sentence: str
