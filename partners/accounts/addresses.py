"""The e-mail addresses of accounts, as django-allauth keeps them: one each, verified or not."""

from allauth.account.models import EmailAddress

from partners.models import User


def keep(user: User, *, verified: bool) -> None:
    """Make the address of ``user`` the one they sign in with.

    One that is not verified gets a code by mail at the first sign-in, and counts as verified when a
    link that was sent to it is used.
    """
    EmailAddress.objects.get_or_create(
        user=user, email=user.email, defaults={"verified": verified, "primary": True}
    )


def prove(user: User) -> None:
    """A link that went to the address of ``user`` was used: it is theirs."""
    keep(user, verified=True)
    EmailAddress.objects.filter(user=user, email=user.email).update(verified=True)
