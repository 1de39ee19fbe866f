import hashlib
import secrets
from datetime import UTC
from typing import Any

import rfc8785
from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def sha256(content: Any, salt: str = "") -> str:
    return hashlib.sha256(bytes.fromhex(salt) + rfc8785.dumps(content)).hexdigest()


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Chain the events from before. Their order is the stored one; nobody witnessed it then."""
    model = apps.get_model("cooperation", "AgreementEvent")
    agreements = model.objects.order_by().values_list("agreement", flat=True).distinct()
    for agreement in list(agreements):
        previous = sha256({"format": "handschlag-trail/1", "subject": str(agreement)})
        events = model.objects.filter(agreement=agreement).select_related("pair").order_by("seq")
        for event in events.iterator():
            salt = secrets.token_hex(32)
            pair = event.pair
            content = {
                "format": "handschlag-event/1",
                "agreement": str(event.agreement_id),
                "seq": event.seq,
                "kind": event.kind,
                "at": event.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                "by": str(event.by_id) if event.by_id else None,
                "partner": str(event.partner_id) if event.partner_id else None,
                "pair": [str(pair.first_id), str(pair.second_id)] if pair else None,
                "data": event.data,
            }
            digest = sha256(content, salt)
            own = sha256({"seq": event.seq, "previous": previous, "digest": digest})
            model.objects.filter(pk=event.pk).update(
                salt=salt, digest=digest, previous_hash=previous, hash=own
            )
            previous = own


class Migration(migrations.Migration):
    dependencies = [("cooperation", "0005_evidence")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
