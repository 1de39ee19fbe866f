from django import forms
from django.utils.translation import gettext_lazy as _

from documents import checking


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
        digits = checking.digits(self.cleaned_data["sha256"])
        if not digits:
            raise forms.ValidationError(_("This is not a SHA-256."), code="not_a_hash")
        return digits


class FileForm(forms.Form):
    """One file; what it is, and whether it is anything, the examination says."""

    file = forms.FileField(allow_empty_file=True)
