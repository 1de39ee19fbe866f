import dataclasses
from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
import time_machine

from scoring import judging, rule_sets, scores
from tests.factories import PartnerFactory
from tests.scoring.stage import hand_in
from tests.scoring.worlds import guid

TEXT = (rule_sets.FOLDER / "modern-work-2023.toml").read_text(encoding="utf-8")


def test_both_sets_are_there_with_the_same_scales() -> None:
    old, new = rule_sets.all_sets()
    assert (old.key, new.key) == ("modern-work-2023", "modern-work-2026")
    for track in old.tracks:
        assert track.metrics == new.track(track.key).metrics
        assert sum(metric.max for metric in track.metrics) == 100
    assert (old.pass_mark, old.deployed_share) == (Fraction(70), Fraction(2, 5))


def test_workloads_of_the_sets() -> None:
    old, new = rule_sets.all_sets()
    assert len(old.workloads) == 14
    assert set(new.workloads) - set(old.workloads) == {
        "m365_copilot",
        "entra_id_p1",
        "windows365",
        "viva_goals",
        "teams_frontline",
        "teams_phone_enabled_users",
        "teams_rooms",
        "teams_premium",
    }


@pytest.mark.parametrize(
    ("day", "key"),
    [
        (date(2019, 1, 1), "modern-work-2023"),
        (date(2025, 12, 31), "modern-work-2023"),
        (date(2026, 1, 1), "modern-work-2026"),
        (date(2031, 1, 1), "modern-work-2026"),
    ],
)
def test_for_day_is_the_newest_in_force(day: date, key: str) -> None:
    assert rule_sets.for_day(day).key == key


def test_unknown_set_names_the_known() -> None:
    with pytest.raises(rule_sets.UnknownRuleSet, match="modern-work-2023, modern-work-2026"):
        rule_sets.get("modern-work-1999")


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("CPOR", "CPOR"),
        ("CPOR Premier", "CPOR"),
        ("cpor osa", None),
        ("CPOR RevRec", None),
        ("CSP Tier 1", "CSP"),
        ("CSP Tier1", "CSP"),
        ("CSP Tier 2", "CSP"),
        ("CSP Tier2", "CSP"),
        ("DPOR", "DPOR"),
        ("POR", "DPOR"),
        ("Partner of record", "DPOR"),
        ("Digital Partner of Record", "DPOR"),
        ("Advisor", None),
        ("Distributor", None),
        ("TPOR-Reseller", None),
        ("Deal Registration", None),
    ],
)
def test_association_values(value: str, key: str | None) -> None:
    names = rule_sets.vocabulary()
    number = names.option(value)
    assert (number if number is None else names.option_keys[number]) == key


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("InTune", "intune"),
        ("EXO", "exchange"),
        ("ProPlus", "m365apps"),
        ("Sharepoint", "sharepoint"),
        ("Microsoft Teams", "teams"),
        ("TeamsMeetings", "teams_meetings"),
        ("Teams Telefon", "teams_phone"),
        ("TeamsPhonecalling3p", "teams_phone_calling"),
        ("Teams Platform", "teams_apps"),
        ("Yammer", "viva_engage"),
        ("VivaInsights", "viva_insights"),
        ("Viva Topics", "viva_topics"),
        ("VivaLearning", "viva_learning"),
        ("Viva Verbinden ions", "viva_connections"),
        ("AADP", "entra_id_p1"),
        ("Skype for Business", None),
        ("Power BI", None),
        ("Dynamics", None),
    ],
)
def test_workload_names(name: str, key: str | None) -> None:
    names = rule_sets.vocabulary()
    number = names.workload(name)
    assert (number if number is None else names.workload_keys[number]) == key


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("Microsoft 365 Certified: Fundamentals", "MS-900"),
        ("Microsoft 365 Fundamentals", "MS-900"),
        ("Microsoft Certified: Azure Fundamentals", None),
        ("Fundamentals", None),
        ("Microsoft 365 Certified: Teams Administrator Associate", "MS-700"),
        ("Teams Administrator Associate", "MS-700"),
        ("Microsoft Certified: Identity and Access Administrator Associate", "SC-300"),
        ("Microsoft 365 Certified: Modern Desktop Administrator Associate", "MD-102"),
        ("Microsoft 365 Certified: Endpoint Administrator Associate (MD-102)", "MD-102"),
        ("Microsoft 365 Certified: Administrator Expert", "MS-102"),
        (
            "Teams Meetings and Meeting Rooms Technical Assessment",
            "teams-meeting-rooms-assessment",
        ),
        ("Microsoft Certified: Azure Administrator Associate", None),
        ("AZ-104", None),
    ],
)
def test_certification_titles(title: str, key: str | None) -> None:
    assert rule_sets.vocabulary().certification(title) == key


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("max = 20", "max = 0", "metrics.0.max: Input should be greater than 0"),
        ('pass_mark = "70"', "pass_mark = 70.0", "pass_mark: Value error, write it as text"),
        ('pass_mark = "70"', 'pass_mark = "101"', "do not fit together"),
        ('combine = "max"', 'combine = "sum"', "combine = 'sum' belongs to the format but is not"),
        ('measure = "net_count"', 'measure = "percentage_growth"', "is not computed yet"),
        ('entity = "tenant"', 'entity = "service"', "entity = 'service' belongs to the format"),
        ('entity = "person"', 'entity = "tenant"', "people and entity person go together"),
        (
            'pass_mark = "70"',
            'tracks_are = "classified"\npass_mark = "70"',
            "tracks_are = 'classified' belongs to the format but is not computed yet",
        ),
        ('points = "[M]', 'points = "Microsoft', "sources.points: String should match pattern"),
        ('seats = "[M]', 'chairs = "[M]', "say where these come from: seats"),
        ("number = 2\ntitle", "number = 1\ntitle", "numbers of tracks: 1 occurs twice"),
        ("CSP = 2000", "DPOR = 2000", "usage_growth has options that the track does not accept"),
        ("seats_from = 11", "seats_from = 301", "seats_to lies below seats_from"),
        ('key = "exchange"', 'key = "intune"', "workloads: 'intune' occurs twice"),
        ('number = 2\ntitle = "Exchange"', 'number = 1\ntitle = "Exchange"', "1 occurs twice"),
        ("net_customer_adds = 5\n", "", "track enterprise: value_for_max must name every metric"),
        (
            "valid_from = 2022-10-03",
            'valid_from = "soon"',
            "valid_from: Input should be a valid date",
        ),
        ('key = "smb"', 'kee = "smb"', "tracks.1.kee: Extra inputs are not permitted"),
        ('deployed_share = "0.4"', 'deployed_share = "40"', "deployed_share lies outside 0 to 1"),
        ('title = "Modern', "title = Modern", "not valid TOML"),
    ],
)
def test_faulty_file_is_refused_with_the_place(old: str, new: str, said: str) -> None:
    assert old in TEXT
    with pytest.raises(rule_sets.InvalidRuleSet) as caught:
        rule_sets.load(TEXT.replace(old, new, 1), name="x.toml")
    assert said in str(caught.value)
    assert str(caught.value).startswith("x.toml: ")


