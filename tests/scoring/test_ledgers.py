"""The ledger as it is read: every reason in words, search and order, and the whole of it as CSV."""

import csv
import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from partners.models import Partner
from scoring import facts, judging, ledgers, months, rule_sets, scores
from scoring.claim_states import ClaimState
from scoring.explaining import Explainer, Line, people_lines
from scoring.judging import DEPLOYMENTS, GROWTH, NET_ADDS, NO_END, Claim
from scoring.ledgers import Reader, Show
from scoring.models import Association, Correction, Score
from scoring.people import Certificate, judge_people
from scoring.reasons import Reason
from tests.factories import PartnerFactory
from tests.scoring.stage import OLD, hand_in, stored_score, tenants
from tests.scoring.worlds import AS_OF, PAIR, Row, guid, office_usage

BEFORE = months.parse_label("2023-01")
SINCE = months.parse_label("2024-11")
ENDED = months.parse_label("2024-06")
NAMES = rule_sets.vocabulary()
LATEST = rule_sets.get("modern-work-2026")
FIRST = rule_sets.get("modern-work-2023")

Figures = tuple[int, int]


def claim(
    now: Figures | None = None,
    then: Figures | None = None,
    *,
    workload: str = "exchange",
    option: str = "CPOR",
    begins: int = BEFORE,
    base: Figures | None = None,
    **fields: Any,
) -> Claim:
    """One claim of tenant 1; figures are (seats, users)."""
    return Claim(
        1,
        NAMES.workload_numbers[workload],
        NAMES.option_numbers[option],
        begins,
        baseline_month=begins if base else None,
        baseline_seats=base and base[0],
        baseline_users=base and base[1],
        now_seats=now and now[0],
        now_users=now and now[1],
        then_seats=then and then[0],
        then_users=then and then[1],
        **fields,
    )


# ---- Every reason in words -----------------------------------------------------------------------

