"""Firms that register themselves: who proves a firm's domain becomes its first admin."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners import domains, firm_log, newcomers, people
from partners.models import Membership, Partner, Registration, User
from partners.newcomers import Newcomer
from partners.people import NotPossible
from partners.plain import file_name

State = Registration.State

firm_log.register({"firm_registered": gettext_lazy("Firm registered")})


@dataclass(frozen=True, slots=True)
class Application:
    """What is known of the firm. ``domain`` is that of the address the code was sent to."""

    name: str
    legal_name: str
    website: str
    domain: str


def firm_with(domain: str) -> str:
    """The name of the firm that has this domain, or one above or below it; "" if there is none.

    Firms that the operator entered have no proved domain: their websites count.
    """
    firms = Partner.objects.filter(
        Q(domain__in=domains.family(domain)) | Q(domain__endswith=f".{domain}")
    )
    if name := firms.values_list("name", flat=True).first():
        return name
    entered = Partner.objects.filter(domain="", website__icontains=domain)
    for name, website in entered.values_list("name", "website"):
        if _host(website) in {domain, f"www.{domain}"}:
            return name
    waiting = Registration.objects.filter(state=State.WAITING, domain__in=domains.family(domain))
    return waiting.values_list("name", flat=True).first() or ""


def _host(website: str) -> str:
    try:
        return domains.of_website(website)
    except domains.NotADomain:
        return ""


@transaction.atomic
def register(application: Application, person: Newcomer | User) -> Registration:
    """Take in a firm whose domain was proved just now; ``partner`` is None while it waits.

    Raises ``NotPossible`` when somebody else was there first, even at the same instant.
    """
    if firm_with(application.domain):
        raise NotPossible(taken())
    if isinstance(person, Newcomer) and newcomers.is_known(person.email):
        raise NotPossible(newcomers.there_is_one())
    registration = Registration(
        name=application.name,
        legal_name=application.legal_name,
        website=application.website,
        domain=application.domain,
        email=person.email,
        person_name=person.name,
        language=person.language,
        password=person.password if isinstance(person, Newcomer) else "",
    )
    try:
        with transaction.atomic():
            registration.save(force_insert=True)
    except IntegrityError as error:
        raise NotPossible(taken()) from error
    if not settings.REGISTRATION_APPROVAL:
        _open(registration, by=None)
    return registration


@transaction.atomic
def approve(pk: UUID, *, by: User) -> Registration:
    """Let a firm in that waits. The row that is returned still tells whom to write to."""
    registration = _locked(pk)
    _open(registration, by=by)
    return registration


@transaction.atomic
def refuse(pk: UUID, *, by: User) -> Registration:
    """Do not let a firm in, and forget who it was; its domain may be tried again."""
    registration = _locked(pk)
    _decide(registration, State.REFUSED, by)
    return registration


def taken() -> str:
    """Said to whoever has proved a mailbox of the domain, to nobody else."""
    return _("Your firm is here already. An admin of the firm can invite you.")


def _locked(pk: UUID) -> Registration:
    registration = Registration.objects.select_for_update().get(pk=pk)
    if registration.state != State.WAITING:
        raise NotPossible(_("This registration was decided already."))
    return registration


def _open(registration: Registration, *, by: User | None) -> None:
    """The firm, the account unless there is one, and the first admin."""
    user = User.objects.filter(email=registration.email, is_active=True).first()
    if user is None or not newcomers.is_known(user.email):
        if not registration.password:
            raise NotPossible(_("The person who registered the firm has no account any more."))
        user = newcomers.account(
            Newcomer(
                registration.email,
                registration.person_name,
                registration.language,
                registration.password,
            )
        )
    partner = _new_firm(registration)
    membership = Membership.objects.create(
        partner=partner, user=user, is_admin=True, is_partner_manager=True
    )
    registration.partner = partner
    _decide(registration, State.APPROVED, by)
    firm_log.record(
        partner,
        "firm_registered",
        by=user,
        domain=partner.domain,
        approved_by_operator=by is not None,
    )
    people.record_joined(membership, by=user, way="registration")


def _new_firm(registration: Registration) -> Partner:
    for _try in range(3):  # a short name may be taken at the same instant, and another one is free
        try:
            with transaction.atomic():
                return Partner.objects.create(
                    slug=_free_slug(registration.name),
                    name=registration.name,
                    legal_name=registration.legal_name,
                    website=registration.website,
                    domain=registration.domain,
                )
        except IntegrityError:
            if Partner.objects.filter(domain=registration.domain).exists():
                break
    raise NotPossible(taken())


def _decide(registration: Registration, state: Registration.State, by: User | None) -> None:
    registration.state, registration.decided_at = state, timezone.now()
    registration.decided_by = by
    rows = Registration.objects.filter(pk=registration.pk)
    rows.update(
        state=state,
        decided_at=registration.decided_at,
        decided_by=by,
        partner=registration.partner,
        email="",
        person_name="",
        password="",
    )


def _free_slug(name: str) -> str:
    """A short name that no firm has; two at the same instant find out by the constraint."""
    wanted = file_name(name, otherwise="firma")
    there = set(Partner.objects.filter(slug__startswith=wanted).values_list("slug", flat=True))
    numbered = (f"{wanted}-{number}" for number in range(2, len(there) + 3))
    return next(slug for slug in (wanted, *numbered) if slug not in there)
