"""What bin/messages says about a catalogue, and what it writes into one."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.catalog import Catalog

ROOT = Path(__file__).resolve().parents[2]
HEADER = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"
"""


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("messages", ROOT / "bin" / "lib" / "messages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def used(*sentences: str | tuple[str, str]) -> Catalog:
    """The catalogue that extraction would make of code with these sentences."""
    catalogue = Catalog(locale="de", domain="django")
    for sentence in sentences:
        catalogue.add(sentence, locations=[("somewhere.py", 7)])
    return catalogue


def faults(tool: ModuleType, path: Path, entries: str, template: Catalog) -> list[str]:
    path.write_text(f"{HEADER}\n{entries}", encoding="utf-8")
    found: list[str] = tool.faults("portal", tool.messages(template), path)
    return found


SIGN = 'msgid "Sign"\nmsgstr "Unterschreiben"\n'


@pytest.mark.parametrize(
    ("entries", "fault"),
    [
        ("", "has no entry for 'Sign'"),
        ('msgid "Sign"\nmsgstr ""\n', "does not translate 'Sign'"),
        (f"#, fuzzy\n{SIGN}", "is not sure about 'Sign' (fuzzy)"),
        (SIGN + '\nmsgid "Seal"\nmsgstr "Siegel"\n', "has the unused entry 'Seal'"),
        (SIGN + '\n#~ msgid "Seal"\n#~ msgstr "Siegel"\n', "keeps the obsolete entry 'Seal'"),
        (f"{SIGN}\n{SIGN}", "has this entry twice: 'msgid \"Sign\"'"),
        (
            'msgid "Sign"\nmsgid_plural "Signs"\nmsgstr[0] "Zeichen"\nmsgstr[1] "Zeichen"\n',
            "differs from the code about the plural of 'Sign'",
        ),
    ],
)
def test_each_fault_of_a_catalogue_is_named(
    tool: ModuleType, tmp_path: Path, entries: str, fault: str
) -> None:
    assert faults(tool, tmp_path / "django.po", entries, used("Sign")) == [f"locale/portal {fault}"]


def test_a_complete_catalogue_has_no_fault(tool: ModuleType, tmp_path: Path) -> None:
    assert faults(tool, tmp_path / "django.po", SIGN, used("Sign")) == []


def test_a_lost_placeholder_is_a_fault(tool: ModuleType, tmp_path: Path) -> None:
    entry = '#, python-format\nmsgid "Hello %(name)s"\nmsgstr "Hallo %(nmae)s"\n'

    found = faults(tool, tmp_path / "django.po", entry, used("Hello %(name)s"))

    assert len(found) == 1
    assert "'Hello %(name)s'" in found[0]


def test_a_plural_needs_both_forms(tool: ModuleType, tmp_path: Path) -> None:
    entry = (
        'msgid "%(n)s point"\nmsgid_plural "%(n)s points"\nmsgstr[0] "%(n)s Punkt"\nmsgstr[1] ""\n'
    )

    found = faults(tool, tmp_path / "django.po", entry, used(("%(n)s point", "%(n)s points")))

    assert found[0] == "locale/portal does not translate '%(n)s point'"


def test_two_rooms_may_not_disagree_about_a_sentence(tool: ModuleType) -> None:
    first, second = used(), used()
    first.add("Open", "Offen")
    second.add("Open", "Öffnen")
    second.add("Open", "Öffnen", context="verb")

    assert tool.disagreements({"portal": first, "scoring": second}) == [
        "locale/portal and locale/scoring translate 'Open' differently; "
        "a message context tells them apart"
    ]


def test_update_brings_in_new_sentences_and_lets_unused_ones_go(
    tool: ModuleType, tmp_path: Path
) -> None:
    path = tmp_path / "django.po"
    path.write_text(f'{HEADER}\n{SIGN}\nmsgid "Seal"\nmsgstr "Siegel"\n', encoding="utf-8")
    elsewhere = used()
    elsewhere.add("Save", "Speichern")
    template = used("Sign", "Save", "Send")

    assert tool.update(path, template, tool.messages(elsewhere)) is True

    written = {key[0]: message.string for key, message in tool.messages(tool.read(path)).items()}
    assert written == {"Sign": "Unterschreiben", "Save": "Speichern", "Send": ""}
    assert tool.update(path, template, tool.messages(elsewhere)) is False  # nothing left to do


def test_every_file_with_sentences_belongs_to_one_room(tool: ModuleType) -> None:
    rooms = {room: set(tool.sources(room)) for room in tool.ROOMS}

    assert ROOT / "config" / "settings.py" in rooms["portal"]
    assert ROOT / "templates" / "base.html" in rooms["portal"]
    assert {ROOT / "partners" / "models" / "people.py"} <= rooms["partners"]
    assert set((ROOT / "templates").rglob("*.html")) <= set.union(*rooms.values())
    assert sum(len(files) for files in rooms.values()) == len(set.union(*rooms.values()))
