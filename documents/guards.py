"""Which rows of this room stand; see ``guarding``."""

from support.guarding import Change, Guard

GUARDS = [
    Guard(
        "documents_document",
        "a finished document is never changed, and an original never deleted",
        once="OLD.state = 'ready'",
        # Kept from the order on: what was promised as an original is not lost without a word.
        kept="OLD.to_seal",
        changes=(
            Change(
                ("superseded_at",), "OLD.superseded_at IS NULL AND NEW.superseded_at IS NOT NULL"
            ),
        ),
    ),
    Guard("documents_seal", "a seal is written once"),
    Guard("documents_sealcertificate", "certificates of old seals are kept as they are"),
]
