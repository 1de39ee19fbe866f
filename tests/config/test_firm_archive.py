"""The archive of a firm: out of one portal, into an empty one, and out again, the same."""

import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from cooperation import comments
from cooperation.models import (
    Agreement,
    AgreementAnnex,
    AgreementDocument,
    AgreementEvent,
    Answer,
    Comment,
    Pair,
    Signature,
)
from documents import jobs, keeping
from documents.models import Document
from partners import firm_log
from partners.models import Membership, Partner, User
from partners.privacy import archive, archive_import
from scoring.models import Contribution, PartnerCenterImport, Score
from tests.cooperation.amended import in_force
from tests.cooperation.settling import signed_in_pairs
from tests.evidence import lifted
from tests.factories import PartnerFactory
from tests.scoring.stage import stored_score

pytestmark = pytest.mark.django_db

KEPT = {"django_migrations", "django_content_type", "auth_permission", "sqlite_sequence"}


def empty_portal() -> None:
    """Every row of every table goes, as if this were another portal."""
    with lifted(), connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table not in KEPT:
                cursor.execute(f'DELETE FROM "{table}"')  # noqa: S608 -- names of tables
        connection.check_constraints()
    shutil.rmtree(settings.MEDIA_ROOT)
    Path(settings.MEDIA_ROOT).mkdir()


def firm_with_everything() -> Partner:
    """A firm of three in an agreement in force, with a sealed document, comments and a score."""
    world, version = signed_in_pairs()
    firm = world.firms[0]
    row = AgreementDocument.objects.filter(version=version).select_related("document")
    document = row.filter(partner=firm).first() or row.first()
    assert document is not None
    jobs.build(document.document_id, lambda _document: SIMPLE_PDF)
    for number in (0, 1):
        comments.write(
            world.agreement.pk, "shared_goal", f"From firm {number}", **world.acting(number)
        )
    comments.write(
        world.agreement.pk,
        "shared_goal",
        "Hers alone",
        audience=Comment.Audience.INTERNAL,
        **world.acting(1),
    )
    firm_log.record(firm, "data_exported", by=world.people[0])
    stored_score(firm)
    return firm


SIMPLE_PDF = b""


@pytest.fixture(scope="module", autouse=True)
def _a_pdf() -> None:
    from weasyprint import HTML

    globals()["SIMPLE_PDF"] = HTML(string="<p>Agreement").write_pdf()


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


@pytest.fixture
def written(tmp_path: Path) -> Callable[[Partner], Path]:
    return lambda partner: archive.write(partner, tmp_path).path


def test_an_archive_comes_out_of_another_portal_as_it_went_in(
    written: Callable[[Partner], Path],
) -> None:
    firm = firm_with_everything()
    before: dict[str, Any] = {
        "scores": list(Score.objects.order_by("pk").values("pk", "result", "revision", "as_of")),
        "signatures": list(
            Signature.objects.order_by("pk").values("pk", "signer", "payload_sha256")
        ),
        "hashes": list(AgreementEvent.objects.order_by("seq").values_list("seq", "digest", "hash")),
        "contributions": Contribution.objects.count(),
    }
    out = written(firm)
    first = contents(out)
    empty_portal()
    assert Partner.objects.count() == User.objects.count() == Agreement.objects.count() == 0

    imported = archive_import.load(out)

    assert imported.partner == firm
    assert (
        list(Score.objects.order_by("pk").values("pk", "result", "revision", "as_of"))
        == (before["scores"])
    )
    assert (
        list(Signature.objects.order_by("pk").values("pk", "signer", "payload_sha256"))
        == before["signatures"]
    )
    assert Contribution.objects.count() == before["contributions"] > 0
    chain = AgreementEvent.objects.order_by("seq").values_list("seq", "digest", "hash")
    assert list(chain) == before["hashes"]
    call_command("verify_trail")
    assert list(firm_log.breaks(firm)) == []
    assert list(keeping.damages()) == []
    ready = Document.objects.filter(state=Document.State.READY).get(kind="agreement")
    with ready.file.open("rb") as stored:
        assert hashlib.sha256(stored.read()).hexdigest() == ready.sha256
    assert PartnerCenterImport.objects.exclude(original="").exists()

    second = contents(written(imported.partner))
    log = {"data/partners.FirmEvent.jsonl", "logs/firm.jsonl"}
    assert first.keys() == second.keys()
    assert [
        name
        for name in first
        if name not in {archive.MANIFEST, *log} and first[name] != second[name]
    ] == []
    for name in log:  # grew by the import, and only at its end
        assert second[name].startswith(first[name])
        assert second[name].count(b"\n") == first[name].count(b"\n") + 1


def test_the_archive_holds_nothing_that_the_firm_may_not_read(
    written: Callable[[Partner], Path],
) -> None:
    firm = firm_with_everything()
    world = Agreement.objects.get()
    others = Pair.objects.exclude(first=firm).exclude(second=firm).get(agreement=world)
    secret = AgreementAnnex.objects.get(pair=others)
    assert Answer.objects.filter(pair=others).exists()

    files = contents(written(firm))

    def rows(model: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in files[f"data/{model}.jsonl"].splitlines()]

    assert {row["pair_id"] for row in rows("cooperation.Answer")} == {
        None,
        *(str(pk) for pk in Pair.objects.of(firm).values_list("pk", flat=True)),
    }
    annexes = {row["pair_id"]: row for row in rows("cooperation.AgreementAnnex")}
    assert annexes[str(others.pk)]["payload"] == ""
    assert annexes[str(others.pk)]["sha256"] == secret.sha256
    said = {row["text"] for row in rows("cooperation.Comment")}
    assert said == {"From firm 0", "From firm 1"}
    withheld = [row for row in rows("cooperation.AgreementEvent") if row["kind"] == "withheld"]
    hidden = AgreementEvent.objects.filter(pair=others)
    assert {row["seq"] for row in withheld} == set(hidden.values_list("seq", flat=True)) != set()
    assert all((row["salt"], row["data"], row["by_id"]) == ("", {}, None) for row in withheld)
    own = {str(pk) for pk in Membership.objects.filter(partner=firm).values_list("user", flat=True)}
    for person in rows("partners.User"):
        assert person["email"].endswith("@imported.invalid") is (person["id"] not in own)
    assert b"password" not in files["data/partners.User.jsonl"]


