"""What this room holds about people."""

from django.utils.translation import gettext_lazy as _

from partners.privacy.registry import Activity, Basis, Held

KEYS = "api_keys"

ACTIVITIES = (
    Activity(
        KEYS,
        _("Keys of programs"),
        _("Which admin made or withdrew a key, what it is for and on which day it was last used."),
        _("So that a firm's own programs can read what the firm may see, and nothing more."),
        _("The firm's admins."),
        _("The firm's admins."),
        _("Until a year after the key has ended."),
        Basis.CONTRACT,
    ),
)
HELD = (
    Held(
        "api.ApiKey",
        KEYS,
        own={
            "created_by": ("id", "partner", "name", "created_at", "expires_at", "last_used_on"),
            "withdrawn_by": ("id", "partner", "name", "withdrawn_at"),
        },
        nobody=("name",),
        secret=("token_sha256",),
    ),
)
