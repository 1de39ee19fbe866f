"""Who may do what with a firm's scores. Members of the firm see all of it, others nothing."""

from django.db.models import Q

from partners.models import Membership, Partner, User

WORKING = Q(is_admin=True) | Q(is_partner_manager=True) | Q(is_specialist=True)


def can_see(user: User, partner: Partner) -> bool:
    """Whoever belongs to the firm, and support while the firm lets it."""
    return Partner.objects.of(user).filter(pk=partner.pk).exists()


def can_import(user: User, partner: Partner) -> bool:
    """Files change what everybody in the firm sees: admins, partner managers and specialists."""
    return Membership.objects.active().filter(WORKING, user=user, partner=partner).exists()


def can_compute(user: User, partner: Partner) -> bool:
    return can_import(user, partner)


def can_order_report(user: User, partner: Partner) -> bool:
    """Also whoever signs for the firm: the report is what a managing director hands on."""
    entitled = WORKING | Q(may_sign=True)
    return Membership.objects.active().filter(entitled, user=user, partner=partner).exists()


def can_record_enrolment(user: User, partner: Partner) -> bool:
    """What the firm says of its enrolment: admins and partner managers deal with Microsoft."""
    entitled = Q(is_admin=True) | Q(is_partner_manager=True)
    return Membership.objects.active().filter(entitled, user=user, partner=partner).exists()


def can_correct(user: User, partner: Partner) -> bool:
    """Corrections change what everybody in the firm sees, as files do."""
    return can_import(user, partner)


def can_disclose(user: User, partner: Partner) -> bool:
    """What leaves the firm: admins and partner managers, and whoever may sign for it."""
    entitled = Q(is_admin=True) | Q(is_partner_manager=True) | Q(may_sign=True)
    return Membership.objects.active().filter(entitled, user=user, partner=partner).exists()


def can_subscribe_colleagues(user: User, partner: Partner) -> bool:
    """Who gets the monthly report of a firm: admins and partner managers decide for others."""
    return can_record_enrolment(user, partner)


def can_subscribe(user: User, membership: Membership) -> bool:
    """Everybody for themselves: the report holds nothing that a member does not see anyway."""
    own = membership.user_id == user.pk and can_see(user, membership.partner)
    return own or can_subscribe_colleagues(user, membership.partner)


def can_plan(user: User, partner: Partner) -> bool:
    """Scenarios, weights of effort and notes of unclaimed work: those who work with the data."""
    return can_import(user, partner)
