"""Why a tenant or a person counts or not, and what a reader of a score should know: in words.

The codes are stored with their parameters and translated when they are shown. Labels are templates:
``Reason(code).label % parameters``.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any

from django.db.models import Choices, IntegerChoices, TextChoices
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from scoring import months


class Reason(IntegerChoices):
    """The sentence beside one row of the ledger. Stored: a number keeps its meaning for ever."""

    NONE = 0, ""

    # Net customer adds
    ADDED = 1, _("Eligible now with %(seats)s seats (%(workload)s), not in %(then)s.")
    KEPT = 2, _("Eligible in both months: no change.")
    PROMOTED = 3, _("Grew to %(seats)s seats and stays in %(track)s: no change.")
    LOST = 4, _("Eligible in %(then)s, no longer in %(now)s.")
    LOST_TOO_FEW_SEATS = (
        5,
        _("Eligible in %(then)s; %(seats)s seats now, %(track)s starts at %(minimum)s."),
    )
    LOST_TOO_MANY_SEATS = (
        6,
        _("Eligible in %(then)s; %(seats)s seats now, %(track)s ends at %(maximum)s."),
    )
    LOST_ENDED = (
        7,
        _("Eligible in %(then)s; the association ended on %(ended_on)s."),
    )
    # Not eligible in either month, for any of the data metrics
    TOO_FEW_SEATS = (
        20,
        _("%(seats)s seats, %(track)s starts at %(minimum)s."),
    )
    TOO_MANY_SEATS = (
        21,
        _("%(seats)s seats, %(track)s ends at %(maximum)s."),
    )
    NOT_ACCEPTED = (
        22,
        _("Associated by %(option)s only, which %(track)s does not accept."),
    )
    NOT_YET = 23, _("The association begins on %(begins_on)s.")
    ENDED = 24, _("The association ended on %(ended_on)s.")
    OTHER_METRICS = (
        25,
        _("%(workload)s does not count for this metric."),
    )
    NO_DATA_NOW = 26, _("No data for %(now)s.")
    CLAIM_STATE = 27, _("The claim is not approved (%(state)s): only approved ones count.")
    LOST_CLAIM_STATE = (
        28,
        _("Eligible in %(then)s; the claim is no longer approved (%(state)s)."),
    )
    # Usage growth
    GROWTH = 40, _("%(now)s active users, %(then)s a year earlier.")
    GROWTH_NEWLY_ELIGIBLE = (
        41,
        _("%(now)s active users; the tenant was not eligible a year earlier, so all count."),
    )
    GROWTH_SINCE_CLAIM = (
        42,
        _("%(now)s active users, %(then)s when the association began (%(month)s)."),
    )
    GROWTH_SINCE_FIRST_SEEN = (
        43,
        _("%(now)s active users, %(then)s in the first month with data (%(month)s)."),
    )
    GROWTH_SINCE_CORRECTED = (
        46,
        _("%(now)s active users, %(then)s as corrected for the beginning of the association."),
    )
    GROWTH_MIXED = (
        44,
        _("%(now)s active users, %(then)s in the baselines of the workloads."),
    )
    GROWTH_LOST = (
        45,
        _("No longer eligible: the %(then)s active users of a year earlier are missing now."),
    )
    # Deployments
    DEPLOYED = 60, _("%(users)s of %(seats)s seats in use (%(workload)s).")
    DEPLOYED_EDGE = (
        61,
        _(
            "%(users)s of %(seats)s seats in use (%(workload)s). It stood at exactly %(share)s "
            "when claimed: not above, so it counts."
        ),
    )
    STILL_DEPLOYED = 62, _("Deployed in both months: no change.")
    BELOW_SHARE = (
        63,
        _("%(users)s of %(seats)s seats in use (%(workload)s), below %(share)s."),
    )
    FELL_BELOW_SHARE = (
        64,
        _("%(users)s of %(seats)s seats in use (%(workload)s), below %(share)s; above a year ago."),
    )
    ABOVE_AT_CLAIM = (
        65,
        _("Already above %(share)s when claimed (%(month)s): %(users)s of %(seats)s seats."),
    )
    NO_SEATS = 66, _("No paid seats: the share cannot be told.")
    DEPLOYED_LOST = 67, _("Deployed a year ago; nothing counts for it now.")
    # People
    CERTIFIED = 80, _("%(title)s, valid.")
    CERTIFIED_UNTIL = 81, _("%(title)s, valid until %(until)s.")
    EXPIRED = 82, _("%(title)s expired on %(until)s.")
    NOT_COMPLETED_YET = 83, _("%(title)s is completed on %(completed_on)s.")
    NOT_LINKED = 84, _("%(title)s is no longer linked to the firm.")
    WITHDRAWN = 85, _("%(title)s gives no points after %(until)s.")


class Caution(TextChoices):
    """What a reader should know about a score as a whole."""

    NO_USAGE_DATA = "no_usage_data", _("There are no usage data before %(as_of)s yet.")
    NO_SKILLING_DATA = "no_skilling_data", _("There are no certifications yet.")
    COMPARISON_MONTH_MISSING = (
        "comparison_month_missing",
        _(
            "The comparison month %(month)s is missing, so this is not a score yet: the figures "
            "take it as empty. Please order the report with the time span LIFETIME, or with "
            "13 months or more."
        ),
    )
    COMPARISON_MONTH_EMPTY = (
        "comparison_month_empty",
        _(
            "The data hold nothing for the comparison month %(month)s. Every association is known "
            "to have begun later, so it is taken as empty."
        ),
    )
    DATA_OLD = (
        "data_old",
        _("The newest data are of %(month)s. Newer ones should be available."),
    )
    IMPORT_RUNNING = (
        "import_running",
        _("An import was running when this was computed: it may hold half of its data."),
    )
    DERIVED_DATES = (
        "derived_dates",
        _(
            "Associations without a known beginning: %(count)s. For them the first month with data "
            "was taken."
        ),
    )
    MAY_DISPLAY_PASS = (
        "may_display_pass",
        _("%(track)s: %(total)s points. Partner Center may display %(pass_mark)s."),
    )
    BELOW_ONE_POINT = (
        "below_one_point",
        _(
            "%(track)s: a metric above zero but below one point (%(metric)s: %(points)s) is read "
            "as fulfilled. Microsoft's page also says “at least one point”."
        ),
    )


class Fault(TextChoices):
    """Why a row of a file, or the whole file, cannot be used."""

    # A row
    MISSING = "missing", _("The value is missing.")
    NOT_A_GUID = "not_a_guid", _("This is not a tenant ID (GUID).")
    NOT_A_NUMBER = "not_a_number", _("This is not a whole number.")
    NEGATIVE = "negative", _("The number is negative.")
    TOO_LARGE = "too_large", _("The number is too large.")
    NOT_A_DATE = "not_a_date", _("This is not a date we can read, e.g. 2025-02-01.")
    FUTURE = "future", _("The date lies in the future.")
    ENDED_BEFORE = "ended_before", _("The association ends before it begins.")
    WRONG_COLUMNS = (
        "wrong_columns",
        _(
            "The row has %(found)s columns, the header has %(expected)s. "
            "Is there a stray quotation mark?"
        ),
    )
    OTHER_DELIMITER = (
        "other_delimiter",
        _(
            "The row is not divided as the header is. Is it separated by “%(delimiter)s”, or in "
            "quotation marks as a whole?"
        ),
    )
    NO_PERSON = "no_person", _("Neither MCPID nor work e-mail nor name says whose this is.")
    # A file
    EMPTY_FILE = "empty_file", _("The file is empty.")
    NO_ROWS = "no_rows", _("The file has a header but no rows.")
    NOT_TEXT = (
        "not_text",
        _(
            "This is not a table we can read but %(format)s. Please export the report as CSV, TSV "
            "or XLSX."
        ),
    )
    BINARY = (
        "binary",
        _("This is not a table we can read. Please export the report as CSV, TSV or XLSX."),
    )
    OLD_WORKBOOK = (
        "old_workbook",
        _("This is an Excel file of the old kind (.xls). Please save it as XLSX or CSV."),
    )
    PROTECTED = (
        "protected",
        _("The Excel file is protected by a password. Please save it without one."),
    )
    BROKEN_WORKBOOK = (
        "broken_workbook",
        _("The Excel file is damaged. Please open it in Excel and save it again as XLSX or CSV."),
    )
    UNPACKS_TOO_BIG = (
        "unpacks_too_big",
        _(
            "The Excel file is too large: unpacked it may have %(limit)s MB at most. "
            "Please save it as CSV."
        ),
    )
    NOT_UTF8 = (
        "not_utf8",
        _(
            "Line %(line)s holds characters that are not UTF-8. Please save the file as "
            "“CSV UTF-8” and try again."
        ),
    )
    BROKEN_CSV = (
        "broken_csv",
        _("The table breaks off near line %(line)s. Is there a stray quotation mark?"),
    )
    UNKNOWN_COLUMNS = (
        "unknown_columns",
        _(
            "The columns are those of no report we know. We read OfficeUsage, CPOR-M365, EMSUsage, "
            "claims and TrainingCompletions. Found: %(found)s."
        ),
    )
    MISSING_COLUMNS = ("missing_columns", _("These columns are missing: %(columns)s."))
    COLUMNS_TWICE = (
        "columns_twice",
        _("These columns are there twice: %(columns)s. Please keep the one that is meant."),
    )
    TOO_BIG = "too_big", _("The file has %(size)s MB. We read files of up to %(limit)s MB.")


def sentence(
    code: str | int,
    params: Mapping[str, Any],
    *,
    kind: type[Choices] = Reason,
    localize: bool = True,
) -> str:
    """The translated sentence of a stored code; a code that is no longer known stays readable.

    Days and months are stored in ISO form; ``localize`` writes them as the reader is used to.
    """
    try:
        template = str(kind(code).label)
    except ValueError:
        return str(code).replace("_", " ")
    if localize:
        params = {name: _as_read(value) for name, value in params.items()}
    return template % params


def _as_read(value: object) -> object:
    with suppress(ValueError):  # a file may hold 31 February, and the sentence about it this value
        if isinstance(value, str) and ISO_DAY.fullmatch(value):
            return date_format(date.fromisoformat(value), "SHORT_DATE_FORMAT")
        if isinstance(value, str) and ISO_MONTH.fullmatch(value):
            return date_format(months.first_day(months.parse_label(value)), "YEAR_MONTH_FORMAT")
    return value


ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
ISO_MONTH = re.compile(r"\d{4}-\d{2}")
