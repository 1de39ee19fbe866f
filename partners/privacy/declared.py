"""What this room holds about people, and what the programs it is built on hold."""

from django.utils.translation import gettext_lazy as _

from partners import firm_log
from partners.privacy.registry import ALL, Activity, Basis, Held

ACCOUNT, SIGN_IN, FIRMS, JOINING, SUPPORT, FIRM_LOG, LETTERS, PRIVACY, OPERATION = (
    "account",
    "sign_in",
    "firms",
    "joining",
    "support",
    "firm_log",
    "letters",
    "privacy",
    "operation",
)

ACTIVITIES = (
    Activity(
        ACCOUNT,
        _("Accounts"),
        _("Name, e-mail address, language, when the account was made and last used."),
        _("So that everybody acts under their own name, and nobody under another's."),
        _("People of the firms, invited neutral people, the operator's people."),
        _(
            "The people of the own firm; of firms one works with, those of the shared project, with"
            " the name only. The operator sees accounts, and no content."
        ),
        _(
            "As long as the account exists. An account that belongs to no firm is erased a year"
            " after its last use."
        ),
        Basis.CONTRACT,
    ),
    Activity(
        SIGN_IN,
        _("Signing in"),
        _(
            "Passkeys, keys of authenticator apps, linked Microsoft accounts, sessions with network"
            " address and browser."
        ),
        _("So that nobody gets in who does not belong there, and everybody can see who is in."),
        _("Everybody with an account."),
        _("The person alone. Of secrets the portal shows nobody anything."),
        _("Sessions until they end, at most 14 days; the rest until the person removes it."),
        Basis.SECURITY,
    ),
    Activity(
        FIRMS,
        _("Firms, memberships and contacts"),
        _("Who belongs to which firm, with which position, roles and right to sign; contacts."),
        _("So that each firm says itself who acts for it, and whom the others may turn to."),
        _("People of the firms, contacts that a firm names."),
        _("The own firm; contacts also every other firm of the portal."),
        _(
            "Memberships until three years after the person has left. Contacts until the firm"
            " removes them or the contact objects."
        ),
        Basis.CONTRACT,
    ),
    Activity(
        JOINING,
        _("Invitations and registrations"),
        _("Name, address, language and intended roles of invited people; who invited them."),
        _("So that people and firms join through somebody who knows them."),
        _("Invited people, people who register a firm, and those who invite them."),
        _("The admins of the inviting firm; of registrations, the operator."),
        _(
            "Invitations until 90 days after they were accepted, taken back or ran out; of a"
            " registration, the person's name and address until it is decided."
        ),
        Basis.CONTRACT,
    ),
    Activity(
        SUPPORT,
        _("Support with the consent of a firm"),
        _("Who let the operator in, why, until when, and who of the operator's people came."),
        _("So that support sees a firm's content only while that firm wants it."),
        _("The firm's admins, the operator's people."),
        _("The firm's admins and the operator."),
        _("Three years."),
        Basis.CONTRACT,
    ),
    Activity(
        FIRM_LOG,
        _("Log of a firm"),
        _("Who did what to people, rights, data and access of a firm, and when."),
        _("So that a firm's admins can look up later what happened in their firm."),
        _("People of the firm."),
        _("The firm's admins."),
        _("What happened stays. Names in it are erased with the person, or after three years."),
        Basis.SECURITY,
    ),
    Activity(
        LETTERS,
        _("Mails of the portal"),
        _("To whom the portal wrote, what about, and whether the mail could be sent."),
        _("So that nobody has to look in the portal every day, and nothing is sent twice."),
        _("People of the firms, invited people, contacts."),
        _("The operator, without the text."),
        _("180 days after the mail was sent or given up."),
        Basis.CONTRACT,
    ),
    Activity(
        PRIVACY,
        _("Data protection"),
        _("Exports that were ordered, contacts that were told and who objected, erasures."),
        _("So that rights of people and firms are kept, and that can be shown."),
        _("Admins of the firms, contacts, people who had their account erased."),
        _("The firm's admins and the operator; of erasures there is a number and no name."),
        _(
            "Files of exports for 7 days. Who was told, as long as a firm names them. Numbers of"
            " erased accounts for three years, so that no backup brings them back."
        ),
        Basis.DUTY,
    ),
    Activity(
        OPERATION,
        _("Operation of the portal"),
        _("What the operator's people changed in the operator's pages."),
        _("So that what staff does can be looked up."),
        _("The operator's people."),
        _("The operator."),
        _("One year."),
        Basis.SECURITY,
    ),
)

