"""Many people sign in the same second: everybody counts once, and the log stays one chain."""

from functools import partial
from typing import Any

import pytest

from cooperation import signing, trail
from cooperation.models import AgreementEvent, Signature
from documents.models import Document
from partners.models import Partner
from support import trails
from tests.cooperation.worlds import world
from tests.factories import member
from tests.racing import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

FIRMS = 12


@pytest.mark.parametrize("times", [1, 3])
def test_two_signers_of_each_of_twelve_firms_at_once(times: int) -> None:
    """``times``: how often each person presses the button."""
    many = world(FIRMS)
    for firm in many.firms:
        firm.signing_rule = Partner.SigningRule.TWO_JOINTLY
        firm.save(update_fields=["signing_rule"])
    version = many.freeze()
    signers = [
        (firm, person)
        for number, firm in enumerate(many.firms)
        for person in (many.people[number], member(firm, "signer"))
    ]
    sign = partial(
        signing.sign, version.pk, seen=version.sha256, language="de", authority="prokura"
    )

    steps = [partial(sign, by=person, partner=firm) for firm, person in signers] * times
    results: list[Any] = at_once(*steps)

    assert all(isinstance(result, Signature) for result in results)
    assert len({result.pk for result in results}) == len(signers) == 2 * FIRMS
    version.refresh_from_db()
    assert version.state == "in_force"
    assert Signature.objects.count() == 2 * FIRMS
    assert AgreementEvent.objects.filter(kind="signed").count() == 2 * FIRMS
    assert AgreementEvent.objects.filter(kind="in_force").count() == 1
    events = many.agreement.events.select_related("pair").order_by("seq")
    assert list(trails.breaks(str(many.agreement.pk), map(trail.link, events))) == []
    assert Document.objects.filter(kind="agreement").count() == 2 * FIRMS  # a copy each, de and en
