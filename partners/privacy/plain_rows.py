"""Values of the database as JSON has them, and back: for exports and the archive of a firm."""

import base64
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models.fields.files import FieldFile

from support import trails


def plain(value: Any) -> Any:
    """``value`` as JSON: instants in UTC to the microsecond, bytes in Base64, decimals as text."""
    if isinstance(value, datetime):
        return trails.instant(value)
    if isinstance(value, FieldFile):
        return value.name or ""
    if isinstance(value, UUID | Decimal | date):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(bytes(value)).decode("ascii")
    if value is None or isinstance(value, dict | list | float | str | int):
        return value
    raise TypeError(f"no JSON for {type(value).__name__}")


def field_value(field: "models.Field[Any, Any]", value: Any) -> Any:
    """What ``plain`` made of a value of ``field``, as the model takes it.

    Raises ``ValidationError`` or ``ValueError`` for what the field cannot hold.
    """
    if value is None:
        return None
    if isinstance(field, models.JSONField):
        return value
    if isinstance(field, models.BinaryField):
        return base64.b64decode(value, validate=True)
    return field.to_python(value)
