from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Wiring, the home page and the demo: no models."""

    name = "config"
    label = "portal"

    def ready(self) -> None:
        from config import checks, session_limits  # noqa: F401, PLC0415 -- registers its checks

        session_limits.connect()
