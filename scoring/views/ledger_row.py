"""A row of a ledger as the page shows it, and all that is behind it when it is opened."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scoring import (
    certified,
    customers,
    facts,
    judging,
    ledger_details,
    ledger_filters,
    ledger_rows,
    ledgers,
    rules,
    sparklines,
)
from scoring.certified import Holding
from scoring.customers import MONTHS_SHOWN
from scoring.explaining import Explainer
from scoring.judging import Claim, Months
from scoring.ledger_details import Teller, Told
from scoring.ledgers import Entry, Reader
from scoring.models import Correction, Score, Tenant
from scoring.presentation import PEOPLE, day_text, figure, month_name, signed
from scoring.sparklines import Sparkline


@dataclass(frozen=True, slots=True)
class Shown:
    """One row, closed or open."""

    row: ledgers.Row
    key: str  # what ?open= says
    id: str
    share: str  # of seats in use, where the metric is about that
    open_query: str
    shut_query: str
    detail: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Desk:
    """Shows rows of one metric of one track of a score by one option."""

    reader: Reader
    track: rules.Track
    metric: str
    option: str
    query: Mapping[str, str]  # of the page, so that opening a row keeps its place

    @property
    def score(self) -> Score:
        return self.reader.score

    def shown(self, entries: Sequence[Entry], opened: str) -> list[Shown]:
        """These rows in their order; the one with the key ``opened`` comes with what is behind."""
        rows = self.reader.rows(self.track.key, self.metric, self.option, entries)
        claims = self._claims(entries)
        return [
            self._shown(entry, row, claims.get(entry.key, []), opened)
            for entry, row in zip(entries, rows, strict=True)
        ]

    def _claims(self, entries: Sequence[Entry]) -> Mapping[int | str, list[Claim]]:
        """Of the tenants whose share in use is to be shown: the rows themselves keep none."""
        if self.metric != judging.DEPLOYMENTS:
            return {}
        score = self.score
        keys = [int(entry.key) for entry in entries]
        found = ledger_rows.claims_of(score.ledger_id, score.revision, keys)
        return {key: own for key, own in found.items()}  # noqa: C416 -- for the type of its keys

    def _shown(self, entry: Entry, row: ledgers.Row, claims: Sequence[Claim], opened: str) -> Shown:
        key = key_of(entry)
        share = None
        if claims:
            share = ledger_filters.share_of(
                claims, self.reader.rule_set, self.option, self.score.last_month or 0
            )
        return Shown(
            row=row,
            key=key,
            id=certified.anchor(key) if entry.guid is None else f"row-{key}",
            share="–" if share is None else _percent(share),
            open_query=urlencode({**self.query, "open": key}),
            shut_query=urlencode({**self.query, "shut": key}),
            detail=self.detail(entry) if key == opened else None,
        )

    # -- What is behind a row --

    def detail(self, entry: Entry) -> dict[str, Any]:
        if self.metric in PEOPLE:
            return self._person(str(entry.key))
        return self._tenant(entry)

    def _tenant(self, entry: Entry) -> dict[str, Any]:
        score = self.score
        assert entry.guid is not None  # noqa: S101 -- tenants have one
        tenant = Tenant(pk=int(entry.key), tenant_id=entry.guid, name=entry.name)
        claims = ledger_rows.claims_of(score.ledger_id, score.revision, [tenant.pk])
        pair = Months(score.last_month or 0, score.comparison_month or 0)
        explainer = Explainer(self.reader.rule_set, pair)
        known = Correction.objects.filter(pk__in=score.correction_ids, tenant=tenant.pk)
        corrections = list(known.select_related("made_by").order_by("made_at", "pk"))
        teller = Teller(explainer, self.metric, self.track, corrections)
        parts = ledger_details.parts(
            explainer, self.metric, self.track.key, self.option, claims.get(tenant.pk, [])
        )
        told = sorted(teller.told(parts), key=lambda one: (one.workload, one.option))
        return {
            "parts": [_part(one) for one in told],
            "has_baseline": self.metric != judging.NET_ADDS,
            "sum_now": figure(sum(part.now for part in parts)),
            "sum_then": figure(sum(part.then for part in parts)),
            "sum": signed(sum(part.value for part in parts)),
            "once": self.metric != judging.GROWTH,
            "last": month_name(pair.last),
            "comparison": month_name(pair.comparison),
            "url": reverse("scoring:customer", args=[entry.guid]),
            **self._months(tenant, told),
        }

    def _months(self, tenant: Tenant, told: Iterable[Told]) -> dict[str, Any]:
        """Seats and users of the row's workloads month by month, as the files say today."""
        last = self.score.last_month or 0
        months = range(last - MONTHS_SHOWN + 1, last + 1)
        portfolio = facts.portfolio_of(self.score.partner)
        figures = customers.figures_of(portfolio, tenant, months)
        titles = {(one.part.claim.workload, one.part.claim.option): one for one in told}
        series = []
        for key, one in titles.items():
            by_month = figures.get(key, {})
            cells = [by_month.get(month) for month in months]
            seats = [cell and cell[0] for cell in cells]
            users = [cell and cell[1] for cell in cells]
            series.append(
                {
                    "workload": one.workload,
                    "option": one.option,
                    "picture": _picture(one, months, users, seats),
                    "cells": [
                        {"users": figure(cell[1]), "seats": figure(cell[0])} if cell else None
                        for cell in cells
                    ],
                }
            )
        return {"series": series, "months": [_short(month) for month in months]}

    def _person(self, key: str) -> dict[str, Any]:
        """Somebody's certificates, as files and corrections say today."""
        score = self.score
        portfolio = facts.portfolio_of(score.partner)
        everybody = certified.people_of(portfolio, self.reader.rule_set, score.as_of)
        keys = {row.person: person for person in everybody for row in _said(person.holdings)}
        person = next((one for one in everybody if one.key == key), keys.get(key))
        if person is None:
            return {"is_gone": True}
        certifications = self.reader.rule_set.certifications
        own = [
            one
            for one in person.holdings
            if one.counts.certification in certifications
            and certifications[one.counts.certification].metric == self.metric
        ]
        words = urlencode({"words": person.name or next(iter(person.emails), "")})
        return {
            "certificates": [
                {
                    "title": one.title,
                    "completed_on": day_text(one.counts.completed_on.isoformat()),
                    "until": day_text(one.until_on.isoformat()) if one.until_on else "",
                    "tag": TAGS[one.state][0],
                    "state": TAGS[one.state][1],
                    "correction": one.correction,
                }
                for one in own
            ],
            "others": len(person.holdings) - len(own),
            "corrections": person.corrections,
            "url": f"{reverse('scoring:people')}?{words}#{person.anchor}",
        }


