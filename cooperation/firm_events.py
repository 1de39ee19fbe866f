"""What a firm's own log says of agreements: that the firm began, joined, signed or left.

A pointer only. What happened stands in the agreement's log; its number and hash are copied here, so
whoever keeps the firm's log can show that the agreement's was not cut or written anew.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cooperation.models import AgreementEvent
from partners import firm_log

Kind = AgreementEvent.Kind

WORDS = {
    Kind.CREATED: gettext_lazy("Project begun"),
    Kind.INVITED: gettext_lazy("Firm invited to a project"),
    Kind.ACCEPTED: gettext_lazy("Joined a project"),
    Kind.INVITATION_DECLINED: gettext_lazy("Invitation to a project declined"),
    Kind.FROZEN: gettext_lazy("Agreement made ready to sign"),
    Kind.SIGNED: gettext_lazy("Agreement signed"),
    Kind.DECLINED: gettext_lazy("Signature of an agreement declined"),
    Kind.WITHDRAWN: gettext_lazy("Signing round taken back"),
    Kind.ENDING: gettext_lazy("End of an agreement announced"),
    Kind.LEFT: gettext_lazy("Project left"),
}
POINTERS = {f"agreement_{kind}": words for kind, words in WORDS.items()}


def _detail(data: Mapping[str, Any]) -> str:
    number = data["seq"]
    if data.get("version"):
        return _("Version %(version)s; entry %(number)s of the agreement’s log") % {
            "version": data["version"],
            "number": number,
        }
    return _("Entry %(number)s of the agreement’s log") % {"number": number}


firm_log.register(POINTERS, details=dict.fromkeys(POINTERS, _detail))


def point_to(event: AgreementEvent) -> None:
    """Write a step of a firm on that firm's log, too; steps of a pair stay between the two."""
    if event.kind not in WORDS or event.partner is None or event.pair is not None:
        return
    more = {"version": event.data["version"]} if "version" in event.data else {}
    firm_log.record(
        event.partner,
        f"agreement_{event.kind}",
        by=event.by,
        agreement=str(event.agreement_id),
        seq=event.seq,
        hash=event.hash,
        **more,
    )
