from partners.models import User
from partners.waiting import Waiting


def for_user(user: User) -> list[Waiting]:
    return []
