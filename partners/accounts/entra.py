"""Microsoft Entra ID: whose word counts for whom, and what is known of an identity there.

A person at Microsoft is a tenant and an object in it (``tid``, ``oid``), never an e-mail address:
that changes, is given to the next one, and an organisation may write into it what it likes.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from partners.models import Membership, Partner, User

PROVIDER = "microsoft"
METHOD = "socialaccount"  # what django-allauth calls it in the records of a session
# Private Microsoft accounts are a tenant of their own, which anybody may enter.
PRIVATE_ACCOUNTS = UUID("9188040d-6c67-4c5b-b112-36a304b66dad")
FRESH = 300  # seconds: what a sign-in is good for when somebody is asked again
SKEW = 30  # seconds that the clocks of Microsoft and the portal may differ
_SALT = "partners.accounts.entra"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who came back from Microsoft: what its checked ID token says.

    ``address`` is empty unless Microsoft vouches that the tenant owns the domain and that this is
    no guest. ``signed_in_at``: seconds since 1970 (``auth_time``), None when it was not said.
    """

    tid: UUID
    oid: UUID
    name: str = ""
    email: str = ""
    address: str = ""
    signed_in_at: int | None = None
    amr: tuple[str, ...] = ()

    @property
    def uid(self) -> str:
        return f"{self.tid}:{self.oid}"

    @property
    def record(self) -> dict[str, Any]:
        """What the session keeps, for the demands of firms."""
        return {
            "provider": PROVIDER,
            "uid": self.uid,
            "tid": str(self.tid),
            "oid": str(self.oid),
            "amr": list(self.amr),
        }

    @property
    def shown(self) -> dict[str, str]:
        """What the page of connections shows, so that a person knows which one it is."""
        return {"tid": str(self.tid), "name": self.name[:200], "email": self.email[:254]}


def is_available() -> bool:
    """Whether the operator has registered the portal at Microsoft."""
    return bool(settings.ENTRA_CLIENT_ID and settings.ENTRA_CLIENT_SECRET)


def is_allowed(tid: UUID) -> bool:
    """Whether people of this organisation may come in at all: an operator may name who may."""
    if tid == PRIVATE_ACCOUNTS:
        return False
    return not settings.ENTRA_TENANTS or tid in settings.ENTRA_TENANTS


# ---- Who it is here ------------------------------------------------------------------------------


def connected(user: User) -> QuerySet[SocialAccount]:
    """The identities at Microsoft that ``user`` signs in with, oldest first."""
    rows: QuerySet[SocialAccount] = SocialAccount.objects.filter(user=user, provider=PROVIDER)
    return rows.order_by("date_joined", "pk")


def is_represented(user: User, tid: UUID) -> bool:
    """Whether ``user`` is somebody in this tenant already. Nobody is two people there: where a firm
    demands its tenant, who knows a colleague's password must not add themselves to the account.
    """
    return connected(user).filter(uid__startswith=f"{tid}:").exists()


def account_of(identity: Identity) -> SocialAccount | None:
    rows = SocialAccount.objects.select_related("user")
    return rows.filter(provider=PROVIDER, uid=identity.uid).first()


def person_by_address(identity: Identity) -> User | None:
    """Whose account it is by the address, which counts from one side only: the person's own firm.

    That is: a firm the person belongs to has named this tenant as its own and has proved the domain
    of the address. Such a firm reads the mailbox anyway, and could set a new password by mail.
    Whoever has an identity there already is not found: an address may go to a successor.
    """
    local, _at, domain = identity.address.lower().rpartition("@")
    if not local or not domain:
        return None
    firms = Partner.objects.filter(entra_tenant=identity.tid, domain=domain, is_active=True)
    rows = User.objects.filter(
        pk__in=Membership.objects.active().filter(partner__in=firms).values("user"),
        email=identity.address.lower(),
        is_active=True,
        emailaddress__email=identity.address.lower(),
        emailaddress__verified=True,
    ).exclude(pk__in=SocialAccount.objects.filter(provider=PROVIDER).values("user"))
    return rows.first()


# ---- What a session has, and what a firm may demand ----------------------------------------------


def records(request: HttpRequest) -> list[Mapping[str, Any]]:
    """How the person of this session showed at Microsoft who they are, the latest last."""
    if not isinstance(request.user, User):
        return []
    rows = get_authentication_records(request, request.user)
    return [row for row in rows if row.get("method") == METHOD and row.get("provider") == PROVIDER]


def tenants(request: HttpRequest) -> frozenset[UUID]:
    """The organisations through which the person of this session signed in."""
    return frozenset(UUID(row["tid"]) for row in records(request) if row.get("tid"))


def require_own_tenant(request: HttpRequest, tenant: UUID | None) -> None:
    """Raise ``ValidationError`` unless the firm's admin came in through ``tenant`` in this session.

    Who may demand it has shown that it opens the door: a slip of the pen would lock all out, and
    another's tenant would let others in.
    """
    if tenant is None or tenant not in tenants(request):
        raise ValidationError(
            _(
                "Please sign in with Microsoft first, with an account of the organisation that you"
                " want to demand."
            ),
            code="foreign_tenant",
        )
    if not is_allowed(tenant):
        raise ValidationError(
            _("The operator of this portal does not admit this organisation."), code="not_allowed"
        )


def require_another_way_in(account: SocialAccount) -> None:
    """Raise ``ValidationError`` if its person could not get in any more without ``account``."""
    user: Any = account.user
    others = connected(user).exclude(pk=account.pk)
    tid = account.uid.partition(":")[0]
    demanding = Partner.objects.of(user).filter(
        sign_in_rule=Partner.SignInRule.ENTRA, entra_tenant=tid
    )
    if not others.filter(uid__startswith=f"{tid}:").exists() and (firm := demanding.first()):
        raise ValidationError(
            _(
                "%(firm)s wants its people to sign in with this organisation, so the connection"
                " has to stay."
            ),
            code="demanded",
            params={"firm": firm.name},
        )
    has_passkey = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).exists()
    if not (user.has_usable_password() or has_passkey or others.exists()):
        raise ValidationError(
            _(
                "This is your only way to sign in. Please choose a password or set up a passkey"
                " first."
            ),
            code="last_way_in",
        )


# ---- Being asked again ---------------------------------------------------------------------------


def reauthenticate_url(purpose: str, next: str) -> str:
    """Where Microsoft asks a person once more for ``purpose``; they come back to ``next``."""
    token = signing.dumps({"purpose": purpose, "next": next}, salt=_SALT)
    return f"{reverse('entra_reauthenticate')}?{urlencode({'for': token})}"


def asked_for(token: str) -> tuple[str, str]:
    """Purpose and way back, from what ``reauthenticate_url`` made; else ``BadSignature``."""
    value = signing.loads(token, salt=_SALT)
    return value["purpose"], own_path(value["next"]) or reverse("home")


def own_path(address: str | None) -> str:
    """``address`` if it is a page of this portal, else nothing."""
    if address and address.startswith("/") and url_has_allowed_host_and_scheme(address, None):
        return address
    return ""


def is_fresh(identity: Identity, *, begun_at: float) -> bool:
    """Whether they signed in at Microsoft for this request, and not for another one before."""
    at = identity.signed_in_at
    if at is None:
        return False
    now = time.time()
    return begun_at - SKEW <= at <= now + SKEW and now - at <= FRESH
