from partners.models import Membership, Partner, User


def _is_admin(user: User, partner: Partner) -> bool:
    return Membership.objects.active().filter(user=user, partner=partner, is_admin=True).exists()


def can_edit_profile(user: User, partner: Partner) -> bool:
    """What a firm says about itself is for its own admins, never for the operator."""
    return _is_admin(user, partner)


def can_manage_people(user: User, partner: Partner) -> bool:
    """Who belongs to a firm, and who may sign for it, is for its own admins."""
    return _is_admin(user, partner)


def can_read_log(user: User, partner: Partner) -> bool:
    """The firm's log names its people and what they did: its admins read it."""
    return _is_admin(user, partner)


def can_allow_support(user: User, partner: Partner) -> bool:
    """Whether an operator may look at a firm's data is for its own admins."""
    return _is_admin(user, partner)


def can_export(user: User, partner: Partner) -> bool:
    """An export holds all that a firm knows: it is for the firm's own admins."""
    return _is_admin(user, partner)
