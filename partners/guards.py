"""Which rows of this room stand; see ``support.guarding``."""

from support.guarding import Change, Guard

GUARDS = [
    Guard(
        "partners_firmevent",
        "the log of a firm is only written on",
        changes=(
            # The erasure of people, see ``firm_log.erase``: the chain needs only hashes.
            Change(
                ("personal", "personal_salt", "by_id", "about_id", "erased_at"),
                "OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.personal = '{}'"
                " AND NEW.personal_salt = '' AND NEW.by_id IS NULL AND NEW.about_id IS NULL",
            ),
        ),
    ),
]