def test_sets_that_disagree_about_a_name_are_refused() -> None:
    one, other = rule_sets.all_sets()
    teams = dataclasses.replace(other.workloads["teams"], aliases=("Yammer",))
    clash = dataclasses.replace(other, workloads=dict(other.workloads) | {"teams": teams})
    with pytest.raises(rule_sets.InvalidRuleSet, match="'yammer' means 5, elsewhere 10"):
        rule_sets.merge_names([one, clash])


@pytest.fixture
def later_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The folder of rule sets with a third one: other caps, bands, names, in force from 2030."""
    for path in rule_sets.FOLDER.glob("*.toml"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    text = (tmp_path / "modern-work-2026.toml").read_text(encoding="utf-8")
    for old, new in (
        ('key = "modern-work-2026"', 'key = "modern-work-2030"'),
        ("valid_from = 2026-01-01", "valid_from = 2030-01-01"),
        ("seats_from = 11", "seats_from = 5"),
        ("net_customer_adds = 10", "net_customer_adds = 4"),
        ('deployed_share = "0.4"', 'deployed_share = "0.25"'),
        (
            "[[certifications]]",
            '[[workloads]]\nkey = "loop"\nnumber = 23\ntitle = "Loop"\n\n[[certifications]]',
        ),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    (tmp_path / "modern-work-2030.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(rule_sets, "FOLDER", tmp_path)
    caches = (rule_sets.all_sets, rule_sets.vocabulary, judging.prepare)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


@pytest.mark.django_db
def test_a_new_rule_set_needs_no_code(later_rules: None) -> None:
    lines = [
        f"{guid('A')},Loop,{month},8,{users},CPOR,2028-01-15"
        for month, users in (("2029-02", 1), ("2030-02", 2))
    ]
    header = "CustomerTenantId,WorkloadName,Month,PaidAvailableUnits,MonthlyActiveUsers"
    content = "\n".join([f"{header},PartnerAttributionType,DateAssociated", *lines])
    partner = PartnerFactory.create()
    with time_machine.travel("2030-03-25T12:00:00Z"):
        row = hand_in(partner, content.encode())
        score = scores.latest(partner)
    assert (row.state, score and score.rule_set) == ("done", "modern-work-2030")
    values = {
        (track.key, metric.key): (metric.value, metric.max, metric.best.value_for_max)
        for track in (score.tracks if score else ())
        for metric in track.metrics
    }
    assert values["smb", "usage_growth"] == (1, 30, 500)
    assert values["smb", "net_customer_adds"] == (0, 20, 4)
    assert values["smb", "deployments"] == (1, 25, 5)  # 2 of 8 seats, 1 of 8 a year before
