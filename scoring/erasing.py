"""What erasing a person means in this room."""

from django.utils.translation import gettext as _

from partners.models import User
from partners.privacy.erasure import Part, Plan, Stays
from scoring.models import Certificate, Notice, ReminderChoice, ReportSubscription


def plan(user: User) -> Plan:
    goes = [_("Your subscriptions of reports and reminders.")]
    if not Certificate.objects.filter(email__iexact=user.email).exists():
        return Plan(goes=goes)
    return Plan(
        goes=goes,
        stays=[
            Stays(
                _("Your certificates, in the files that your firm imported from Partner Center."),
                _("Your firm is responsible for these files; please ask its admins."),
                _("as long as your firm uses them"),
            )
        ],
    )


def erase(user: User) -> dict[str, int]:
    letters = Notice.objects.filter(person=user)
    letters.filter(state__in=[Notice.State.QUEUED, Notice.State.FAILED]).update(
        state=Notice.State.DROPPED
    )
    return {
        "reminder_choices": ReminderChoice.objects.filter(user=user).delete()[0],
        "subscriptions": ReportSubscription.objects.filter(membership__user=user).delete()[0],
        "score_letters": letters.update(data={}, error=""),
    }


PART = Part(plan, erase)
