"""What of this room belongs into the archive of a firm: what it may read of each project.

Of a project that the firm takes part in: all that its pages show. Of one that it has left: what it
signed. Of the log it gets every number and hash, so that the chain can be proved; what was not
told to the firm comes as an event whose content was erased (``WITHHELD``).
"""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet

from cooperation import trail_checking
from cooperation.models import (
    Agreement,
    AgreementAnnex,
    AgreementDocument,
    AgreementEvent,
    AgreementVersion,
    Amendment,
    Answer,
    BlindAnswer,
    BlindPart,
    BlindRound,
    ClosingItem,
    Comment,
    Confirmation,
    ContactNote,
    CustomerProject,
    Dispute,
    DisputeEntry,
    DisputeFailure,
    DisputeGuest,
    DisputeGuestConsent,
    DisputeParty,
    Ending,
    EndingConsent,
    FirmPreference,
    FirstRoundDocument,
    Notice,
    Pair,
    Participation,
    Proposal,
    RetrospectiveAnswer,
    RetrospectivePart,
    Review,
    Signature,
    SignatureSlot,
    TalkRequest,
    Term,
)
from cooperation.trail_files import TOLD
from partners.models import Partner
from partners.privacy.archive_tables import Row, Rows, Scope, Table
from support import trails

Rows_ = QuerySet[Any]
WITHHELD = AgreementEvent.WITHHELD


# ---- What the firm may know ----------------------------------------------------------------------


def _here(scope: Scope) -> list[Any]:
    """Projects that the firm takes part in."""
    places = Participation.objects.accepted().filter(partner=scope.partner)
    return scope.once("here", lambda: list(places.values_list("project", flat=True)))  # type: ignore[no-any-return]


def _versions(scope: Scope) -> list[Any]:
    """Versions that the firm is or was a party of."""
    slots = SignatureSlot.objects.filter(partner=scope.partner)
    return scope.once("versions", lambda: list(slots.values_list("version", flat=True)))  # type: ignore[no-any-return]


def _agreements(scope: Scope) -> "QuerySet[Agreement]":
    known = Q(project__in=_here(scope)) | Q(versions__in=_versions(scope))
    return Agreement.objects.filter(known).distinct()


def _ids(scope: Scope) -> list[Any]:
    return scope.once("agreements", lambda: list(_agreements(scope).values_list("pk", flat=True)))  # type: ignore[no-any-return]


def _read(scope: Scope) -> list[Any]:
    """Agreements of projects that the firm takes part in: it reads more than what it signed."""
    own = Agreement.objects.filter(project__in=_here(scope))
    return scope.once("read", lambda: list(own.values_list("pk", flat=True)))  # type: ignore[no-any-return]


def _joined(scope: Scope) -> dict[str, Any]:
    """Since when the firm takes part, by agreement: what was written before was not for it."""

    def made() -> dict[str, Any]:
        places = Participation.objects.accepted().filter(partner=scope.partner)
        since = dict(places.values_list("project", "responded_at"))
        rows = Agreement.objects.filter(project__in=since).values_list("pk", "project")
        return {str(pk): since[project] for pk, project in rows}

    return scope.once("joined", made)  # type: ignore[no-any-return]


def _since(scope: Scope, at: str) -> Q:
    """Rows of each agreement that the firm reads, from the day on which it joined."""
    found = Q(pk__in=[])
    for agreement, joined in _joined(scope).items():
        found |= Q(agreement=agreement) & Q(**{f"{at}__gte": joined})
    return found


def _open_pairs(scope: Scope) -> Q:
    """Of what two firms settle between them: only where the firm is one of them."""
    return Q(pair=None) | Q(pair__first=scope.partner) | Q(pair__second=scope.partner)


# ---- Rows ----------------------------------------------------------------------------------------


def _projects(scope: Scope) -> Rows_:
    return CustomerProject.objects.filter(agreements__in=_ids(scope)).distinct()


def _participations(scope: Scope) -> Rows_:
    parties = SignatureSlot.objects.filter(version__in=_versions(scope))
    signed = Participation.objects.none()
    for project, partner in parties.values_list(
        "version__agreement__project", "partner"
    ).distinct():
        signed = signed | Participation.objects.filter(project=project, partner=partner)
    return (Participation.objects.filter(project__in=_here(scope)) | signed).distinct()


def _participation(row: Row, scope: Scope) -> Row:
    if row["partner_id"] == str(scope.partner.pk):
        return row
    hidden: Row = {"archived_at": None}
    if row["project_id"] not in {str(pk) for pk in _here(scope)}:
        hidden |= {"message": "", "leaving_reason": "", "role": ""}
    return row | hidden


