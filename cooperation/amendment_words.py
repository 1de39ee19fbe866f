"""The log's sentences about changes of what is in force, contacts noted, and leaving."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from cooperation.models import AgreementEvent

Kind = AgreementEvent.Kind


def logged(kind: str, data: Mapping[str, Any], point: str) -> str:
    """What an event says in the language of the request; empty for one about something else.

    ``point``: number and question of the point it is about.
    """
    if kind == Kind.AMENDMENT:
        said = {"version": data.get("version", ""), "day": _day(data["effective_on"])}
        if data.get("restated"):
            return _("The change has another reason or day. It is to hold from %(day)s.") % said
        return _("A change of version %(version)s was begun. It is to hold from %(day)s.") % said
    if kind == Kind.AMENDMENT_DROPPED and "version" in data:
        sentence = _("The change was dropped. Version %(version)s stays as it was signed.")
        return sentence % {"version": data["version"]}
    if kind == Kind.CONTACTS_NOTED:
        sentence = _(
            "New contacts beside version %(version)s. No new signature was needed. %(point)s"
        )
        return sentence % {"version": data["version"], "point": point}
    if kind == Kind.LEFT:
        if "until" not in data:
            return _("The firm left the project.")
        sentence = _("The firm left the project. What it signed binds it until %(day)s.")
        return sentence % {"day": _day(data["until"])}
    return ""


def _day(iso: str) -> str:
    return date_format(date.fromisoformat(iso))
