"""The demo tells its story on any day: four firms, four projects, four standings."""

import io
from datetime import date

import pytest
import time_machine
from django.core.management import CommandError, call_command

from config.demo.firms import FIRMS, PASSWORD
from cooperation.models import (
    Agreement,
    BlindRound,
    Comment,
    Dispute,
    Participation,
    SignatureSlot,
    TalkRequest,
)
from documents import rendering
from documents.models import Document
from partners.models import Partner, User
from scoring import scores
from scoring.models import Score
from tests import blank


@pytest.fixture
def quick_pdfs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything but the typesetting, which has tests of its own."""
    monkeypatch.setattr(rendering, "html_to_pdf", blank.instead_of_html)


def load() -> str:
    out = io.StringIO()
    call_command("load_rule_book", "--write", stdout=out)
    call_command("load_demo", stdout=out)
    return out.getvalue()


def standing(slug: str) -> Score | None:
    return scores.latest(Partner.objects.get(slug=slug))


@pytest.mark.django_db
@pytest.mark.parametrize("day", [date(2026, 11, 21), date(2027, 3, 1), date(2027, 8, 31)])
def test_the_story_is_the_same_on_any_day(quick_pdfs: None, day: date) -> None:
    with time_machine.travel(day):
        said = load()

    assert PASSWORD in said
    assert all(person.email in said for firm in FIRMS for person in firm.people)

    totals = {slug: standing(slug) for slug in ("brueckner", "lindenhof", "isarwerk")}
    points = {
        slug: {track.key: float(track.total) for track in score.tracks} if score else {}
        for slug, score in totals.items()
    }
    assert {slug: score.designated for slug, score in totals.items() if score} == {
        "brueckner": False,
        "lindenhof": True,
        "isarwerk": False,
    }
    assert 65 <= points["brueckner"]["smb"] < 70
    assert points["isarwerk"]["smb"] == 80
    assert standing("foerdeblick") is None

    statuses = dict(Agreement.objects.values_list("project__name", "status"))
    assert statuses == {
        "Moderner Arbeitsplatz für die Stadtwerke": "in_force",
        "Teams, das benutzt wird": "signing",
        "Copilot in der Konstruktion": "draft",
        "Sicheres Arbeiten in der Tagespflege": "draft",
        "Erster Umzug in die Cloud": "draft",
    }
    call_command("verify_trail", stdout=io.StringIO())  # told with the clock moved, and yet whole
    for agreement in Agreement.objects.all():
        told = list(agreement.events.order_by("seq").values_list("at", flat=True))
        assert told == sorted(told)
        assert agreement.created_at <= told[0]
    assert BlindRound.objects.get().state == "open"
    assert Dispute.objects.get().state == "open"
    assert Comment.objects.count() == 2
    waiting = SignatureSlot.objects.get(completed_at=None)
    assert waiting.partner.slug == "brueckner"
    talks = TalkRequest.objects.filter(resolved_at=None)
    assert sorted(talks.values_list("point_key", flat=True)) == ["overrun_costs", "publicity"]
    invitation = Participation.objects.get(state="invited")
    assert (invitation.partner.slug, invitation.invited_by_partner.slug) == (
        "brueckner",
        "foerdeblick",
    )
    assert not Document.objects.exclude(state="ready").exists()


@pytest.mark.django_db
def test_loading_twice_changes_nothing(quick_pdfs: None) -> None:
    load()
    before = (User.objects.count(), Agreement.objects.count(), Score.objects.count())

    assert "loaded already" in load()
    assert (User.objects.count(), Agreement.objects.count(), Score.objects.count()) == before


@pytest.mark.django_db
def test_demo_people_never_come_into_production(settings: object) -> None:
    settings.PRODUCTION = True  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match="not in production"):
        call_command("load_demo")
    assert not User.objects.exists()
