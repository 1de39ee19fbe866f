"""Measured figures beside their targets, and in which words they are told."""

from dataclasses import asdict, dataclass, field
from typing import Any

ORM, ANALYST, PLAIN, SHEET = "careful ORM", "pandas, analyst", "pandas, plain", "LibreOffice"
PEERS = (ORM, ANALYST, PLAIN)


@dataclass(slots=True)
class Figure:
    """One line of the table. ``value`` is in ``unit``: s, rows/s, bytes or MB."""

    what: str
    value: float
    unit: str
    target: float | None = None
    peers: dict[str, float] = field(default_factory=dict)  # in the same unit
    wanted: dict[str, float] = field(default_factory=dict)  # how many times better than a peer
    note: str = ""

    def stored(self) -> dict[str, Any]:
        return asdict(self)

    def ratio(self, peer: str) -> float:
        """How many times better than the peer: quicker or smaller."""
        own, other = self.value, self.peers[peer]
        return own / other if self.unit == "rows/s" else other / own

    @property
    def verdict(self) -> str:
        """Whether the targets are met, in words."""
        said = []
        if self.target is not None:
            short = self.target / self.value if self.unit == "rows/s" else self.value / self.target
            said.append("met" if short <= 1 else f"missed: {_times(short)} the target")
        for peer, wanted in self.wanted.items():
            if peer in self.peers:
                ratio = self.ratio(peer)
                word = "met" if ratio >= wanted else "missed"
                said.append(f"{wanted:g}x {peer} {word} ({_times(ratio)})")
        return "; ".join(said)


def shown(value: float, unit: str) -> str:
    """A value with its unit, in three digits or so."""
    if unit == "s":
        return f"{value:,.1f} s" if value >= 1 else f"{value * 1000:,.3g} ms"
    if unit == "rows/s":
        return f"{round(value, -2):,.0f} rows/s"
    return f"{value:,.1f} {unit}" if value < 100 else f"{value:,.0f} {unit}"


def _times(ratio: float) -> str:
    return f"{ratio:,.1f}x" if ratio < 20 else f"{ratio:,.0f}x"


def table(figures: list[Figure]) -> str:
    """Markdown: what was measured, beside its target and each peer."""
    lines = [
        f"| What | Measured | Target | {' | '.join(PEERS)} | In words |",
        f"| --- | --: | --: | {' | '.join('--:' for _ in PEERS)} | --- |",
    ]
    for figure in figures:
        cells = [figure.what, shown(figure.value, figure.unit)]
        cells.append("" if figure.target is None else shown(figure.target, figure.unit))
        cells += [
            f"{shown(figure.peers[peer], figure.unit)} ({_times(figure.ratio(peer))})"
            if peer in figure.peers
            else ""
            for peer in PEERS
        ]
        cells.append(". ".join(part for part in (figure.verdict, figure.note) if part))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
