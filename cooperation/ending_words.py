"""The log's sentences about ends."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from cooperation.models import AgreementEvent, ClosingItem, Ending

Kind = AgreementEvent.Kind
Way = Ending.Way


def logged(kind: str, data: Mapping[str, Any]) -> str:
    """What an event says in the language of the request; empty for one about something else."""
    sentence = _sentence(kind, data)
    item = data.get("item")
    said = {
        "day": date_format(date.fromisoformat(data["ends_on"])) if data.get("ends_on") else "",
        "item": ClosingItem.Key(item).label if item in ClosingItem.Key.values else "",
        "version": data.get("version", ""),
    }
    return sentence % said if sentence else ""


def _sentence(kind: str, data: Mapping[str, Any]) -> str:
    if kind == Kind.ENDING:
        return _ending(data)
    if kind == Kind.ENDING_WITHDRAWN:
        return _withdrawn(data)
    if kind == Kind.CLOSING:
        if data.get("reopened"):
            return _("Closing list, not done after all: %(item)s")
        return _("Closing list, done: %(item)s")
    if kind == Kind.ENDED:
        return _("The agreement ended. Its last day was %(day)s.")
    if kind == Kind.RETROSPECTIVE:
        return _("The look back is open to all firms.")
    if kind == Kind.ABANDONED:
        return _("The project is not pursued any further.")
    if data.get("because") == "ended":
        return {
            Kind.EXPIRED: _("The signing of version %(version)s ended with the agreement."),
            Kind.AMENDMENT_DROPPED: _("The amendment in preparation ended with the agreement."),
        }.get(Kind(kind), "")
    return ""


def _ending(data: Mapping[str, Any]) -> str:
    if data.get("proposed"):
        return _("Proposed to end the agreement together. Last day: %(day)s.")
    if data.get("consented"):
        return _("Agreed to the proposed end. Last day: %(day)s.")
    if data.get("way") == Way.NOTICE:
        return _("Gave notice. Last day: %(day)s.")
    return _("All firms agreed on the end. Last day: %(day)s.")


def _withdrawn(data: Mapping[str, Any]) -> str:
    if data.get("lapsed"):
        return _("The proposed end lapsed: its day, %(day)s, came before all had agreed.")
    if data.get("proposed"):
        return _("The proposed end on %(day)s is off the table.")
    if data.get("asked"):
        return _("Would go on instead of ending on %(day)s.")
    return _("All firms go on: the end on %(day)s is taken back.")
