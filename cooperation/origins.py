"""Where an answer was taken from, in words. Pure."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _


def words(origin: str, source: Mapping[str, Any]) -> str:
    """ "from the agreement “Neuer Arbeitsplatz”, version 2"; empty for what was said here."""
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
