"""Firms, their people and who belongs where: the ground floor of the portal."""

from partners.models.firms import (
    Membership,
    MembershipQuerySet,
    Partner,
    PartnerContact,
    PartnerQuerySet,
)
from partners.models.invitations import Invitation, InvitationQuerySet, Invited, InvitedQuerySet
from partners.models.log import FirmEvent
from partners.models.people import User, UserManager
from partners.models.privacy import (
    Erasure,
    FirmExport,
    FirmExportQuerySet,
    NamedContact,
    RetentionRun,
)
from partners.models.registrations import Registration
from partners.models.support import SupportAccess, SupportVisit

__all__ = [
    "Erasure",
    "FirmEvent",
    "FirmExport",
    "FirmExportQuerySet",
    "Invitation",
    "InvitationQuerySet",
    "Invited",
    "InvitedQuerySet",
    "Membership",
    "MembershipQuerySet",
    "NamedContact",
    "Partner",
    "PartnerContact",
    "PartnerQuerySet",
    "Registration",
    "RetentionRun",
    "SupportAccess",
    "SupportVisit",
    "User",
    "UserManager",
]
