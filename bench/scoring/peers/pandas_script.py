"""What an analyst would write: the exports of one firm in, the integers of both tracks out.

Vectorised where pandas offers it, so it is better than most scripts one meets. It stores nothing
and gives no reasons. The readings are those of docs/scoring.md.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from bench.scoring import worlds

TRACKS = {"enterprise": (301, 10**9, ["CPOR", "DPOR"]), "smb": (11, 300, ["CPOR", "CSP"])}
COLUMNS = [
    "CustomerTenantId",
    "WorkloadName",
    "Month",
    "PaidAvailableUnits",
    "MonthlyActiveUsers",
    "PartnerAttributionType",
    "DateAssociated",
    "DateEnded",
]
KEY = ["tenant", "workload", "option"]


def _month(column: "pd.Series[Any]") -> "pd.Series[Any]":
    days = pd.to_datetime(column, format="%Y-%m-%d")
    return days.dt.year * 12 + days.dt.month - 1


def counts(paths: Sequence[Path]) -> dict[str, int]:
    """The values of the data metrics as ``track metric [option]``, from one firm's exports."""
    raw = pd.concat([pd.read_csv(path, usecols=COLUMNS) for path in paths])
    raw.columns = pd.Index(
        ["tenant", "workload", "month", "seats", "users", "option", "begins", "ended"]
    )
    raw["option"] = raw["option"].map(worlds.OPTIONS)
    raw = raw[raw["option"].notna() & raw["workload"].isin(worlds.WORKLOADS)]
    for column in ("month", "begins", "ended"):
        raw[column] = _month(raw[column])
    rows = raw.groupby([*KEY, "month"], as_index=False)[["seats", "users"]].max()

    claims = raw.groupby(KEY).agg(
        said=("begins", "min"), ended=("ended", "max"), first=("month", "min")
    )
    claims["begins"] = claims["said"].fillna(claims["first"])
    claims["ended"] = claims["ended"].fillna(10**6)
    rows = rows.merge(claims[["begins", "ended"]], on=KEY)
    held = rows[(rows["begins"] <= rows["month"]) & (rows["ended"] >= rows["month"])]
    now = held[held["month"] == worlds.LAST_MONTH]
    then = held[held["month"] == worlds.FIRST_MONTH]
    # The first figures since it began, of claims that began within the year.
    since = rows[(rows["begins"] > worlds.FIRST_MONTH) & (rows["month"] >= rows["begins"])]
    baseline = since.sort_values("month").groupby(KEY)[["seats", "users"]].first()
    now = now.merge(baseline, on=KEY, how="left", suffixes=("", "_before"))

    found: dict[str, int] = {}
    for track, (low, high, options) in TRACKS.items():
        eligible = [
            set(
                month.loc[month["option"].isin(options) & month["seats"].between(low, high), KEY[0]]
            )
            for month in (now, then)
        ]
        found[f"{track} net_customer_adds"] = len(eligible[0]) - len(eligible[1])
        for option in options:
            own_now = now[(now["option"] == option) & now["tenant"].isin(eligible[0])]
            own_then = then[(then["option"] == option) & then["tenant"].isin(eligible[1])]
            growth = (
                own_now["users"].sum() - own_now["users_before"].sum() - own_then["users"].sum()
            )
            found[f"{track} usage_growth {option}"] = int(growth)
            # Whole numbers: 0.4 is no exact float.
            above = own_now["users_before"] * 10 > own_now["seats_before"] * 4
            above &= own_now["seats_before"] > 0
            in_use = own_now[_deployed(own_now) & ~above]
            deployed = in_use["tenant"].nunique()
            deployed -= own_then.loc[_deployed(own_then), "tenant"].nunique()
            found[f"{track} deployments {option}"] = int(deployed)
    return found


def _deployed(rows: pd.DataFrame) -> "pd.Series[Any]":
    return (rows["seats"] > 0) & (rows["users"] * 10 >= rows["seats"] * 4)
