import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

_django = get_wsgi_application()

from django.conf import settings  # noqa: E402

from config import checks  # noqa: E402 -- needs the apps
from config.slow_bodies import SlowBodies  # noqa: E402

checks.require_safe_start()

application = SlowBodies(_django, seconds=settings.BODY_SECONDS)
