from itertools import combinations
from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Q


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give what was said at points of pairs to every pair of the firm that said it.

    All firms of an agreement could read these answers, so no pair learns anything new. And whoever
    said the sentence of the Kodex is on the fast track.
    """
    agreement_model = apps.get_model("cooperation", "Agreement")
    agreement_model.objects.filter(fast_track=True).update(depth="fast_track")
    for agreement in agreement_model.objects.select_related("rule_book").iterator():
        keys = [
            point["key"]
            for rule in agreement.rule_book.content["rules"]
            for point in rule["points"]
            if point.get("sensitivity") == "pairwise"
        ]
        _spread(apps, agreement, keys)


def _spread(apps: Apps, agreement: Any, keys: list[str]) -> None:
    place_model = apps.get_model("cooperation", "Participation")
    places = place_model.objects.filter(project=agreement.project_id, state="accepted")
    firms = list(places.order_by("position").values_list("partner", flat=True))
    for name in ("Answer", "Confirmation", "TalkRequest"):
        model = apps.get_model("cooperation", name)
        rows = list(model.objects.filter(agreement=agreement, point_key__in=keys, pair=None))
        for row in rows:
            for first, second in combinations(firms, 2):
                if row.partner_id is not None and row.partner_id not in (first, second):
                    continue
                pair, _created = apps.get_model("cooperation", "Pair").objects.get_or_create(
                    agreement=agreement, first_id=first, second_id=second
                )
                fields = {
                    field.attname: getattr(row, field.attname)
                    for field in model._meta.concrete_fields
                    if not field.primary_key
                }
                model.objects.create(**fields | {"pair_id": pair.pk})
            row.delete()


def merge(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Back: what two firms settled cannot be shown to all, so it is asked again."""
    of_three = Q(pair__isnull=False)
    for name in ("Confirmation", "TalkRequest", "Answer"):
        apps.get_model("cooperation", name).objects.filter(of_three).delete()
    apps.get_model("cooperation", "AgreementEvent").objects.filter(of_three).update(pair=None)


class Migration(migrations.Migration):
    dependencies = [("cooperation", "0003_life_cycle")]
    operations = [migrations.RunPython(fill, merge)]
