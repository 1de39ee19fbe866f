"""The words in which an examination speaks."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SealState(StrEnum):
    VALID = "valid"  # the portal's seal, whole, on an unchanged file
    BROKEN = "broken"  # a seal that does not fit the file any more
    FOREIGN = "foreign"  # sealed, but not by the portal
    EXPIRED = "expired"  # not provably sealed while the certificate was valid
    TIME = "time"  # seal and file fit, a time in it cannot be
    NONE = "none"  # a PDF without any seal
    UNREADABLE = "unreadable"  # not a PDF that can be examined


class Fault(StrEnum):
    """One thing that is wrong with a file; ``sentence`` says it in English."""

    sentence: str

    def __new__(cls, value: str, sentence: str) -> "Fault":
        fault = str.__new__(cls, value)
        fault._value_ = value
        fault.sentence = sentence
        return fault

    # It cannot be examined.
    EMPTY = "empty", "The file is empty."
    TOO_LARGE = "too_large", "The file is larger than 50 MB."
    NOT_A_PDF = "not_a_pdf", "The file is not a PDF."
    ENCRYPTED = "encrypted", "The file is encrypted; the portal's documents never are."
    TRUNCATED = "truncated", "The end of the file is missing."
    DAMAGED = "damaged", "The file is damaged and cannot be read as a PDF."
    TOO_COMPLEX = "too_complex", "The file would take too long to examine."

    # Something was done to a sealed file.
    NO_SEAL = "no_seal", "The file carries no seal."
    SEAL_REMOVED = (
        "seal_removed",
        "The file names a document of the portal, but has no seal (left).",
    )
    RESAVED = "resaved", "The file was written anew by another program."
    CONTENT_CHANGED = "content_changed", "The sealed bytes were changed."
    BYTES_APPENDED = "bytes_appended", "Bytes were appended after the end of the sealed file."
    INCREMENTAL_UPDATE = "incremental_update", "The file was changed by an update after the seal."
    SIGNED_AGAIN = "signed_again", "The file carries more than one signature."
    SEAL_DAMAGED = "seal_damaged", "The bytes of the seal itself were changed."
    BYTES_UNSIGNED = "bytes_unsigned", "The seal leaves out a part of the file."
    EARLIER_REVISION = "earlier_revision", "The file hides earlier versions below the sealed one."
    NOT_CERTIFIED = "not_certified", "The seal does not forbid changes, as the portal's does."
    WRONG_FIELD = "wrong_field", "The seal is not in the portal's field."
    WRONG_FORM = "wrong_form", "The seal is not of the kind that the portal makes."
    WRONG_ALGORITHM = "wrong_algorithm", "The seal does not use SHA-256."

    # What differs: from the sealed state inside the file, or from the portal's original.
    PAGE_COUNT_CHANGED = "page_count_changed", "Pages were added or removed."
    PAGE_BOXES_CHANGED = "page_boxes_changed", "Pages were cropped, enlarged or turned."
    PAGE_CONTENT_CHANGED = "page_content_changed", "What stands on the pages was changed."
    ANNOTATIONS_CHANGED = "annotations_changed", "Something was laid over the pages."
    ATTACHMENT_CHANGED = "attachment_changed", "An attached file was replaced."
    ATTACHMENT_ADDED = "attachment_added", "A file was attached."
    ATTACHMENT_REMOVED = "attachment_removed", "An attached file was removed."
    METADATA_CHANGED = "metadata_changed", "Title, producer or other metadata were changed."
    NOT_ON_RECORD = "not_on_record", "The portal keeps another file under this code."

    # Somebody else sealed it.
    FOREIGN_KEY = "foreign_key", "The seal is not the portal's: it comes from an unknown authority."
    BORROWED_NAME = "borrowed_name", "The foreign seal bears the portal's name."
    BORROWED_CODE = "borrowed_code", "The file with the foreign seal bears a code of the portal."

    # Times.
    SEALED_EARLY = "sealed_early", "It was sealed before the certificate was valid."
    SEALED_AFTER_END = "sealed_after_end", "It was sealed after the certificate had ended."
    END_UNPROVEN = (
        "end_unproven",
        "The certificate has ended, and nothing proves that the seal is older.",
    )
    REVOKED = "revoked", "The certificate of the seal was revoked."
    SEALED_IN_FUTURE = "sealed_in_future", "The time of sealing lies in the future."
    TIMESTAMP_FUTURE = "timestamp_future", "The timestamp lies in the future."
    TIMESTAMP_FOREIGN = "timestamp_foreign", "The timestamp is not of a trusted authority."
    TIMESTAMP_BROKEN = "timestamp_broken", "The timestamp does not belong to this seal."
    TIMESTAMP_APART = "timestamp_apart", "Timestamp and time of sealing lie apart."


UNREADABLE = frozenset(
    (
        Fault.EMPTY,
        Fault.TOO_LARGE,
        Fault.NOT_A_PDF,
        Fault.ENCRYPTED,
        Fault.TRUNCATED,
        Fault.DAMAGED,
        Fault.TOO_COMPLEX,
    )
)
FOREIGN = frozenset((Fault.FOREIGN_KEY, Fault.BORROWED_NAME, Fault.BORROWED_CODE))
EXPIRED = frozenset((Fault.SEALED_EARLY, Fault.SEALED_AFTER_END, Fault.END_UNPROVEN, Fault.REVOKED))
TIME = frozenset(
    (
        Fault.SEALED_IN_FUTURE,
        Fault.TIMESTAMP_FUTURE,
        Fault.TIMESTAMP_FOREIGN,
        Fault.TIMESTAMP_BROKEN,
        Fault.TIMESTAMP_APART,
    )
)


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two states of a document differ; ``name`` of an attachment, else empty."""

    fault: Fault
    name: str = ""


@dataclass(frozen=True, slots=True)
class Examination:
    """What could be found out about a file from its bytes."""

    seal: SealState
    faults: tuple[Fault, ...] = ()
    level: str = ""  # "B-B", "B-T" or "B-LT", as far as it was proven; of a valid seal only
    sealed_at: datetime | None = None  # as the seal says
    timestamp_at: datetime | None = None
    timestamp_is_trusted: bool = False
    identifier: str = ""  # the document's code, 32 hexadecimal digits, as the file says
    certificate_sha256: str = ""
    differences: tuple[Difference, ...] = ()  # between the sealed state and what a reader shows

    @property
    def is_genuine(self) -> bool:
        """Everything holds: the portal sealed it, and nothing was changed since."""
        return self.seal is SealState.VALID

    @property
    def is_intact(self) -> bool:
        """The file is as somebody sealed it, whoever that was and whenever."""
        return self.seal in (
            SealState.VALID,
            SealState.FOREIGN,
            SealState.EXPIRED,
            SealState.TIME,
        ) and not (frozenset(self.faults) - FOREIGN - EXPIRED - TIME)
