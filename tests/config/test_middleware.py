"""What happens around every view."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from partners.models import User
from tests.cooperation.worlds import world
from tests.factories import PartnerFactory, member

pytestmark = pytest.mark.django_db


def test_the_target_of_a_form_leads_back_to_its_page(sign_in: Callable[[User], Client]) -> None:
    two = world()
    version = two.freeze()
    browser = sign_in(two.people[0])
    page = reverse("cooperation:version", args=[version.pk])

    for name in ("sign", "decline", "withdraw"):
        answer = browser.get(reverse(f"cooperation:{name}", args=[version.pk]))
        assert (answer.status_code, answer["Location"]) == (302, page)
    talk = reverse("cooperation:talk_resolve", args=[two.agreement.pk, version.pk])
    answer = browser.get(talk)
    assert answer["Location"] == reverse("cooperation:agreement_detail", args=[two.agreement.pk])
    assert browser.get(reverse("scoring:import_upload"))["Location"] == reverse("scoring:imports")


def test_the_language_can_be_changed_on_a_form_with_a_mistake(
    sign_in: Callable[[User], Client],
) -> None:
    two = world()
    version = two.freeze()
    browser = sign_in(two.people[0])
    target = reverse("cooperation:sign", args=[version.pk])
    assert browser.post(target, {}).status_code == 422

    answer = browser.post(reverse("set_language"), {"language": "en", "next": target}, follow=True)

    assert answer.status_code == 200
    assert answer.request["PATH_INFO"] == reverse("cooperation:version", args=[version.pk])
    assert b'<html lang="en"' in answer.content


def test_an_expired_session_leads_the_whole_page_to_the_sign_in() -> None:
    answer = Client().get(
        reverse("cooperation:project_list"),
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/projekte/?x=1"},
    )
    assert answer.status_code == 200
    assert answer["HX-Redirect"] == "/konto/anmelden/?next=/projekte/%3Fx%3D1"


@pytest.mark.parametrize("page", ["/konto/anmelden/", "/designation/daten/neu/"])
def test_a_huge_body_of_a_stranger_is_refused_unread(page: str) -> None:
    class Unread(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise AssertionError("the body was read")

    body: Any = {"CONTENT_LENGTH": str(150 * 1024**2), "wsgi.input": Unread()}
    answer = Client(enforce_csrf_checks=True).generic("POST", page, **body)
    assert answer.status_code == 400
    assert "Das konnten wir nicht lesen" in answer.content.decode()


def test_a_member_may_send_a_large_export(sign_in: Callable[[User], Client]) -> None:
    browser = sign_in(member(PartnerFactory.create(), "manager"))
    upload = SimpleUploadedFile("usage.csv", b"x" * (6 * 1024**2))
    target = reverse("scoring:import_upload")
    assert browser.post(target, {"files": upload, "kind": "auto"}).status_code in {200, 302}
    too_much = {"text": SimpleUploadedFile("x.txt", b"x" * (6 * 1024**2))}
    assert browser.post(reverse("cooperation:project_create"), too_much).status_code == 400


def test_security_headers_are_on_every_page(sign_in: Callable[[User], Client]) -> None:
    browser = sign_in(member(PartnerFactory.create(), "manager"))
    for page in ("/?kodex", "/konto/anmelden/", "/start/", "/projekte/", "/gibt-es-nicht/"):
        headers = browser.get(page).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
