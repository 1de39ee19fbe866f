"""What the mails of the designation say: a title for the subject line and one sentence, per kind.

Mails travel in the open. They name a certificate and its last day, or a report; no points, no
customers, nothing of what a firm sells. ``FACTS`` are all the facts a sentence may hold;
``notices.tell`` refuses any other.
"""

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from partners.letter_words import Facts, Said, Words
from scoring.presentation import day_text

FACTS = frozenset(
    {
        "person",  # whose certificate it is; of several certificates the one that expires first
        "certification",  # its title
        "day",  # an ISO day: the last one on which it counts, or the day of a report
        "more",  # how many other certificates the mail stands for
        "own",  # 1 when the reader is the person themself
        "renewable",  # 0 when not all of the certificates can be renewed free of charge
        "report",  # title of a report
    }
)
DAYS = frozenset({"day"})  # written in the reader's way


def _certificate(facts: Facts) -> str:
    return f"{_validity(facts)} {_renewal(facts)}"


def _validity(facts: Facts) -> str:
    more = facts.get("more", 0)
    if facts.get("own") and more:
        return ngettext(
            "Your certification “%(certification)s” is valid until %(day)s, and %(more)s more of "
            "yours expires soon.",
            "Your certification “%(certification)s” is valid until %(day)s, and %(more)s more of "
            "yours expire soon.",
            more,
        )
    if facts.get("own"):
        return gettext("Your certification “%(certification)s” is valid until %(day)s.")
    if more:
        return ngettext(
            "The certification “%(certification)s” of %(person)s is valid until %(day)s, and "
            "%(more)s more certificate of your people expires soon.",
            "The certification “%(certification)s” of %(person)s is valid until %(day)s, and "
            "%(more)s more certificates of your people expire soon.",
            more,
        )
    return gettext("The certification “%(certification)s” of %(person)s is valid until %(day)s.")


def _renewal(facts: Facts) -> str:
    if not facts.get("renewable", 1):
        return gettext(
            "The portal says what can be renewed free of charge, and what is to be passed again."
        )
    if facts.get("more"):
        return gettext(
            "As long as they are valid they can be renewed on Microsoft Learn, online and free of "
            "charge."
        )
    return gettext("Until then it can be renewed on Microsoft Learn, online and free of charge.")


WORDS: dict[str, Words] = {
    "certificate_90": Words(_("A certificate expires within 90 days"), _certificate),
    "certificate_60": Words(_("A certificate expires within 60 days"), _certificate),
    "certificate_30": Words(_("A certificate expires within 30 days"), _certificate),
    "report_ready": Words(
        _("Your report is ready"),
        _(
            "The report “%(report)s” of %(day)s is ready. You find it in the portal, with its seal "
            "and the comparison with the one before."
        ),
    ),
}


def say(kind: str, facts: Facts) -> Said:
    """Title and sentence in the active language.

    Raises ``LookupError`` for an unknown kind or a missing fact.
    """
    shown = {key: day_text(str(value)) if key in DAYS else value for key, value in facts.items()}
    return WORDS[kind].said(facts, shown)
