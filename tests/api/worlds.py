"""Three firms with a project, a stranger with everything of its own, and how programs ask."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

from django.test import Client

from api import keys
from api.models import ApiKey
from cooperation.models import AgreementVersion
from documents import jobs
from partners.models import Partner, User
from scoring import history
from scoring.models import Score
from scoring.people import Certificate
from tests import blank
from tests.cooperation.pairing import all_settled, paired, settle, signed
from tests.cooperation.worlds import World, another
from tests.factories import member
from tests.scoring.stage import OLD, stored_score
from tests.scoring.worlds import Row


def key_of(partner: Partner, by: User | None = None, days: int = 90) -> tuple[ApiKey, str]:
    """A key of the firm, made by an admin of it."""
    admin = by or member(partner, "admin")
    return keys.make(uuid4(), partner, name="Auswertung", days=days, by=admin)


def ask(token: str, path: str, language: str = "en", **parameters: Any) -> Any:
    """The answer to a program; without ``token`` to one that has no key."""
    headers = {"accept-language": language}
    if token:
        headers["authorization"] = f"Bearer {token}"
    return Client().get(f"/api/v1/{path}", parameters, headers=headers)


def scored(partner: Partner, word: str) -> Score:
    """A score whose tenants and people have names that begin with ``word``."""
    rows = [
        Row(f"{word}-Kunde {n}", usage={"2024-02": (9, 2), "2025-02": (50, 25)}, begins_on=OLD)
        for n in range(2)
    ]
    people = [
        Certificate(
            f"mcp:{word}", f"{word} Ohm", "", "MS-102", date(2024, 1, 31), date(2026, 1, 31)
        ),
        Certificate(
            f"mcp:{word}", f"{word} Ohm", "", "MS-700", date(2024, 1, 31), date(2026, 1, 31)
        ),
    ]
    score = stored_score(partner, rows, people)
    history.refresh(partner.portfolio.pk)
    return score


def with_pdfs(version: AgreementVersion) -> AgreementVersion:
    for link in version.documents.all():
        jobs.build(link.document_id, blank.pdf)
    return version


@dataclass
class Stage:
    """``firms``: three of one project and of a signed one; ``stranger``: not in it."""

    project: World
    version: AgreementVersion
    scores: list[Score]  # of the three firms
    stranger: World
    stranger_version: AgreementVersion
    stranger_score: Score

    @property
    def firms(self) -> list[Partner]:
        return self.project.firms


# What only the first two firms know of each other, and what only one firm knows.
PAIR = ("Zimtstern", "987654")
ALONE = ("Anisplatz", "Lebkuchen", "Spekulatius")  # of the first, second, third firm
STRANGE = "Marzipan"


def stage() -> Stage:
    project = paired()
    settle(project, 0, 1, "987654.32", PAIR[0])
    second = another(project)
    second.fill()
    second.propose(0, "commercial_model", "day_rates")
    for number in (1, 2):
        second.confirm(number, "commercial_model")
    settle(second, 0, 1, "987654.32", PAIR[0])
    for one, other in ((0, 2), (1, 2)):
        settle(second, one, other, "5")
    version = with_pdfs(signed(second))
    scores = []
    for firm, word in zip(project.firms, ALONE, strict=True):
        member(firm, "specialist", name=f"{word} Stumm", email=f"{word.lower()}@firma.example")
        scores.append(scored(firm, word))
    stranger = all_settled()
    other_project = stranger.agreement.project
    other_project.name = f"{STRANGE}-Projekt"
    other_project.customer_name = f"{STRANGE}-Werke"
    other_project.description = f"Mit {STRANGE}"
    other_project.save(update_fields=["name", "customer_name", "description"])
    for person in stranger.people:
        person.name, person.email = f"{STRANGE} Person", f"{STRANGE.lower()}-{person.email}"
        person.save(update_fields=["name", "email"])
    stranger.agreement.refresh_from_db()
    return Stage(
        project,
        version,
        scores,
        stranger,
        with_pdfs(signed(stranger)),
        scored(stranger.firms[0], STRANGE),
    )
