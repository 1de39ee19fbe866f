"""The operator's room holds what running the portal needs, and no way into a firm."""

from collections.abc import Iterator
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.core import mail
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise

from config import health
from partners.models import FirmEvent, Membership, Partner, Registration, User
from support import guarding
from tests.factories import MembershipFactory, PartnerFactory, UserFactory, member
from tests.parsing import parsed

pytestmark = pytest.mark.django_db

# All that an operator finds, and nothing else: whoever adds a table here says why.
ROOM = {
    "cooperation.Notice",  # mails: states and errors
    "cooperation.RuleBook",  # loading a version; public texts
    "documents.Document",  # jobs: states and errors
    "documents.SealCertificate",  # public
    "partners.Partner",  # which firms there are; closing one
    "partners.Registration",  # letting firms in
    "partners.User",  # accounts; closing one
    "scoring.Incident",  # what the nightly check found
    "scoring.Notice",  # mails: states and errors
    "scoring.PartnerCenterImport",  # jobs: states and sorts of error
    "scoring.ScoringRun",  # jobs
}
ADDED_BY_HAND = {"cooperation.RuleBook"}
EN = {"accept-language": "en"}


@pytest.fixture
def operator() -> User:
    user: User = UserFactory.create(is_staff=True, is_superuser=True)
    return user


@pytest.fixture
def browser(operator: User) -> Client:
    client = Client(headers=EN)
    client.force_login(operator)
    return client


def registered() -> Iterator[tuple[str, type[Model], Any]]:
    for model, site_admin in admin.site._registry.items():
        yield model._meta.label, model, site_admin


def request_of(user: User) -> Any:
    request = RequestFactory().get("/")
    request.user = user
    return request


def test_room_holds_what_is_listed_here_and_nothing_else() -> None:
    assert {label for label, _model, _admin in registered()} == ROOM


def test_tables_of_other_packages_are_turned_away() -> None:
    """A second factor, an identity or an address that an operator could change lets them in."""
    before = dict(admin.site._registry)
    for label in ("account", "mfa", "socialaccount", "usersessions", "auth", "sessions"):
        for model in apps.get_app_config(label).get_models():
            admin.site.register(model)
    admin.site.register([Group])
    assert admin.site._registry == before


def test_nothing_is_added_changed_or_deleted_by_hand_but_rule_books(operator: User) -> None:
    request = request_of(operator)
    allowed = {
        (label, verb)
        for label, _model, site_admin in registered()
        for verb in ("add", "change", "delete")
        if getattr(site_admin, f"has_{verb}_permission")(request)
    }
    assert allowed == {(label, "add") for label in ADDED_BY_HAND}


def test_every_column_has_a_name_in_the_operators_language() -> None:
    untold = set()
    for label, model, site_admin in registered():
        fields = {field.name: field for field in model._meta.concrete_fields}
        for name in {*site_admin.list_display, *(site_admin.fields or ())} - {"id"}:
            field = fields.get(name)
            if field and not isinstance(field.verbose_name, Promise):
                untold.add(f"{label}.{name}")
    assert untold == set()


def test_no_row_of_evidence_is_in_the_room_but_documents_and_certificates(operator: User) -> None:
    tables = {guard.table for guard in guarding.registered()}
    shown = {model._meta.db_table for _label, model, _admin in registered()}
    assert tables & shown == {"documents_document", "documents_sealcertificate"}


def test_inlines_read_only_and_of_memberships_only(operator: User) -> None:
    request = request_of(operator)
    inlines = [
        (inline.model, inline)
        for _label, _model, site_admin in registered()
        for inline in site_admin.get_inline_instances(request)
    ]
    assert {model for model, _inline in inlines} == {Membership}
    for _model, inline in inlines:
        assert not inline.has_add_permission(request, None)
        assert not inline.has_change_permission(request)
        assert not inline.has_delete_permission(request)


def test_pages_open_and_hold_no_field_to_fill_in(browser: Client) -> None:
    people = [member(PartnerFactory.create(), "admin") for _number in range(2)]
    firm = Partner.objects.of(people[0]).get()
    for url in (
        reverse("admin:partners_partner_changelist"),
        reverse("admin:partners_partner_change", args=[firm.pk]),
        reverse("admin:partners_user_change", args=[people[0].pk]),
    ):
        page = parsed(browser.get(url).content)
        assert page.select("h1")
        forms = "#content form:not(#changelist-search)"
        fields = page.select(f"{forms} :is(input:not([type=hidden]), select, textarea)")
        assert {str(field.get("name")) for field in fields} <= {
            "action",
            "_selected_action",
            "None",  # the box that selects all rows
        }


@pytest.mark.parametrize(
    ("name", "method"),
    [("change", "post"), ("delete", "get"), ("delete", "post")],
)
def test_operator_makes_nobody_a_member_admin_or_signer(
    name: str, method: str, browser: Client, operator: User
) -> None:
    person = member(PartnerFactory.create(), "admin")
    firm = Partner.objects.of(person).get()
    place = Membership.objects.get()
    given = {
        "name": "Andere",
        "is_active": "on",
        "is_staff": "on",
        "is_superuser": "on",
        "password": "x",
        "memberships-TOTAL_FORMS": "2",
        "memberships-INITIAL_FORMS": "1",
        "memberships-0-id": str(place.pk),
        "memberships-0-partner": str(firm.pk),
        "memberships-0-may_sign": "on",
        "memberships-1-partner": str(firm.pk),
        "memberships-1-user": str(operator.pk),
        "memberships-1-is_admin": "on",
        "memberships-1-may_sign": "on",
        "post": "yes",
    }
    before = [list(model.objects.values()) for model in (Membership, Partner, User)]
    for row, label in ((firm, "partner"), (person, "user")):
        url = reverse(f"admin:partners_{label}_{name}", args=[row.pk])
        assert getattr(browser, method)(url, given).status_code == 403
    assert [list(model.objects.values()) for model in (Membership, Partner, User)] == before
    for label in ("partner", "user"):
        assert browser.post(reverse(f"admin:partners_{label}_add"), given).status_code == 403


