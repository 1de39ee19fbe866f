from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Wiring, the home page and the demo: no models."""

    name = "config"
    label = "portal"
