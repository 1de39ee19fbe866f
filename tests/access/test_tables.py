"""The tables themselves: complete, and sensible without asking anybody."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from tests.access.addresses import addresses
from tests.access.tables import Row, read_all

TABLE = read_all()
# What answers people who are not signed in, and why. Everything else sends them to the sign-in.
PUBLIC = {
    "the portal presents itself": {
        "public",
        "set_language",
        "cooperation:kodex",
        "cooperation:blank_checklist",
        "cooperation:blank_checklist_status",
        "cooperation:rule_book",
        "cooperation:rule_book_checklist",
        "cooperation:rule_book_checklist_status",
    },
    "whoever holds a document may check it": {
        "documents:check",
        "documents:check_code",
        "documents:roots",
    },
    "the way in": {
        "account_inactive",
        "account_login",
        "account_logout",
        "account_reset_password",
        "account_reset_password_done",
        "account_reset_password_from_key",
        "account_reset_password_from_key_done",
        "openid_connect_callback",
        "openid_connect_login",
    },
    "data protection": {
        "partners:named_contact",
        "partners:privacy",
        "partners:processing",
    },
    "an invitation, a registration": {
        "partners:invitation",
        "partners:invitation_accept",
        "partners:invitation_begin",
        "partners:invitation_code",
        "partners:invitation_link",
        "partners:register",
        "partners:register_code",
        "partners:registered",
        "cooperation:outside",
        "cooperation:outside_accept",
        "cooperation:outside_link",
    },
    "keys and the description of the interface": {"api:description", "api:openapi"},
}
# The steps of a sign-in that has begun: without one they lead to its beginning.
ON_THE_WAY = {
    "account_confirm_login_code",
    "account_email_verification_sent",
    "mfa_authenticate",
    "mfa_login_webauthn",
}
# Everybody who is no member of a firm that takes part in the projects, or was one.
OUTSIDE = ("st", "dc", "fo", "ne", "lo", "op")


def with_id(row: Row) -> bool:
    kinds = addresses()[row.name].pattern.converters.values()
    return any(type(kind).__name__ == "UUIDConverter" for kind in kinds)


def test_rows_are_of_addresses_that_there_are() -> None:
    assert {row.name for row in TABLE.values()} - {*addresses()} == set()


def test_who_is_not_signed_in_gets_to_what_is_listed_here() -> None:
    listed = {name for names in PUBLIC.values() for name in names}
    answered = {
        row.name
        for row in TABLE.values()
        if row.by_role["xx"] != "in" and not row.name.startswith("api:v1:")
    }
    assert answered == listed


def test_views_open_themselves_only_where_it_is_listed() -> None:
    """The same, read from the views: nothing but the sign-in middleware closes the others."""
    listed = {name for names in PUBLIC.values() for name in names}
    opened = {
        name
        for name, pattern in addresses().items()
        if not opens_with_sign_in(pattern) and not name.startswith("api:v1:")
    }
    assert opened == listed | ON_THE_WAY


def opens_with_sign_in(pattern: URLPattern) -> bool:
    return bool(getattr(pattern.callback, "login_required", True))


def test_the_mark_of_open_views_is_the_one_that_is_read_here() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    assert not opens_with_sign_in(path("", login_not_required(view)))


def test_rows_of_a_firm_do_not_exist_for_people_outside() -> None:
    """404, or 403 where roles are looked at before any row is."""
    visible_to_all = {"partners:firm_detail", "scoring:disclosure"}  # the directory
    for_operators = {"partners:support_begin"}
    told = {
        (row.method, row.name, who): row.by_role[who]
        for row in TABLE.values()
        if with_id(row)
        and row.name not in visible_to_all | for_operators
        and not row.name.startswith("api:v1:")
        for who in OUTSIDE
        if row.by_role[who] not in {"--", "no"}
    }
    assert told == {}


def test_observers_change_nothing_but_what_is_their_own() -> None:
    own = {
        "cooperation:comment_remove",  # of one's own comments
        "cooperation:log_export",
        "cooperation:document_retry",  # asks for a PDF once more
        "cooperation:first_round_pdf_retry",
        "partners:switch",
        "partners:account",
        "partners:erase_me",
        "partners:my_data_export",
        "partners:passkey_challenge",
        "scoring:reminders_switch",
        "scoring:report_subscribe",  # to oneself
    }
    public = {name for names in PUBLIC.values() for name in names}
    allowed = {
        row.name
        for row in TABLE.values()
        if row.method == "POST"
        and row.name.split(":")[0] in {"cooperation", "scoring", "partners", "api"}
        and row.name not in public
        and not row.name.startswith("api:v1:")
        and row.by_role["ob"] not in {"--", "no"}
    }
    assert allowed == own


def test_who_reads_as_support_reads_no_more_than_an_observer_and_does_nothing() -> None:
    own = {"partners:support_desk", "partners:support_stop", "partners:support_begin"}
    rows = [
        row
        for row in TABLE.values()
        if row.name.split(":")[0] in {"cooperation", "scoring", "partners", "api"}
        and row.by_role["xx"] == "in"
        and row.name not in own
    ]
    reading = {row.name for row in rows if row.method == "GET"}
    assert len(reading) > 50
    assert [
        row.name
        for row in rows
        if row.by_role["su"] != (row.by_role["ob"] if row.method == "GET" else "no")
    ] == []


def test_roles_in_another_firm_are_worth_nothing_in_this_one() -> None:
    """Rows of the own firm: its observer gets the same as the one who rules another firm, too."""
    rows = [
        row
        for row in TABLE.values()
        if with_id(row) and row.name.split(":")[0] in {"cooperation", "scoring", "partners"}
    ]
    different = {row.name for row in rows if row.by_role["tw"] != row.by_role["ob"]}
    assert different == {"scoring:disclosure"}  # a form of the firm that one acts for