def test_no_page_sets_a_password_or_acts_as_somebody(browser: Client) -> None:
    person = UserFactory.create()
    for name in ("password_change", "password_change_done", "auth_user_password_change"):
        with pytest.raises(NoReverseMatch):
            reverse(f"admin:{name}")
    for tail in ("password/", "change/password/", "login/", "hijack/"):
        answer = browser.get(f"/betrieb/partners/user/{person.pk}/{tail}", follow=True)
        assert answer.redirect_chain[-1][0] == "/betrieb/"  # an id that Django does not know
    assert browser.get("/betrieb/password_change/").status_code == 404


def act(browser: Client, label: str, action: str, *rows: Any) -> BeautifulSoup:
    answer = browser.post(
        reverse(f"admin:partners_{label}_changelist"),
        {"action": action, "_selected_action": [str(row.pk) for row in rows]},
        follow=True,
    )
    assert answer.status_code == 200
    return parsed(answer.content)


def test_account_is_closed_and_opened_and_both_are_on_record(
    browser: Client, operator: User
) -> None:
    person = member(PartnerFactory.create(), "observer", name="Jana Brückner")
    MembershipFactory.create(user=person)
    own = Client()
    own.force_login(person)
    assert own.get("/partner/firma/").status_code == 200

    act(browser, "user", "close", person)

    assert own.get("/partner/firma/").status_code == 302
    events = FirmEvent.objects.filter(kind="account_closed")
    assert [(event.by, event.about) for event in events] == [(operator, person)] * 2
    assert LogEntry.objects.get().object_id == str(person.pk)
    act(browser, "user", "close", person)
    assert LogEntry.objects.count() == 1  # so it was already
    act(browser, "user", "reopen", person)
    assert User.objects.get(pk=person.pk).is_active
    assert FirmEvent.objects.filter(kind="account_reopened").count() == 2
    assert LogEntry.objects.count() == 2


def test_operator_does_not_close_their_own_account(browser: Client, operator: User) -> None:
    page = act(browser, "user", "close", operator)
    assert "You cannot close your own account." in page.text
    assert User.objects.get(pk=operator.pk).is_active


def test_firm_is_closed_and_opened_and_both_are_on_record(browser: Client, operator: User) -> None:
    firm = PartnerFactory.create()
    act(browser, "partner", "deactivate", firm)
    assert not Partner.objects.get().is_active
    act(browser, "partner", "activate", firm)
    assert Partner.objects.get().is_active
    kinds = FirmEvent.objects.order_by("seq").values_list("kind", "by")
    assert list(kinds) == [("firm_deactivated", operator.pk), ("firm_activated", operator.pk)]
    assert LogEntry.objects.count() == 2


def waiting() -> Registration:
    return Registration.objects.create(
        name="Neue IT",
        legal_name="Neue IT GmbH",
        website="https://neue-it.example",
        domain="neue-it.example",
        email="chefin@neue-it.example",
        person_name="Nora Neu",
        password="!x",
    )


def test_registration_is_let_in_once(browser: Client, operator: User) -> None:
    row = waiting()
    act(browser, "registration", "approve", row)
    firm = Partner.objects.get()
    assert (firm.name, firm.domain) == ("Neue IT", "neue-it.example")
    assert not Membership.objects.filter(user=operator).exists()
    assert [sent.to for sent in mail.outbox] == [["chefin@neue-it.example"]]
    page = act(browser, "registration", "refuse", row)
    assert "This registration was decided already." in page.text
    assert (len(mail.outbox), LogEntry.objects.count()) == (1, 1)


def test_registration_is_refused(browser: Client) -> None:
    row = waiting()
    act(browser, "registration", "refuse", row)
    row.refresh_from_db()
    assert (row.state, row.email) == ("refused", "")
    assert not Partner.objects.exists()
    assert [sent.to for sent in mail.outbox] == [["chefin@neue-it.example"]]


def test_staff_without_the_right_see_and_do_nothing() -> None:
    looker = UserFactory.create(is_staff=True)
    client = Client()
    client.force_login(looker)
    for label, model, _admin in registered():
        url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        assert client.get(url).status_code == 403, label
    page = parsed(client.get(reverse("admin:index")).content)
    assert len(page.select("#health tr")) == len(health.MEASURES)
    assert page.select("#health a") == []  # numbers for all, a way only where it leads somewhere


def test_first_page_tells_the_health_in_numbers(
    browser: Client, django_assert_num_queries: Any
) -> None:
    waiting()
    page = parsed(browser.get(reverse("admin:index")).content)
    rows = page.select("#health tr")
    assert len(rows) == len(health.MEASURES)
    assert rows[0].text.split() == "Firms that wait for approval 1 – please look".split()
    with django_assert_num_queries(len(health.MEASURES)):
        lines = health.lines(lambda _model: True)
    assert all(line.url for line in lines)
    for line in lines:
        assert browser.get(line.url).status_code == 200