def _pairs(scope: Scope) -> Rows_:
    of_annexes = AgreementAnnex.objects.filter(version__in=_versions(scope)).values("pair")
    return Pair.objects.filter(Q(agreement__in=_read(scope)) | Q(pk__in=of_annexes))


def _by_agreement(model: Any, *, pairs: bool = False, since: str = "") -> Rows:
    def rows(scope: Scope) -> Rows_:
        found: Rows_ = model._default_manager.filter(agreement__in=_read(scope))
        if pairs:
            found = found.filter(_open_pairs(scope))
        return found.filter(_since(scope, since)) if since else found

    return rows


def _by_version(model: Any) -> Rows:
    return lambda scope: model._default_manager.filter(version__in=_versions(scope))


def _amendments(scope: Scope) -> Rows_:
    """Changes whose base the firm signed; who joined later has no such base."""
    versions = _versions(scope)
    wanted = Q(agreement__in=_read(scope)) | Q(versions__in=versions)
    return Amendment.objects.filter(wanted, base__in=versions).distinct()


def _amendment(row: Row, scope: Scope) -> Row:
    known = _known(scope, "dispute ids", _disputes)
    return row | {"dispute_id": row["dispute_id"] if row["dispute_id"] in known else None}


def _version(row: Row, scope: Scope) -> Row:
    known = _known(scope, "amendment ids", _amendments)
    return row | {"amendment_id": row["amendment_id"] if row["amendment_id"] in known else None}


def _known(scope: Scope, key: str, rows: Rows) -> set[str]:
    return scope.once(key, lambda: {str(pk) for pk in rows(scope).values_list("pk", flat=True)})  # type: ignore[no-any-return]


def _annex(row: Row, scope: Scope) -> Row:
    """An annex of two others comes without its text: its hash is in the common one."""
    own = Pair.objects.of(scope.partner)
    known = scope.once("own pairs", lambda: {str(pk) for pk in own.values_list("pk", flat=True)})
    return row if row["pair_id"] in known else row | {"payload": ""}


def _event(row: Row, scope: Scope) -> Row:
    """An event as the firm was told it, or its hashes only."""
    if _is_told(row, scope):
        return row
    created: dict[str, Any] = scope.once(
        "created", lambda: dict(_agreements(scope).values_list("pk", "created_at"))
    )
    begun = next(at for pk, at in created.items() if str(pk) == row["agreement_id"])
    return row | {
        "kind": WITHHELD,
        "pair_id": None,
        "by_id": None,
        "partner_id": None,
        "data": {},
        "salt": "",
        "at": trails.instant(begun),
        "erased_at": trails.instant(begun),
    }


def _is_told(row: Row, scope: Scope) -> bool:
    if row["kind"] == WITHHELD:
        return False
    if row["pair_id"] is not None:
        own = Pair.objects.of(scope.partner)
        known = scope.once(
            "own pairs", lambda: {str(pk) for pk in own.values_list("pk", flat=True)}
        )
        if row["pair_id"] not in known:
            return False
    joined = _joined(scope).get(row["agreement_id"])
    if joined is not None and row["at"] >= trails.instant(joined):
        return True
    # Before it joined, or after it left: only what happened to the versions that it signed.
    numbers = scope.once("numbers", lambda: _numbers(scope))
    return row["kind"] in TOLD and row["data"].get("version") in numbers.get(
        row["agreement_id"], set()
    )


def _numbers(scope: Scope) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    rows = AgreementVersion.objects.filter(pk__in=_versions(scope))
    for agreement, number in rows.values_list("agreement", "number"):
        found.setdefault(str(agreement), set()).add(number)
    return found


def _documents(scope: Scope) -> Rows_:
    own = Q(partner=None) | Q(partner=scope.partner)
    return AgreementDocument.objects.filter(own, version__in=_versions(scope))


def _comments(scope: Scope) -> Rows_:
    return Comment.objects.known_to(scope.partner).filter(_since(scope, "at"))


def _mentions(scope: Scope) -> Rows_:
    return Comment.mentions.through._default_manager.filter(comment__in=_comments(scope))


def _rounds(scope: Scope) -> Rows_:
    return BlindRound.objects.filter(agreement__in=_read(scope), parts__partner=scope.partner)


def _blind_answers(scope: Scope) -> Rows_:
    answers = BlindAnswer.objects.filter(part__round__in=_rounds(scope))
    return answers.of(scope.partner) | answers.opened()


def _first_round_documents(scope: Scope) -> Rows_:
    rounds = _rounds(scope).filter(state=BlindRound.State.REVEALED)
    return FirstRoundDocument.objects.filter(round__in=rounds)


