"""The same form, sent twice at the same instant: no page breaks, and it has the effect of one."""

import copy
from collections import Counter
from typing import Any

import pytest
from django.apps import apps
from django.core import mail
from django.db import transaction
from django.test import Client

from tests.attacks.crawling import Form, browser, opened, send
from tests.racing import at_once
from tests.test_attacks import Portal

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.walk]
# These rows say that somebody was there, not what was done.
BESIDE = {"django_session", "usersessions_usersession", "django_admin_log"}
LAST = ("logout", "leave", "delete", "abandon", "archive", "decline", "withdraw", "end", "close")
EVENT = "partners_firmevent"
# What happens twice when it is asked for twice, and why that is right.
TWICE = {
    # Two files were handed out, and a log has to say so of each.
    "cooperation:log_export": {EVENT: 2},
    "partners:log_export": {EVENT: 2},
}


def rows() -> Counter[str]:
    """How many rows each table has, and how many mails there are."""
    counts = Counter(
        {
            model._meta.db_table: model._default_manager.count()
            for model in apps.get_models()
            if model._meta.managed and model._meta.db_table not in BESIDE
        }
    )
    return counts + Counter({"mails": len(mail.outbox)})


def made(before: Counter[str], after: Counter[str]) -> dict[str, int]:
    return {
        table: after[table] - before[table]
        for table in sorted(before.keys() | after.keys())
        if after[table] != before[table]
    }


def again(form: Form) -> Form | None:
    """The form as its page shows it now, or ``None`` if it is gone."""
    forms = opened([(form.who, form.page)]).forms.values()
    return next((each for each in forms if each.name == form.name), None)


def alone(form: Form) -> tuple[int, dict[str, int]]:
    """What sending it once does; it is undone."""
    before = rows()
    sent = len(mail.outbox)
    with transaction.atomic():
        status = send(browser(form.who), form).status_code
        effect = made(before, rows())
        transaction.set_rollback(True)
    del mail.outbox[sent:]
    return status, effect


def twice(form: Form) -> tuple[list[Any], dict[str, int]]:
    before = rows()
    first, second = browser(form.who), Client(raise_request_exception=False)
    second.cookies = copy.deepcopy(first.cookies)
    answers = at_once(lambda: send(first, form).status_code, lambda: send(second, form).status_code)
    return answers, made(before, rows())


def test_a_form_sent_twice_at_once_has_one_effect() -> None:
    portal = Portal()
    found = opened([(portal.owner(name), url) for name, url in portal.addresses()]).forms.values()
    forms = sorted(
        found, key=lambda form: (any(w in form.name for w in LAST), form.name, form.action)
    )
    broken, differing = [], {}
    figures, sent, idle = Counter[str](), set(), set()
    for before in forms:
        form = again(before)
        if form is None:
            figures["gone by then"] += 1
            continue
        status, one = alone(form)
        answers, both = twice(form)
        sent.add(form.name)
        figures["with an effect" if one else "without rows"] += 1
        if not one:
            idle.add(f"{form.name} {status}")
        if status >= 500 or any(not isinstance(a, int) or a >= 500 for a in answers):
            broken.append((form.name, form.data, status, answers))
        elif both != one:
            differing[form.name] = both
    print(dict(figures), len(sent), "addresses; without rows:", sorted(idle))  # noqa: T201
    assert broken == []
    assert differing == TWICE
    assert figures["with an effect"] > 20
