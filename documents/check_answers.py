"""What the check page says to a verdict: a title, a sentence, what differs, and what to do.

In the reader's language; whoever arrives here knows nothing of seals and fingerprints.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from django.conf import settings
from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from documents.checking import Known, Outcome, Verdict
from documents.examining import Fault
from documents.models import Seal

Tone = Literal["ok", "info", "warn", "error"]


@dataclass(frozen=True, slots=True)
class Answer:
    """``key`` names it for scripts and tests; the rest is for people, and translated."""

    key: str
    tone: Tone
    title: str
    sentence: str
    faults: tuple[tuple[str, str], ...] = ()  # key and sentence
    facts: tuple[tuple[str, str], ...] = ()  # of the original, not of the file that was checked
    is_another: bool = False  # the facts are of a document that the file only claims to be
    advice: tuple[str, ...] = ()


# Every fault by its name, in a sentence for somebody who only has the file.
FAULTS: dict[Fault, str | Promise] = {
    Fault.EMPTY: gettext_lazy("The file is empty."),
    Fault.TOO_LARGE: gettext_lazy("The file is larger than 50 MB."),
    Fault.NOT_A_PDF: gettext_lazy("The file is not a PDF."),
    Fault.ENCRYPTED: gettext_lazy("The file is encrypted. The portal's documents never are."),
    Fault.TRUNCATED: gettext_lazy("The end of the file is missing."),
    Fault.DAMAGED: gettext_lazy("The file is damaged and cannot be read as a PDF."),
    Fault.TOO_COMPLEX: gettext_lazy("The file would take too long to examine."),
    Fault.NO_SEAL: gettext_lazy("The file carries no seal."),
    Fault.SEAL_REMOVED: gettext_lazy(
        "The file names a document of the portal, but the seal is gone."
    ),
    Fault.RESAVED: gettext_lazy("The file was saved anew by another program."),
    Fault.CONTENT_CHANGED: gettext_lazy("Something in the sealed part of the file was changed."),
    Fault.BYTES_APPENDED: gettext_lazy("Something was appended after the end of the sealed file."),
    Fault.INCREMENTAL_UPDATE: gettext_lazy("The file was changed after it was sealed."),
    Fault.SIGNED_AGAIN: gettext_lazy("The file carries more than one signature."),
    Fault.SEAL_DAMAGED: gettext_lazy("The seal itself was changed."),
    Fault.BYTES_UNSIGNED: gettext_lazy("The seal leaves out a part of the file."),
    Fault.EARLIER_REVISION: gettext_lazy("The file hides other contents below the sealed ones."),
    Fault.NOT_CERTIFIED: gettext_lazy("The seal does not forbid changes, as the portal's does."),
    Fault.WRONG_FIELD: gettext_lazy("The seal is not where the portal puts it."),
    Fault.WRONG_FORM: gettext_lazy("The seal is not of the kind that the portal makes."),
    Fault.WRONG_ALGORITHM: gettext_lazy("The seal does not use SHA-256, as the portal's does."),
    Fault.PAGE_COUNT_CHANGED: gettext_lazy("Pages were added or removed."),
    Fault.PAGE_BOXES_CHANGED: gettext_lazy("Pages were cropped, enlarged or turned."),
    Fault.PAGE_CONTENT_CHANGED: gettext_lazy("What stands on the pages was changed."),
    Fault.ANNOTATIONS_CHANGED: gettext_lazy("Something was laid over the pages."),
    Fault.ATTACHMENT_CHANGED: gettext_lazy("An attached file was replaced."),
    Fault.ATTACHMENT_ADDED: gettext_lazy("A file was attached."),
    Fault.ATTACHMENT_REMOVED: gettext_lazy("An attached file was removed."),
    Fault.METADATA_CHANGED: gettext_lazy("Title, program or other data about the file differ."),
    Fault.NOT_ON_RECORD: gettext_lazy("The portal keeps another file under this code."),
    Fault.FOREIGN_KEY: gettext_lazy("The seal comes from an authority that the portal is not."),
    Fault.BORROWED_NAME: gettext_lazy("The foreign seal bears the portal's name."),
    Fault.BORROWED_CODE: gettext_lazy("The file bears a code of the portal, but not its seal."),
    Fault.SEALED_EARLY: gettext_lazy("It was sealed before the certificate was valid."),
    Fault.SEALED_AFTER_END: gettext_lazy("It was sealed after the certificate had ended."),
    Fault.END_UNPROVEN: gettext_lazy(
        "The certificate has ended, and nothing proves that the seal is older."
    ),
    Fault.REVOKED: gettext_lazy("The seal's certificate was revoked."),
    Fault.SEALED_IN_FUTURE: gettext_lazy("The time of sealing lies in the future."),
    Fault.TIMESTAMP_FUTURE: gettext_lazy("The timestamp lies in the future."),
    Fault.TIMESTAMP_FOREIGN: gettext_lazy(
        "The timestamp does not come from an authority that the portal trusts."
    ),
    Fault.TIMESTAMP_BROKEN: gettext_lazy("The timestamp does not belong to this seal."),
    Fault.TIMESTAMP_APART: gettext_lazy("The timestamp and the time of sealing lie too far apart."),
}
KINDS: dict[str, str | Promise] = {
    "agreement": gettext_lazy("Cooperation agreement"),
    "designation-report": gettext_lazy("Designation report"),
}


def of(verdict: Verdict) -> Answer:
    """The answer to what was found out about a file or a fingerprint."""
    answer = _told(verdict)
    named = (fault for fault in verdict.faults if fault is not Fault.NO_SEAL)  # the title says it
    faults = tuple((fault.value, str(FAULTS[fault])) for fault in named)
    return replace(
        answer,
        key=verdict.outcome.value,
        faults=() if answer.tone == "ok" else faults,
        facts=_facts(verdict.known),
        is_another=answer.tone in ("warn", "error"),
    )


def of_code(verdict: Verdict) -> Answer:
    """The answer to a code alone, which proves nothing either way."""
    if not verdict.known:
        return Answer(
            "unknown_code",
            "warn",
            _("No document has this code"),
            _("Perhaps the address was not copied to its end."),
            advice=(_("Check the file itself: choose it below."),),
        )
    return Answer(
        "code",
        "info",
        _("There is a document with this code"),
        _(
            "The code alone proves nothing: it can be copied into any file. Choose your file "
            "below, then you know."
        ),
        facts=_facts(verdict.known),
    )


def _told(verdict: Verdict) -> Answer:
    match verdict.outcome:
        case Outcome.MATCH:
            return Answer(
                "",
                "ok",
                _("Genuine and unchanged"),
                _("This is, byte for byte, an original that the portal made and sealed."),
            )
        case Outcome.SUPERSEDED:
            day = max(known.superseded_at for known in verdict.known if known.superseded_at)
            return Answer(
                "",
                "info",
                _("Genuine and unchanged, but no longer the latest version"),
                _(
                    "This is an original of the portal. A later version has taken its place since "
                    "%(day)s; for the time before, this one remains the evidence."
                )
                % {"day": formats.date_format(timezone.localtime(day), "DATE_FORMAT")},
                advice=(_("Ask the firms that take part for the version that holds now."),),
            )
        case Outcome.TEXT:
            return Answer(
                "",
                "ok",
                _("This text is known"),
                _(
                    "The portal sealed documents that show exactly the text or the data with this "
                    "fingerprint."
                ),
                advice=(_("To check a PDF of it, choose the file above."),),
            )
        case Outcome.SEAL_ONLY:
            return _sealed_but_unknown(verdict)
        case Outcome.CHANGED:
            return Answer(
                "",
                "error",
                _("Changed: this is not the original"),
                _("The file comes from an original of the portal or says so, but it differs:"),
                advice=(_ask_for_original(),),
            )
        case Outcome.FOREIGN:
            return Answer(
                "",
                "error",
                _("This seal is not the portal's"),
                _("Somebody else sealed or signed this file. For this portal it proves nothing."),
                advice=(
                    _ask_for_original(),
                    _("If it looks like a document of this portal, be careful: ask who sent it."),
                ),
            )
        case Outcome.EXPIRED | Outcome.TIME:
            return _timed(verdict)
        case Outcome.NO_SEAL:
            return Answer(
                "",
                "warn",
                _("No seal in this file"),
                _("This PDF is none of the portal's originals: these always carry its seal."),
                advice=(
                    _(
                        "Was it printed to a PDF, scanned, or put together from several files? "
                        "Then only the original can be checked."
                    ),
                    _ask_for_original(),
                ),
            )
        case Outcome.UNREADABLE:
            return _unreadable(verdict.faults)
        case _:
            return Answer(
                "",
                "warn",
                _("The portal does not know this fingerprint"),
                _("No original of the portal has it. That alone is no proof of a forgery."),
                advice=(
                    _(
                        "Was the file saved again, printed to a PDF or shortened? Every change "
                        "gives another fingerprint, also one that nobody sees."
                    ),
                    _(
                        "Was the fingerprint copied from a document? Each language and each "
                        "version has its own."
                    ),
                    _(
                        "Send the file: the portal then examines its seal and names what was "
                        "changed."
                    ),
                    _ask_for_original(),
                ),
            )


def _sealed_but_unknown(verdict: Verdict) -> Answer:
    sentence = _(
        "The seal is the portal's and the file is unchanged, but there is no record of it."
    )
    if verdict.known:
        sentence = _(
            "The seal is the portal's, but the portal keeps another file as the original of this "
            "document."
        )
    return Answer(
        "",
        "warn",
        _("A valid seal, but not on record"),
        sentence,
        advice=(
            _("Please tell the operator of this portal, and ask for the file on record."),
            _("Another portal, or a trial one, may use a seal of the same authority."),
        ),
    )


def _timed(verdict: Verdict) -> Answer:
    if verdict.outcome is Outcome.EXPIRED:
        return Answer(
            "",
            "error",
            _("The seal was not valid at its time"),
            _("The file is unchanged, but the seal's certificate does not cover it:"),
            advice=(_ask_for_original(),),
        )
    return Answer(
        "",
        "error",
        _("A time in this seal cannot be right"),
        _("File and seal fit each other, but not with their times:"),
        advice=(_ask_for_original(),),
    )


def _unreadable(faults: Iterable[Fault]) -> Answer:
    advice = [_("Choose the PDF file itself, as you downloaded or received it.")]
    if Fault.ENCRYPTED in faults:
        advice = [_("Use the file as the portal gave it, without a password added to it.")]
    if Fault.TRUNCATED in faults or Fault.DAMAGED in faults:
        advice = [_("Download the file again, or have it sent again.")]
    return Answer(
        "",
        "warn",
        _("This file cannot be examined"),
        _("So nothing can be said about its seal."),
        advice=(*advice, _ask_for_original()),
    )


def _ask_for_original() -> str:
    return _("Members of the firms that take part can download the original from the portal.")


def _facts(found: tuple[Known, ...]) -> tuple[tuple[str, str], ...]:
    """What everybody may know. Several files are told as one: how many there are tells of firms."""
    if not found:
        return ()
    kinds = _each(str(KINDS.get(known.kind, _("Document"))) for known in found)
    named = dict(settings.LANGUAGES)
    languages = _each(str(named[known.language]) for known in found)
    facts = [(_("Document"), kinds), (_("Language"), languages)]
    first = min(found, key=lambda known: known.sealed_at)
    facts.append((pgettext("date", "Sealed"), _moment(first.sealed_at)))
    if first.level != Seal.Level.BASIC:  # of a seal alone the line above has said everything
        facts.append((_("Kind of seal"), str(capfirst(Seal.Level(first.level).label))))
    if first.timestamp_at:
        facts.append((_("Timestamp"), _moment(first.timestamp_at)))
    return tuple(facts)


def _each(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(words))


def _moment(at: datetime) -> str:
    """Day and time with the zone they are told in."""
    written = formats.date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT")
    return f"{written} ({timezone.get_current_timezone_name()})"


# ---- What is said without a verdict --------------------------------------------------------------


def of_fault(fault: Fault) -> Answer:
    """What is seen before the file is examined: that it is empty, or too large."""
    answer = _unreadable([fault])
    return replace(answer, key=fault.value, faults=((fault.value, str(FAULTS[fault])),))


def not_read() -> Answer:
    return Answer(
        "not_read",
        "warn",
        _("Your browser could not read the file"),
        _("Perhaps it was moved or is still open elsewhere. Please choose it again."),
    )


def no_file() -> Answer:
    return Answer(
        "no_file",
        "warn",
        _("No file was chosen"),
        _("Please choose the PDF and send it again."),
    )


def no_fingerprint() -> Answer:
    return Answer(
        "no_fingerprint",
        "warn",
        _("This is not a SHA-256 fingerprint"),
        _("It has 64 characters, 0 to 9 and a to f. Perhaps some were lost when it was copied."),
    )


def too_many() -> Answer:
    return Answer(
        "too_many",
        "warn",
        _("Please wait a quarter of an hour"),
        _(
            "Many checks came from your network just now. Nothing was checked; please try again "
            "later, or check without the portal."
        ),
    )
