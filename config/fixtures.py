"""JSON of ``dumpdata`` and ``loaddata`` with times to the microsecond.

Django's own cuts them to milliseconds, and the hashes of the logs are over whole ones: after a move
to another database every event would count as changed.
"""

import datetime
from typing import Any

from django.core.serializers import json

Deserializer = json.Deserializer


class Encoder(json.DjangoJSONEncoder):
    def default(self, o: Any) -> Any:
        if isinstance(o, datetime.datetime | datetime.time):
            return o.isoformat()
        return super().default(o)


class Serializer(json.Serializer):
    def _init_options(self) -> None:
        super()._init_options()  # type: ignore[misc]
        self.json_kwargs["cls"] = Encoder
