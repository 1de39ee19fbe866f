"""The portal's settings for the tests: strict templates, quick passwords, closed doors."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

if "HANDSCHLAG_VAR" not in os.environ:
    os.environ["HANDSCHLAG_VAR"] = scratch = tempfile.mkdtemp(prefix="handschlag-tests-")
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)

from config.settings import *  # noqa: F403
from config.settings import DATABASES, STATIC_ROOT, TEMPLATES, VAR_DIR


class UndefinedVariable(str):
    """What ``string_if_invalid`` prints; printing it is the failure."""

    def __mod__(self, missing: Any) -> str:
        raise AssertionError(f"undefined template variable: {missing!r}")

    def __contains__(self, search: object) -> bool:
        return search == "%s"


_name = os.environ.get("HANDSCHLAG_TEST_DB", "")
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, not memory: tests with threads need connections of their own.
    DATABASES["default"]["TEST"] = {"NAME": str(Path(VAR_DIR) / f"test{_name}.sqlite3")}
else:
    DATABASES["default"]["TEST"] = {"NAME": f"test_handschlag{'_' + _name if _name else ''}"}
DATABASES["default"]["CONN_MAX_AGE"] = 0

TEMPLATES[0]["OPTIONS"]["string_if_invalid"] = UndefinedVariable("%s")

STATIC_ROOT.mkdir(exist_ok=True)  # WhiteNoise warns when it is missing

KEEP_RENDERED = False  # two renderings that are compared have to be two
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CELERY_BROKER_URL = "memory://"  # queued work stays queued: tests run the verbs themselves
CELERY_BROKER_TRANSPORT_OPTIONS = {}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
