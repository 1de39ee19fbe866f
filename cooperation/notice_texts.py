"""What the mails of this room say: a title for the subject line and one sentence, per kind.

Mails travel in the open. They say what waits and where, and never what firms said to each other: no
answers, amounts, comments, reasons, blind answers, nor what a point to settle is about. ``FACTS``
are all the facts a sentence may hold; ``notices.tell`` refuses any other.
"""

from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _

from cooperation.kinds.words import day
from partners.letter_words import Facts, Said, Words

FACTS = frozenset(
    {
        "project",  # its name
        "firm",  # the name of the firm that acts, or that it is about
        "person",  # the name of the person who acts
        "invited",  # the name of the firm, or of the neutral person, who is invited
        "version",  # number
        "point",  # number of a point, as "5.3": where to look, not what it says
        "sha256",  # of the frozen text: shows nothing of it, and proves it
        "seq",  # number of the last event of the log
        "head",  # and its hash
        "level",  # number of a level of the ladder
        "days",  # number of working days
        "began_on",  # an ISO day; every fact that ends in "_on" is one
        "until_on",
        "due_on",
    }
)


def _reminder(facts: Facts) -> str:
    return ngettext(
        "Version %(version)s of the agreement “%(project)s” has been waiting for your firm's "
        "signature for %(days)s working day.",
        "Version %(version)s of the agreement “%(project)s” has been waiting for your firm's "
        "signature for %(days)s working days.",
        facts["days"],
    )


def _leave(facts: Facts) -> str:
    if facts.get("until_on"):
        return gettext(
            "%(firm)s leaves the project “%(project)s”. Its last day is %(until_on)s; a new "
            "version without this firm is in preparation."
        )
    return gettext("%(firm)s leaves the project “%(project)s”.")


def _dispute_level(facts: Facts) -> str:
    if facts["until_on"]:
        return gettext(
            "A point to settle in the project “%(project)s” has been at level %(level)s since "
            "%(began_on)s. There is time until the end of %(until_on)s."
        )
    return gettext(
        "A point to settle in the project “%(project)s” has been at level %(level)s since "
        "%(began_on)s."
    )


