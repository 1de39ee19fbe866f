"""What a firm's own log says of its data: files taken in and out, corrections, what it shows."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners import firm_log


def _file(data: Mapping[str, Any]) -> str:
    return _("Import %(number)s") % {"number": str(data["import"])[:8]}


FILES = {
    "import_uploaded": gettext_lazy("File uploaded"),
    "import_committed": gettext_lazy("File imported"),
    "import_good_rows": gettext_lazy("File imported without its bad rows"),
    "import_undone": gettext_lazy("Import undone"),
    "import_discarded": gettext_lazy("File discarded"),
}
firm_log.register(FILES, details=dict.fromkeys(FILES, _file))
firm_log.register(
    {
        "correction_made": gettext_lazy("Data corrected"),
        "correction_withdrawn": gettext_lazy("Correction taken back"),
        "disclosure_changed": gettext_lazy("What we show to others changed"),
        "report_subscribed": gettext_lazy("Monthly report subscribed"),
        "report_unsubscribed": gettext_lazy("Monthly report cancelled"),
    }
)
