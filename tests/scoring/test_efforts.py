"""What a step costs a firm: its own word, or a guess to start from."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from partners.models import Partner, User
from scoring import efforts
from scoring.models import EffortWeights
from scoring.plan_forms import EffortForm
from scoring.planner import Weights
from tests.factories import PartnerFactory, member

pytestmark = pytest.mark.django_db
GIVEN = {"intermediate": "4", "advanced": "8.5", "tenant": "20", "user": "0.05", "claim": "0"}


@pytest.fixture
def firm() -> Partner:
    partner: Partner = PartnerFactory.create()
    return partner


def values(**given: str) -> dict[str, Decimal]:
    return {name: Decimal(value) for name, value in (GIVEN | given).items()}


def test_a_firm_that_said_nothing_has_the_defaults(firm: Partner) -> None:
    row = efforts.of(firm)
    assert row._state.adding
    assert efforts.weights(row) == Weights(500, 1000, 1500, 10, 100)
    assert not efforts.is_own(row)


def test_a_change_is_kept_with_who_made_it(firm: Partner) -> None:
    person = member(firm, "specialist")
    efforts.change(firm, values(), by=person)
    row = efforts.of(firm)
    assert efforts.weights(row) == Weights(400, 850, 2000, 5, 0)
    assert row.changed_by == person
    assert efforts.is_own(row)
    efforts.change(firm, efforts.defaults(), by=person)
    assert not efforts.is_own(efforts.of(firm))
    assert EffortWeights.objects.count() == 1


def test_another_firm_keeps_its_own(firm: Partner) -> None:
    efforts.change(firm, values(), by=member(firm, "admin"))
    assert efforts.weights(efforts.of(PartnerFactory.create())).tenant == 1500


def test_the_database_takes_no_negative_weight(firm: Partner) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        EffortWeights.objects.create(partner=firm, user=Decimal("-0.01"))


@pytest.mark.parametrize(
    "text",
    ["-1", "-0.01", "NaN", "Infinity", "1e9", "1000000.01", "0.001", "five", "", "1;2", "\x00"],
)
def test_bad_input_is_refused_with_a_reason(text: str) -> None:
    form = EffortForm(GIVEN | {"user": text})
    assert not form.is_valid()
    assert list(form.errors) == ["user"]


@pytest.mark.parametrize(
    ("language", "text", "value"),
    [
        ("de", "0,25", "0.25"),
        ("de", "0.25", "0.25"),
        ("de", "1500", "1500"),
        ("en", "0.25", "0.25"),
    ],
)
def test_a_weight_is_read_as_the_reader_writes_it(
    language: str, text: str, value: str, firm: Partner, sign_in: Callable[[User], Client]
) -> None:
    browser = sign_in(member(firm, "manager"))
    answer = browser.post(
        reverse("scoring:plan_efforts"),
        GIVEN | {"advanced": "8" if language == "de" else "8.5", "user": text},
        headers={"accept-language": language},
    )
    assert answer.status_code == 302, answer.content.decode()
    assert efforts.of(firm).user == Decimal(value)


def test_the_form_shows_no_idle_zeros(firm: Partner) -> None:
    form: Any = EffortForm.of(efforts.change(firm, values(), by=member(firm, "admin")))
    assert {name: str(value) for name, value in form.initial.items()} == GIVEN


def test_what_could_mean_two_numbers_is_not_guessed(
    firm: Partner, sign_in: Callable[[User], Client]
) -> None:
    browser = sign_in(member(firm, "manager"))
    answer = browser.post(
        reverse("scoring:plan_efforts"), GIVEN | {"advanced": "8", "tenant": "1.500"}
    )
    assert answer.status_code == 200
    assert not EffortWeights.objects.exists()
