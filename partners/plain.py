"""Text that reads as it is stored: no control characters, nothing that turns its direction over.

A name with such a character could stand on an agreement and read as another one.
"""

import unicodedata
from typing import Any

from django import forms
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
