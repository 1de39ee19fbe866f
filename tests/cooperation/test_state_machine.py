"""Whatever firms do, in whatever order, some things never happen.

No version that can be signed has an open required point, no signature stands under a text its
signer was not shown, no value of two firms reaches a third, and what was signed never changes.
"""

import json
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, cast

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from cooperation import (
    amendments,
    answers,
    depth,
    fast_track,
    frozen,
    leaving,
    points,
    projects,
    sheets,
    signing,
    standing,
    trail,
)
from cooperation.agreements import NotPossible
from cooperation.kinds import InvalidAnswer
from cooperation.models import (
    Agreement,
    AgreementAnnex,
    AgreementEvent,
    AgreementVersion,
    Notice,
    Participation,
    Signature,
    TalkRequest,
)
from documents.models import Document
from partners.models import Partner, User
from support import trails
from tests.cooperation import small_book
from tests.cooperation.browsers import Browser
from tests.factories import PartnerFactory, member

pytestmark = [pytest.mark.django_db, pytest.mark.walk]

FIRMS = 4
KEYS = ["model", "lead", "goal", "exclusive", "fee", "rates", "remark"]
SIGNABLE = ["signing", "in_force", "superseded"]

firms = st.integers(0, FIRMS - 1)
keys = st.sampled_from(KEYS)


