"""The command line's check ends with 0 only if every file is genuine, and names what is wrong."""

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from documents import sealing
from tests.documents import tampering as done
from tests.documents.test_checking import made

pytestmark = pytest.mark.django_db


def run(*arguments: object) -> tuple[list[str], str]:
    """What is printed, and what it failed with."""
    out = io.StringIO()
    try:
        call_command("verify_document", *[str(each) for each in arguments], stdout=out)
    except CommandError as error:
        return out.getvalue().splitlines(), str(error)
    return out.getvalue().splitlines(), ""


def test_genuine_files_pass(tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf"):
        (tmp_path / name).write_bytes(made()[1])

    lines, error = run(tmp_path / "a.pdf", tmp_path / "b.pdf")

    assert error == ""
    assert [line for line in lines if not line.startswith("  ")] == [
        f"{tmp_path / name}: genuine: an original of this portal, unchanged"
        for name in ("a.pdf", "b.pdf")
    ]


def test_one_bad_file_among_good_ones_fails(tmp_path: Path) -> None:
    _document, pdf = made()
    (tmp_path / "good.pdf").write_bytes(pdf)
    (tmp_path / "bad.pdf").write_bytes(done.attachment_replaced(pdf))

    lines, error = run(tmp_path / "good.pdf", tmp_path / "bad.pdf")

    assert error == "1 of 2 files not genuine."
    begin = lines.index(f"{tmp_path / 'bad.pdf'}: NOT GENUINE: not as the portal sealed it")
    assert lines[begin + 1 : begin + 5] == [
        "  content_changed: The sealed bytes were changed.",
        "  resaved: The file was written anew by another program.",
        "  attachment_changed: An attached file was replaced.",
        "  attached file: 'agreement.json'",
    ]


def test_offline_asks_no_database(tmp_path: Path, django_assert_num_queries: object) -> None:
    (tmp_path / "a.pdf").write_bytes(sealing.seal(done.document()).content)

    with django_assert_num_queries(0):  # type: ignore[operator]
        lines, error = run("--offline", tmp_path / "a.pdf")

    assert error == ""
    assert lines[0].endswith("unchanged under the portal's seal; no record of it here")


def test_json_is_one_object_per_file(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(done.fake_with_our_code(b""))

    lines, error = run("--json", tmp_path / "a.pdf")

    found = json.loads(lines[0])
    assert error == "1 of 1 files not genuine."
    assert (found["genuine"], found["outcome"], found["seal"]) == (False, "foreign", "foreign")
    assert found["faults"] == ["foreign_key", "borrowed_code"]
    assert found["identifier"] == done.CODE


def test_a_huge_file_is_not_read_whole(tmp_path: Path) -> None:
    with (tmp_path / "huge.pdf").open("wb") as file:
        file.truncate(200 * 1024 * 1024)

    lines, error = run(tmp_path / "huge.pdf")

    assert error == "1 of 1 files not genuine."
    assert lines[1] == "  too_large: The file is larger than 50 MB."


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    assert run(tmp_path / "none.pdf") == ([], f"{tmp_path / 'none.pdf'}: No such file or directory")
