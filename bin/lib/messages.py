"""Keep the German catalogues in step with the code: one catalogue per room.

Every sentence in code and templates has to be in its room's catalogue, translated and not fuzzy;
nothing else may be in it. Without arguments the catalogues are brought up to date: new sentences
come in (with the translation another room already has), unused ones go. ``--check`` only reports.
"""

import argparse
import io
import os
import shutil
import sys
import tempfile
from pathlib import Path

import django
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import PoFileError, read_po, write_po
from django.core.management import call_command

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("portal", "partners", "documents", "scoring", "cooperation", "api")
# Folders of templates that bear a library's name and hold a room's words.
TEMPLATES = {"partners": ("account", "mfa", "socialaccount", "usersessions", "allauth")}
Key = tuple[str, str | None]  # msgid, context


def sources(room: str) -> list[Path]:
    """The files whose sentences belong to ``room``; the portal has what no other room claims."""
    if room != "portal":
        folders = [ROOT / room, *_templates(room)]
        files = [path for folder in folders for path in folder.rglob("*")]
    else:
        others = {path for other in ROOMS if other != room for path in _templates(other)}
        files = [
            *(ROOT / "config").rglob("*"),
            *(p for p in (ROOT / "templates").rglob("*") if others.isdisjoint(p.parents)),
        ]
    return [p for p in files if p.is_file() and p.suffix in {".py", ".html", ".txt", ".svg"}]


def _templates(room: str) -> list[Path]:
    return [ROOT / "templates" / name for name in (room, *TEMPLATES.get(room, ()))]


def extract(room: str) -> Catalog:
    """The sentences that ``room`` uses, found by Django's makemessages in a copy of its files."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        for source in sources(room):
            target = copy / source.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        (copy / "locale").mkdir()
        here = Path.cwd()
        os.chdir(copy)
        try:
            call_command(
                "makemessages",
                locale=["de"],
                extensions=["py,html,txt,svg"],
                verbosity=0,
                no_wrap=True,
            )
        finally:
            os.chdir(here)
        return read(copy / "locale" / "de" / "LC_MESSAGES" / "django.po")


def read(path: Path) -> Catalog:
    if not path.exists():
        return Catalog(locale="de", domain="django", charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale="de", domain="django", abort_invalid=True)


def messages(catalogue: Catalog) -> dict[Key, Message]:
    """All entries but the header."""
    return {key_of(message): message for message in catalogue if message.id}


def key_of(message: Message) -> Key:
    return (message.id if isinstance(message.id, str) else message.id[0], message.context)


def is_translated(message: Message) -> bool:
    return bool(message.string) and all(
        [message.string] if isinstance(message.string, str) else message.string
    )


def show(key: Key) -> str:
    text = key[0] if len(key[0]) <= 90 else f"{key[0][:87]}..."
    return repr(text) + (f" ({key[1]})" if key[1] else "")


def faults(room: str, used: dict[Key, Message], path: Path) -> list[str]:
    """What is wrong with the catalogue of ``room``, one sentence each."""
    try:
        catalogue = read(path)
    except PoFileError as error:
        return [f"cannot be read: {error}"]
    entries = messages(catalogue)
    found = [f"has no entry for {show(key)}" for key in used.keys() - entries.keys()]
    found += [f"has the unused entry {show(key)}" for key in entries.keys() - used.keys()]
    found += [
        f"keeps the obsolete entry {show(key_of(old))}" for old in catalogue.obsolete.values()
    ]
    for key, message in entries.items():
        if message.fuzzy:
            found.append(f"is not sure about {show(key)} (fuzzy)")
        elif not is_translated(message):
            found.append(f"does not translate {show(key)}")
        if key in used and isinstance(used[key].id, str) != isinstance(message.id, str):
            found.append(f"differs from the code about the plural of {show(key)}")
    for message, errors in catalogue.check():
        found += [f"{show(key_of(message))}: {error}" for error in errors]
    seen: set[str] = set()
    for block in path.read_text(encoding="utf-8").split("\n\n") if path.exists() else []:
        entry = "\n".join(line for line in block.splitlines() if not line.startswith("#"))
        entry = entry.partition("\nmsgstr")[0]
        if entry.strip() and entry in seen:
            found.append(f"has this entry twice: {entry!r}")
        seen.add(entry)
    return [f"locale/{room} {fault}" for fault in sorted(found)]


def disagreements(rooms: dict[str, Catalog]) -> list[str]:
    """Sentences that two rooms translate differently: gettext would take one of them for both."""
    first: dict[Key, tuple[str, Message]] = {}
    found = []
    for room, catalogue in rooms.items():
        for key, message in messages(catalogue).items():
            if not is_translated(message):
                continue
            other_room, other = first.setdefault(key, (room, message))
            if other.string != message.string:
                found.append(
                    f"locale/{other_room} and locale/{room} translate {show(key)} differently; "
                    "a message context tells them apart"
                )
    return found


def update(path: Path, template: Catalog, known: dict[Key, Message]) -> bool:
    """Bring one catalogue up to date; True when the file has changed."""
    catalogue = read(path)
    before = path.read_bytes() if path.exists() else b""
    catalogue.update(template, no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    for key, message in messages(catalogue).items():
        message.locations = []
        if not is_translated(message) and key in known:
            same_form = isinstance(known[key].id, str) == isinstance(message.id, str)
            message.string = known[key].string if same_form else message.string
    buffer = io.BytesIO()
    write_po(buffer, catalogue, width=100, sort_output=True)
    if buffer.getvalue() == before:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(buffer.getvalue())
    return True


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="bin/messages", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--check", action="store_true", help="report what is wrong, change nothing")
    check = parser.parse_args().check
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    sys.path.insert(0, str(ROOT))
    django.setup()

    paths = {room: ROOT / "locale" / room / "de" / "LC_MESSAGES" / "django.po" for room in ROOMS}
    templates = {room: extract(room) for room in ROOMS}
    if not check:
        known: dict[Key, Message] = {}
        for path in paths.values():
            known |= {k: m for k, m in messages(read(path)).items() if is_translated(m)}
        for room, path in paths.items():
            if update(path, templates[room], known):
                print(f"{path.relative_to(ROOT)} brought up to date")
    found = [
        fault for room in ROOMS for fault in faults(room, messages(templates[room]), paths[room])
    ]
    if not any("cannot be read" in fault for fault in found):
        found += disagreements({room: read(path) for room, path in paths.items()})
    for fault in found:
        print(fault)
    count = sum(len(messages(template)) for template in templates.values())
    print(f"{count} sentences in {len(ROOMS)} catalogues, {len(found)} faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
