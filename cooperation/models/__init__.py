"""The tables of the cooperation room."""

from cooperation.models.agreements import (
    Agreement,
    AgreementEvent,
    Answer,
    Confirmation,
    Pair,
    Proposal,
    TalkRequest,
)
from cooperation.models.amendments import (
    Amendment,
    ContactNote,
    FirmPreference,
    Review,
)
from cooperation.models.blind import (
    BlindAnswer,
    BlindPart,
    BlindRound,
    FirstRoundDocument,
)
from cooperation.models.comments import (
    Comment,
)
from cooperation.models.disputes import (
    Dispute,
    DisputeEntry,
    DisputeFailure,
    DisputeGuest,
    DisputeGuestConsent,
    DisputeParty,
)
from cooperation.models.endings import (
    ClosingItem,
    Ending,
    EndingConsent,
    RetrospectiveAnswer,
    RetrospectivePart,
    Term,
)
from cooperation.models.notices import (
    Notice,
)
from cooperation.models.outside import (
    OutsideInvitation,
)
from cooperation.models.projects import (
    CustomerProject,
    Participation,
)
from cooperation.models.rule_books import (
    BlankChecklist,
    RuleBook,
)
from cooperation.models.versions import (
    AgreementAnnex,
    AgreementDocument,
    AgreementVersion,
    Signature,
    SignatureSlot,
)

__all__ = [
    "Agreement",
    "AgreementAnnex",
    "AgreementDocument",
    "AgreementEvent",
    "AgreementVersion",
    "Amendment",
    "Answer",
    "BlankChecklist",
    "BlindAnswer",
    "BlindPart",
    "BlindRound",
    "ClosingItem",
    "Comment",
    "Confirmation",
    "ContactNote",
    "CustomerProject",
    "Dispute",
    "DisputeEntry",
    "DisputeFailure",
    "DisputeGuest",
    "DisputeGuestConsent",
    "DisputeParty",
    "Ending",
    "EndingConsent",
    "FirmPreference",
    "FirstRoundDocument",
    "Notice",
    "OutsideInvitation",
    "Pair",
    "Participation",
    "Proposal",
    "RetrospectiveAnswer",
    "RetrospectivePart",
    "Review",
    "RuleBook",
    "Signature",
    "SignatureSlot",
    "TalkRequest",
    "Term",
]
