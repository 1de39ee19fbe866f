"""What the operator sees of documents, and the one thing there is to do."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from celery import current_app
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from documents import jobs, sealing
from documents.models import Document, SealCertificate
from documents.rendering import html_to_pdf
from partners.models import User
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
PAGE = '<html lang="de"><head><title>Probe</title></head><body><h1>Probe</h1></body></html>'
LIST = "admin:documents_document_changelist"


@pytest.fixture
def operator(sign_in: Callable[[User], Client]) -> Client:
    return sign_in(UserFactory.create(is_staff=True, is_superuser=True))


def order() -> Document:
    return jobs.create(
        kind="agreement",
        task="documents.tasks.sweep",
        language="de",
        title="Geheime Werft",
        by=None,
        seal=True,
    )


def waiting(monkeypatch: pytest.MonkeyPatch) -> Document:
    """One whose timestamp could not be had."""

    def refuse(_pdf: bytes) -> Any:
        raise sealing.NoTimestamp("the authority is away")

    document = order()
    with monkeypatch.context() as patch:
        patch.setattr(sealing, "seal", refuse)
        assert jobs.build(document.pk, lambda _: b"%PDF-1.7") is False
    document.refresh_from_db()
    return document


def ready() -> Document:
    document = order()
    assert jobs.build(document.pk, lambda _: html_to_pdf(PAGE))
    return document


def rows(page: Any) -> int:
    return len(BeautifulSoup(page.content, "html.parser").select("#result_list tbody tr"))


def test_the_list_is_filtered_by_what_is_wrong(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting(monkeypatch)
    ready()
    order()
    found = {
        query: rows(operator.get(reverse(LIST), dict([query.split("=")])))
        for query in ("state__exact=ready", "step__exact=timestamp", "seal=missing", "seal=B-B")
    }
    assert found == {
        "state__exact=ready": 1,
        "step__exact=timestamp": 1,
        "seal=missing": 2,
        "seal=B-B": 1,
    }


def test_the_operator_reads_states_and_errors_and_no_content(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = waiting(monkeypatch)
    for url in (
        reverse(LIST),
        reverse("admin:documents_document_change", args=[document.pk]),
    ):
        page = operator.get(url)
        assert page.status_code == 200
        assert "Geheime Werft" not in page.content.decode()
    assert "NoTimestamp: the authority is away" in page.content.decode()


def test_nothing_can_be_written(operator: Client) -> None:
    document = ready()
    [certificate] = SealCertificate.objects.all()
    for model, pk in (("document", document.pk), ("sealcertificate", certificate.pk)):
        for verb, arguments in (("change", [pk]), ("delete", [pk]), ("add", [])):
            url = reverse(f"admin:documents_{model}_{verb}", args=arguments)
            assert operator.post(url, {"state": "failed"}).status_code == 403, (model, verb)
    page = operator.get(reverse("admin:documents_sealcertificate_changelist"))
    assert certificate.sha256 in page.content.decode()


def test_what_waits_is_tried_at_once(
    operator: Client,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(current_app, "send_task", lambda _name, args: sent.extend(args))
    waits, done, new = waiting(monkeypatch), ready(), order()
    assert waits.not_before is not None
    assert waits.not_before > timezone.now() + timedelta(seconds=10)

    chosen = [str(each.pk) for each in (waits, done, new)]
    with django_capture_on_commit_callbacks(execute=True):
        answer = operator.post(reverse(LIST), {"action": "hurry", "_selected_action": chosen})

    assert answer.status_code == 302
    assert sent == [str(waits.pk)]
    assert Document.objects.get(pk=waits.pk).not_before is None
    assert jobs.build(waits.pk, lambda _: html_to_pdf(PAGE)) is True


def test_who_may_only_look_cannot_hurry(
    sign_in: Callable[[User], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.contrib.auth.models import Permission

    looker = UserFactory.create(is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_document"))
    document = waiting(monkeypatch)
    browser = sign_in(looker)
    assert browser.get(reverse(LIST)).status_code == 200
    browser.post(reverse(LIST), {"action": "hurry", "_selected_action": [str(document.pk)]})
    document.refresh_from_db()
    assert document.not_before is not None
