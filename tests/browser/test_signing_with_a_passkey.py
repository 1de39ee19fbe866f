"""An agreement is signed with a passkey, pressed on the page itself."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from cooperation.models import Signature
from partners.reauthentication import Method
from tests.browser.test_sign_in import assert_accessible, enter_password, give_authenticator, submit
from tests.cooperation.worlds import world
from tests.factories import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_signer_confirms_with_the_passkey(open_browser: Callable[..., Page]) -> None:
    two = world()
    version = two.freeze()
    page = open_browser()
    give_authenticator(page)
    enter_password(page, two.people[0].email)
    page.wait_for_url("**/start/")
    page.goto("/konto/sicherheit/passkeys/neu/")
    page.locator("input[name=password]").fill(PASSWORD)
    submit(page)
    page.wait_for_url("**/passkeys/neu/")
    page.locator("input[name=name]").fill("Laptop")
    submit(page)
    page.wait_for_url("**/codes/")

    page.goto(f"/fassung/{version.pk}/")
    form = page.locator("form.sign-form")
    expect(form.locator("input[name=password]")).to_have_count(0)
    button = form.locator("[data-passkey-button]")
    button.click()  # nobody is asked before the form is complete
    expect(button).to_be_enabled()
    assert not Signature.objects.exists()
    form.locator("input[name=authority][value=managing_director]").check()
    form.locator("input[name=agreed]").check()
    assert_accessible(page)
    button.click()
    expect(page.locator(".notices .notice")).to_be_visible()
    signature = Signature.objects.get()
    assert (signature.method, signature.signer) == (Method.PASSKEY, two.people[0])