def _said(holdings: Iterable[Holding]) -> Iterable[Any]:
    for one in holdings:
        yield one.said
        yield one.counts


TAGS = {
    "valid": ("ok", gettext_lazy("counts")),
    "soon": ("warn", gettext_lazy("counts, expires soon")),
    "expired": ("bad", gettext_lazy("expired")),
    "later": ("open", gettext_lazy("not completed yet")),
    "unlinked": ("na", gettext_lazy("no longer linked to the firm")),
    "other": ("na", gettext_lazy("gives no points")),
}


def key_of(entry: Entry) -> str:
    """What stands for a row in an address."""
    return str(entry.key if entry.guid is None else entry.guid)


def _part(one: Told) -> dict[str, Any]:
    part = one.part
    return {
        "told": one,
        "now": figure(part.now),
        "then": figure(part.then),
        "value": signed(part.value),
        "counts": bool(part.now or part.then or (part.source and part.eligible)),
    }


def _percent(share: int) -> str:
    """Rounded down, so that nobody reads 40 % where 39.9 are in use."""
    return f"{figure(share * 100 // ledger_filters.PARTS)}\N{NO-BREAK SPACE}%"


def _picture(
    one: Told,
    months: Sequence[int],
    users: Sequence[int | None],
    seats: Sequence[int | None],
) -> Sparkline:
    known = [
        (month, value) for month, value in zip(months, users, strict=True) if value is not None
    ]
    if not known:
        return sparklines.draw(_("%(workload)s: no figures.") % {"workload": one.workload}, [], [])
    title = _(
        "Active users of %(workload)s by %(option)s: %(first)s in %(first_month)s, %(last)s in "
        "%(last_month)s, at most %(most)s. The figures stand beside it."
    ) % {
        "workload": one.workload,
        "option": one.option,
        "first": figure(known[0][1]),
        "first_month": month_name(known[0][0]),
        "last": figure(known[-1][1]),
        "last_month": month_name(known[-1][0]),
        "most": figure(max(value for _month, value in known)),
    }
    return sparklines.draw(title, users, seats)


def _short(month: int) -> str:
    return f"{month % 12 + 1:02d}/{month // 12 % 100:02d}"
