"""Every table that could name a person says why, for how long and who sees it."""

import pytest
from django.db import models

from partners.models import User
from partners.privacy import registry
from partners.privacy.registry import Basis, Held


def test_every_field_that_could_name_a_person_is_declared() -> None:
    assert list(registry.undeclared()) == []


def test_no_declaration_names_what_is_not_there() -> None:
    assert list(registry.faults()) == []


def test_a_way_to_a_person_that_nobody_declared_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = registry._held.copy()
    kept["partners.partnercontact"] = Held("partners.PartnerContact", "firms", names=("name",))
    del kept["cooperation.confirmation"]
    monkeypatch.setattr(registry, "_held", kept)
    assert set(registry.undeclared()) == {
        "partners.PartnerContact.email",
        "partners.PartnerContact.phone",
        "cooperation.Confirmation.by",
        "cooperation.Confirmation.point_key",
    }


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (models.ForeignKey(User, models.CASCADE), True),
        (models.EmailField(), True),
        (models.GenericIPAddressField(), True),
        (models.JSONField(), True),
        (models.TextField(), True),
        (models.CharField(name="phone_of_deputy"), True),
        (models.CharField(name="rule_set"), False),
        (models.DateField(name="person_since"), False),
    ],
)
def test_what_looks_personal(field: "models.Field[object, object]", expected: bool) -> None:
    assert registry.looks_personal(field) is expected


def test_a_table_is_declared_once() -> None:
    with pytest.raises(ValueError, match="declared twice"):
        registry.register([], [Held("partners.User", "account")])


def test_every_activity_has_a_basis_and_whole_sentences() -> None:
    for activity in registry.activities():
        assert activity.basis in Basis
        sentences = (
            activity.what,
            activity.purpose,
            activity.people,
            activity.seen_by,
            activity.kept,
        )
        assert all(str(sentence).endswith(".") for sentence in sentences), activity.key


def test_every_activity_has_tables() -> None:
    assert {each.activity for each in registry.held()} == {
        activity.key for activity in registry.activities()
    }