def _disputes(scope: Scope) -> Rows_:
    rows = Dispute.objects.filter(_open_pairs(scope), version__in=_versions(scope))
    return rows.filter(_since(scope, "opened_at"))


def _by_dispute(model: Any, path: str = "dispute") -> Rows:
    return lambda scope: model._default_manager.filter(**{f"{path}__in": _disputes(scope)})


def _parts(scope: Scope) -> Rows_:
    own = Q(revealed_at__isnull=False) | Q(partner=scope.partner)
    return RetrospectivePart.objects.filter(own, agreement__in=_read(scope))


def _notices(scope: Scope) -> Rows_:
    """Letters that were sent to the firm's people: else a reminder would be sent a second time."""
    sent = Notice.objects.filter(partner=scope.partner, state=Notice.State.SENT)
    return sent.filter(
        Q(agreement=None) | Q(agreement__in=_ids(scope)), person__memberships__partner=scope.partner
    ).distinct()


def _findings(partner: Partner) -> Iterator[str]:
    for pk in _ids(Scope(partner)):
        for finding in trail_checking.check(pk).findings:
            yield f"agreement {pk}, event {finding.seq}: {finding.what}, {finding.about}"


TABLES = (
    Table(
        "cooperation.RuleBook", same=("key", "version"), equal=("sha256",), leave_out=("loaded_at",)
    ),
    Table("cooperation.CustomerProject", _projects),
    Table("cooperation.Participation", _participations, change=_participation),
    Table("cooperation.Agreement", _agreements),
    Table("cooperation.Pair", _pairs),
    Table("cooperation.Answer", _by_agreement(Answer, pairs=True)),
    Table("cooperation.Proposal", _by_agreement(Proposal, pairs=True, since="at")),
    Table("cooperation.Confirmation", _by_agreement(Confirmation, pairs=True)),
    Table("cooperation.TalkRequest", _by_agreement(TalkRequest, pairs=True, since="at")),
    Table(
        "cooperation.AgreementVersion",
        lambda scope: AgreementVersion.objects.filter(pk__in=_versions(scope)),
        change=_version,
    ),
    Table("cooperation.Amendment", _amendments, change=_amendment),
    Table("cooperation.AgreementAnnex", _by_version(AgreementAnnex), change=_annex),
    Table("cooperation.SignatureSlot", _by_version(SignatureSlot)),
    Table(
        "cooperation.Signature",
        lambda scope: Signature.objects.filter(slot__version__in=_versions(scope)),
    ),
    Table(
        "cooperation.AgreementEvent",
        lambda scope: AgreementEvent.objects.filter(agreement__in=_ids(scope)),
        change=_event,
    ),
    Table("cooperation.AgreementDocument", _documents),
    Table("cooperation.ContactNote", _by_version(ContactNote)),
    Table(
        "cooperation.FirmPreference",
        lambda scope: FirmPreference.objects.filter(partner=scope.partner),
    ),
    Table("cooperation.Review", _by_agreement(Review)),
    Table("cooperation.BlindRound", _rounds),
    Table(
        "cooperation.BlindPart", lambda scope: BlindPart.objects.filter(round__in=_rounds(scope))
    ),
    Table("cooperation.BlindAnswer", _blind_answers),
    Table("cooperation.FirstRoundDocument", _first_round_documents),
    Table("cooperation.Comment", _comments),
    Table("cooperation.Comment_mentions", _mentions),
    Table("cooperation.Dispute", _disputes),
    Table("cooperation.DisputeParty", _by_dispute(DisputeParty)),
    Table("cooperation.DisputeFailure", _by_dispute(DisputeFailure)),
    Table("cooperation.DisputeEntry", _by_dispute(DisputeEntry)),
    Table("cooperation.DisputeGuest", _by_dispute(DisputeGuest)),
    Table("cooperation.DisputeGuestConsent", _by_dispute(DisputeGuestConsent, "guest__dispute")),
    Table("cooperation.Term", _by_version(Term)),
    Table("cooperation.Ending", _by_agreement(Ending)),
    Table(
        "cooperation.EndingConsent",
        lambda scope: EndingConsent.objects.filter(ending__agreement__in=_read(scope)),
    ),
    Table(
        "cooperation.ClosingItem",
        lambda scope: ClosingItem.objects.filter(ending__agreement__in=_read(scope)),
    ),
    Table("cooperation.RetrospectivePart", _parts),
    Table(
        "cooperation.RetrospectiveAnswer",
        lambda scope: RetrospectiveAnswer.objects.filter(part__in=_parts(scope)),
    ),
    Table("cooperation.Notice", _notices, leave_out=("claimed_by", "error")),
)
CHECKS = (_findings,)
