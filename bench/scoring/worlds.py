"""Made-up firms of a seed: the same seed gives the same bytes, on every machine and Python.

Every branch of the rules occurs: tenants at the edges of the seat bands (10, 11, 300, 301) and
moving over them, shares of exactly 40 %, claims that began within the year, with a date, with data
from before it, or without one; ended ones; both CSP tiers on one workload; rows that no
designation uses.
"""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import NamedTuple
from uuid import UUID

FIRST_MONTH = 2024 * 12 + 1  # February 2024: the comparison month
NUMBER_OF_MONTHS = 13
LAST_MONTH = FIRST_MONTH + NUMBER_OF_MONTHS - 1
AS_OF = datetime.date(2025, 3, 25)

HEADER = (
    "CustomerTenantId,CustomerTpid,WorkloadName,Month,PaidAvailableUnits,MonthlyActiveUsers,"
    "CustomerName,CustomerMarket,CustomerSegment,MPNId,PartnerName,PartnerLocationID,"
    "PartnerAttributionType,IsDuplicateRowForPGA,DateAssociated,DateEnded\n"
)
# As exports spell them; all 14 count under the rules of 2023.
WORKLOADS = (
    "Exchange Online",
    "Microsoft Teams",
    "SharePoint Online",
    "InTune",
    "Microsoft365Apps",
    "TeamsMeetings",
    "Yammer",
    "Teams Phone",
    "Teams Phone calling",
    "TeamsApps",
    "VivaInsights",
    "Viva Topics",
    "VivaLearning",
    "Viva Connections",
)
OPTIONS = {"CPOR": "CPOR", "CSP Tier 1": "CSP", "CSP Tier 2": "CSP", "DPOR": "DPOR"}
SEATS = (5, 10, 11, 15, 25, 40, 80, 140, 250, 300, 301, 450, 900, 2500)


@dataclass(frozen=True, slots=True)
class Size:
    """How many firms, with how many tenants and workloads each."""

    name: str
    firms: int
    tenants: int
    workloads: int


SIZES = {
    size.name: size
    for size in (Size("S", 1, 200, 14), Size("M", 100, 500, 8), Size("L", 1_000, 500, 8))
}


class Claim(NamedTuple):
    """One tenant's workload under one attribution, with its figures as short series."""

    guid: str
    workload: str
    attribution: str
    first: int  # with data; months are year * 12 + month - 1
    last: int
    begins_on: str  # as a cell: empty or ISO
    ended_on: str
    seats: int
    later_seats: int
    changes: int  # the month from which the later seats stand
    users: int
    path: int  # which of PATHS the users follow
    suffix: str  # the cells behind the figures
    twin: str  # the same under the other CSP tier with fewer seats, or empty

    def figures(self, month: int) -> tuple[int, int]:
        seats = self.seats if month < self.changes else self.later_seats
        return seats, max(0, self.users + PATHS[self.path][month - FIRST_MONTH])


def _paths() -> list[list[int]]:
    chance = Random("paths")
    paths = [[0] * NUMBER_OF_MONTHS]
    for number in range(63):
        at, path = 0, []
        for _ in range(NUMBER_OF_MONTHS):
            path.append(at)
            at += int(chance.random() * (3 + number % 8)) - 1 - number % 4
        paths.append(path)
    return paths


PATHS = _paths()


@dataclass(frozen=True, slots=True)
class Firm:
    """One firm's data, ready to be written as export files."""

    number: int
    claims: list[Claim]

    def write(self, path: Path, first: int = FIRST_MONTH, last: int = LAST_MONTH) -> int:
        """An OfficeUsage export of the months from ``first`` to ``last``; its number of rows."""
        rows = 0
        with path.open("w", newline="", encoding="utf-8") as stream:
            stream.write(HEADER)
            for month in range(first, last + 1):
                lines = list(self._lines(month))
                stream.writelines(lines)
                rows += len(lines)
        return rows

    def _lines(self, month: int) -> Iterator[str]:
        day = f"{month // 12}-{month % 12 + 1:02d}-01"
        for claim in self.claims:
            if claim.first <= month <= claim.last:
                seats, users = claim.figures(month)
                start = f"{claim.guid},,{claim.workload},{day},"
                yield f"{start}{seats},{users},{claim.suffix}"
                if claim.twin:
                    yield f"{start}{seats // 2},{users},{claim.twin}"


