"""Who belongs to a firm: the verbs, and what they must never let happen."""

import threading

import pytest
from django.db import connection

from partners import people
from partners.models import Membership, Partner, User
from tests.factories import MembershipFactory, PartnerFactory, UserFactory, member

pytestmark = pytest.mark.django_db


@pytest.fixture
def firm() -> Partner:
    return PartnerFactory.create()


@pytest.fixture
def admin(firm: Partner) -> User:
    return member(firm, "admin", name="Ada")


def add(firm: Partner, by: User, **changes: object) -> Membership:
    wanted: dict[str, object] = {
        "email": "neu@firma.example",
        "name": "Nele Neu",
        "language": "en",
        "title": "Vertrieb",
        "rights": {"is_specialist": True},
    }
    return people.add(firm, by=by, **(wanted | changes))  # type: ignore[arg-type]


def rights(membership: Membership) -> set[str]:
    membership.refresh_from_db()
    return {right for right in people.RIGHTS if getattr(membership, right)}


def test_add_makes_an_account_without_password(firm: Partner, admin: User) -> None:
    membership = add(firm, admin, email=" Neu@Firma.Example ")

    user = membership.user
    assert (user.email, user.name, user.language) == ("neu@firma.example", "Nele Neu", "en")
    assert not user.has_usable_password()
    assert (membership.partner, membership.title) == (firm, "Vertrieb")
    assert rights(membership) == {"is_specialist"}


def test_add_leaves_an_existing_account_as_it_is(firm: Partner, admin: User) -> None:
    known = UserFactory.create(email="neu@firma.example", name="Nele Alt", language="de")
    password = known.password

    membership = add(firm, admin)

    known.refresh_from_db()
    assert membership.user == known
    assert (known.name, known.language, known.password) == ("Nele Alt", "de", password)


def test_add_takes_nobody_twice(firm: Partner, admin: User) -> None:
    add(firm, admin)
    with pytest.raises(people.NotPossible):
        add(firm, admin, name="Noch einmal")
    assert firm.memberships.count() == 2


def test_add_takes_somebody_back_who_had_left(firm: Partner, admin: User) -> None:
    first = add(firm, admin)
    people.leave(first.pk, by=admin)

    second = add(firm, admin)

    assert second.pk != first.pk
    assert second.user == first.user


def test_add_does_not_open_a_closed_account(firm: Partner, admin: User) -> None:
    UserFactory.create(email="neu@firma.example", is_active=False)
    with pytest.raises(people.NotPossible):
        add(firm, admin)
    assert firm.memberships.count() == 1


@pytest.mark.parametrize("traits", [("signer",), ("manager", "signer"), ("lead",), ("observer",)])
def test_only_an_admin_changes_people(firm: Partner, admin: User, traits: tuple[str, ...]) -> None:
    other = member(firm, *traits)
    target = MembershipFactory.create(partner=firm, specialist=True)

    with pytest.raises(people.NotPossible):
        add(firm, other)
    with pytest.raises(people.NotPossible):
        people.change(target.pk, title="", rights={"may_sign": True}, by=other)
    with pytest.raises(people.NotPossible):
        people.leave(target.pk, by=other)

    assert rights(target) == {"is_specialist"}
    assert target.left_at is None


def test_an_admin_of_another_firm_changes_nobody(firm: Partner, admin: User) -> None:
    stranger = member(PartnerFactory.create(), "admin")
    target = MembershipFactory.create(partner=firm, specialist=True)
    with pytest.raises(people.NotPossible):
        people.change(target.pk, title="", rights={"may_sign": True}, by=stranger)
    assert rights(target) == {"is_specialist"}


def test_change_sets_exactly_the_chosen_rights(firm: Partner, admin: User) -> None:
    target = MembershipFactory.create(partner=firm, specialist=True, lead=True)

    people.change(
        target.pk, title="Prokuristin", rights={"may_sign": True, "is_observer": True}, by=admin
    )

    assert rights(target) == {"may_sign", "is_observer"}
    assert target.title == "Prokuristin"


def test_nobody_locks_themselves_out(firm: Partner, admin: User) -> None:
    own = Membership.objects.get(user=admin)
    with pytest.raises(people.NotPossible):
        people.change(own.pk, title="", rights={"may_sign": True}, by=admin)
    with pytest.raises(people.NotPossible):
        people.leave(own.pk, by=admin)
    assert rights(own) == {"is_admin"}
    assert own.left_at is None


def test_an_admin_may_give_themselves_more(firm: Partner, admin: User) -> None:
    own = Membership.objects.get(user=admin)
    people.change(own.pk, title="", rights={"is_admin": True, "may_sign": True}, by=admin)
    assert rights(own) == {"is_admin", "may_sign"}


def test_leave_ends_the_membership_and_its_rights(firm: Partner, admin: User) -> None:
    target = MembershipFactory.create(partner=firm, admin=True)

    people.leave(target.pk, by=admin)

    assert Membership.objects.active().filter(partner=firm).count() == 1
    assert not Partner.objects.of(target.user).exists()
    with pytest.raises(people.NotPossible):
        people.leave(target.pk, by=admin)
    with pytest.raises(people.NotPossible):
        people.change(target.pk, title="", rights={"is_admin": True}, by=admin)


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_remove_each_other_leave_one() -> None:
    firm = PartnerFactory.create()
    one, two = (MembershipFactory.create(partner=firm, admin=True) for _ in range(2))
    together = threading.Barrier(2)
    refused: list[str] = []

    def remove(target: Membership, by: User) -> None:
        together.wait(timeout=10)
        try:
            people.leave(target.pk, by=by)
        except people.NotPossible as error:
            refused.append(str(error))
        finally:
            connection.close()

    threads = [
        threading.Thread(target=remove, args=(one, two.user)),
        threading.Thread(target=remove, args=(two, one.user)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert len(refused) == 1
    assert Membership.objects.active().filter(partner=firm, is_admin=True).count() == 1
