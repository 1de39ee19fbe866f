"""The script inside each document: in an empty folder, without the portal, it judges as we do."""

import ast
import io
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from documents import examining, offline
from documents.examining import SealState
from documents.offline import verify
from documents.rendering import File
from tests.documents import tampering as done
from tests.documents.tampering import good, maker, sealed, timestamp_authority, timestamper
from tests.documents.test_examining import TAMPERINGS, heads_changed

PEM = Encoding.PEM
OTHER_TEXT = done.agreement().replace(b"09:30", b"09:31")


@dataclass
class Folder:
    """An empty folder with the script from a document, and the root of the portal."""

    path: Path

    def run(self, pdf: bytes, *arguments: str, tools: bool = True) -> tuple[int, str]:
        (self.path / "document.pdf").write_bytes(pdf)
        environment = {"PATH": os.environ["PATH"] if tools else ""}
        finished = subprocess.run(
            [sys.executable, "-I", "-S", "pruefen-verify.txt", "document.pdf", *arguments],
            cwd=self.path,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        assert finished.stderr == ""
        return finished.returncode, finished.stdout

    def judge(self, pdf: bytes, *arguments: str) -> tuple[int, str]:
        return self.run(pdf, "--trust", "root.pem", *arguments)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    attached = PdfReader(io.BytesIO(good().sealed)).attachments["pruefen-verify.txt"][0]
    (tmp_path / "pruefen-verify.txt").write_bytes(attached)
    (tmp_path / "root.pem").write_bytes(good().trust[0].public_bytes(PEM))
    return Folder(tmp_path)


def wrong(output: str) -> list[str]:
    """The English half of what is wrong."""
    lines = output.splitlines()
    return [
        lines[at + 1].strip() for at, line in enumerate(lines) if line.startswith("FALSCH/WRONG")
    ]


def test_the_instructions_are_the_script() -> None:
    text = offline.instructions()
    docstring = ast.get_docstring(ast.parse(text)) or ""

    assert text == offline.SCRIPT.read_bytes()
    for word in (
        "DEUTSCH",
        "ENGLISH",
        "python3 pruefen-verify.txt DOKUMENT.pdf --trust handschlag-roots.pem",
    ):
        assert word in docstring


def test_the_script_needs_nothing_but_python() -> None:
    tree = ast.parse(offline.instructions(), feature_version=(3, 9))
    names = {
        alias.name if isinstance(node, ast.Import) else str(node.module)
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


def test_a_genuine_document_is_found_genuine(folder: Folder) -> None:
    seq, head = good().head
    code, output = folder.judge(good().sealed, "--head", f"{seq}:{head}")

    assert (code, wrong(output)) == (0, [])
    for line in (
        "No byte of the document was changed.",
        "The signature fits the certificate.",
        "The certificate comes from the root that you trust.",
        "annex-1.json is an annex that the text names.",
        "1 more annexes belong to other parties and are not included.",
        f"The event log is whole: 5 events, head 5:{head}",
        "The text is the one that the event log names as frozen.",
        "The head of the event log is the one from the mail.",
        "Genuine and unchanged.",
    ):
        assert line in output


@pytest.mark.parametrize(
    ("tamper", "state"),
    [row[:2] for row in TAMPERINGS],
    ids=[getattr(row[0], "__name__", "").replace("<lambda>", row[2]) for row in TAMPERINGS],
)
def test_it_judges_each_tampering_as_the_portal_does(
    folder: Folder, tamper: Callable[[bytes], bytes], state: SealState
) -> None:
    code, output = folder.judge(tamper(good().sealed))

    assert state is not SealState.VALID
    assert code == 1
    assert wrong(output)
    assert output.endswith("Not genuine, or changed.\n")


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_no_flipped_bit_goes_unnoticed(folder: Folder, data: st.DataObject) -> None:
    pdf = bytearray(good().sealed)
    match = done.contents(good().sealed)
    signature = st.integers(match.start(1), match.start(1) + len(match[1].rstrip(b"0")) - 1)
    place = data.draw(st.one_of(signature, st.integers(0, len(pdf) - 1)))
    pdf[place] ^= 1 << data.draw(st.integers(0, 7))

    assert folder.judge(bytes(pdf))[0] == 1


def test_no_changed_kind_or_length_in_the_signature_goes_unnoticed(folder: Folder) -> None:
    unnoticed = []
    for pdf in heads_changed():
        (folder.path / "document.pdf").write_bytes(pdf)
        if verify.main([str(folder.path / "document.pdf")]) != 1:
            unnoticed.append(pdf)
    assert not unnoticed


def test_without_openssl_it_says_what_it_did_not_check(folder: Folder) -> None:
    code, output = folder.run(good().sealed, "--trust", "root.pem", tools=False)
    assert (code, wrong(output)) == (2, [])
    assert "Without openssl: the signature itself and the chain are unchecked." in output

    code, output = folder.run(
        done.language_changed(good().sealed), "--trust", "root.pem", tools=False
    )
    assert (code, wrong(output)) == (1, ["The document was changed after it was sealed."])


def test_without_a_root_it_leaves_open_whose_seal_it_is(folder: Folder) -> None:
    code, output = folder.run(good().sealed)
    assert (code, wrong(output)) == (2, [])
    fingerprint = examining.examine(good().sealed, trust=good().trust).certificate_sha256
    assert f"Fingerprint of the certificate: {fingerprint}" in output
    assert folder.run(done.fake_with_our_code(b""))[0] == 2  # that is why the root is needed


def test_another_head_than_the_mails_is_noticed(folder: Folder) -> None:
    seq, _head = good().head
    for head in (f"{seq}:{'0' * 64}", f"{seq + 1}:{'0' * 64}", "nonsense"):
        code, output = folder.judge(good().sealed, "--head", head)
        assert (code, wrong(output)) == (
            1,
            ["The head of the event log is not the one from the mail."],
        )


def without(name: str, *, instead: bytes | None = None) -> list[File]:
    """The attached files, one of them left out or replaced, as a portal gone bad would seal."""
    return [
        file if file.name != name else File(name, instead or b"", "", "Data", done.FROZEN_AT)
        for file in done.files()
        if file.name != name or instead is not None
    ]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            without("annex-1.json", instead=b'{"rules":[]}'),
            ["annex-1.json is no annex that the text names."],
        ),
        (
            without("agreement.json", instead=OTHER_TEXT),
            ["The text is not the one that the event log names."],
        ),
        (
            without("event-log.json", instead=done.event_log().replace(b'"signed"', b'"sealed"')),
            ["The event log is not in order from event 4 on."],
        ),
    ],
)
def test_what_is_attached_must_fit_together(
    folder: Folder, files: list[File], said: list[str]
) -> None:
    """Even under a valid seal: it proves who made the file, not that the portal tells the truth."""
    pdf = sealed(done.document(attached=files))
    assert examining.examine(pdf, trust=good().trust).is_genuine

    code, output = folder.judge(pdf)
    assert (code, wrong(output)) == (1, said)