class Firms(RuleBasedStateMachine):
    """Two firms begin; up to four come and go. What is not possible is refused, not forbidden."""

    def __init__(self) -> None:
        super().__init__()
        self.around = transaction.atomic()
        self.around.__enter__()
        self.firms: list[Partner] = [PartnerFactory.create() for _firm in range(FIRMS)]
        self.people: list[User] = [member(firm, "manager", "signer") for firm in self.firms]
        self.agreement = projects.create(
            name="Zufall",
            customer_name="Werft",
            rule_book=small_book.load(),
            **self.acting(0),
        )
        self.shown: set[tuple[int, str]] = set()  # firm, hash of a text its person has read
        self.bytes: dict[Any, bytes] = {}  # of each version and annex, when it was first seen
        self.secrets: dict[str, set[int]] = {}  # what was typed in, and who may read it
        # What each firm agreed with last, by firm, point and pair: value and note of each answer.
        self.agreed: dict[tuple[str, str, points.PairKey | None], dict[str | None, str]] = {}
        self.invite(0, 1)
        self.respond(1, yes=True)

    @initialize(stage=st.integers(0, 4), model=st.integers(0, 2), third=st.booleans())
    def begin(self, stage: int, model: int, third: bool) -> None:
        """At any stage: random steps from a blank draft hardly ever come to a signature."""
        if third:
            self.invite(0, 2)
            self.respond(2, yes=True)
        if stage > 0:
            self.propose(0, "model", 0, pick=model, stale=False)
            self.everybody_agrees()
        if stage > 1:
            self.freeze(0)
        if stage > 2:
            self.all_sign(0)
        if stage > 3:
            self.amend(1)

    def teardown(self) -> None:
        try:
            self.pages_tell_no_secret()
        finally:
            transaction.set_rollback(True)
            self.around.__exit__(None, None, None)

    def acting(self, firm: int) -> dict[str, Any]:
        return {"by": self.people[firm], "partner": self.firms[firm]}

    def attempt(self, step: Callable[[], object]) -> bool:
        """Take a step as a request would: whole, or not at all."""
        try:
            with transaction.atomic():
                self.outcome = step()
        except (NotPossible, InvalidAnswer):
            return False
        return True

    def note(self, firm: int, keys: Iterable[str]) -> None:
        """Remember what stands at these points: the firm has just agreed with it."""
        sheet, own = self.sheet(), str(self.firms[firm].pk)
        for key in keys:
            point = sheet.book.point(key)
            places = [pair for _o, pair in sheet.pairs_of(own)] if point.pairwise else [sheet]
            for place in places:
                if own not in points.unconfirmed(place, point):
                    self.agreed[own, key, place.pair] = {
                        party: json.dumps([given.value, given.note], sort_keys=True)
                        for (at, party), given in place.answers.items()
                        if at == key
                    }

    def sheet(self) -> points.Sheet:
        self.agreement.refresh_from_db()
        return sheets.load(self.agreement)

    def place(self, firm: int, key: str, other: int) -> points.Sheet:
        """The sheet on which ``firm`` finds the point."""
        sheet = self.sheet()
        if not sheet.book.point(key).pairwise:
            return sheet
        try:
            return sheet.between(str(self.firms[firm].pk), str(self.firms[other].pk))
        except KeyError:
            return sheet

    # ---- Steps ---------------------------------------------------------------------------------

    @rule(firm=firms, key=keys, other=firms, pick=st.integers(0, 99), stale=st.booleans())
    def propose(self, firm: int, key: str, other: int, pick: int, stale: bool) -> None:
        sheet = self.place(firm, key, other)
        secret = f"geheim-{firm}-{other}-{len(self.secrets)}"
        value: Any = {
            "model": ["own", "fee", "rates"][pick % 3],
            "lead": str(self.firms[pick % FIRMS].pk),
            "goal": f"Ziel {pick}",
            "exclusive": {"answer": "no", "note": f"weil {pick}"},
            "fee": {"percent": f"{pick}.00", "note": secret},
            "rates": {"rows": [{"key": "consultant", "amount": str(800 + pick)}], "note": secret},
            "remark": f"Bemerkung {pick}",
        }[key]
        revision = points.revision(sheet, sheet.book.point(key), str(self.firms[firm].pk))
        done = self.attempt(
            lambda: answers.propose(
                self.agreement.pk,
                key,
                value,
                revision=revision - stale,
                other=self.firms[other],
                **self.acting(firm),
            )
        )
        if done:
            self.note_place(firm, key, other)
        if done and key in ("fee", "rates"):
            self.secrets[secret] = {firm, other}

    def note_place(self, firm: int, key: str, other: int) -> None:
        """The same for one point, of a pairwise one with one firm."""
        kept = dict(self.agreed)
        self.note(firm, [key])
        place = self.place(firm, key, other)
        touched = (str(self.firms[firm].pk), key, place.pair)
        self.agreed = kept | {touched: self.agreed[touched]} if touched in self.agreed else kept

    @rule(firm=firms, key=keys, other=firms)
    def confirm(self, firm: int, key: str, other: int) -> None:
        sheet = self.place(firm, key, other)
        revision = points.revision(sheet, sheet.book.point(key))
        acting = self.acting(firm)
        if self.attempt(
            lambda: answers.confirm(
                self.agreement.pk, key, revision=revision, other=self.firms[other], **acting
            )
        ):
            self.note_place(firm, key, other)

    @rule(firm=firms, key=keys, other=firms)
    def does_not_apply(self, firm: int, key: str, other: int) -> None:
        sheet = self.place(firm, key, other)
        revision = points.revision(sheet, sheet.book.point(key), str(self.firms[firm].pk))
        if self.attempt(
            lambda: answers.mark_not_applicable(
                self.agreement.pk,
                key,
                revision=revision,
                other=self.firms[other],
                **self.acting(firm),
            )
        ):
            self.note_place(firm, key, other)

    @rule(firm=firms, key=keys, other=firms)
    def talk(self, firm: int, key: str, other: int) -> None:
        secret = f"rede-{firm}-{other}-{len(self.secrets)}"
        done = self.attempt(
            lambda: answers.ask_to_talk(
                self.agreement.pk, key, secret, other=self.firms[other], **self.acting(firm)
            )
        )
        if done and key in ("fee", "rates"):
            self.secrets[secret] = {firm, other}

    @rule(firm=firms)
    def settle_talks(self, firm: int) -> None:
        for talk in TalkRequest.objects.filter(agreement=self.agreement, resolved_at=None):
            self.attempt(lambda pk=talk.pk: answers.resolve_talk(pk, **self.acting(firm)))  # type: ignore[misc]

    @rule()
    def everybody_agrees(self) -> None:
        """The short way to a text that can be signed: each firm does all it can."""
        for firm in range(FIRMS):
            self.settle_talks(firm)
            if self.attempt(lambda f=firm: fast_track.press(self.agreement.pk, **self.acting(f))):  # type: ignore[misc]
                taken = cast("fast_track.Outcome", self.outcome)
                self.note(firm, (*taken.filled, *taken.confirmed))
        for _round in range(2):
            for firm in range(FIRMS):
                self._answer_all(firm)

    def _answer_all(self, firm: int) -> None:
        own = str(self.firms[firm].pk)
        for key in KEYS:
            for other in range(FIRMS):
                sheet = self.place(firm, key, other)
                point = sheet.book.point(key)
                if point.pairwise and sheet.pair is None:
                    continue
                if own not in points.unconfirmed(sheet, point) and sheet.given(point, own):
                    continue
                if sheet.given(point, own) is None and point.required:
                    self.propose(firm, key, other, pick=firm, stale=False)
                else:
                    self.confirm(firm, key, other)

    @rule(firm=firms, to=st.sampled_from(["exploratory", "fast_track", "full"]))
    def go_deeper(self, firm: int, to: str) -> None:
        self.attempt(lambda: depth.change(self.agreement.pk, to, **self.acting(firm)))

    @rule(firm=firms, guest=firms)
    def invite(self, firm: int, guest: int) -> None:
        self.attempt(
            lambda: projects.invite(self.agreement.pk, self.firms[guest], **self.acting(firm))
        )

    @rule(firm=firms, yes=st.booleans())
    def respond(self, firm: int, yes: bool) -> None:
        places = Participation.objects.filter(partner=self.firms[firm], state="invited")
        person, answer = self.people[firm], projects.accept if yes else projects.decline
        for place in places:
            self.attempt(lambda pk=place.pk: answer(pk, by=person))  # type: ignore[misc]

    @rule(firm=firms)
    def leave(self, firm: int) -> None:
        amended = self.agreement.amendments.count()
        self.attempt(lambda: leaving.leave(self.agreement.pk, reason="Genug", **self.acting(firm)))
        if self.agreement.amendments.count() > amended:  # the others go on with what they signed
            for each in range(FIRMS):
                self.note(each, KEYS)

    @rule(firm=firms)
    def amend(self, firm: int) -> None:
        reason, day = "Es ändert sich etwas", standing.today() + timedelta(days=40)
        acting = self.acting(firm)
        done = self.attempt(
            lambda: amendments.begin(self.agreement.pk, reason=reason, effective_on=day, **acting)
        )
        if done:  # what was signed stands there again, and every firm has signed it
            for each in range(FIRMS):
                self.note(each, KEYS)

    @rule(firm=firms)
    def drop_amendment(self, firm: int) -> None:
        for amendment in self.agreement.amendments.filter(state="open"):
            self.attempt(lambda pk=amendment.pk: amendments.drop(pk, **self.acting(firm)))  # type: ignore[misc]

    @rule(firm=firms)
    def freeze(self, firm: int) -> None:
        self.attempt(lambda: signing.freeze(self.agreement.pk, **self.acting(firm)))

    @rule(firm=firms)
    def read(self, firm: int) -> None:
        visible = AgreementVersion.objects.visible_to(self.people[firm])
        self.shown |= {(firm, sha256) for sha256 in visible.values_list("sha256", flat=True)}

    @rule(firm=firms, again=st.booleans())
    def sign(self, firm: int, again: bool) -> None:
        """With the hash of a text that was read, be it the current one or not."""
        for version in self.agreement.versions.all():
            known = sorted(sha256 for reader, sha256 in self.shown if reader == firm)
            seen = known[-1] if known and not again else "0" * 64
            if (firm, version.sha256) in self.shown and not again:
                seen = version.sha256
            self.attempt(
                lambda pk=version.pk, seen=seen: signing.sign(  # type: ignore[misc]
                    pk, seen=seen, language="de", authority="prokura", **self.acting(firm)
                )
            )

    @rule(firm=firms)
    def all_sign(self, firm: int) -> None:
        for each in range(FIRMS):
            self.read(each)
            self.sign(each, again=False)

    @rule(firm=firms, refuse=st.booleans())
    def close(self, firm: int, refuse: bool) -> None:
        verb = signing.decline if refuse else signing.withdraw
        for version in self.agreement.versions.filter(state="signing"):
            self.attempt(lambda pk=version.pk: verb(pk, reason="Nein", **self.acting(firm)))  # type: ignore[misc]

    # ---- What always holds ---------------------------------------------------------------------

    @invariant()
    def no_signable_text_has_an_open_required_point(self) -> None:
        book = small_book.CONTENT["rules"][0]["points"]
        required = {point["key"] for point in book if point["required"]}
        for version in self.agreement.versions.filter(state__in=SIGNABLE):
            content = frozen.content(version.payload)
            parties = [party["id"] for party in content["parties"]]
            assert len(parties) >= 2
            found = {point["key"]: point for rule in content["rules"] for point in rule["points"]}
            for key in required & found.keys():
                if not found[key]["annex"]:
                    assert self._is_settled(found[key], parties)
            in_annex = {key for key, point in found.items() if point["annex"]}
            pairs = {frozenset(annex["parties"]) for annex in content["annexes"]}
            of_all = {frozenset([a, b]) for a in parties for b in parties if a != b}
            assert pairs == (of_all if in_annex else set())
            for annex in version.annexes.all():
                told = frozen.content(annex.payload)
                two = [party["id"] for party in told["parties"]]
                assert {point["key"] for point in told["points"]} == in_annex
                assert all(self._is_settled(point, two) for point in told["points"])

    @staticmethod
    def _is_settled(point: dict[str, Any], parties: list[str]) -> bool:
        if point["state"] not in ("agreed", "not_applicable"):
            return False
        answered = {answer["partner"] for answer in point["answers"]}
        return answered == (set(parties) if point["scope"] == "per_partner" else {None})

    @invariant()
    def nobody_is_bound_to_what_they_did_not_agree_with(self) -> None:
        """Whatever a text says at a point, each of its firms said or confirmed exactly that."""
        for version in self.agreement.versions.filter(state="signing"):
            content = frozen.content(version.payload)
            parties = [party["id"] for party in content["parties"]]
            told: list[tuple[dict[str, Any], points.PairKey | None, list[str]]] = [
                (point, None, parties) for rule in content["rules"] for point in rule["points"]
            ]
            for annex in version.annexes.select_related("pair"):
                two = (str(annex.pair.first_id), str(annex.pair.second_id))
                points_of = frozen.content(annex.payload)["points"]
                told += [(point, two, list(two)) for point in points_of]
            for point, pair, firms in told:
                for firm in firms if point["answers"] else ():
                    agreed = self.agreed[firm, point["key"], pair]
                    for answer in point["answers"]:
                        said = json.dumps([answer["value"], answer["note"]], sort_keys=True)
                        assert agreed[answer["partner"]] == said

    @invariant()
    def what_two_firms_do_is_logged_for_these_two(self) -> None:
        for event in AgreementEvent.objects.filter(data__has_key="point"):
            assert (event.pair_id is not None) == (event.data["point"] in ("fee", "rates"))

    @invariant()
    def nobody_signed_what_was_not_shown(self) -> None:
        for signature in Signature.objects.select_related("slot__version", "slot__partner"):
            version, firm = signature.slot.version, self.firms.index(signature.slot.partner)
            assert signature.payload_sha256 == version.sha256
            assert frozen.sha256(bytes(version.payload)) == version.sha256
            assert (firm, version.sha256) in self.shown

    @invariant()
    def in_force_means_signed_by_every_party(self) -> None:
        for version in self.agreement.versions.filter(state__in=["in_force", "superseded"]):
            parties = {party["id"] for party in frozen.content(version.payload)["parties"]}
            signed = Signature.objects.filter(slot__version=version)
            assert {str(pk) for pk in signed.values_list("slot__partner", flat=True)} == parties

    @invariant()
    def what_was_frozen_never_changes(self) -> None:
        rows = [*self.agreement.versions.all(), *AgreementAnnex.objects.all()]
        for row in rows:
            payload = bytes(row.payload)
            assert self.bytes.setdefault(row.pk, payload) == payload
        assert len(rows) == len(self.bytes)

    @invariant()
    def no_secret_stands_where_others_read(self) -> None:
        if not self.secrets:
            return
        sheet = self.sheet()
        seen_by = [repr(sheet.seen_by(str(firm.pk))) for firm in self.firms]
        common = [bytes(version.payload).decode() for version in self.agreement.versions.all()]
        common += [
            json.dumps([event.data for event in AgreementEvent.objects.all()]),
            json.dumps([[row.data, row.path] for row in Notice.objects.all()]),
        ]
        for secret, readers in self.secrets.items():
            assert not any(secret in text for text in common)
            for firm in set(range(FIRMS)) - readers:
                assert secret not in seen_by[firm]
        for annex in AgreementAnnex.objects.select_related("pair"):
            two = {self.firms.index(annex.pair.first), self.firms.index(annex.pair.second)}
            text = bytes(annex.payload).decode()
            for secret, readers in self.secrets.items():
                assert secret not in text or readers == two

    @invariant()
    def log_is_a_whole_chain(self) -> None:
        events = self.agreement.events.select_related("pair").order_by("seq")
        links = map(trail.link, events)
        assert list(trails.breaks(str(self.agreement.pk), links)) == []

    @invariant()
    def originals_are_ordered_once_for_what_all_have_signed(self) -> None:
        """Each firm's, in two languages, sealed, with the log's head of that step in it."""
        for version in self.agreement.versions.all():
            in_pairs = version.slots.count() > 2 and version.annexes.exists()
            copies = version.slots.count() if in_pairs else 1
            originals = Document.objects.filter(
                pk__in=version.documents.values("document"), to_seal=True
            )
            rows = list(originals.values_list("trail_seq", "trail_hash", "superseded_at"))
            was_signed = version.state in ("in_force", "superseded")
            assert len(rows) == version.documents.count() == (2 * copies if was_signed else 0)
            for seq, head, superseded_at in rows:
                assert seq is not None
                event = self.agreement.events.get(seq=seq)
                assert (event.kind, event.data["version"]) == ("in_force", version.number)
                assert event.hash == head
                assert (superseded_at is not None) == (version.state == "superseded")

    @invariant()
    def status_fits_the_versions(self) -> None:
        agreement = Agreement.objects.get(pk=self.agreement.pk)
        states = list(agreement.versions.values_list("state", flat=True))
        assert (agreement.status == "signing") == ("signing" in states)
        assert (agreement.in_force_at is not None) == ("in_force" in states)

    def pages_tell_no_secret(self) -> None:
        """At the end, as it takes longer: the pages themselves."""
        for firm, person in enumerate(self.people):
            browser = Browser(person)
            pages = [
                browser.get("project_list"),
                browser.get("project_detail", self.agreement.project_id),
                browser.get("agreement_detail", self.agreement.pk),
                browser.get("ready", self.agreement.pk),
                *(browser.get("version", version.pk) for version in self.agreement.versions.all()),
            ]
            for page in pages:
                text = page.response.content.decode()
                for secret, readers in self.secrets.items():
                    assert firm in readers or secret not in text


