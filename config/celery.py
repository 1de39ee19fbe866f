import os
import sys
from typing import Any

from celery import Celery
from celery.signals import beat_init, worker_init
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# Celery puts the working directory first on the path, where `bin/manage`, called from another
# checkout or a folder that happens to have a `partners`, would find the wrong rooms.
_path = sys.path.copy()
app = Celery("handschlag")
sys.path[:] = _path

app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
@beat_init.connect
def _refuse_unsafe_start(**_rest: Any) -> None:
    from config import checks  # noqa: PLC0415 -- needs the apps

    try:
        checks.require_safe_start()
    except ImproperlyConfigured as error:
        sys.exit(str(error))  # Celery goes on after any other exception
