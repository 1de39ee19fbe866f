"""Handing files in, and saying what their columns are."""

from typing import Any, TypeAlias

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from scoring.import_files import Column
from scoring.models import PartnerCenterImport
from scoring.reading.columns import FIELDS

MOST_FILES = 10
ACCEPTED = (
    ".csv,.tsv,.txt,.xlsx,text/csv,text/tab-separated-values,text/plain,"
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)
Upload: TypeAlias = "UploadedFile[Any]"


class _ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class _ManyFilesField(forms.FileField):
    """Several files at once, each checked like a single one."""

    def clean(self, data: Any, initial: Any = None) -> list[Upload]:
        files = data if isinstance(data, list) else [data]
        return [super(_ManyFilesField, self).clean(file, initial) for file in files or [None]]


class UploadForm(forms.Form):
    """Files as they come from Partner Center. What is in them is for the import to say."""

    uploads = _ManyFilesField(
        label=gettext_lazy("Files"),
        widget=_ManyFilesInput(attrs={"multiple": True, "accept": ACCEPTED}),
        allow_empty_file=True,  # the import says so, beside the file's name
        max_length=255,
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind of file"),
        choices=PartnerCenterImport.Kind.choices,
        initial=PartnerCenterImport.Kind.AUTO,
    )
    at_once = forms.BooleanField(
        label=gettext_lazy("Import at once when every row is good"),
        help_text=gettext_lazy(
            "Otherwise you see first what would change, month by month, and decide then."
        ),
        initial=True,
        required=False,
    )
    good_rows = forms.BooleanField(
        label=gettext_lazy("Import the good rows even when others are rejected"),
        help_text=gettext_lazy(
            "Otherwise a file with rejected rows changes nothing: you see them first and decide "
            "then."
        ),
        required=False,
    )

    def clean_uploads(self) -> list[Upload]:
        files: list[Upload] = self.cleaned_data["uploads"]
        if len(files) > MOST_FILES:
            raise forms.ValidationError(
                ngettext(
                    "Please choose at most %(number)s file at a time.",
                    "Please choose at most %(number)s files at a time.",
                    MOST_FILES,
                )
                % {"number": MOST_FILES}
            )
        for file in files:
            size = file.size or 0
            if size > settings.PARTNER_CENTER_MAX_BYTES:
                raise forms.ValidationError(
                    _(
                        "“%(name)s” has %(size)s, more than the %(limit)s that are possible. "
                        "Please export fewer months at a time: imports add up."
                    )
                    % {
                        "name": file.name,
                        "size": filesizeformat(size),
                        "limit": filesizeformat(settings.PARTNER_CENTER_MAX_BYTES),
                    }
                )
        return files


class ColumnsForm(forms.Form):
    """Which column of a file holds each thing that a kind of file can say."""

    def __init__(
        self,
        data: Any = None,
        *,
        kind: str,
        columns: list[Column],
        guesses: dict[str, str],
    ) -> None:
        super().__init__(
            data, prefix="column", initial={key: guesses.get(key, "") for key in guesses}
        )
        choices = [("", _("– not in this file –"))]
        choices += [(column.name, _with_samples(column)) for column in columns]
        for field in FIELDS[kind]:
            self.fields[field.key] = forms.ChoiceField(
                label=str(field.label),
                choices=choices,
                required=field.needed,
                error_messages={
                    "required": gettext_lazy("Without this column nothing can be read.")
                },
            )

    def clean(self) -> dict[str, Any]:
        """One column says one thing."""
        chosen: dict[str, str] = {}
        for key, name in list(self.cleaned_data.items()):
            if name and name in chosen:
                self.add_error(
                    key,
                    _("“%(column)s” is chosen for “%(other)s” already.")
                    % {"column": name, "other": self.fields[chosen[name]].label},
                )
            chosen.setdefault(name, key)
        return self.cleaned_data

    @property
    def mapping(self) -> dict[str, str]:
        """{field: header}; an empty header says that the file has no such column."""
        return dict(self.cleaned_data)


def _with_samples(column: Column) -> str:
    if not column.samples:
        return _("%(column)s (empty)") % {"column": column.name}
    return f"{column.name}: {', '.join(column.samples)}"
