"""What was set a short while ago is not set again, and nobody can slip in another file."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from documents import rendered, rendering
from documents.rendering import File

MADE_AT = datetime(2026, 11, 21, tzinfo=UTC)
KEY = "ab" * 32


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.VAR_DIR = tmp_path
    return tmp_path / "cache" / "rendered"


def never() -> bytes:
    raise AssertionError("set twice")


def test_it_is_set_once() -> None:
    assert rendered.once(KEY, lambda: b"one") == b"one"
    assert rendered.once(KEY, never) == b"one"
    assert rendered.once("cd" * 32, lambda: b"two") == b"two"


def test_only_this_account_can_read_it(folder: Path) -> None:
    rendered.once(KEY, lambda: b"one")
    assert (folder / KEY).stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "forge",
    [
        lambda kept, other: kept[:-1] + b"?",
        lambda kept, other: kept[: rendered.TAG] + b"forged",
        lambda kept, other: b"forged",
        lambda kept, other: b"",
        lambda kept, other: kept[: rendered.TAG - 1],
        lambda kept, other: other,  # genuine, but of another document
    ],
)
def test_another_file_in_its_place_is_not_taken(forge: Any, folder: Path) -> None:
    rendered.once(KEY, lambda: b"one")
    rendered.once("cd" * 32, lambda: b"two")
    path = folder / KEY
    path.write_bytes(forge(path.read_bytes(), (folder / ("cd" * 32)).read_bytes()))
    assert rendered.once(KEY, lambda: b"made anew") == b"made anew"
    assert rendered.once(KEY, never) == b"made anew"


def test_a_failure_keeps_nothing(folder: Path) -> None:
    with pytest.raises(AssertionError):
        rendered.once(KEY, never)
    assert list(folder.iterdir()) == []


def test_every_part_of_the_input_counts() -> None:
    def of(**changes: Any) -> str:
        file = {
            "name": "a.json",
            "content": b"{}",
            "description": "Data",
            "relationship": "Source",
            "made_at": MADE_AT,
        }
        html = changes.pop("html", "<p>")
        identifier = changes.pop("identifier", "urn:x")
        return rendered.key(html, [File(**file | changes)], identifier)  # type: ignore[arg-type]

    keys = [
        of(),
        of(html="<p >"),
        of(identifier="urn:y"),
        of(name="b.json"),
        of(content=b"[]"),
        of(description="Date"),
        of(relationship="Data"),
        of(made_at=datetime(2026, 11, 22, tzinfo=UTC)),
        rendered.key("<p>", [], "urn:x"),
        rendered.key("<p>u", [], "rn:x"),
    ]
    assert len(set(keys)) == len(keys)
    assert of() == keys[0]


def test_old_files_and_too_many_are_deleted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        rendered.once(f"{number:064}", lambda: b"x" * (1000 - rendered.TAG))
        at = time.time() - 100 * (4 - number)
        os.utime(folder / f"{number:064}", (at, at))
    assert rendered.prune() == 0
    monkeypatch.setattr(rendered, "MOST", 2500)
    assert rendered.prune() == 2
    assert sorted(path.name for path in folder.iterdir()) == [f"{2:064}", f"{3:064}"]
    monkeypatch.setattr(rendered, "KEPT", 150)
    assert rendered.prune() == 1
    assert [path.name for path in folder.iterdir()] == [f"{3:064}"]


def test_a_document_that_is_tried_again_is_set_once(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.KEEP_RENDERED = True
    made = []

    def make(html: str, **options: Any) -> bytes:
        made.append(html)
        return b"%PDF"

    monkeypatch.setattr(rendering, "html_to_pdf", make)
    for language in ("de", "de", "en"):
        assert rendering.render_pdf("documents/pdf_base.html", {}, language=language) == b"%PDF"
    assert [html.partition('lang="')[2][:2] for html in made] == ["de", "en"]
