from partners.models import Membership, Partner, User


def can_see_keys(user: User, partner: Partner) -> bool:
    """That a program reads along concerns everybody in the firm."""
    return Membership.objects.active().filter(user=user, partner=partner).exists()


def can_manage_keys(user: User, partner: Partner) -> bool:
    """Who reads for the firm is for its own admins to say, never for the operator."""
    admins = Membership.objects.active().filter(user=user, partner=partner, is_admin=True)
    return admins.exists()