WORDS: dict[str, Words] = {
    # Taking part
    "invitation": Words(
        _("An invitation to a project"),
        _("%(person)s of %(firm)s invites %(invited)s to take part in the project “%(project)s”."),
    ),
    "leave": Words(_("A firm leaves a project"), _leave),
    # From the first talk to the signature
    "blind_opened": Words(
        _("A first round has begun"),
        _(
            "%(person)s of %(firm)s has begun the first round of the project “%(project)s”. Each "
            "firm answers alone until all have handed in."
        ),
    ),
    "blind_revealed": Words(
        _("The first round is over"),
        _(
            "The first round of the project “%(project)s” is over: all firms now see where their "
            "answers match and where to talk."
        ),
    ),
    "mention": Words(
        _("Somebody asks for you"),
        _("%(person)s of %(firm)s mentioned you at point %(point)s of the project “%(project)s”."),
    ),
    "round_opened": Words(
        _("Ready to sign"),
        _("Version %(version)s of the agreement “%(project)s” is ready to be signed."),
    ),
    "reminder": Words(_("A signature is still open"), _reminder),
    "declined": Words(
        _("Not signed"),
        _(
            "%(firm)s has not signed version %(version)s of the agreement “%(project)s”. It is "
            "open for changes again."
        ),
    ),
    "withdrawn": Words(
        _("Signing taken back"),
        _(
            "%(firm)s took the signing of version %(version)s of the agreement “%(project)s” back. "
            "It is open for changes again."
        ),
    ),
    "expired": Words(
        _("Signing has run out"),
        _(
            "Version %(version)s of the agreement “%(project)s” was not signed by all firms in "
            "time. It is open for changes again."
        ),
    ),
    "in_force": Words(
        _("Signed by all"),
        _("All firms have signed version %(version)s of the agreement “%(project)s”."),
    ),
    # At work
    "amendment_begun": Words(
        _("A change is being prepared"),
        _("%(firm)s wants to change the agreement “%(project)s” and has begun a new draft."),
    ),
    "amendment_dropped": Words(
        _("A change is not pursued"),
        _(
            "%(firm)s has dropped the change of the agreement “%(project)s”. It stays as it was "
            "signed."
        ),
    ),
    "contacts_noted": Words(
        _("New contacts"),
        _(
            "%(firm)s has noted new contacts for the agreement “%(project)s”. Nobody has to sign "
            "for that."
        ),
    ),
    "review_due": Words(
        _("A joint review is due"),
        _("The joint review of the agreement “%(project)s” is due on %(due_on)s."),
    ),
    "dispute_opened": Words(
        _("A point to settle"),
        _("%(firm)s would like to settle a point of the agreement “%(project)s” with your firm."),
    ),
    "dispute_level": Words(_("The next level is called"), _dispute_level),
    "dispute_through": Words(
        _("All levels are through"),
        _(
            "All agreed levels are through for a point to settle in the project “%(project)s”. "
            "The firms now agree on the next step together."
        ),
    ),
    "dispute_entry": Words(
        _("Something new at a point to settle"),
        _("There is something new to read at a point to settle in the project “%(project)s”."),
    ),
    "dispute_guest": Words(
        _("A neutral person is invited"),
        _("%(firm)s invites %(invited)s to help settle a point of the project “%(project)s”."),
    ),
    "dispute_outcome": Words(
        _("A proposal to settle a point"),
        _("There is a proposal for the point to settle in the project “%(project)s”."),
    ),
    "dispute_settled": Words(
        _("A point is settled"),
        _("All firms involved have confirmed the outcome of a point in the project “%(project)s”."),
    ),
    "dispute_withdrawn": Words(
        _("A point to settle is taken back"),
        _("%(firm)s has taken back a point to settle in the project “%(project)s”."),
    ),
    # To a neutral person, who is not to know which project it is about
    "neutral_admitted": Words(
        _("You are asked to help as a neutral person"),
        _(
            "%(person)s of %(firm)s asks you, in agreement with all firms involved, to help them "
            "settle a point as a neutral person. You can read and write there until the end of "
            "%(until_on)s."
        ),
    ),
    "neutral_news": Words(
        _("Something new at the point you help to settle"),
        _("There is something new to read at the point you help to settle as a neutral person."),
    ),
    "neutral_extended": Words(
        _("Your time as a neutral person is extended"),
        _("You can now read and write at the point you help to settle until %(until_on)s."),
    ),
    "neutral_ended": Words(
        _("Your help as a neutral person has ended"),
        _("The firms involved have ended your invitation to help settle a point. Thank you."),
    ),
    # The way out
    "notice_given": Words(
        _("The end of an agreement is announced"),
        _(
            "%(firm)s has announced the end of the agreement “%(project)s”. Its last day is "
            "%(until_on)s."
        ),
    ),
    "ending_proposed": Words(
        _("An end is proposed"),
        _(
            "%(firm)s proposes to end the agreement “%(project)s” together. Its last day would be "
            "%(until_on)s."
        ),
    ),
    "end_agreed": Words(
        _("The end of an agreement is settled"),
        _("All firms agreed to end the agreement “%(project)s”. Its last day is %(until_on)s."),
    ),
    "going_on": Words(
        _("It goes on"),
        _("All firms agreed to go on: the end of the agreement “%(project)s” is taken back."),
    ),
    "term_ends": Words(
        _("The agreed time runs out"),
        _("The agreement “%(project)s” runs until %(until_on)s, as its text says."),
    ),
    "abandoned": Words(
        _("A project is not pursued"),
        _("%(firm)s does not pursue the project “%(project)s” any further."),
    ),
    "closing": Words(
        _("The closing list is open"),
        _("The agreement “%(project)s” has ended. The closing list still waits for your firm."),
    ),
    "retrospective_open": Words(
        _("Time to look back"),
        _("The project “%(project)s” is over. What went well, and what should be different?"),
    ),
    "retrospective_revealed": Words(
        _("The look back is open"),
        _("The look back on the project “%(project)s” is open: all its firms can read it now."),
    ),
}


def say(kind: str, facts: Facts) -> Said:
    """Title and sentence in the active language.

    Raises ``LookupError`` for an unknown kind or a missing fact, ``ValueError`` for a day that is
    not written as one.
    """
    language = get_language() or "de"
    shown = {
        key: day(value, language) if key.endswith("_on") and value else value
        for key, value in facts.items()
    }
    return WORDS[kind].said(facts, shown)