def test_people_come_without_passwords_and_others_are_closed(
    written: Callable[[Partner], Path],
) -> None:
    world = in_force()
    out = written(world.firms[0])
    empty_portal()
    archive_import.load(out)
    own, other = (User.objects.get(pk=person.pk) for person in world.people)
    assert (own.email, own.is_active, own.has_usable_password()) == (
        world.people[0].email,
        True,
        False,
    )
    assert (other.name, other.email, other.is_active) == (
        world.people[1].name,
        f"{other.pk}@imported.invalid",
        False,
    )
    assert list(Partner.objects.filter(is_active=True)) == [world.firms[0]]


def test_a_firm_that_is_there_is_not_taken_in_again(
    written: Callable[[Partner], Path],
) -> None:
    out = written(PartnerFactory.create())
    with pytest.raises(archive_import.InvalidArchive, match="is here already"):
        archive_import.load(out)


# ---- Archives that are none, or not the ones that were written -----------------------------------


def changed(path: Path, change: Callable[[dict[str, bytes]], None], *, sign: bool = False) -> Path:
    """The archive with other files; ``sign``: with a manifest that fits them."""
    files = contents(path)
    change(files)
    if sign:
        manifest = json.loads(files[archive.MANIFEST])
        manifest["files"] = {
            name: {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in files.items()
            if name != archive.MANIFEST
        }
        files[archive.MANIFEST] = json.dumps(manifest).encode()
    target = path.with_name("changed.zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in files.items():
            out.writestr(name, content)
    return target


def _said(name: str, old: bytes, new: bytes) -> Callable[[dict[str, bytes]], None]:
    def change(files: dict[str, bytes]) -> None:
        assert old in files[name]
        files[name] = files[name].replace(old, new)

    return change


def _manifest(**said: Any) -> Callable[[dict[str, bytes]], None]:
    def change(files: dict[str, bytes]) -> None:
        files[archive.MANIFEST] = json.dumps(json.loads(files[archive.MANIFEST]) | said).encode()

    return change


def _more(name: str, content: bytes) -> Callable[[dict[str, bytes]], None]:
    def change(files: dict[str, bytes]) -> None:
        files[name] = content

    return change


@pytest.mark.parametrize(
    ("change", "sign", "says"),
    [
        (_said("data/partners.Partner.jsonl", b"Firm", b"Farm"), False, "not the one that"),
        (
            _said("data/partners.FirmEvent.jsonl", b"data_exported", b"data_imported"),
            True,
            "changed",
        ),
        (
            _said("data/cooperation.AgreementEvent.jsonl", b'"accepted"', b'"invited"'),
            True,
            "together",
        ),
        (_said("data/partners.Partner.jsonl", b'"slug"', b'"password"'), True, "other columns"),
        (_manifest(format="handschlag-firm/2"), False, "not the format"),
        (_manifest(schema={"partners": "9999_new"}), False, "another version"),
        (_more("data/../../evil.jsonl", b""), True, "name that no archive has"),
        (_more("/etc/passwd", b""), True, "name that no archive has"),
        (_more("files/more.pdf", b"x"), False, "does not hold the files"),
        (_more("files/bomb.pdf", b"0" * (30 << 20)), True, "more densely"),
        (_more(archive.MANIFEST, b"[]"), False, "cannot be read"),
    ],
)
def test_a_changed_archive_is_refused_and_leaves_nothing(
    change: Callable[[dict[str, bytes]], None],
    sign: bool,
    says: str,
    written: Callable[[Partner], Path],
) -> None:
    world = in_force()
    firm_log.record(world.firms[0], "data_exported")
    out = changed(written(world.firms[0]), change, sign=sign)
    empty_portal()
    with pytest.raises(archive_import.InvalidArchive, match=says):
        archive_import.load(out)
    assert Partner.objects.count() == User.objects.count() == Agreement.objects.count() == 0


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", b"x" * 1000])
def test_what_is_no_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "none.zip"
    path.write_bytes(content)
    with pytest.raises(CommandError, match="no archive"):
        call_command("import_firm", str(path))


def test_the_commands_say_what_they_did(tmp_path: Path) -> None:
    firm = PartnerFactory.create(slug="weser", name="Weser IT")
    path, said = tmp_path / "weser.zip", io.StringIO()
    call_command("export_firm", "weser", str(path), stdout=said)
    assert firm.events.values_list("kind", flat=True).get() == "data_exported"
    assert hashlib.sha256(path.read_bytes()).hexdigest() in said.getvalue()
    empty_portal()
    call_command("import_firm", str(path), stdout=said)
    assert "Weser IT" in said.getvalue()
    assert list(firm.events.values_list("kind", flat=True)) == ["data_exported", "data_imported"]
