"""Where this room names an address as a contact: answers to points that ask for contacts."""

from collections.abc import Iterator
from typing import Any

from django.db.models import CharField, Model, QuerySet
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from cooperation.kinds.base import Problems
from cooperation.models import Agreement, Answer, ContactNote
from partners.models import Partner, UserManager
from partners.privacy import named_contacts
from partners.privacy.mentions import Mention, Named

CLOSED = (Agreement.Status.ENDED, Agreement.Status.ABANDONED)


def _rows(model: type[Model], path: str, text: str) -> "QuerySet[Any]":
    """Rows of living agreements whose value holds ``text``; it is looked at closely afterwards."""
    living: QuerySet[Any] = model._default_manager.exclude(**{f"{path}__status__in": CLOSED})
    said = living.annotate(said=Cast("value", CharField()))
    found: QuerySet[Any] = said.filter(said__icontains=text).exclude(partner=None)
    return found.order_by("pk")


def _contacts(value: Any) -> Iterator[dict[str, str]]:
    rows = value.get("contacts") if isinstance(value, dict) else value
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and row.get("email"):
            yield row


def refuse_objected(value: Any, partner: Partner) -> None:
    """``InvalidAnswer`` where ``value`` names somebody who objected to being named by the firm."""
    given = [contact["email"] for contact in _contacts(value)]
    problems = Problems()
    for email in sorted(named_contacts.objected(partner.pk, given)):
        problems.add("", named_contacts.refusal(email))
    problems.raise_if_any()


def names_who_objected(value: Any, partner: Partner) -> bool:
    given = [contact["email"] for contact in _contacts(value)]
    return bool(named_contacts.objected(partner.pk, given))


def _everywhere(text: str) -> Iterator[tuple[Any, bool]]:
    """Rows that hold ``text``, and whether they are beside a signed text."""
    for row in _rows(Answer, "agreement", text).iterator():
        yield row, False
    for row in _rows(ContactNote, "version__agreement", text).iterator():
        yield row, True


def find(email: str) -> Iterator[Mention]:
    names: dict[Any, str] = {}
    for row, is_signed in _everywhere(email):
        for contact in _contacts(row.value):
            if UserManager.normalize_email(contact["email"]) != email:
                continue
            if row.partner_id not in names:
                names[row.partner_id] = Partner.objects.get(pk=row.partner_id).name
            yield Mention(
                names[row.partner_id],
                row.partner_id,
                _("Beside a signed agreement, where its firms see it as part of their evidence.")
                if is_signed
                else _("In a project, where the firms that take part see it."),
                {
                    "name": contact.get("person", ""),
                    "email": contact["email"],
                    "phone": contact.get("phone", ""),
                },
            )


def listed() -> Iterator[Named]:
    for row, _is_signed in _everywhere('"email"'):
        for contact in _contacts(row.value):
            yield Named(
                row.partner_id,
                UserManager.normalize_email(contact["email"]),
                contact.get("person", ""),
            )
