"""What one cell of an export means: a tenant, a whole number, a day. Pure."""

import re
import uuid
from datetime import date

from scoring.reasons import Fault

LARGEST = 50_000_000  # more than any tenant has; summed over all workloads it fits a column
DIGITS = 12  # of a number at most: beyond that it is too large, however it is written
EARLIEST_YEAR = 2000
NOTHING = frozenset({"na", "n/a", "none", "null", "-", "–"})  # as good as an empty cell


class Wrong(Exception):
    """A cell does not say what its column asks for; ``fault`` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class NotReadable(Exception):
    """The whole file cannot be used: a fault and its parameters, for ``reasons.sentence``."""

    def __init__(self, fault: Fault, **params: object) -> None:
        super().__init__(fault.value)
        self.fault, self.params = fault, params


def parse_guid(text: str) -> str:
    """One spelling of a GUID: 32 digits, so that braces and capitals make no second tenant."""
    if not GUID.fullmatch(text):
        raise Wrong(Fault.NOT_A_GUID)
    return uuid.UUID(text).hex


def storable(text: str, length: int) -> str:
    """Text that every database takes: short enough, and without NUL."""
    return text[:length].replace("\x00", "\ufffd")


GUID = re.compile(r"\{?[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\}?")
# 1234 or groups of three (1,234 1.234 1 234 1'234), then at most zeros behind a point.
PLAIN = re.compile(r"(\d+)(?:[.,]0{1,2})?")
GROUPED = re.compile(r"(\d{1,3}(?:([.,'’ \u00a0\u202f])\d{3})(?:\2\d{3})*)(?:[.,]0{1,2})?")


def parse_count(text: str) -> int:
    """A whole number of 0 or more; a cell that says nothing is 0. Raises ``Wrong``."""
    if not text or text.casefold() in NOTHING:
        return 0
    digits = text.lstrip("+")
    negative = re.fullmatch(r"[-\u2212](.+)|\((.+)\)", digits)
    if negative is not None:
        rest = negative[1] or negative[2]
        is_number = GROUPED.fullmatch(rest) or PLAIN.fullmatch(rest)
        raise Wrong(Fault.NEGATIVE if is_number else Fault.NOT_A_NUMBER)
    match = GROUPED.fullmatch(digits) or PLAIN.fullmatch(digits)
    if match is None:
        raise Wrong(Fault.NOT_A_NUMBER)
    written = re.sub(r"\D", "", match[1]).lstrip("0")
    if len(written) > DIGITS or (number := int(written or "0")) > LARGEST:
        raise Wrong(Fault.TOO_LARGE)
    return number


TIME = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[AaPp][Mm])?(?:Z|[+-]\d{2}:?\d{2})?)?"
FORMS = tuple(
    re.compile(form)
    for form in (
        rf"(?P<y>\d{{4}})-(?P<m>\d{{1,2}})-(?P<d>\d{{1,2}}){TIME}",  # 2025-02-01
        r"(?P<y>\d{4})[-/](?P<m>\d{1,2})",  # 2025-02
        rf"(?P<m>\d{{1,2}})/(?P<d>\d{{1,2}})/(?P<y>\d{{4}}){TIME}",  # 2/1/2025, as in the US
        rf"(?P<d>\d{{1,2}})\.(?P<m>\d{{1,2}})\.(?P<y>\d{{4}}){TIME}",  # 01.02.2025, as in Germany
        r"(?P<m>\d{1,2})[/.](?P<y>\d{4})",  # 02/2025
        r"(?P<name>[^\W\d_]{3,9})\.?[- ](?P<y>\d{4})",  # Feb-2025
        r"(?P<d>\d{1,2})\.?[- ](?P<name>[^\W\d_]{3,9})\.?[- ](?P<y>\d{4})",  # 22 Aug 2021
        r"(?P<name>[^\W\d_]{3,9})\.? (?P<d>\d{1,2}),? (?P<y>\d{4})",  # Aug 22, 2021
        r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})?",  # 20250201, 202502
    )
)
MONTH_NAMES = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar jän jänner",
            "february feb februar",
            "march mar märz mär mrz",
            "april apr",
            "may mai",
            "june jun juni",
            "july jul juli",
            "august aug",
            "september sep sept",
            "october oct oktober okt",
            "november nov",
            "december dec dezember dez",
        ),
        1,
    )
    for name in names.split()
}


def parse_day(text: str) -> date:
    """A date in any of the forms of the exports; a month is its first day. Raises ``Wrong``."""
    for form in FORMS:
        if not (match := form.fullmatch(text)):
            continue
        part = match.groupdict()
        name = (part.get("name") or "").casefold()
        month = MONTH_NAMES.get(name, 0) if name else int(part["m"])
        try:
            day = date(int(part["y"]), month, int(part.get("d") or 1))
        except ValueError:
            break
        if day.year < EARLIEST_YEAR:
            break
        return day
    raise Wrong(Fault.NOT_A_DATE)
