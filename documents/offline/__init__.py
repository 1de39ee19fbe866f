"""The check without the portal: a script that travels inside each sealed document.

It is one file, however long, and needs nothing but Python: whoever has the PDF has the check.
It shares no code with ``documents.examining`` on purpose. Two readers that were written apart and
judge alike (the suite compares them on every tampering) are worth more than one used twice.
"""

from functools import cache
from pathlib import Path

SCRIPT = Path(__file__).with_name("verify.py")


@cache
def instructions() -> bytes:
    """The file ``pruefen-verify.txt``: the script itself, whose docstring is how to use it.

    One text in both languages, always the same bytes; ``python3 pruefen-verify.txt FILE`` runs it.
    It is called .txt because some PDF readers block attached programs.
    """
    return SCRIPT.read_bytes()
