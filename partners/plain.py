"""Text that reads as it is stored: no control characters, nothing that turns its direction over.

A name with such a character could stand on an agreement and read as another one.
"""

import unicodedata
from typing import Any

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext as _

# Embeddings, overrides and isolates: Arabic and Hebrew need none of them, their letters turn by
# themselves. Marks and joiners (U+200C to U+200F) stay: Persian and emoji do need those. The last
# two are no characters at all, and no XML holds them.
FORBIDDEN = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufffe\uffff")


def hides_something(text: str) -> bool:
    """Whether ``text`` holds a character that is not seen but changes what is."""
    return any(
        character in FORBIDDEN
        or (character not in "\r\n\t" and unicodedata.category(character) in {"Cc", "Cs"})
        for character in text
    )


def one_line(text: str) -> str:
    """``text`` without such characters, on one line: for headers of mails and titles elsewhere.

    Forms refuse them, but a name may have come by way of the command line.
    """
    seen = "".join(" " if c.isspace() else c for c in text if c.isspace() or not hides_something(c))
    return " ".join(seen.split())


class PlainText(forms.BaseForm):
    """Mixin for forms: texts read as they are stored, and a line is one line."""

    def clean(self) -> Any:
        cleaned = super().clean()
        for name, value in list(self.cleaned_data.items()):
            if not isinstance(value, str):
                continue
            if hides_something(value):
                self.add_error(
                    name,
                    _("The text contains invisible control characters. Please type it in again."),
                )
            elif not isinstance(self.fields[name].widget, forms.Textarea):
                self.cleaned_data[name] = " ".join(value.split())
        return cleaned


_GERMAN = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"}
)


def file_name(text: str, *, otherwise: str) -> str:
    """``text`` as part of a file's name: "Für die Stadtwerke" is "fuer-die-stadtwerke".

    At most 60 characters of a-z, 0-9 and hyphens; ``otherwise`` when none of them is left.
    """
    return slugify(text.translate(_GERMAN))[:60].strip("-") or otherwise