def test_a_document_without_files_can_be_checked(folder: Folder) -> None:
    assert folder.judge(sealed(done.document(attached=[])))[0] == 0


def test_attached_files_are_saved_on_request(folder: Folder) -> None:
    assert folder.judge(good().sealed, "--extract", "files")[0] == 0
    saved = {path.name: path.read_bytes() for path in (folder.path / "files").iterdir()}
    assert saved == {file.name: file.content for file in done.files()}


def test_times_are_judged_as_the_portal_judges_them(folder: Folder) -> None:
    long_ago = datetime(2022, 3, 1, 12, tzinfo=UTC)
    portal = maker("Handschlag 2022", at=long_ago, days=100)
    tsa = timestamp_authority(done.TIMESTAMPS)[1]
    (folder.path / "root.pem").write_bytes(portal.root.public_bytes(PEM))
    (folder.path / "tsa.pem").write_bytes(tsa.public_bytes(PEM))
    after = long_ago + timedelta(days=101)
    stamped = sealed(good().body, portal, at=long_ago, timestamper=timestamper(long_ago))
    cases: list[tuple[bytes, list[str]]] = [
        (sealed(good().body, portal, at=long_ago), []),
        (sealed(good().body, portal, at=after), []),
        (stamped, []),
        (stamped, ["--timestamp-trust", "tsa.pem"]),
        (
            sealed(good().body, portal, at=long_ago, timestamper=timestamper(long_ago, "Other")),
            ["--timestamp-trust", "tsa.pem"],
        ),
        (
            sealed(
                good().body,
                portal,
                at=long_ago,
                timestamper=timestamper(long_ago + timedelta(days=2)),
            ),
            ["--timestamp-trust", "tsa.pem"],
        ),
    ]
    judged = []
    for pdf, arguments in cases:
        examination = examining.examine(
            pdf, trust=[portal.root], timestamp_trust=[tsa] if arguments else None
        )
        code, output = folder.judge(pdf, *arguments)
        assert (code == 0) == examination.is_genuine, output
        judged.append(code)
    assert judged == [1, 1, 1, 0, 1, 1]


def test_what_cannot_be_opened_is_left_open(folder: Folder) -> None:
    code, output = folder.run(good().sealed, "--trust", "none.pem")
    assert (code, "Cannot be read" in output) == (2, True)
