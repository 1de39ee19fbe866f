"""Tells people that a firm named them as a contact, once, and takes their objection (Art. 14 GDPR).

The mail leads to a page without signing in: who has the link sees what stands in the portal under
that address, and may object. What a firm may change it then loses; what is evidence the firm is
asked to change, and its log says so. The firm cannot enter the address again (``objected``).
"""

import logging
from collections.abc import Iterable
from datetime import timedelta
from smtplib import SMTPException
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Count, F
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from partners import firm_log, mails
from partners.letters import plain
from partners.models import Membership, NamedContact, UserManager
from partners.plain import one_line
from partners.privacy import mentions
from partners.privacy.mentions import Mention

logger = logging.getLogger(__name__)

SALT = "partners.named_contact"
LEASE = timedelta(minutes=5)
ATTEMPTS = 12
A_DAY = 25  # mails that the contacts of one firm may cause

State = NamedContact.State


def note() -> int:
    """Write down who is named and was not told yet; how many."""
    known = set(NamedContact.objects.values_list("partner", "email"))
    people = set(Membership.objects.active().values_list("partner", "user__email"))
    found: dict[tuple[object, str], NamedContact] = {}
    for named in mentions.listed():
        key = (named.partner, named.email)
        if key in known or key in found:
            continue
        found[key] = NamedContact(
            partner_id=named.partner,
            email=named.email,
            name=named.name[:200],
            state=State.KNOWN if key in people else State.QUEUED,
        )
    # Two rounds at once: the second finds the rows of the first.
    NamedContact.objects.bulk_create(found.values(), ignore_conflicts=True)
    return len(found)


def send_due(limit: int = 200) -> int:
    """Send what is to be sent, to each address of a firm once; how many left the house."""
    now, sent = timezone.now(), 0
    today = NamedContact.objects.filter(sent_at__gt=now - timedelta(days=1)).order_by()
    used = dict(today.values_list("partner").annotate(Count("pk")))
    due = NamedContact.objects.filter(state=State.QUEUED, not_before__lte=now)
    for pk, partner in list(due.order_by("created_at", "pk").values_list("pk", "partner")[:limit]):
        if used.get(partner, 0) >= A_DAY:
            continue
        if _send(pk):
            used[partner] = used.get(partner, 0) + 1
            sent += 1
    return sent


def _send(pk: UUID) -> bool:
    now = timezone.now()
    due = NamedContact.objects.filter(pk=pk, state=State.QUEUED, not_before__lte=now)
    if not due.update(not_before=now + LEASE, attempts=F("attempts") + 1):
        return False
    contact = NamedContact.objects.select_related("partner").get(pk=pk)
    own = NamedContact.objects.filter(pk=pk, state=State.QUEUED)
    if not mentions.of(contact.email, contact.partner_id):  # taken out meanwhile
        own.delete()
        return False
    try:
        _mail(contact).send()
    except (OSError, SMTPException) as error:
        logger.warning("contact %s was not told: %s", pk, error)
        final = contact.attempts >= ATTEMPTS
        own.update(
            state=State.FAILED if final else State.QUEUED,
            error=type(error).__name__,
            not_before=now + timedelta(minutes=min(2**contact.attempts, 240)),
        )
        return False
    own.update(state=State.SENT, sent_at=now, error="")
    return True


def _mail(contact: NamedContact) -> EmailMessage:
    facts = {
        "name": plain(contact.name or contact.email),
        "firm": plain(contact.partner.name),
        "link": mails.absolute(path(contact)),
    }
    with translation.override(contact.language):
        subject = _("Handschlag: %(firm)s has named you as a contact") % facts
        text = render_to_string("partners/mail/named_contact.txt", facts)
    headers = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
    return EmailMessage(one_line(subject), text, None, [contact.email], headers=headers)


def path(contact: NamedContact) -> str:
    """The page of this contact: signed, so that nobody finds another's by counting."""
    token = signing.dumps(str(contact.pk), salt=SALT)
    return reverse("partners:named_contact", args=[token])


def by_token(token: str) -> NamedContact | None:
    try:
        pk = UUID(signing.loads(token, salt=SALT))
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return NamedContact.objects.select_related("partner").filter(pk=pk).first()


def told(contact: NamedContact) -> list[Mention]:
    """What stands in the portal under the address, as far as this firm put it there."""
    return mentions.of(contact.email, contact.partner_id)


@transaction.atomic
def object_to(contact: NamedContact) -> int:
    """Remove what the firm may change, and ask the firm for the rest; how many places stay."""
    locked = NamedContact.objects.select_for_update().get(pk=contact.pk)
    if locked.objected_at is not None:
        return len([each for each in told(locked) if each.remove is None])
    places = told(locked)
    left = sum(not (each.remove is not None and each.remove()) for each in places)
    locked.objected_at = timezone.now()
    locked.save(update_fields=["objected_at"])
    firm_log.record(
        contact.partner,
        "contact_objected",
        personal={"contact": {"name": locked.name, "email": locked.email}},
        removed=len(places) - left,
        left=left,
    )
    return left


def objected(partner: UUID, emails: Iterable[str]) -> set[str]:
    """Those of ``emails`` whose owners do not want to be named by ``partner``, in lower case."""
    asked = {UserManager.normalize_email(email) for email in emails if email}
    if not asked:
        return set()
    rows = NamedContact.objects.filter(partner=partner, email__in=asked)
    return set(rows.exclude(objected_at=None).values_list("email", flat=True))


def refusal(email: str) -> str:
    """What a firm reads that names somebody who has objected."""
    return _(
        "%(email)s does not want to be named as a contact by your firm. Please name somebody else."
    ) % {"email": email}


def operator() -> dict[str, str]:
    """Who runs this portal, for the privacy page; empty where it was not set."""
    return {
        "name": settings.OPERATOR_NAME,
        "address": settings.OPERATOR_ADDRESS,
        "mail": settings.PRIVACY_MAIL,
    }
