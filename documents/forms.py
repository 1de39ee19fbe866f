import re

from django import forms
from django.utils.translation import gettext_lazy as _

SEPARATORS = re.compile(r"[\s:.\-\u00ad\u200b]+")  # as fingerprints are set, spoken and copied
SHA256 = re.compile(r"[0-9a-f]{64}")


class FingerprintForm(forms.Form):
    """A SHA-256 as people have it: in groups, with colons, in capitals, with its name before it."""

    sha256 = forms.CharField(
        label=_("Fingerprint (SHA-256)"),
        help_text=_("64 characters, 0 to 9 and a to f. Spaces and capitals do not matter."),
        max_length=300,
        widget=forms.TextInput(
            attrs={
                "class": "input-hash",
                "autocomplete": "off",
                "autocapitalize": "off",
                "spellcheck": "false",
            }
        ),
    )

    def clean_sha256(self) -> str:
        """In 64 small digits."""
        written: str = self.cleaned_data["sha256"].lower()
        digits = SEPARATORS.sub("", written)
        digits = digits.removeprefix("sha256").removeprefix("=")
        if not SHA256.fullmatch(digits):
            raise forms.ValidationError(_("This is not a SHA-256."), code="not_a_hash")
        return digits


class FileForm(forms.Form):
    """One file; what it is, and whether it is anything, the examination says."""

    file = forms.FileField(allow_empty_file=True)
