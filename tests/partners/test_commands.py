"""Building a world from nothing on the command line."""

import io

import pytest
from django.core.management import CommandError, call_command

from partners.models import Membership, Partner, User


def run(*words: str) -> str:
    out = io.StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_create_partner_and_person() -> None:
    assert run("create_partner", "Firma Eins", "--slug", "eins") == "eins: Firma Eins\n"
    said = run(
        "create_person", "Ada@Eins.example", "--partner", "eins", "--role", "admin", "--may-sign"
    )

    membership = Membership.objects.get()
    assert (membership.partner.legal_name, membership.user.email) == (
        "Firma Eins",
        "ada@eins.example",
    )
    assert (membership.is_admin, membership.may_sign, membership.is_observer) == (True, True, False)
    password = said.strip().rpartition("password: ")[2]
    assert User.objects.get().check_password(password)


@pytest.mark.django_db
def test_a_second_role_goes_to_the_same_person() -> None:
    run("create_partner", "Eins", "--slug", "eins")
    for role in ("specialist", "project_lead"):
        run("create_person", "ada@eins.example", "--partner", "eins", "--role", role)

    membership = Membership.objects.get()
    assert (membership.is_specialist, membership.is_project_lead) == (True, True)
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_a_given_password_is_not_printed() -> None:
    run("create_partner", "Eins", "--slug", "eins")
    said = run(
        "create_person",
        *("ada@eins.example", "--partner", "eins", "--role", "observer"),
        *("--password", "sehr-geheim-123"),
    )
    assert "sehr-geheim-123" not in said
    assert User.objects.get().check_password("sehr-geheim-123")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("create_partner", "Zwei", "--slug", "eins"), "already exists"),
        (("create_partner", "Zwei", "--slug", "Zwei & mehr"), "slug"),
        (("create_person", "a@b.example", "--partner", "none", "--role", "admin"), "no partner"),
        (("create_person", "nonsense", "--partner", "eins", "--role", "admin"), "e-mail|email"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(words: tuple[str, ...], reason: str) -> None:
    run("create_partner", "Eins", "--slug", "eins")
    with pytest.raises(CommandError, match=f"(?i){reason}"):
        run(*words)
    assert Partner.objects.count() == 1
    assert not User.objects.exists()
