"""What of a name may stand in the name of a file."""

import pytest

from partners.plain import file_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Moderner Arbeitsplatz für die Stadtwerke", "moderner-arbeitsplatz-fuer-die-stadtwerke"),
        ("Größe & ÄÖÜ", "groesse-aeoeue"),
        ("Łódź", "odz"),
        ("../../etc/passwd\r\nX: y", "etcpasswd-x-y"),
        ("株式会社", "projekt"),
        ("", "projekt"),
        ("a" * 59 + "-b", "a" * 59),
    ],
)
def test_a_name_of_a_file_is_readable_and_harmless(text: str, name: str) -> None:
    assert file_name(text, otherwise="projekt") == name
