"""What everybody may read about data and their purposes."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from partners.privacy import (
    registry,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_public_pages_name_every_activity(language: str, soup: Callable[[Any], Any]) -> None:
    browser = Client(headers={"accept-language": language})
    page = soup(browser.get(reverse("partners:processing")))
    with translation.override(language):
        titles = [str(activity.title) for activity in registry.activities()]
    assert [each.text for each in page.select("h2[id^=activity-]")] == titles
    privacy = browser.get(reverse("partners:privacy"))
    assert reverse("partners:processing") in privacy.content.decode()


def test_the_operator_is_named_where_it_was_set(settings: Any) -> None:
    settings.OPERATOR_NAME = "Betreiber <GmbH>"
    page = Client().get(reverse("partners:privacy")).content.decode()
    assert "Betreiber &lt;GmbH&gt;" in page
