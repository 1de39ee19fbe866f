"""What this room holds about people."""

from django.utils.translation import gettext_lazy as _

from partners.privacy.declared import JOINING, LETTERS
from partners.privacy.registry import ALL, Activity, Basis, Held

NEGOTIATION, EVIDENCE, TALK = "negotiation", "evidence", "talk"

ACTIVITIES = (
    Activity(
        NEGOTIATION,
        _("Projects and agreements"),
        _(
            "What firms answer to the points of a rule book, and who wrote, confirmed or invited;"
            " contacts that a firm names for a project."
        ),
        _("So that firms agree how they work together, and can look up later what was said."),
        _("People of the firms that take part, contacts they name."),
        _("The firms of the project; what two firms settle between them, these two only."),
        _(
            "As long as the project runs; of an agreement that has ended, as long as it is kept as"
            " evidence. Projects that nobody pursued, three years."
        ),
        Basis.INTEREST,
    ),
    Activity(
        EVIDENCE,
        _("Signatures and evidence"),
        _(
            "Frozen texts, signatures with name, position, authority, time, shortened network"
            " address and how the person showed who they are, and the log of the agreement."
        ),
        _("So that every party can prove years later what was agreed and who signed it."),
        _("Whoever signs, freezes or declines; people named in the text."),
        _("The firms that are party of the version."),
        _(
            "Until the end of the year ten years after the agreement has ended, unless the operator"
            " set another time. Erasure waits until then (Art. 17(3)(e) GDPR)."
        ),
        Basis.EVIDENCE,
    ),
    Activity(
        TALK,
        _("Comments, points to settle and looking back"),
        _("What people wrote to each other about a point, and how a point was settled."),
        _("So that firms talk about a point where it stands, and settle it as agreed."),
        _("People of the firms that take part, neutral people."),
        _("The firms of the project, or the own firm only, as the author chose."),
        _("As long as the agreement it is about."),
        Basis.INTEREST,
    ),
)
HELD = (
    Held(
        "cooperation.CustomerProject",
        NEGOTIATION,
        own={"created_by": ALL},
        names=("description",),
        nobody=("name", "customer_name"),
    ),
    Held(
        "cooperation.Participation",
        NEGOTIATION,
        own={
            "invited_by": ("id", "project", "partner", "message", "invited_at"),
            "responded_by": ("id", "project", "partner", "state", "responded_at"),
            "left_by": ("id", "project", "partner", "left_at", "leaving_reason"),
        },
        names=("message", "leaving_reason"),
    ),
    Held(
        "cooperation.OutsideInvitation",
        JOINING,
        own={
            "invited_by": ("id", "invited_at"),
            "accepted_by": ("id", "email", "accepted_at"),
        },
        names=("email", "message"),
        secret=("token_sha256",),
    ),
    Held("cooperation.RuleBook", NEGOTIATION, nobody=("*",)),
    Held(
        "cooperation.Agreement",
        NEGOTIATION,
        own={"fast_track_by": ("id", "project", "fast_track_at")},
    ),
    Held(
        "cooperation.Answer",
        NEGOTIATION,
        own={"updated_by": ALL},
        names=("value", "note"),
        nobody=("point_key", "source"),
    ),
    Held(
        "cooperation.Proposal",
        NEGOTIATION,
        own={"by": ALL},
        names=("value", "note"),
        nobody=("point_key", "source"),
    ),
    Held("cooperation.Confirmation", NEGOTIATION, own={"by": ALL}, nobody=("point_key",)),
    Held(
        "cooperation.TalkRequest",
        TALK,
        own={"by": ALL, "resolved_by": ("id", "agreement", "point_key", "resolved_at")},
        names=("comment",),
        nobody=("point_key",),
    ),
    Held(
        "cooperation.AgreementEvent",
        EVIDENCE,
        own={"by": ("agreement", "seq", "kind", "at", "data")},
        names=("data",),
    ),
    Held(
        "cooperation.AgreementVersion",
        EVIDENCE,
        own={
            "frozen_by": ("id", "agreement", "number", "sha256", "frozen_at"),
            "closed_by": ("id", "agreement", "number", "sha256", "closed_at", "reason"),
        },
        names=("payload", "reason"),
    ),
    Held("cooperation.AgreementAnnex", EVIDENCE, names=("payload",)),
    Held(
        "cooperation.Signature",
        EVIDENCE,
        own={"signer": ALL},
        names=("signer_name", "signer_title", "network", "intent"),
        nobody=("partner_legal_name",),
    ),
    Held("cooperation.Amendment", NEGOTIATION, own={"begun_by": ALL}, names=("reason",)),
    Held(
        "cooperation.ContactNote",
        EVIDENCE,
        own={"by": ALL},
        names=("value", "reason"),
        nobody=("point_key",),
    ),
    Held(
        "cooperation.FirmPreference",
        NEGOTIATION,
        own={"updated_by": ALL},
        names=("value",),
        nobody=("point_key", "rule_book_key"),
    ),
    Held("cooperation.Review", TALK, own={"by": ALL}, names=("note",)),
    Held(
        "cooperation.BlindRound",
        NEGOTIATION,
        own={"opened_by": ("id", "agreement", "opened_at")},
    ),
    Held(
        "cooperation.BlindPart",
        NEGOTIATION,
        own={
            "handed_in_by": ("round", "handed_in_at"),
            "wants_to_close_by": ("round", "wants_to_close_at"),
        },
    ),
    Held(
        "cooperation.BlindAnswer",
        NEGOTIATION,
        own={"updated_by": ALL},
        names=("value", "note"),
        nobody=("point_key",),
    ),
    Held("cooperation.Comment_mentions", TALK, own={"user": ("comment",)}),
    Held(
        "cooperation.Comment",
        TALK,
        own={"by": ALL},
        names=("text", "mentions"),
        nobody=("point_key",),
    ),
    Held(
        "cooperation.Dispute",
        TALK,
        own={
            "opened_by": ("id", "agreement", "point_key", "subject", "description", "opened_at"),
            "outcome_by": ("id", "agreement", "outcome", "outcome_at"),
        },
        names=("description", "outcome", "about"),
        nobody=("point_key", "ladder", "states"),
    ),
    Held("cooperation.DisputeParty", TALK, own={"agreed_by": ("dispute", "agreed_at")}),
    Held("cooperation.DisputeFailure", TALK, own={"by": ALL}, names=("reason",)),
    Held("cooperation.DisputeEntry", TALK, own={"by": ALL}, names=("text", "data")),
    Held(
        "cooperation.DisputeGuest",
        TALK,
        own={
            "user": ("id", "dispute", "invited_at", "until", "admitted_at", "ended_at"),
            "invited_by": ("id", "dispute", "invited_at", "until"),
        },
    ),
    Held("cooperation.DisputeGuestConsent", TALK, own={"by": ("guest", "at")}),
    Held("cooperation.Ending", NEGOTIATION, own={"given_by": ALL}, names=("reason",)),
    Held("cooperation.EndingConsent", NEGOTIATION, own={"by": ALL}),
    Held("cooperation.ClosingItem", NEGOTIATION, own={"by": ALL}, names=("note",), nobody=("key",)),
    Held(
        "cooperation.RetrospectivePart", TALK, own={"handed_in_by": ("agreement", "handed_in_at")}
    ),
    Held(
        "cooperation.RetrospectiveAnswer",
        TALK,
        own={"updated_by": ALL},
        names=("good", "better"),
        nobody=("rule_key",),
    ),
    Held(
        "cooperation.Notice",
        LETTERS,
        own={"person": ("kind", "data", "path", "state", "created_at", "sent_at")},
        names=("key", "data"),
        nobody=("error",),
    ),
)
