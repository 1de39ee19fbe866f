"""All that the portal holds about a person, for that person (Art. 15 and 20 GDPR).

Made from the declarations of all rooms. Of others it holds nothing but what the person wrote about
them: where a row names further people, only the person's own part of it is told.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from django.db import models
from django.utils import timezone

from partners.models import Membership, User
from partners.privacy import mentions, registry
from partners.privacy.plain_rows import plain
from support import trails

FORMAT = "handschlag-person/1"


def collect(user: User) -> dict[str, Any]:
    """The export as data: ``holdings`` with one entry for each table and way to the person."""
    memberships = Membership.objects.filter(user=user).select_related("partner")
    return {
        "format": FORMAT,
        "made_at": trails.instant(timezone.now()),
        "person": str(user.pk),
        "firms": {str(each.partner_id): each.partner.name for each in memberships},
        "activities": [
            {
                "key": activity.key,
                "title": str(activity.title),
                "purpose": str(activity.purpose),
                "basis": str(activity.basis.label),
                "seen_by": str(activity.seen_by),
                "kept": str(activity.kept),
            }
            for activity in registry.activities()
        ],
        "holdings": [entry for entry in _holdings(user) if entry["rows"]],
        "named_as_contact": [
            {"firm": each.firm, "where": str(each.where), "told": dict(each.told)}
            for each in mentions.of(user.email)
        ],
    }


def dump(user: User) -> bytes:
    """The export as a file: JSON in UTF-8, readable."""
    return json.dumps(collect(user), ensure_ascii=False, indent=2).encode()


def _holdings(user: User) -> Iterator[dict[str, Any]]:
    for held in registry.held():
        for path, told in held.own.items():
            fields = _told(held, path, told)
            rows = held.table._default_manager.filter(**{path: user.pk}).order_by("pk")
            yield {
                "table": held.model,
                "activity": held.activity,
                "as": path,
                "rows": [
                    {one.attname: plain(value) for one, value in zip(fields, row, strict=True)}
                    for row in rows.values_list(*(one.attname for one in fields)).iterator()
                ],
            }


def _told(held: registry.Held, path: str, told: Sequence[str]) -> "list[models.Field[Any, Any]]":
    """The columns of a row that the person is told; of the whole one, none that name others."""
    columns = list(held.table._meta.concrete_fields)
    if told is not registry.ALL:
        return [one for one in columns if one.name in told]
    return [
        one
        for one in columns
        if one.name not in held.secret
        and not isinstance(one, models.BinaryField | models.CompositePrimaryKey)
        and (one.related_model is not User or one.name == path)
    ]
