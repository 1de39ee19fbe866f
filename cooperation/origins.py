"""Where an answer was taken from, in words. Pure."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

OF_VERSIONS = frozenset({"previous", "frame"})


def words(origin: str, source: Mapping[str, Any]) -> str:
    """ "from the agreement “Neuer Arbeitsplatz”, version 2"; empty for what was said here.

    Without its ``source``, for a reader who has no part in that agreement, it is not named.
    """
    if origin in OF_VERSIONS and not source:
        return _("from an earlier agreement of some of the firms")
    said = {
        "first_round": _("the same answer in the first round"),
        "previous": _("from the agreement “%(project)s”, version %(number)s"),
        "frame": _("from the frame agreement “%(project)s”, version %(number)s"),
        "preference": _("what %(firm)s usually proposes"),
    }.get(origin, "")
    return said % {
        "project": source.get("project", ""),
        "number": source.get("number", ""),
        "firm": source.get("firm", ""),
    }
