"""Files that are not what they say, or far more than they seem: at the reader, and at the page."""

import io
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from scoring.models import PartnerCenterImport
from scoring.reading.cells import NotReadable
from scoring.reading.tables import open_table
from scoring.reasons import Fault
from tests.factories import PartnerFactory, member

SECONDS = 60  # of the clock; on a quiet machine none of these takes more than two


def package(doctype: str = "", cell: str = "x", **more: bytes) -> bytes:
    """A workbook of one cell, with ``more`` parts under names with / for __."""
    file, plain = io.BytesIO(), io.BytesIO()
    with xlsxwriter.Workbook(plain) as book:
        book.add_worksheet().write_string(0, 0, "x")
    with zipfile.ZipFile(plain) as given, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for part in given.namelist():
            content = given.read(part)
            if part == "xl/sharedStrings.xml":
                content = content.replace(b"<sst", doctype.encode() + b"<sst", 1)
                content = content.replace(b"<t>x</t>", f"<t>{cell}</t>".encode())
            new.writestr(part, content)
        for name, content in more.items():
            new.writestr(name.replace("__", "/"), content)
    return file.getvalue()


def laughing() -> bytes:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return package(f'<!DOCTYPE x [<!ENTITY l0 "lol">{levels}]>', "&l9;")


def peeking() -> bytes:
    return package('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', "&e;")


def climbing() -> bytes:
    parts: dict[str, Any] = {
        "../../../../../../tmp/zqx-climbed": b"x",
        "/tmp/zqx-climbed": b"x",  # noqa: S108
        "xl__..__..__y": b"x",
    }
    return package(**parts)


def many() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(20_000):
            archive.writestr(f"xl/{number}", b"")
    return file.getvalue()


def lying() -> bytes:
    """The directory says that a part is small; the part itself is not."""
    content = bytearray(package(xl__media__a=b"\0" * 50_000_000))
    place = content.rfind(b"PK\x01\x02", 0, content.rfind(b"xl/media/a"))
    struct.pack_into("<I", content, place + 24, 10)
    return bytes(content)


def overlapping() -> bytes:
    """Many names in the directory for the one large part, as a bomb without nesting has them."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/a", b"\0" * 20_000_000)
        (info,) = archive.infolist()
        for number in range(1_000):
            twin = zipfile.ZipInfo(f"xl/a{number}")
            for key in ("CRC", "compress_size", "file_size", "header_offset", "compress_type"):
                setattr(twin, key, getattr(info, key))
            archive.filelist.append(twin)
    return file.getvalue()


def nested() -> bytes:
    inner = package(xl__media__a=b"\0" * 1_000_000)
    return package(xl__embeddings__a=inner, xl__embeddings__b=inner)


NOT_READ: dict[str, Callable[[], bytes]] = {
    "bomb": lambda: package(xl__media__a=b"\0" * 100_000_000),
    "many parts": many,
    "lying directory": lying,
    "overlapping parts": overlapping,
    "no workbook": lambda: b"PK\x03\x04" + b"\0" * 100,
    "cut off": lambda: package()[:-30],
    "another zip": lambda: _zip({"readme.txt": b"x"}),
    "executable": lambda: b"MZ\x90\x00" + bytes(range(256)) * 20,
    "pdf": lambda: b"%PDF-1.7\n" + b"x" * 1_000,
    "gzip": lambda: b"\x1f\x8b" + b"x" * 1_000,
    "png": lambda: b"\x89PNG\r\n\x1a\n" + b"x" * 1_000,
    "html": lambda: b"<!DOCTYPE html><script>zqx()</script>",
    "nothing but NUL": lambda: b"\0" * 100_000,
}


def _zip(parts: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def read(content: bytes) -> list[list[str]]:
    """Header and rows, whatever the file's name said."""
    stream = io.BytesIO(content)
    table = open_table(stream, name="OfficeUsage.csv")
    return [table.header, *(row for batch in table.batches() for row in batch.rows)]


