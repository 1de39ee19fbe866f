"""The archive of a firm as a job: ordered once, handed to its admins, gone after a week."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from partners.models import (
    FirmExport,
    User,
)
from partners.people import NotPossible
from partners.privacy import (
    archive_jobs,
    retention,
)
from tests.factories import PartnerFactory, member

pytestmark = pytest.mark.django_db


def rule(key: str) -> retention.Rule:
    return next(each for each in retention.rules() if each.key == key)


def test_an_export_is_made_once_logged_and_gone_after_seven_days() -> None:
    firm = PartnerFactory.create()
    admin = member(firm, "admin")
    export = archive_jobs.order(firm, by=admin)
    assert archive_jobs.order(firm, by=admin) == export  # two people press at once
    assert firm.events.filter(kind="data_exported").count() == 1
    assert archive_jobs.build(export.pk) is True
    assert archive_jobs.build(export.pk) is False
    export.refresh_from_db()
    assert export.expires_at is not None
    assert export.finished_at is not None
    assert export.expires_at - export.finished_at == timedelta(days=7)
    due = rule("export_files").due
    assert due(export.expires_at - timedelta(seconds=1)).count() == 0
    assert due(export.expires_at).count() == 1
    name = export.file.name
    with transaction.atomic():
        assert archive_jobs.expire(export.pk) is True
    export.refresh_from_db()
    assert (export.state, bool(export.file)) == (FirmExport.State.EXPIRED, False)
    assert name


def test_only_an_admin_orders_an_export() -> None:
    firm = PartnerFactory.create()
    user = member(firm, "manager")
    with pytest.raises(NotPossible):
        archive_jobs.order(firm, by=user)
    assert not FirmExport.objects.exists()


def test_an_export_whose_time_is_over_is_not_handed_out(sign_in: Callable[[User], Client]) -> None:
    firm = PartnerFactory.create()
    browser = sign_in(member(firm, "admin"))
    export = FirmExport(
        partner=firm, state="ready", size=1, expires_at=timezone.now() + timedelta(1)
    )
    export.file.save("x.zip", ContentFile(b"x"))
    url = reverse("partners:export_download", args=[export.pk])
    assert b"".join(browser.get(url)) == b"x"
    FirmExport.objects.update(expires_at=timezone.now())
    assert browser.get(url).status_code == 404


def test_a_firm_has_one_export_at_a_time_in_the_database() -> None:
    firm = PartnerFactory.create()
    FirmExport.objects.create(partner=firm)
    with pytest.raises(IntegrityError), transaction.atomic():
        FirmExport.objects.create(partner=firm)


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_of_exports_asks_as_much_for_three(
    count: int, sign_in: Callable[[User], Client], django_assert_num_queries: Any
) -> None:
    firm = PartnerFactory.create()
    admin = member(firm, "admin")
    for _n in range(count):
        FirmExport.objects.create(partner=firm, requested_by=admin, state="failed")
    browser = sign_in(admin)
    browser.get(reverse("partners:exports"))
    with django_assert_num_queries(QUERIES):
        page = browser.get(reverse("partners:exports"))
    assert page.content.decode().count('id="export-') == count


QUERIES = 7  # session, user, memberships, firm, admin, exports, people who left
