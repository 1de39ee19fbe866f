"""The same from pandas as one usually meets it: a pivot table and ``apply``, row by row.

``pandas_script`` is the same from somebody who knows pandas well.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from bench.scoring import worlds
from bench.scoring.peers.pandas_script import TRACKS

NOW, THEN = (
    f"{month // 12}-{month % 12 + 1:02d}" for month in (worlds.LAST_MONTH, worlds.FIRST_MONTH)
)
CLAIM = ["CustomerTenantId", "WorkloadName", "Option"]


def counts(paths: Sequence[Path]) -> dict[str, int]:
    """The values of the data metrics as ``track metric [option]``, from one firm's exports."""
    data = pd.concat([pd.read_csv(path) for path in paths])
    data["Option"] = data["PartnerAttributionType"].map(worlds.OPTIONS)
    data = data[data["Option"].notna() & data["WorkloadName"].isin(worlds.WORKLOADS)]
    data["Month"] = data["Month"].str[:7]
    table = data.pivot_table(
        index=CLAIM,
        columns="Month",
        values=["PaidAvailableUnits", "MonthlyActiveUsers"],
        aggfunc="max",
    )
    dates = data.groupby(CLAIM).agg({"DateAssociated": "min", "DateEnded": "max"})
    months = sorted(data["Month"].unique())

    def claim(row: "pd.Series[Any]") -> "pd.Series[Any]":
        seats, users = row["PaidAvailableUnits"], row["MonthlyActiveUsers"]
        said = dates.loc[row.name]
        seen = [month for month in months if pd.notna(seats[month])]
        begins = seen[0] if pd.isna(said["DateAssociated"]) else said["DateAssociated"][:7]
        ends = "9999-12" if pd.isna(said["DateEnded"]) else said["DateEnded"][:7]
        figures: dict[str, Any] = {"begins": begins}
        for name, month in (("now", NOW), ("then", THEN)):
            held = begins <= month <= ends and month in seen
            figures[f"{name}_seats"] = int(seats[month]) if held else None
            figures[f"{name}_users"] = int(users[month]) if held else 0
        since = [month for month in seen if month >= begins]
        is_recent = begins > THEN and bool(since)
        figures["before_users"] = int(users[since[0]]) if is_recent else 0
        figures["above"] = is_recent and _share(seats[since[0]], users[since[0]]) > 0
        return pd.Series(figures)

    claims = table.apply(claim, axis=1).reset_index()
    claims["deployed_now"] = claims.apply(
        lambda row: _share(row["now_seats"], row["now_users"]) >= 0 and not row["above"], axis=1
    )
    claims["deployed_then"] = claims.apply(
        lambda row: _share(row["then_seats"], row["then_users"]) >= 0, axis=1
    )
    found: dict[str, int] = {}
    for track, (low, high, options) in TRACKS.items():
        accepted = claims[claims["Option"].isin(options)]
        now = set(accepted.loc[accepted["now_seats"].between(low, high), CLAIM[0]])
        then = set(accepted.loc[accepted["then_seats"].between(low, high), CLAIM[0]])
        found[f"{track} net_customer_adds"] = len(now) - len(then)
        for option in options:
            own = accepted[accepted["Option"] == option]
            own_now = own[own[CLAIM[0]].isin(now) & own["now_seats"].notna()]
            own_then = own[own[CLAIM[0]].isin(then) & own["then_seats"].notna()]
            growth = (own_now["now_users"] - own_now["before_users"]).sum()
            found[f"{track} usage_growth {option}"] = int(growth - own_then["then_users"].sum())
            deployed = own_now.loc[own_now["deployed_now"], CLAIM[0]].nunique()
            before = own_then.loc[own_then["deployed_then"], CLAIM[0]].nunique()
            found[f"{track} deployments {option}"] = int(deployed - before)
    return found


def _share(seats: Any, users: Any) -> int:
    """Below zero, zero or above: how the share in use stands to 40 %."""
    if pd.isna(seats) or seats <= 0:
        return -1
    return int(users * 10 - seats * 4)
