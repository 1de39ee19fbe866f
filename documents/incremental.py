"""The way pyHanko writes a PDF's update, but for the metadata and the ends of streams."""

from typing import Any

from pyhanko.pdf_utils.generic import DictionaryObject, StreamObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter


class UntouchedMetadata(IncrementalPdfFileWriter):
    """Leaves title, dates and XMP as they are.

    pyHanko would rewrite them, and with them the claims of PDF/A and PDF/UA in the wrong form. The
    method is private: pyHanko is pinned, and the validator in the suite notices a change.

    ``padding``: objects that mean nothing and make the stream that lists all objects differ.
    """

    def __init__(self, pdf: Any, *, padding: int = 0) -> None:
        super().__init__(pdf)
        for _number in range(padding):
            self.add_object(DictionaryObject())  # type: ignore[no-untyped-call]

    def _update_meta(self) -> None:
        pass

    def add_object(self, obj: Any, *args: Any, **kwargs: Any) -> Any:
        """As pyHanko does, but with no carriage return at the end: see ``archival.UNCLEAR_END``."""
        if isinstance(obj, StreamObject) and "/Filter" not in obj and obj.data.endswith(b"\r"):
            obj.compress()  # type: ignore[no-untyped-call]
        return super().add_object(obj, *args, **kwargs)