def test_steps_lead_to_signed_versions_with_annexes_and_to_amendments() -> None:
    """What the random steps can reach: without this, they might all be refused."""
    machine = Firms()
    try:
        machine.invite(0, 2)
        machine.respond(2, yes=True)
        machine.propose(0, "model", 0, pick=2, stale=False)
        machine.everybody_agrees()
        machine.freeze(0)
        machine.all_sign(0)
        version = machine.agreement.versions.get()
        assert (version.state, version.annexes.count(), len(machine.secrets)) == ("in_force", 3, 6)
        machine.amend(1)
        machine.propose(2, "remark", 2, pick=1, stale=False)
        machine.everybody_agrees()
        machine.freeze(1)
        machine.all_sign(0)
        machine.leave(2)
        states = list(machine.agreement.versions.values_list("state", flat=True))
        assert states == ["superseded", "in_force"]
        for check in CHECKS:
            check(machine)
    finally:
        machine.teardown()


CHECKS = [
    Firms.no_signable_text_has_an_open_required_point,
    Firms.nobody_signed_what_was_not_shown,
    Firms.nobody_is_bound_to_what_they_did_not_agree_with,
    Firms.what_two_firms_do_is_logged_for_these_two,
    Firms.in_force_means_signed_by_every_party,
    Firms.what_was_frozen_never_changes,
    Firms.no_secret_stands_where_others_read,
    Firms.log_is_a_whole_chain,
    Firms.originals_are_ordered_once_for_what_all_have_signed,
    Firms.status_fits_the_versions,
]


def run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Firms,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_no_sequence_of_steps_breaks_the_promises_of_an_agreement() -> None:
    run(examples=2, steps=20)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))  # each with a seed of its own, and below the time limit
def test_no_long_sequence_of_steps_breaks_the_promises_either(part: int) -> None:
    run(examples=8, steps=30)