# reason: (rule set, metric, option, the tenant's claims, the sentence)
OF_TENANTS: dict[Reason, tuple[Any, str, str, Sequence[Claim], str]] = {
    Reason.ADDED: (
        FIRST,
        NET_ADDS,
        "",
        [claim((50, 9), (9, 2))],
        "Eligible now with 50 seats (Exchange), not in February 2024.",
    ),
    Reason.KEPT: (
        FIRST,
        NET_ADDS,
        "",
        [claim((50, 9), (50, 2))],
        "Eligible in both months: no change.",
    ),
    Reason.PROMOTED: (
        LATEST,
        NET_ADDS,
        "",
        [claim((1301, 9), (300, 2))],
        "Grew to 1,301 seats and stays in SMB: no change.",
    ),
    Reason.LOST: (
        FIRST,
        NET_ADDS,
        "",
        [claim(None, (50, 2))],
        "Eligible in February 2024, no longer in February 2025.",
    ),
    Reason.LOST_TOO_FEW_SEATS: (
        FIRST,
        NET_ADDS,
        "",
        [claim((9, 1), (50, 2))],
        "Eligible in February 2024; 9 seats now, SMB starts at 11.",
    ),
    Reason.LOST_TOO_MANY_SEATS: (
        FIRST,
        NET_ADDS,
        "",
        [claim((301, 1), (50, 2))],
        "Eligible in February 2024; 301 seats now, SMB ends at 300.",
    ),
    Reason.LOST_ENDED: (
        FIRST,
        NET_ADDS,
        "",
        [claim((50, 1), (50, 2), ends=ENDED, ended_on="2024-06-30")],
        "Eligible in February 2024; the association ended on 30/06/2024.",
    ),
    Reason.LOST_CLAIM_STATE: (
        FIRST,
        NET_ADDS,
        "",
        [
            claim((50, 1), (50, 2), ends=ENDED),
            claim((50, 1), (50, 2), begins=ENDED + 1, state=ClaimState.DISPUTE),
        ],
        "Eligible in February 2024; the claim is no longer approved (Dispute).",
    ),
    Reason.TOO_FEW_SEATS: (
        FIRST,
        NET_ADDS,
        "",
        [claim((9, 1), (9, 2))],
        "9 seats, SMB starts at 11.",
    ),
    Reason.TOO_MANY_SEATS: (
        FIRST,
        NET_ADDS,
        "",
        [claim((301, 1), (301, 2))],
        "301 seats, SMB ends at 300.",
    ),
    Reason.NOT_ACCEPTED: (
        FIRST,
        NET_ADDS,
        "",
        [claim((50, 1), (50, 2), option="DPOR")],
        "Associated by DPOR only, which SMB does not accept.",
    ),
    Reason.NOT_YET: (
        FIRST,
        NET_ADDS,
        "",
        [claim((50, 1), begins=PAIR.last + 1, begins_on="2025-03-10")],
        "The association begins on 10/03/2025.",
    ),
    Reason.ENDED: (
        FIRST,
        NET_ADDS,
        "",
        [claim((50, 1), (9, 2), ends=ENDED)],
        "The association ended on 30/06/2024.",
    ),
    Reason.OTHER_METRICS: (
        LATEST,
        NET_ADDS,
        "",
        [claim((50, 1), (50, 2), workload="teams_premium")],
        "Teams Premium does not count for this metric.",
    ),
    Reason.NO_DATA_NOW: (
        FIRST,
        NET_ADDS,
        "",
        [claim(None, (9, 2))],
        "No data for February 2025.",
    ),
    Reason.CLAIM_STATE: (
        FIRST,
        NET_ADDS,
        "",
        [
            claim(None, (9, 2), workload="exchange", state=ClaimState.DRAFT),
            claim((50, 1), workload="teams", state=ClaimState.UNDER_REVIEW),
        ],
        "The claim is not approved (Under review): only approved ones count.",
    ),
    Reason.GROWTH: (
        FIRST,
        GROWTH,
        "CPOR",
        [claim((50, 25), (50, 10))],
        "25 active users, 10 a year earlier.",
    ),
    Reason.GROWTH_NEWLY_ELIGIBLE: (
        FIRST,
        GROWTH,
        "CPOR",
        [claim((50, 25), (9, 5))],
        "25 active users; the tenant was not eligible a year earlier, so all count.",
    ),
    Reason.GROWTH_SINCE_CLAIM: (
        FIRST,
        GROWTH,
        "CPOR",
        [claim((50, 23), begins=SINCE, base=(50, 18), begins_on="2024-11-10")],
        "23 active users, 18 when the association began (November 2024).",
    ),
    Reason.GROWTH_SINCE_FIRST_SEEN: (
        FIRST,
        GROWTH,
        "CPOR",
        [claim((50, 23), begins=SINCE, base=(50, 18))],
        "23 active users, 18 in the first month with data (November 2024).",
    ),
    Reason.GROWTH_SINCE_CORRECTED: (
        FIRST,
        GROWTH,
        "CPOR",
        [claim((50, 23), begins=SINCE, base=(50, 7), marks=judging.BASELINE_CORRECTED)],
        "23 active users, 7 as corrected for the beginning of the association.",
    ),
    Reason.GROWTH_MIXED: (
        FIRST,
        GROWTH,
        "CPOR",
        [
            claim((50, 1025), (50, 10)),
            claim((50, 23), workload="teams", begins=SINCE, base=(50, 18)),
        ],
        "1,048 active users, 28 in the baselines of the workloads.",
    ),
    Reason.GROWTH_LOST: (
        FIRST,
        GROWTH,
        "CPOR",
        [claim((9, 3), (50, 10))],
        "No longer eligible: the 10 active users of a year earlier are missing now.",
    ),
    Reason.DEPLOYED: (
        FIRST,
        DEPLOYMENTS,
        "CPOR",
        [claim((50, 25), (50, 10))],
        "25 of 50 seats in use (Exchange).",
    ),
    Reason.DEPLOYED_EDGE: (
        FIRST,
        DEPLOYMENTS,
        "CPOR",
        [claim((50, 25), begins=SINCE, base=(50, 20))],
        "25 of 50 seats in use (Exchange). It stood at exactly 40 % when claimed: not above, so "
        "it counts.",
    ),
    Reason.STILL_DEPLOYED: (
        FIRST,
        DEPLOYMENTS,
        "CPOR",
        [claim((50, 25), (50, 25))],
        "Deployed in both months: no change.",
    ),
    Reason.BELOW_SHARE: (
        FIRST,
        DEPLOYMENTS,
        "CPOR",
        [claim((50, 10), (50, 10))],
        "10 of 50 seats in use (Exchange), below 40 %.",
    ),
    Reason.FELL_BELOW_SHARE: (
        FIRST,
        DEPLOYMENTS,
        "CPOR",
        [claim((50, 10), (50, 25))],
        "10 of 50 seats in use (Exchange), below 40 %; above a year ago.",
    ),
    Reason.ABOVE_AT_CLAIM: (
        FIRST,
        DEPLOYMENTS,
        "CPOR",
        [claim((50, 25), begins=SINCE, base=(40, 30))],
        "Already above 40 % when claimed (November 2024): 30 of 40 seats.",
    ),
    Reason.NO_SEATS: (
        FIRST,
        DEPLOYMENTS,
        "CSP",
        [claim((50, 25), (50, 10)), claim((0, 3), workload="teams", option="CSP")],
        "No paid seats: the share cannot be told.",
    ),
    Reason.DEPLOYED_LOST: (
        FIRST,
        DEPLOYMENTS,
        "CPOR",
        [claim((50, 25), (50, 25), ends=ENDED)],
        "Deployed a year ago; nothing counts for it now.",
    ),
}


