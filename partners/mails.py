import logging
from smtplib import SMTPException

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _

from partners.models import Membership, User

logger = logging.getLogger(__name__)


def password_link(user: User) -> str:
    """The address where ``user`` chooses a password: good once, for PASSWORD_RESET_TIMEOUT."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    token = default_token_generator.make_token(user)
    path = reverse("password_reset_confirm", kwargs={"uidb64": uid, "token": token})
    return settings.BASE_URL.rstrip("/") + path


def send_welcome(membership: Membership, *, by: User) -> bool:
    """Tell a person that they were added to a firm, in their language.

    Whoever has no password yet gets the link to choose one. Returns whether the mail left the
    house: the admin is told at once and can send it again, so nothing is queued here.
    """
    user = membership.user
    context = {
        "user": user,
        "firm": membership.partner,
        "by": by,
        "days": settings.PASSWORD_RESET_TIMEOUT // 86400,
        "new": not user.has_usable_password(),
        "link": settings.BASE_URL.rstrip("/") + reverse("login"),
    }
    if context["new"]:
        context["link"] = password_link(user)
    with translation.override(user.language):
        # A name may hold a line break only by way of the command line; a header must not.
        firm = " ".join(membership.partner.name.split())
        subject = _("Handschlag: your access for %(firm)s") % {"firm": firm}
        text = render_to_string("partners/mail/welcome.txt", context)
    try:
        send_mail(subject, text, None, [user.email])
    except (OSError, SMTPException):
        logger.exception("welcome mail for membership %s was not sent", membership.pk)
        return False
    return True
