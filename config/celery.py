import os
import sys

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# Celery puts the working directory first on the path, where `bin/manage`, called from another
# checkout or a folder that happens to have a `partners`, would find the wrong rooms.
_path = sys.path.copy()
app = Celery("handschlag")
sys.path[:] = _path

app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