def certificate(key: str = "MS-102", **fields: Any) -> Certificate:
    known = {"completed_on": date(2024, 1, 31)} | fields
    return Certificate("mcp:1", "Ada Ohm", "", key, **known)


ADMINISTRATOR = "Microsoft 365 Certified: Administrator Expert"
OF_PEOPLE: dict[Reason, tuple[Certificate, date, str]] = {
    Reason.CERTIFIED: (
        certificate("AB-900"),
        AS_OF,
        "Microsoft 365 Certified: Copilot and Agent Administration Fundamentals, valid.",
    ),
    Reason.CERTIFIED_UNTIL: (
        certificate(expires_on=date(2026, 1, 31)),
        AS_OF,
        f"{ADMINISTRATOR}, valid until 31/01/2026.",
    ),
    Reason.EXPIRED: (
        certificate(expires_on=date(2025, 1, 31)),
        AS_OF,
        f"{ADMINISTRATOR} expired on 31/01/2025.",
    ),
    Reason.NOT_COMPLETED_YET: (
        certificate(completed_on=date(2025, 4, 1)),
        AS_OF,
        f"{ADMINISTRATOR} is completed on 01/04/2025.",
    ),
    Reason.NOT_LINKED: (
        certificate(is_linked=False),
        AS_OF,
        f"{ADMINISTRATOR} is no longer linked to the firm.",
    ),
    Reason.WITHDRAWN: (
        certificate("MS-900"),
        date(2027, 4, 1),
        "Microsoft 365 Certified: Fundamentals gives no points after 31/03/2027.",
    ),
}


def of_tenant(rule_set: Any, claims: Sequence[Claim], metric: str, option: str) -> Line:
    lines = Explainer(rule_set, PAIR).lines(claims)
    return next(
        line for line in lines if (line.track, line.metric, line.option) == ("smb", metric, option)
    )


@pytest.mark.parametrize("reason", OF_TENANTS, ids=lambda reason: reason.name)
def test_a_tenants_reason_says_all_that_it_names(reason: Reason) -> None:
    rule_set, metric, option, claims, words = OF_TENANTS[reason]
    line = of_tenant(rule_set, claims, metric, option)

    with translation.override("en"):
        assert (line.reason, ledgers.reason(line)) == (reason, words)
    with translation.override("de"):
        assert is_complete(ledgers.reason(line))
        assert ledgers.reason(line) != words