def firms(size: Size, seed: int) -> Iterator[Firm]:
    """The firms of a size one after the other, so that memory does not grow with their number."""
    for number in range(size.firms):
        yield firm(size, seed, number)


def firm(size: Size, seed: int, number: int) -> Firm:
    """One firm; it does not depend on how many others there are."""
    chance = Random(f"{seed} {size.tenants} {size.workloads} {number}")
    draw = chance.random
    claims: list[Claim] = []
    for tenant in range(size.tenants):
        guid = str(UUID(int=chance.getrandbits(128), version=4))
        name = f'"Bäcker, Söhne & Co. {tenant}"' if tenant % 10 == 0 else f"Kunde {tenant} GmbH"
        common = f"{name},Germany,SMB,{1_000_000 + number},Firma {number},{2_000_000 + number}"
        usual_seats = SEATS[int(draw() * len(SEATS))]
        usual = _attribution(draw())
        for workload in WORKLOADS[: size.workloads]:
            attribution = usual if draw() < 0.8 else _attribution(draw())
            seats = usual_seats if draw() < 0.7 else SEATS[int(draw() * len(SEATS))]
            claims.append(_claim(chance, guid, workload, attribution, seats, common))
            if draw() < 0.05:  # a second option on the same workload
                other = "DPOR" if attribution != "DPOR" else "CSP Tier 1"
                claims.append(_claim(chance, guid, workload, other, seats, common))
        if draw() < 0.02:  # said in the import's report, used by no designation
            claims.append(_claim(chance, guid, "Power BI", usual, usual_seats, common))
            claims.append(_claim(chance, guid, WORKLOADS[0], "Advisor", usual_seats, common))
    return Firm(number, claims)


def _attribution(chance: float) -> str:
    if chance < 0.35:
        return "CPOR"
    return "CSP Tier 1" if chance < 0.55 else "CSP Tier 2" if chance < 0.75 else "DPOR"


def _claim(
    chance: Random, guid: str, workload: str, attribution: str, seats: int, common: str
) -> Claim:
    draw = chance.random
    first, last = FIRST_MONTH, LAST_MONTH
    begins_on = ended_on = ""
    if draw() < 0.27:  # it began within the year
        first += 1 + int(draw() * (NUMBER_OF_MONTHS - 1))
        if (kind := draw()) < 0.6:
            begins_on = _day(first, draw())
        elif kind < 0.7:  # rows from before the claim
            begins_on = _day(min(last, first + 1 + int(draw() * 3)), draw())
    elif draw() < 0.3:
        begins_on = _day(first - 1 - int(draw() * 40), draw())
    if draw() < 0.03:
        last = first + int(draw() * (last - first + 1))
        ended_on = _day(last - int(draw() * 2), draw())  # sometimes with a row from after its end
        if ended_on < (begins_on or _day(first, 0)):  # no file says that it ended before it began
            ended_on = ""
    later_seats, changes = seats, LAST_MONTH + 1
    if draw() < 0.12:
        later_seats = SEATS[int(draw() * len(SEATS))]
        changes = FIRST_MONTH + 1 + int(draw() * (NUMBER_OF_MONTHS - 1))
    if draw() < 0.01:
        later_seats = 0  # bought no more, still used
    users = int(seats * draw() * 1.05)
    path = 1 + int(draw() * (len(PATHS) - 1))
    if draw() < 0.05 and seats % 5 == 0:
        users, path = seats * 2 // 5, 0  # 40 % to the point, and it stays there
    end = f"{begins_on},{ended_on}\n"
    twin = ""
    if attribution == "CSP Tier 1" and draw() < 0.03:
        twin = f"{common},CSP Tier 2,1,{end}"
    return Claim(
        guid=guid,
        workload=workload,
        attribution=attribution,
        first=first,
        last=last,
        begins_on=begins_on,
        ended_on=ended_on,
        seats=seats,
        later_seats=later_seats,
        changes=changes,
        users=users,
        path=path,
        suffix=f"{common},{attribution},0,{end}",
        twin=twin,
    )


def _day(month: int, chance: float) -> str:
    return f"{month // 12}-{month % 12 + 1:02d}-{1 + int(chance * 28):02d}"
