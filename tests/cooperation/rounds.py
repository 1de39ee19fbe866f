"""First rounds in the states that the tests need, made by the verbs."""

from dataclasses import dataclass
from typing import Any

from cooperation import blind, first_rounds, projects
from cooperation.first_round import Agenda
from cooperation.models import Agreement, BlindAnswer, BlindRound, Participation
from partners.models import Partner, User
from tests.cooperation.worlds import World, world
from tests.factories import PartnerFactory, member

GOAL, LEAD, OWN = "shared_goal", "customer_lead", "contributions"


@dataclass
class Game:
    """A first round and its firms; ``firm`` counts from 0 as in ``worlds``."""

    world: World

    @property
    def agreement(self) -> Agreement:
        return self.world.agreement

    @property
    def round(self) -> BlindRound:
        return BlindRound.objects.select_related("agreement__project").get(agreement=self.agreement)

    @property
    def agenda(self) -> Agenda:
        return first_rounds.agenda(self.round)

    def revision(self, firm: int, key: str) -> int:
        said = first_rounds.replies(self.agreement, self.world.firms[firm])
        return said[key].revision if key in said else 0

    def say(self, firm: int, key: str, value: Any, revision: int | None = None) -> BlindAnswer:
        if revision is None:
            revision = self.revision(firm, key)
        return blind.save(
            self.agreement.pk, key, value, revision=revision, **self.world.acting(firm)
        )

    def skip(self, firm: int, key: str, note: str = "") -> BlindAnswer:
        return blind.mark_not_applicable(
            self.agreement.pk,
            key,
            revision=self.revision(firm, key),
            note=note,
            **self.world.acting(firm),
        )

    def hand_in(self, *firms: int) -> BlindRound:
        for firm in firms:
            blind.hand_in(self.agreement.pk, **self.world.acting(firm))
        return self.round

    def take_back(self, firm: int) -> BlindRound:
        return blind.take_back(self.agreement.pk, **self.world.acting(firm))

    def wish(self, *firms: int) -> BlindRound:
        for firm in firms:
            blind.wish_to_close(self.agreement.pk, **self.world.acting(firm))
        return self.round

    def invite(self) -> tuple[Participation, User]:
        """One more firm, invited, and a person of it who may answer."""
        firm = PartnerFactory.create()
        person = member(firm, "manager", "signer")
        place = projects.invite(self.agreement.pk, firm, **self.world.acting(0))
        return place, person

    def join(self) -> int:
        """One more firm that takes part; its number."""
        place, person = self.invite()
        projects.accept(place.pk, by=person)
        self.world.firms.append(place.partner)
        self.world.people.append(person)
        return len(self.world.firms) - 1

    def play(self) -> BlindRound:
        """Two firms or more: one point alike, one different, one each for itself; opened."""
        firms = range(len(self.world.firms))
        for firm in firms:
            self.say(firm, GOAL, "Ein schneller Start")
            self.say(firm, LEAD, str(self.world.firms[firm].pk))
            self.say(firm, OWN, f"Was Firma {firm} kann")
        return self.hand_in(*firms)


def game(firms: int = 2, **fields: Any) -> Game:
    """A first round that has just begun."""
    begun = Game(world(firms, **fields))
    blind.open_round(begun.agreement.pk, **begun.world.acting(0))
    return begun


def outsider() -> tuple[Partner, User]:
    """A firm of another project, and a person who may do everything in it."""
    firm = PartnerFactory.create()
    return firm, member(firm, "admin", "manager", "lead", "signer")