@pytest.mark.parametrize("reason", OF_PEOPLE, ids=lambda reason: reason.name)
def test_a_persons_reason_says_all_that_it_names(reason: Reason) -> None:
    held, day, words = OF_PEOPLE[reason]
    (line, *_others) = people_lines(judge_people([held], LATEST, day), LATEST)

    with translation.override("en"):
        assert (line.reason, ledgers.reason(line)) == (reason, words)
    with translation.override("de"):
        assert is_complete(ledgers.reason(line))
        assert ledgers.reason(line) != words


def test_every_reason_has_its_case() -> None:
    assert {*OF_TENANTS, *OF_PEOPLE} == set(Reason) - {Reason.NONE}


def is_complete(words: str) -> bool:
    """A sentence without a gap, a word of the program or a date as the database has it."""
    gaps = re.search(r"%\(|None|\(\)|\( |  |\d{4}-\d\d|[a-z]+_[a-z]+", words)
    return bool(words) and gaps is None and words.endswith(".")


figures = st.none() | st.tuples(st.sampled_from([0, 5, 50, 301]), st.sampled_from([0, 3, 20, 40]))


@st.composite
def intervals(draw: st.DrawFn) -> list[Claim]:
    """What the files say of one (workload, option): one or two intervals."""
    workload = draw(st.sampled_from(["exchange", "teams", "teams_premium", "m365_copilot"]))
    option = draw(st.sampled_from(["CPOR", "DPOR", "CSP"]))
    now, then = draw(figures), draw(figures)
    starts = draw(
        st.lists(
            st.sampled_from([BEFORE, ENDED, SINCE, PAIR.last, PAIR.last + 1]),
            min_size=1,
            max_size=2,
            unique=True,
        ).map(sorted)
    )
    found = []
    for place, begins in enumerate(starts):
        closed = months.last_day(begins).isoformat()
        is_last = place == len(starts) - 1
        has_ended = not is_last or draw(st.booleans())
        found.append(
            claim(
                now,
                then,
                workload=workload,
                option=option,
                begins=begins,
                base=draw(figures),
                ends=begins if has_ended else NO_END,
                ended_on=closed if has_ended and draw(st.booleans()) else None,
                begins_on=months.first_day(begins).isoformat() if draw(st.booleans()) else None,
                state=draw(st.sampled_from(ClaimState)),
                marks=draw(st.integers(0, 7)),
            )
        )
    return found


@settings(max_examples=300, deadline=None)
@given(
    st.lists(intervals(), max_size=5, unique_by=lambda own: own[0][1:3]),
    st.sampled_from([FIRST, LATEST]),
)
def test_every_sentence_about_any_tenant_is_complete(
    drawn: list[list[Claim]], rule_set: Any
) -> None:
    lines = list(Explainer(rule_set, PAIR).lines(one for own in drawn for one in own))
    for language in ("de", "en"):
        with translation.override(language):
            for line in lines:
                assert is_complete(ledgers.reason(line)), line
                assert all(part.words for part in ledgers._parts(line, rule_set, {}))


# ---- Search and order ----------------------------------------------------------------------------


@pytest.fixture
def firm(db: None) -> Partner:
    return PartnerFactory.create(name="Kern", slug="kern")


HERE = ("smb", NET_ADDS, "")


def found(score: Score, words: str = "", sort: str = "", show: str = "") -> list[str]:
    rows = ledgers.narrow(ledgers.entries(score, *HERE), show=Show(show), words=words, sort=sort)
    return [ledgers.Entry(*row).name for row in rows]