@pytest.mark.parametrize("kind", NOT_READ)
def test_what_is_no_table_is_said_and_takes_no_time(kind: str) -> None:
    content = NOT_READ[kind]()
    begun = time.monotonic()
    with pytest.raises(NotReadable) as refused:
        read(content)
    assert isinstance(refused.value.fault, Fault)
    assert time.monotonic() - begun < SECONDS


def test_a_bomb_is_known_before_it_is_unpacked() -> None:
    for kind in ("bomb", "overlapping parts"):
        with pytest.raises(NotReadable) as refused:
            read(NOT_READ[kind]())
        assert refused.value.fault == Fault.UNPACKS_TOO_BIG


@pytest.mark.parametrize("make", [laughing, peeking], ids=["laughs", "file"])
def test_no_entity_is_followed(make: Callable[[], bytes]) -> None:
    try:
        told = str(read(make()))
    except NotReadable:
        return
    assert len(told) < 1_000
    assert "root:" not in told


def test_a_plain_workbook_is_read() -> None:
    assert read(package()) == [["x"]]
    assert read(package("<!DOCTYPE x>")) == [["x"]]


@pytest.mark.parametrize("make", [climbing, nested], ids=["path", "nested"])
def test_only_the_sheet_is_read_and_nothing_is_unpacked_beside_it(
    make: Callable[[], bytes],
) -> None:
    assert read(make()) == [["x"]]
    assert not Path("/tmp/zqx-climbed").exists()  # noqa: S108


@pytest.mark.parametrize(
    "content",
    [b"x" * 30_000_000, b"a,b\n" + b"y" * 30_000_000, b'a,b\n"' + b"z\n" * 5_000_000],
    ids=["header", "row", "quoted"],
)
def test_a_line_without_end_is_refused(content: bytes) -> None:
    begun = time.monotonic()
    with pytest.raises(NotReadable):
        read(content)
    assert time.monotonic() - begun < SECONDS


# ---- At the page ---------------------------------------------------------------------------------

NAMES = [
    "../../../etc/passwd",
    "..\\..\\windows\\system32\\x.csv",
    "/etc/cron.d/x",
    "a\x00.csv",
    "a\r\nX-Zqx: 1.csv",
    "CON",
    ".",
    "..",
    "a" * 300 + ".csv",
    "ab\u202evsc.exe",
    '";drop.csv',
    "<img src=x onerror=zqx()>.csv",
    "=cmd|zqx.csv",
]


@pytest.mark.django_db
@pytest.mark.parametrize("name", NAMES)
def test_no_name_of_a_file_leads_anywhere(name: str, settings: Any) -> None:
    person = member(PartnerFactory.create(), "manager")
    client = Client(headers={"accept-language": "en"})
    client.force_login(person)
    boundary = "zqx"
    written = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="kind"\r\n\r\nauto\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="uploads"; filename="{written}"\r\n'
        f"Content-Type: text/csv\r\n\r\na,b\n1,2\n\r\n--{boundary}--\r\n"
    ).encode()
    answer = client.post(
        reverse("scoring:import_upload"),
        body,
        content_type=f"multipart/form-data; boundary={boundary}",
    )
    assert answer.status_code in {200, 302, 400, 422}
    for row in PartnerCenterImport.objects.all():
        assert not {"/", "\\", "\0", "\r", "\n"} & set(row.file_name)
        assert row.file_name not in {"", ".", ".."}
        if row.file:
            assert row.file.path.startswith(f"{settings.MEDIA_ROOT}/")
            assert "etc" not in str(row.file.name)
        page = client.get(reverse("scoring:import", args=[row.pk]))
        assert page.status_code == 200
        assert b"<img src=x" not in page.content


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["bomb", "another zip", "executable", "html", "nothing but NUL"])
def test_the_check_page_bears_any_file(kind: str) -> None:
    upload = SimpleUploadedFile("x.pdf", NOT_READ[kind](), content_type="application/pdf")
    answer = Client().post(reverse("documents:check"), {"file": upload})
    assert answer.status_code in {200, 422}
    assert b"<script>zqx" not in answer.content
