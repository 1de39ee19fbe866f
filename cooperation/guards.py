"""Which rows of this room stand; see ``support.guarding``."""

from support.guarding import Change, Guard

GUARDS = [
    Guard(
        "cooperation_agreementversion",
        "a frozen text is never changed, and its state only goes on",
        changes=(
            Change(
                ("state", "in_force_at"),
                "OLD.state = 'signing' AND NEW.state = 'in_force' AND OLD.in_force_at IS NULL",
            ),
            Change(
                ("state", "closed_at", "closed_by_id", "closed_by_partner_id", "reason"),
                "OLD.state = 'signing' AND NEW.state IN ('declined', 'withdrawn', 'expired')",
            ),
            Change(("state",), "OLD.state = 'in_force' AND NEW.state = 'superseded'"),
        ),
    ),
    Guard("cooperation_agreementannex", "an annex is as frozen as the text that names it"),
    Guard(
        "cooperation_signatureslot",
        "a place to sign is only completed, once",
        changes=(
            Change(("completed_at",), "OLD.completed_at IS NULL AND NEW.completed_at IS NOT NULL"),
        ),
    ),
    Guard("cooperation_signature", "a signature is written once"),
    Guard("cooperation_agreementdocument", "a version keeps its documents"),
    Guard(
        "cooperation_agreementevent",
        "the log of an agreement is only written on",
        changes=(
            # The erasure of what an event says, see ``trail.erase``: the chain needs only hashes.
            Change(
                ("salt", "data", "by_id", "erased_at"),
                "OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL"
                " AND NEW.salt = '' AND NEW.data = '{}'"
                " AND (NEW.by_id IS NULL OR NEW.by_id = OLD.by_id)",
            ),
        ),
    ),
]
