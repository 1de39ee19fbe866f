"""Server time and queries of every page of the scoring room that is read, in one process.

The addresses come from the room's own list, so a new page is measured as soon as it has one. Prints
JSON. ``--rounds 0`` counts queries only.
"""

import argparse
import inspect
import itertools
import json
import logging
import os
import re
import statistics
import sys
import time
from collections.abc import Iterator
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import URLPattern, reverse  # noqa: E402

from bench.pages.firm import EMAIL  # noqa: E402
from documents.models import Document  # noqa: E402
from partners.models import Partner, User  # noqa: E402
from scoring import facts, ledgers, models, months, scores  # noqa: E402
from scoring.urls import urlpatterns  # noqa: E402

EMPTY = "account"  # a page of the same portal without anything of this room
# Downloads: their work grows with the rows, and comes as a stream or a file.
FILES = re.compile(r"_(csv|xlsx|pdf|download|original|ics)$|^report_download$")


class Firm:
    """What the addresses of the room may ask for."""

    def __init__(self) -> None:
        self.partner = Partner.objects.get(slug="bench")
        self.user = User.objects.get(email=EMAIL)
        self.portfolio = facts.portfolio_of(self.partner)
        score = scores.latest(self.partner)
        assert score is not None
        self.score = score
        month = score.last_month or 0
        track = next(track for track in score.tracks if track.is_shown)
        metric = next(metric for metric in track.metrics if metric.key == "usage_growth")
        # A tenant that has a row there, so that opening it opens something.
        rows = ledgers.entries(score, track.key, metric.key, metric.option)
        self.values: dict[str, list[Any]] = {
            "guid": [rows.order_by("guid").values_list("guid", flat=True)[0]],
            "track": [track.key],
            "metric": ["usage_growth"],
            "month": [months.label(month), months.label(month + 1)],
        }

    def candidates(self, name: str) -> list[Any]:
        """What may stand for a parameter: for an id, that of any row of the firm."""
        if name in self.values:
            return self.values[name]
        found: list[Any] = [self.score.pk]
        for model in vars(models).values():
            if (
                inspect.isclass(model)
                and hasattr(model, "objects")
                and model is not type(self.score)
            ):
                found += self._ids(model)
        found += list(Document.objects.values_list("pk", flat=True)[:1])
        return found

    def _ids(self, model: Any) -> list[Any]:
        own = {field.name for field in model._meta.get_fields()}
        if isinstance(model._meta.pk, django.db.models.CompositePrimaryKey):
            return []
        rows = model.objects.all()
        if "partner" in own:
            rows = rows.filter(partner=self.partner)
        if not model._meta.ordering:
            rows = rows.order_by("-pk")
        return list(rows.values_list("pk", flat=True)[:4])


def pages(browser: Client, firm: Firm) -> Iterator[tuple[str, str, str]]:
    """(name, address, why not): of each name the first address that gives a page."""
    for pattern in urlpatterns:
        assert isinstance(pattern, URLPattern)
        name = str(pattern.name)
        if FILES.search(name):
            continue
        parameters = list(pattern.pattern.converters)
        said: set[int] = set()
        for values in itertools.product(*(firm.candidates(one) for one in parameters)):
            try:
                url = reverse(f"scoring:{name}", kwargs=dict(zip(parameters, values, strict=True)))
            except django.urls.NoReverseMatch:
                continue
            try:
                status = browser.get(url).status_code
            except Exception as error:  # a page that another hand is still building
                print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
                status = 500
            said.add(status)
            if status == 200:
                yield name, url, ""
                break
            if status == 405:  # it writes
                break
        else:
            if said <= {302, 405}:  # it writes, or leads to where one may
                continue
            yield name, "", f"answers {', '.join(map(str, sorted(said))) or 'nothing'}"


# The same page asked for more: the name of the page, and what to add to its address.
VARIANTS: dict[str, tuple[str, str]] = {
    "metric, searched": ("metric", "?words=Kunde"),
    "metric, by workload and baseline": ("metric", "?workload=teams&baseline=derived"),
    "metric, by reason": ("metric", "?why=grown"),
    "metric, sorted by change": ("metric", "?sort=contribution"),
    "metric, last page": ("metric", "?page=9999"),
    "metric, a row opened": ("metric", "?open={tenant}&words={tenant}"),
    "customers, searched": ("customers", "?words=Kunde"),
    "customers, sorted by users": ("customers", "?sort=-users"),
    "customers, newly eligible": ("customers", "?show=new"),
}


def addresses(browser: Client, firm: Firm) -> Iterator[tuple[str, str, str]]:
    yield EMPTY, reverse("partners:account"), ""
    found = {}
    for name, url, why in pages(browser, firm):
        yield name, url, why
        found[name] = url
    tenant = firm.values["guid"][0]
    for name, (page, query) in VARIANTS.items():
        if found.get(page):
            yield name, found[page] + query.format(tenant=tenant), ""
    if found.get("metric"):
        shares = found["metric"].replace("usage_growth", "deployments")
        yield "metric, sorted by share", f"{shares}?sort=-share", ""


def measure(rounds: int) -> list[dict[str, Any]]:
    firm = Firm()
    browser = Client(SERVER_NAME="localhost")
    browser.force_login(firm.user)
    shown = [row for row in addresses(browser, firm) if row[1] or row[2]]
    figures: list[dict[str, Any]] = []
    for name, url, why in shown:
        one: dict[str, Any] = {"name": name, "why": why, "url": url}
        if url:
            with CaptureQueriesContext(connection) as captured:
                answer = browser.get(url)
            one |= {"queries": len(captured), "bytes": len(answer.content)}
            one |= {"times": [], "processor": []}
        figures.append(one)
    for _round in range(rounds):
        for one in figures:
            if one["url"]:
                begun, worked = time.perf_counter(), time.process_time()
                browser.get(one["url"])
                one["processor"].append((time.process_time() - worked) * 1000)
                one["times"].append((time.perf_counter() - begun) * 1000)
    for one in figures:
        times, processor = one.pop("times", None), one.pop("processor", None)
        if times and processor:
            one |= {"median": statistics.median(times), "processor": statistics.median(processor)}
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    logging.disable()  # what is asked for in vain, to find what is there
    json.dump(
        {
            "pages": measure(rounds),
            "tenants": models.Tenant.objects.count(),
            "usage": models.UsageMonth.objects.count(),
            "load": os.getloadavg()[0],
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
