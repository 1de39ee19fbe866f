"""Compile every message catalogue whose .po file is newer than its .mo file."""

import os
import sys
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Exit status: 1 when a catalogue cannot be read, with its path and line on standard error."""
    status = 0
    for po in sorted(ROOT.glob("locale/*/*/LC_MESSAGES/django.po")):
        mo = po.with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime >= po.stat().st_mtime:
            continue
        try:
            with po.open("rb") as source:
                catalogue = read_po(
                    source, locale=po.parts[-3], domain="django", abort_invalid=True
                )
        except (PoFileError, UnicodeDecodeError) as error:
            print(f"{po.relative_to(ROOT)}: {error}", file=sys.stderr)
            status = 1
            continue
        # Into a file of its own, then moved: a server that starts now never reads half of it.
        half = mo.with_name(f"{mo.name}.{os.getpid()}")
        with half.open("wb") as target:
            write_mo(target, catalogue)
        half.replace(mo)
    return status


if __name__ == "__main__":
    sys.exit(main())
