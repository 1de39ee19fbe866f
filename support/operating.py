"""What every room's part of the Django admin shares."""

from typing import Any

from django.http import HttpRequest


class ReadOnly:
    """The operator reads it: nobody adds, changes or deletes such a row by hand.

    What there is to do are actions, each a verb of its room.
    """

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
