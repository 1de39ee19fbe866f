"""What several commands take and say: a firm, some or all of them, a day."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from django.core.management.base import CommandError
from django.db.models import Q
from django.utils import timezone

from partners.models import Partner
from scoring.models import PartnerCenterImport

AHEAD = timedelta(days=366)  # nobody knows what the rules and the certificates will be by then


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a day like 2025-03-25") from error


def day_of_score(as_of: date | None) -> date:
    """The day that was asked for, by default today; raises ``CommandError`` far in the future."""
    today = timezone.localdate()
    if as_of is not None and as_of > today + AHEAD:
        raise CommandError(
            f"{as_of} lies too far ahead. The last day that can be looked at is {today + AHEAD}."
        )
    return as_of or today


def firm(slug: str) -> Partner:
    """The firm with this short name; raises ``CommandError``."""
    found = Partner.objects.filter(slug=slug).first()
    if found is None:
        raise CommandError(f"There is no firm with the short name {slug!r}.")
    return found


def add_firms(parser: ArgumentParser) -> None:
    parser.add_argument(
        "partners", metavar="PARTNER", nargs="*", help="short names (slugs) of firms"
    )
    parser.add_argument(
        "--all", action="store_true", dest="all_firms", help="every firm with files or scores"
    )


def firms(slugs: Sequence[str], *, all_firms: bool) -> Iterator[Partner]:
    """The firms that were named, or all with files or scores; raises ``CommandError``."""
    if bool(slugs) == all_firms:
        raise CommandError("Name one firm or more, or take --all.")
    if slugs:
        yield from [firm(slug) for slug in slugs]
        return
    has_files = PartnerCenterImport.objects.values("partner")
    found = Partner.objects.filter(Q(pk__in=has_files) | Q(scores__isnull=False)).distinct()
    yield from found.order_by("slug").iterator(chunk_size=200)


def number(count: int, name: str = "firm") -> str:
    """``1 firm``, ``2 firms``."""
    return f"{count} {name}" if count == 1 else f"{count} {name}s"