HELD = (
    Held(
        "partners.User",
        ACCOUNT,
        own={"pk": ALL},
        names=("email", "name"),
        nobody=("groups", "user_permissions"),
        secret=("password",),
    ),
    Held("partners.User_groups", OPERATION, own={"user": ("group",)}),
    Held("partners.User_user_permissions", OPERATION, own={"user": ("permission",)}),
    Held("account.EmailAddress", ACCOUNT, own={"user": ALL}, names=("email",)),
    Held(
        "account.EmailConfirmation",
        ACCOUNT,
        own={"email_address__user": ("created", "sent")},
        secret=("key",),
    ),
    Held(
        "mfa.Authenticator",
        SIGN_IN,
        own={"user": ("type", "created_at", "last_used_at")},
        secret=("data",),
    ),
    Held("socialaccount.SocialAccount", SIGN_IN, own={"user": ALL}, names=("uid", "extra_data")),
    Held("socialaccount.SocialToken", SIGN_IN, secret=("token", "token_secret")),
    Held("socialaccount.SocialApp", OPERATION, nobody=("*",)),
    Held(
        "usersessions.UserSession",
        SIGN_IN,
        own={"user": ("created_at", "ip", "last_seen_at", "user_agent")},
        names=("ip", "user_agent", "data"),
        secret=("session_key",),
    ),
    Held("sessions.Session", SIGN_IN, names=("session_data",), secret=("session_key",)),
    Held(
        "admin.LogEntry",
        OPERATION,
        own={"user": ("action_time", "object_repr", "action_flag", "change_message")},
        names=("object_id", "object_repr", "change_message"),
    ),
    Held("auth.Permission", OPERATION, nobody=("*",)),
    Held("auth.Group", OPERATION, nobody=("*",)),
    Held("contenttypes.ContentType", OPERATION, nobody=("*",)),
    Held(
        "partners.Partner",
        FIRMS,
        names=("about",),
        nobody=("name", "legal_name", "microsoft_partner_ids", "competences"),
    ),
    Held("partners.Membership", FIRMS, own={"user": ALL}, names=("title",)),
    Held("partners.PartnerContact", FIRMS, names=("name", "email", "phone")),
    Held(
        "partners.Invitation",
        JOINING,
        own={
            "invited_by": ("id", "partner", "invited_at"),
            "accepted_by": ("id", "partner", "email", "name", "title", "rights", "accepted_at"),
        },
        names=("email", "name", "title"),
        nobody=("rights",),
        secret=("token_sha256",),
    ),
    Held(
        "partners.Registration",
        JOINING,
        own={"decided_by": ("id", "state", "decided_at")},
        names=("email", "person_name"),
        nobody=("name", "legal_name"),
        secret=("password",),
    ),
    Held(
        "partners.SupportAccess",
        SUPPORT,
        own={
            "granted_by": ("id", "partner", "reason", "granted_at", "until"),
            "ended_by": ("id", "partner", "ended_at"),
            "operator": ("id", "granted_at", "until"),
        },
        names=("reason",),
    ),
    Held("partners.SupportVisit", SUPPORT, own={"operator": ALL}),
    Held(
        "partners.FirmEvent",
        FIRM_LOG,
        own={
            "by": ("partner", "seq", "kind", "at", "data"),
            "about": ("partner", "seq", "kind", "at", "data"),
        },
        names=("personal",),
        nobody=("data",),
    ),
    Held("partners.FirmExport", PRIVACY, own={"requested_by": ALL}, nobody=("error", "file")),
    Held("partners.NamedContact", PRIVACY, names=("email", "name", "error")),
    Held("partners.Erasure", PRIVACY, nobody=("counts",)),
    Held("partners.RetentionRun", PRIVACY, nobody=("counts",)),
)

firm_log.register(
    {
        "data_exported": _("All data of the firm exported"),
        "data_imported": _("Data of the firm taken in from another portal"),
        "person_erased": _("Account of a person erased"),
        "contact_objected": _("Contact objected to being named"),
    }
)
