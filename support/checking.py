"""Reading a log from end to end: the chain itself, and the heads of it that others keep."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from support import trails
from support.trails import MISSING, Break, Head


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was written. ``seq``: of the event, if it is about one."""

    subject: str  # what the log is about, as its chain begins with
    seq: int | None
    what: str  # a word of ``Break``, or "missing" or "differs" of ``about``
    about: str


@dataclass(slots=True)
class Report:
    """What reading one log came to."""

    subject: str
    events: int = 0
    erased: int = 0
    findings: list[Finding] = field(default_factory=list)

    def find(self, seq: int | None, what: str, about: str) -> None:
        self.findings.append(Finding(self.subject, seq, what, about))


class Event(Protocol):
    """A row of a log."""

    @property
    def seq(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def hash(self) -> str: ...


E = TypeVar("E", bound=Event)


def read(
    report: Report,
    events: Iterable[E],
    link: Callable[[E], trails.Link],
    heads: Iterable[Head],
) -> None:
    """Read a log in its order and report where its chain breaks, or a head says otherwise.

    ``events`` are streamed: a long log needs no more memory than a short one.
    """
    heads = sorted(heads, key=lambda head: head.seq)
    wanted, there = {head.seq for head in heads}, dict[int, str]()
    last, kind = 0, ""

    def links() -> Iterator[trails.Link]:
        nonlocal last, kind
        for event in events:
            last, kind = event.seq, event.kind
            if event.seq in wanted:
                there[event.seq] = event.hash
            yield link(event)

    for each in trails.breaks(report.subject, links()):
        report.find(each.seq, each.what, f"event {kind}")  # the one that was just read
    for head in heads:
        if head.seq in there:
            if there[head.seq] != head.hash:
                report.find(head.seq, Break.REWRITTEN, f"after {head.witness}")
        elif head.seq > last:
            report.find(last, Break.CUT, f"{head.witness} knows event {head.seq}")
        else:
            report.find(head.seq, MISSING, f"event that {head.witness} knows")