def named(*names: str) -> list[Row]:
    usage = {"2024-02": (9, 2), "2025-02": (50, 25)}
    return [Row(name, usage=usage, begins_on=OLD) for name in names]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", ["Kunde Bad Ems", "Kunde Köln", "ÖKO Markt"]),
        ("kunde", ["Kunde Bad Ems", "Kunde Köln"]),
        ("ems kunde", ["Kunde Bad Ems"]),
        ("bad", ["Kunde Bad Ems"]),  # three hexadecimal letters are no GUID
        ("öko", ["ÖKO Markt"]),
        ("KÖLN", ["Kunde Köln"]),
        ("öl%", []),
        ("k_nde", []),
        (guid("Kunde Köln"), ["Kunde Köln"]),
        (guid("Kunde Köln").upper(), ["Kunde Köln"]),
        (guid("Kunde Köln").replace("-", ""), ["Kunde Köln"]),
        ("{" + guid("Kunde Köln") + "}", ["Kunde Köln"]),
        (guid("Kunde Köln")[4:18], ["Kunde Köln"]),
        (guid("Kunde Köln")[:8] + " köln", ["Kunde Köln"]),
        (guid("nobody"), []),
    ],
)
def test_search_knows_names_and_guids(words: str, expected: list[str], firm: Partner) -> None:
    score = stored_score(firm, named("Kunde Köln", "ÖKO Markt", "Kunde Bad Ems"), [])
    assert found(score, words) == expected


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("0058a2", "0058a2"),
        ("0058A268-B7B7", "0058a268b7b7"),
        ("0058a", ""),
        ("cafe-b", ""),
        ("0058ag", ""),
        ("a" * 33, ""),
    ],
)
def test_only_enough_digits_are_a_guid(text: str, digits: str) -> None:
    assert ledgers.guid_digits(text) == digits


def test_people_are_found_by_name_only(firm: Partner) -> None:
    score = stored_score(firm, [])
    rows = ledgers.entries(score, "smb", "intermediate_certifications", "")
    for words, expected in (("ada", ["Ada Ohm"]), ("abcdef", []), ("", ["Ada Ohm", "Bo Ek"])):
        narrowed = ledgers.narrow(rows, show=Show.ALL, words=words, sort="name")
        assert [ledgers.Entry(*row).name for row in narrowed] == expected


@pytest.mark.parametrize(
    "here",
    [
        ("gold", NET_ADDS, ""),
        ("smb", "charm", ""),
        ("smb", GROWTH, "DPOR"),
        ("smb", GROWTH, ""),
        ("smb", NET_ADDS, "CPOR"),
    ],
)
def test_what_the_rules_do_not_know_has_no_rows(here: tuple[str, str, str], firm: Partner) -> None:
    score = stored_score(firm)
    assert list(ledgers.entries(score, *here)) == []
    assert ledgers.sums(ledgers.entries(score, *here)) == ledgers.Sums(0, 0, 0, 0)


def test_an_older_score_keeps_its_rows(firm: Partner) -> None:
    old = stored_score(firm, named("A", "B"), [])
    hand_in(firm, office_usage(named("C")))
    new = scores.compute(firm, AS_OF, FIRST)

    assert (found(old), found(new)) == (["A", "B"], ["A", "B", "C"])
    assert ledgers.sums(ledgers.entries(old, *HERE)) == ledgers.Sums(2, 2, 0, 2)


def test_rows_of_a_page_are_explained_with_one_query(
    firm: Partner, django_assert_num_queries: Callable[..., Any]
) -> None:
    score = stored_score(firm, tenants(7), [])
    entries = list(ledgers.entries(score, "smb", GROWTH, "CPOR"))
    with django_assert_num_queries(1):
        rows = Reader(score).rows("smb", GROWTH, "CPOR", entries)
    assert len({row.reason for row in rows}) == 1
    assert [row.subject for row in rows] == [str(row[2]) for row in entries]


# ---- Corrections ---------------------------------------------------------------------------------


def corrected(firm: Partner) -> Score:
    """A score in which the users at the beginning of Spät's association are known better."""
    row = Row(
        "Spät",
        usage={"2024-02": (50, 10), "2024-11": (50, 18), "2025-02": (50, 23)},
        begins_on=date(2024, 11, 10),
    )
    hand_in(firm, office_usage([row, *tenants(1)]))
    portfolio = facts.portfolio_of(firm)
    held = Association.objects.get(portfolio=portfolio, tenant__name="Spät")
    Correction.objects.create(
        portfolio=portfolio,
        field=Correction.Field.BASELINE,
        tenant_id=held.tenant_id,
        workload=held.workload,
        option=held.option,
        value_number=3,
        reason="Laut Rechnung",
    )
    facts.touch(portfolio)
    return scores.compute(firm, AS_OF, FIRST)


