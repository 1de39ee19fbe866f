"""What a file of Partner Center says, once read: figures, associations, certificates, faults."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from scoring.reading.cells import storable
from scoring.reasons import Fault

if TYPE_CHECKING:
    import pyarrow as pa


class Rejection(NamedTuple):
    """One row that was not taken: where, what stood there, and why not."""

    line: int
    column: str
    value: str
    reason: Fault
    params: dict[str, Any] = {}

    def stored(self) -> dict[str, Any]:
        return self.params | {
            "line": self.line,
            "column": storable(self.column, 100),
            "value": storable(self.value, 100),
            "reason": self.reason.value,
        }


class AssociationSaid(NamedTuple):
    """What a file says about one association: without dates, ``intervals`` is empty."""

    intervals: list[tuple[date | None, date | None]]  # as ``associations.merge_said`` leaves them
    state: int  # a ``ClaimState``: approved if any row says so, else the last one said


class CertificateKey(NamedTuple):
    person: str
    certification: str
    completed_on: date


@dataclass(slots=True)
class CertificateData:
    name: str
    email: str
    expires_on: date | None
    is_linked: bool
    month: int  # of the snapshot that says so; 0 when the file has none


AssociationKey = tuple[int, int, int]  # index of the tenant, workload, option


@dataclass(slots=True)
class Said:
    """All that a file says. Rows that say the same are one, with the larger figures."""

    kind: str
    usage: "pa.Table"  # month, tenant, workload, option: sorted, one row each; seats, users
    rows: int = 0
    merged: int = 0  # rows that fell onto another one of the file
    tenants: list[tuple[str, str]] = field(default_factory=list)  # GUID as 32 digits, name
    associations: dict[AssociationKey, AssociationSaid] = field(default_factory=dict)
    certificates: dict[CertificateKey, CertificateData] = field(default_factory=dict)
    unused: Counter[tuple[str, str]] = field(default_factory=Counter)  # (what, value) -> rows
    rejected: list[Rejection] = field(default_factory=list)
    rejected_count: int = 0
    rows_by_month: dict[int, int] = field(default_factory=dict)  # of the rows with figures

    @property
    def months(self) -> list[int]:
        return sorted(self.rows_by_month)

    @property
    def unused_count(self) -> int:
        return self.unused.total()