def test_a_corrected_claim_says_so_in_its_row(firm: Partner) -> None:
    score = corrected(firm)
    with translation.override("en"):
        rows = Reader(score).rows(
            "smb", GROWTH, "CPOR", ledgers.entries(score, "smb", GROWTH, "CPOR").order_by("name")
        )
    other, late = rows

    assert other.corrections == ()
    assert (late.now, late.then, late.value) == ("23", "3", "+20")
    assert late.reason == "23 active users, 3 as corrected for the beginning of the association."
    assert [part.words for part in late.parts] == ["23 now, 3 at the beginning, as corrected"]
    assert late.corrections == ("Corrected for Exchange: active users at its beginning.",)


# ---- CSV -----------------------------------------------------------------------------------------


def table(score: Score, **wishes: str) -> list[list[str]]:
    with translation.override("en"):
        text = "".join(ledgers.export(score, **wishes))
    assert text.startswith(ledgers.BOM)
    return list(csv.reader(text.removeprefix(ledgers.BOM).splitlines()))


def test_the_csv_comes_in_order_of_track_metric_option_and_name(firm: Partner) -> None:
    score = stored_score(
        firm, [*named("B", "A"), Row("A", option="CSP", usage={"2025-02": (9, 1)})]
    )
    head, *rows = table(score)

    assert head == [
        "Track",
        "Metric",
        "Option",
        "Name",
        "Tenant",
        "Now (2025-02)",
        "Then (2024-02)",
        "Contribution",
        "Why",
    ]
    order = [track.title for track in FIRST.tracks]
    keys = [(order.index(row[0]), row[1], row[2], row[3]) for row in rows]
    metrics = [str(metric) for metric in dict.fromkeys(key[1] for key in keys)]
    assert keys == sorted(keys, key=lambda key: (key[0], metrics.index(key[1]), *key[2:]))
    assert [row[1:4] for row in rows if row[0] == "SMB"] == [
        ["Net customer adds", "", "A"],
        ["Net customer adds", "", "B"],
        ["Intermediate certifications", "", "Ada Ohm"],
        ["Intermediate certifications", "", "Bo Ek"],
        ["Advanced certifications", "", "Ada Ohm"],
        ["Usage growth", "CPOR", "A"],
        ["Usage growth", "CPOR", "B"],
        ["Usage growth", "CSP", "A"],
        ["Deployments", "CPOR", "A"],
        ["Deployments", "CPOR", "B"],
        ["Deployments", "CSP", "A"],
    ]


def test_the_csv_adds_up_to_the_score(firm: Partner) -> None:
    score = stored_score(firm)
    found: dict[tuple[str, str], int] = {}
    for row in table(score)[1:]:
        found[row[0], row[1]] = found.get((row[0], row[1]), 0) + int(row[7])
    with translation.override("en"):
        assert found == {
            (track.title, metric.title): metric.value
            for track in score.tracks
            for metric in track.metrics
        }


def test_the_csv_has_plain_numbers_and_names_corrections(firm: Partner) -> None:
    many = [Row("Groß", usage={"2024-02": (300, 1), "2025-02": (300, 1234)}, begins_on=OLD)]
    hand_in(firm, office_usage(many))
    score = corrected(firm)
    rows = {row[3]: row for row in table(score, track="smb", metric=GROWTH, option="CPOR")}

    assert rows["Groß"][5:] == ["1234", "1", "1233", "1234 active users, 1 a year earlier."]
    assert rows["Spät"][8].endswith(
        "as corrected for the beginning of the association. "
        "Corrected for Exchange: active users at its beginning."
    )


def test_the_csv_reads_claims_by_the_thousand(
    firm: Partner, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Callable[..., Any]
) -> None:
    score = stored_score(firm, tenants(5), [])
    monkeypatch.setattr(ledgers, "AT_ONCE", 2)
    with django_assert_num_queries(1 + 3):  # the rows, and the claims of 2, 2 and 1 of them
        assert len(list(ledgers.export(score, track="smb", metric=NET_ADDS))) == 1 + 5
