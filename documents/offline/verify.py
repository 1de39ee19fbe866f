#!/usr/bin/env python3
"""
HANDSCHLAG: EIN DOKUMENT OHNE DAS PORTAL PRÜFEN / CHECKING A DOCUMENT WITHOUT THE PORTAL

DEUTSCH

Diese Datei ist Anleitung und Prüfprogramm zugleich. Sie prüft ein Dokument des Portals Handschlag
auf Ihrem eigenen Rechner. Das Portal wird nicht gefragt, nichts verlässt Ihren Rechner.

Sie brauchen Python ab Version 3.9 (https://www.python.org). Für Siegel und Zertifikat wird
das Programm "openssl" benutzt, das auf Linux und macOS meist schon da ist. Fehlt es, sagt
das Ergebnis, was ungeprüft blieb.

 1. Diese Datei aus dem PDF speichern: im PDF-Programm unter "Anhänge", Name pruefen-verify.txt.
    Trauen Sie dem PDF nicht? Dann nehmen Sie die Datei aus einem Dokument, dem Sie trauen.
 2. Das Wurzelzertifikat des Portals besorgen (handschlag-roots.pem), am besten einmal und auf
    Vorrat: Es steht auf der Prüfseite des Portals. Ohne es bleibt offen, von wem das Siegel ist.
 3. In einer Befehlszeile:  python3 pruefen-verify.txt DOKUMENT.pdf --trust handschlag-roots.pem
 4. Den Fingerabdruck des Zertifikats im Ergebnis mit dem auf der Prüfseite vergleichen. Nötig ist
    das, wenn das Siegel von einem öffentlichen Dienst gekauft ist: Der bedient auch andere.

 Zusätzlich möglich:
    --head NUMMER:HASH   Stand des Protokolls, wie er in der E-Mail an alle Beteiligten steht
    --timestamp-trust DATEI.pem   Wurzelzertifikat des Zeitstempeldienstes
    --extract ORDNER     die Anhänge des PDFs in einen neuen Ordner speichern

 Ergebnis (auch als Rückgabewert):
    0  Alles wurde geprüft, alles stimmt.
    1  Etwas stimmt nicht. Die Zeilen mit FALSCH sagen, was.
    2  Nichts Falsches gefunden, aber nicht alles konnte geprüft werden.

ENGLISH

This file is the instructions and the program in one. It checks a document of the portal Handschlag
on your own computer. The portal is not asked, and nothing leaves your computer.

You need Python 3.9 or later (https://www.python.org). For the seal and its certificate the program
"openssl" is used, which Linux and macOS usually have. Without it the result says what was
left unchecked.

 1. Save this file from the PDF: in your PDF reader under "attachments", name pruefen-verify.txt.
    You do not trust the PDF? Then take the file from a document that you do trust.
 2. Get the portal's root certificate (handschlag-roots.pem), best once and in advance: it is on
    the portal's check page. Without it nobody can say whose seal it is.
 3. On a command line:  python3 pruefen-verify.txt DOCUMENT.pdf --trust handschlag-roots.pem
 4. Compare the certificate's fingerprint in the result with the one on the check page. This is
    needed where the seal was bought from a public service, which serves others, too.

 Also possible:
    --head NUMBER:HASH   the head of the event log, as the mail to all parties tells it
    --timestamp-trust FILE.pem   root certificate of the timestamp service
    --extract FOLDER     save the files attached to the PDF in a new folder

 Result (also the exit code):
    0  Everything was checked, and everything holds.
    1  Something is wrong. The lines with WRONG say what.
    2  Nothing wrong was found, but not everything could be checked.

Was das Siegel sagt / what the seal says: Das Portal hat diese Datei gemacht, und sie ist seither
unverändert. Wer was wie unterschrieben hat, steht im Dokument. / The portal made this file, and it
is unchanged since. Who signed what, and how, stands in the document.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import zlib
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

UTC = timezone.utc  # noqa: UP017 -- Python 3.9 knows no other name
LIMIT = 50 * 1024 * 1024
FIELD = b"Handschlag"
AHEAD = timedelta(minutes=5)
APART = timedelta(minutes=15)


class Bad(Exception):
    """The file is not made as the portal makes its documents."""


# ---- PDF: only the form that the portal writes (ISO 32000-1, 7.3 and 7.5.8) ---------------------


class Name(bytes):
    """/Name"""


class Ref(int):
    """12 0 R"""


SPACE = b"\0\t\n\f\r "
DELIMITERS = b"()<>[]{}/%"
TOKEN = re.compile(rb"[^\0\t\n\f\r ()<>\[\]{}/%]+")
REFERENCE = re.compile(
    rb"(\d{1,8})[\0\t\n\f\r ]+(\d{1,5})[\0\t\n\f\r ]+R(?![^\0\t\n\f\r ()<>\[\]{}/%])"
)
BLANK = re.compile(rb"(?:[\0\t\n\f\r ]+|%[^\r\n]*)*")
ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def after_blank(data: bytes, at: int) -> int:
    match = BLANK.match(data, at)
    return match.end() if match else at


def parse(data: bytes, at: int, depth: int = 0) -> tuple[Any, ...]:
    """The object at ``at`` and the place behind it."""
    if depth > 60:
        raise Bad("objects too deep inside each other")
    at = after_blank(data, at)
    head = data[at : at + 1]
    if data[at : at + 2] == b"<<":
        found: dict[Any, Any] = {}
        at += 2
        while True:
            at = after_blank(data, at)
            if data[at : at + 2] == b">>":
                return found, at + 2
            key, at = parse(data, at, depth + 1)
            if not isinstance(key, Name) or key in found:
                raise Bad("a dictionary with a bad key")
            found[key], at = parse(data, at, depth + 1)
    if head == b"[":
        items: list[Any] = []
        at += 1
        while True:
            at = after_blank(data, at)
            if data[at : at + 1] == b"]":
                return items, at + 1
            item, at = parse(data, at, depth + 1)
            items.append(item)
    if head == b"(":
        return parse_string(data, at + 1)
    if head == b"<":
        end = data.index(b">", at)
        return bytes.fromhex(data[at + 1 : end].decode("ascii")), end + 1
    if head == b"/":
        match = TOKEN.match(data, at + 1)
        written = match.group() if match else b""
        plain = re.sub(rb"#([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]), written)
        return Name(plain), at + 1 + len(written)
    match = REFERENCE.match(data, at)
    if match:
        return Ref(match[1]), match.end()
    match = TOKEN.match(data, at)
    if not match:
        raise Bad("an object is missing")
    word = match.group()
    if word in (b"true", b"false", b"null"):
        return {b"true": True, b"false": False, b"null": None}[word], match.end()
    return (float(word) if b"." in word else int(word)), match.end()


def parse_string(data: bytes, at: int) -> tuple[Any, ...]:
    out, depth = bytearray(), 1
    while True:
        byte = data[at : at + 1]
        at += 1
        if not byte:
            raise Bad("a string without an end")
        if byte == b"\\":
            octal = re.compile(rb"[0-7]{1,3}").match(data, at)
            if octal:
                out.append(int(octal.group(), 8) & 255)
                at = octal.end()
                continue
            following = data[at : at + 1]
            at += 1
            if following == b"\r" and data[at : at + 1] == b"\n":
                at += 1
            if following not in (b"\r", b"\n"):
                out += ESCAPES.get(following, following)
            continue
        depth += (byte == b"(") - (byte == b")")
        if not depth:
            return bytes(out), at
        out += byte


class Pdf:
    """Objects of a PDF whose tables are cross-reference streams, from the last to the first."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.places: dict[Any, Any] = {}
        self.trailers: list[Any] = []
        self.starts: list[Any] = []
        self.loaded: dict[Any, Any] = {}
        end = re.search(rb"startxref\r?\n(\d{1,10})\r?\n%%EOF\r?\n?\Z", data)
        if not end:
            raise Bad("the file does not end as a PDF does")
        following: int | None = int(end[1])
        while following is not None:
            if following in self.starts or len(self.starts) > 20:
                raise Bad("too many revisions")
            following = self.table(following)
        if b"Encrypt" in self.trailers[0]:
            raise Bad("the file is encrypted")

    def table(self, start: int) -> int | None:
        self.starts.append(start)
        match = re.compile(rb"\d+ \d+ obj\b").match(self.data, start)
        if not match:
            raise Bad("no cross-reference stream")
        head, at = parse(self.data, match.end())
        if head.get(b"Type") != b"XRef":
            raise Bad("no cross-reference stream")
        rows = self.stream(head, at)
        sizes = head[b"W"]
        size = head[b"Size"]
        width = sum(sizes)
        index, at = head.get(b"Index", [0, size]), 0
        for place in range(0, len(index) - 1, 2):
            first, count = index[place : place + 2]
            for number in range(first, first + count):
                row = rows[at : at + width]
                if len(row) < width:
                    raise Bad("a table that is too short")
                kind = int.from_bytes(row[: sizes[0]], "big") if sizes[0] else 1
                second = int.from_bytes(row[sizes[0] : sizes[0] + sizes[1]], "big")
                third = int.from_bytes(row[sizes[0] + sizes[1] :], "big")
                self.places.setdefault(number, (kind, second, third))
                at += width
        self.trailers.append(head)
        previous: int | None = head.get(b"Prev")
        return previous

    def stream(self, head: dict[Any, Any], at: int) -> bytes:
        match = re.compile(rb"\s*stream\r?\n").match(self.data, at)
        length = self.value(head[b"Length"])
        if not match or match.end() + length > len(self.data):
            raise Bad("a stream is missing")
        if not re.compile(rb"\s*endstream").match(self.data, match.end() + length):
            raise Bad("a stream of another length")
        content = self.data[match.end() : match.end() + length]
        filters = self.value(head.get(b"Filter", []))
        for each in filters if isinstance(filters, list) else [filters]:
            if each != b"FlateDecode" or head.get(b"DecodeParms"):
                raise Bad("a stream in an unknown form")
            inflate = zlib.decompressobj()
            content = inflate.decompress(content, 2 * LIMIT)
            if inflate.unconsumed_tail or not inflate.eof:
                raise Bad("a stream that is too large or damaged")
        return content

    def fetch(self, number: int) -> Any:
        if number not in self.loaded:
            self.loaded[number] = None  # what refers to itself finds nothing
            self.loaded[number] = self.load(number)
        return self.loaded[number]

    def load(self, number: int) -> Any:
        kind, second, third = self.places.get(number, (0, 0, 0))
        if kind == 1:
            match = re.compile(rb"(\d+) (\d+) obj\b").match(self.data, second)
            if not match or int(match[1]) != number:
                raise Bad("an object is not where the table says")
            found, at = parse(self.data, match.end())
            if isinstance(found, dict) and re.compile(rb"\s*stream\r?\n").match(self.data, at):
                return found, self.stream(found, at)
            return found
        if kind == 2:
            holder = self.fetch(second)
            if not isinstance(holder, tuple) or holder[0].get(b"Type") != b"ObjStm":
                raise Bad("an object stream is missing")
            head, content = holder
            pairs = [int(word) for word in content[: head[b"First"]].split()]
            if pairs[2 * third] != number:
                raise Bad("an object is not where the table says")
            return parse(content, head[b"First"] + pairs[2 * third + 1])[0]
        return None

    def value(self, given: Any) -> Any:
        for _step in range(10):
            if not isinstance(given, Ref):
                return given
            given = self.fetch(given)
        raise Bad("references without an end")

    def get(self, given: Any, *keys: bytes) -> Any:
        """What stands under ``keys``, one inside the other; None if it is not there."""
        for key in keys:
            given = self.value(given)
            if isinstance(given, tuple):
                given = given[0]
            if not isinstance(given, dict):
                return None
            given = given.get(key)
        return self.value(given)

    def named(self, tree: Any, depth: int = 0) -> list[Any]:
        """The values of a name tree."""
        if depth > 20:
            raise Bad("a tree that is too deep")
        found = list((self.get(tree, b"Names") or [])[1::2])
        for kid in self.get(tree, b"Kids") or []:
            found += self.named(kid, depth + 1)
        return found

    def files(self) -> dict[Any, Any]:
        """The embedded files by name."""
        tree = self.get(self.trailers[0], b"Root", b"Names", b"EmbeddedFiles")
        found = {}
        for each in self.named(tree) if tree else []:
            name = self.get(each, b"UF") or self.get(each, b"F") or b""
            stream = self.get(each, b"EF", b"F")
            if not isinstance(stream, tuple):
                raise Bad("an attached file is missing")
            text = (
                name[2:].decode("utf-16-be") if name[:2] == b"\xfe\xff" else name.decode("latin-1")
            )
            if text in found:
                raise Bad("two attached files of one name")
            found[text] = stream[1]
        return found


# ---- DER: the bytes of a signature (X.690), strictly -------------------------------------------


OID, INTEGER, OCTETS, NULL, SEQUENCE, SET = 0x06, 0x02, 0x04, 0x05, 0x30, 0x31
FIRST, SECOND = 0xA0, 0xA1  # [0] and [1]


class Node:
    """One value: ``tag``, ``content``, and ``whole`` with both of them and the length."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.tag = data[at]
        if self.tag & 31 == 31:
            raise Bad("a tag of an unknown form")
        length, begin = data[at + 1], at + 2
        if length > 127:
            count = length & 127
            if not 1 <= count <= 4:
                raise Bad("a length of an unknown form")
            length, begin = int.from_bytes(data[begin : begin + count], "big"), begin + count
            if length < 128 or length >> 8 * (count - 1) == 0:
                raise Bad("a length that is written too long")
        self.content = data[begin : begin + length]
        if len(self.content) < length:
            raise Bad("a value without its end")
        self.end = begin + length
        self.whole = data[at : self.end]

    def parts(self) -> list[Any]:
        found, at = [], 0
        while at < len(self.content):
            node = Node(self.content, at)
            found.append(node)
            at = node.end
        return found

    def exactly(self, *tags: int) -> list[Any]:
        """The parts, which must be of these kinds and no others."""
        parts = self.parts()
        if [part.tag for part in parts] != list(tags):
            raise Bad("a signature of another form")
        return parts

    def oid(self) -> str:
        if self.tag != OID:
            raise Bad("a name is missing")
        numbers, value = [], 0
        for byte in self.content:
            value = value << 7 | byte & 127
            if not byte & 128:
                numbers.append(value)
                value = 0
        first = min(numbers[0] // 40, 2)
        return ".".join(str(each) for each in (first, numbers[0] - 40 * first, *numbers[1:]))

    def time(self) -> datetime:
        text = self.content.decode("ascii").rstrip("Z").split(".")[0]
        if self.tag == 0x17:
            text = ("19" if text[:2] >= "50" else "20") + text
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)


SIGNED_DATA, DATA = "1.2.840.113549.1.7.2", "1.2.840.113549.1.7.1"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
TIMESTAMP = "1.2.840.113549.1.9.16.2.14"
SHA256 = "2.16.840.1.101.3.4.2.1"
SIGNING = (  # ECDSA and RSA, with SHA-256
    "1.2.840.10045.4.3.2",
    "1.2.840.113549.1.1.11",
    "1.2.840.113549.1.1.1",
)
COMMON_NAME = "2.5.4.3"


class Certificate:
    def __init__(self, der: bytes) -> None:
        self.der = der
        if Node(der).tag != SEQUENCE:
            raise Bad("not a certificate")
        fields = Node(der).parts()[0].parts()
        fields = fields[1:] if fields[0].tag == 0xA0 else fields
        self.serial, self.issuer, self.subject = fields[0].whole, fields[2].whole, fields[4].whole
        self.begin, self.end = (each.time() for each in fields[3].parts())
        self.fingerprint = hashlib.sha256(der).hexdigest()

    def name(self) -> str:
        for part in Node(self.subject).parts():
            kind, value = part.parts()[0].parts()
            if kind.oid() == COMMON_NAME:
                return str(value.content, "utf-8", "replace")
        return "?"


class Cms:
    """A signature (RFC 5652) in the one form that the portal makes."""

    def __init__(self, der: bytes) -> None:
        outer = Node(der)
        kind, explicit = outer.exactly(OID, FIRST)
        if outer.tag != SEQUENCE or kind.oid() != SIGNED_DATA:
            raise Bad("not a signature")
        inner = explicit.exactly(SEQUENCE)[0]
        # No room for lists of revoked certificates, a second signature or enclosed content.
        version, algorithms, content, certificates, signers = inner.exactly(
            INTEGER, SET, SEQUENCE, FIRST, SET
        )
        enclosed = content.exactly(OID)[0].oid()
        algorithm = algorithms.exactly(SEQUENCE)[0]
        signer = signers.exactly(SEQUENCE)[0]
        tags = [INTEGER, SEQUENCE, SEQUENCE, FIRST, SEQUENCE, OCTETS, SECOND]
        fields = signer.exactly(*tags[: len(signer.parts())])
        issuer, serial = fields[1].exactly(SEQUENCE, INTEGER)
        made_by = fields[4].parts()
        if (
            len(fields) < 6
            or (version.content, fields[0].content) != (b"\1", b"\1")
            or enclosed != DATA
            or algorithm.whole != fields[2].whole
            or algorithm.parts()[0].oid() != SHA256
            or [each.whole for each in algorithm.parts()[1:]] not in ([], [b"\5\0"])
            or made_by[0].oid() not in SIGNING
            or [each.whole for each in made_by[1:]] not in ([], [b"\5\0"])
        ):
            raise Bad("a signature of another form")
        self.certificates = [Certificate(each.whole) for each in certificates.parts()]
        named = (issuer.whole, serial.whole)
        own = [each for each in self.certificates if (each.issuer, each.serial) == named]
        if len(own) != 1:
            raise Bad("the certificate of the signature is missing")
        self.own = own[0]
        self.attributes = attributes(fields[3])
        self.signed = b"\x31" + fields[3].whole[1:]  # it is signed as the SET that it is
        self.value = fields[5].content
        unsigned = attributes(fields[6]) if len(fields) > 6 else {}
        if set(unsigned) - {TIMESTAMP}:
            raise Bad("a signature with something beside it")
        self.token = unsigned.get(TIMESTAMP)

    def hash_of_certificate(self) -> bytes | None:
        """The SHA-256 of the signer's certificate that the signature is over (RFC 5035)."""
        if CERTIFICATE_V2 not in self.attributes:
            return None
        first = self.attributes[CERTIFICATE_V2].parts()[0].parts()[0].parts()
        return first[0].content if first[0].tag == 0x04 else None


def attributes(node: Node) -> dict[Any, Any]:
    found = {}
    for each in node.parts():
        kind, values = each.exactly(OID, SET)
        if each.tag != SEQUENCE or kind.oid() in found or len(values.parts()) != 1:
            raise Bad("an attribute more than once")
        found[kind.oid()] = values.parts()[0]
    return found


def token_facts(token: Node) -> tuple[Any, ...]:
    """Time, name of the hash and hash that a timestamp (RFC 3161) is over."""
    inner = token.parts()[1].parts()[0].parts()[2].parts()[1].parts()[0]
    info = Node(inner.content).parts()
    algorithm, imprint = info[2].parts()
    names = {
        SHA256: "sha256",
        "2.16.840.1.101.3.4.2.2": "sha384",
        "2.16.840.1.101.3.4.2.3": "sha512",
    }
    return info[4].time(), names.get(algorithm.parts()[0].oid()), imprint.content


# ---- What is found -----------------------------------------------------------------------------


class Report:
    """Lines in both languages; ``code`` is what the program ends with."""

    def __init__(self) -> None:
        self.code = 0

    def line(self, mark: str, german: str, english: str) -> None:
        print(f"{mark:<13} {german}\n{'':<13} {english}")  # noqa: T201

    def good(self, german: str, english: str) -> None:
        self.line("OK", german, english)

    def tell(self, german: str, english: str) -> None:
        self.line("-", german, english)

    def wrong(self, german: str, english: str) -> None:
        self.line("FALSCH/WRONG", german, english)
        self.code = 1

    def open(self, german: str, english: str) -> None:
        self.line("OFFEN/OPEN", german, english)
        self.code = self.code or 2

    def check(self, holds: bool, good: tuple[Any, ...], wrong: tuple[Any, ...]) -> bool:
        (self.good if holds else self.wrong)(*(good if holds else wrong))
        return holds


class Tool:
    """The program openssl, in a folder of its own."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        try:
            self.is_there = not subprocess.run(
                ["openssl", "version"],
                capture_output=True,
                check=False,
            ).returncode
        except OSError:
            self.is_there = False

    def file(self, name: str, content: bytes) -> str:
        (self.folder / name).write_bytes(content)
        return str(self.folder / name)

    def run(self, *arguments: str) -> tuple[Any, ...]:
        done = subprocess.run(
            ["openssl", *arguments],
            capture_output=True,
            check=False,
            cwd=self.folder,
        )
        return done.returncode == 0, done.stdout


def gap_of(data: bytes, report: Report) -> tuple[Any, ...] | None:
    """Where the signature stands, if it is over all the rest of the file."""
    ranges = re.findall(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]", data)
    if not ranges:
        report.wrong("Die Datei trägt kein Siegel.", "The file carries no seal.")
        return None
    if len(ranges) > 1:
        report.wrong(
            "Die Datei trägt mehr als eine Signatur.", "The file carries more than one signature."
        )
        return None
    start, length, again, rest = (int(each) for each in ranges[0])
    if again + rest < len(data):
        behind = len(data) - again - rest
        report.wrong(
            f"Hinter dem versiegelten Teil stehen {behind} Bytes: Die Datei wurde ergänzt.",
            f"{behind} bytes stand behind the sealed part: something was appended to the file.",
        )
        return None
    if start or length >= again or again + rest > len(data):
        report.wrong(
            "Das Siegel passt nicht zur Länge der Datei: Sie wurde gekürzt oder neu gespeichert.",
            "The seal does not fit the file's length: it was cut off or saved anew.",
        )
        return None
    report.good(
        "Das Siegel reicht über die ganze Datei, dahinter steht nichts.",
        "The seal is over the whole file, nothing stands behind it.",
    )
    return length, again


def check_form(pdf: Pdf, gap: tuple[Any, ...], report: Report) -> bytes | None:
    """Field, certification and revisions; the bytes in the signature's place."""
    data, root = pdf.data, pdf.get(pdf.trailers[0], b"Root")
    form = pdf.get(root, b"AcroForm", b"Fields") or []
    fields = [pdf.value(each) for each in form]
    signature_ref = fields[0].get(b"V") if len(fields) == 1 else None
    signature = pdf.value(signature_ref)
    allowed = None
    if isinstance(signature, dict):
        for each in pdf.get(signature, b"Reference") or []:
            if pdf.get(each, b"TransformMethod") == b"DocMDP":
                allowed = pdf.get(each, b"TransformParams", b"P")
    contents = signature.get(b"Contents") if isinstance(signature, dict) else None
    permissions = pdf.get(root, b"Perms")
    holds = (
        isinstance(contents, bytes)
        and fields[0].get(b"FT") == b"Sig"
        and fields[0].get(b"T") == FIELD
        and signature.get(b"Type") == b"Sig"
        and signature.get(b"SubFilter") == b"ETSI.CAdES.detached"
        and signature.get(b"ByteRange") == [0, gap[0], gap[1], len(data) - gap[1]]
        and allowed == 1
        and isinstance(permissions, dict)
        and permissions.get(b"DocMDP") == signature_ref
    )
    if not report.check(
        holds,
        ("Es ist eine Zertifizierung, die jede Änderung verbietet.",
         "It is a certification that forbids any change."),
        ("Das Siegel ist nicht von der Art, die das Portal macht.",
         "The seal is not of the kind that the portal makes."),
    ):  # fmt: skip
        return None
    # The body ends before the signature begins, and below it there is nothing.
    if not report.check(
        len(pdf.starts) == 2 and pdf.starts[1] < gap[0] < pdf.starts[0],
        ("Unter dem Siegel liegt eine einzige Fassung.",
         "Below the seal lies one single revision."),
        ("Die Datei enthält andere Fassungen als die versiegelte.",
         "The file holds other revisions than the sealed one."),
    ):  # fmt: skip
        return None
    return contents


def der_in(contents: bytes, data: bytes, gap: tuple[Any, ...]) -> bytes:
    """The signature, if its place holds nothing else, in the one notation."""
    der = Node(contents).whole
    written = data[gap[0] : gap[1]]
    digits = written[1:-1]
    plain = der.hex().encode()
    if (
        written[:1] != b"<"
        or written[-1:] != b">"
        or digits[: len(plain)] not in (plain, plain.upper())
        or digits[len(plain) :].strip(b"0")
    ):
        raise Bad("something else stands in the place of the signature")
    return der


def sealing_time(pdf: Pdf) -> datetime | None:
    field = pdf.value(pdf.get(pdf.trailers[0], b"Root", b"AcroForm", b"Fields")[0])
    written = pdf.get(field, b"V", b"M") or b""
    match = re.match(rb"D:(\d{14})(?:Z|([+-])(\d\d)'?(\d\d)?'?)?", written)
    if not match:
        return None
    at = datetime.strptime(match[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    away = timedelta(hours=int(match[3] or 0), minutes=int(match[4] or 0))
    return at + away if match[2] == b"-" else at - away


def check_seal(
    pdf: Pdf, cms: Cms, gap: tuple[Any, ...], options: argparse.Namespace, report: Report
) -> None:
    data, own = pdf.data, cms.own
    digest = hashlib.sha256(data[: gap[0]] + data[gap[1] :]).digest()
    signed = cms.attributes.get(MESSAGE_DIGEST)
    report.check(
        signed is not None and signed.content == digest
        and cms.attributes[CONTENT_TYPE].oid() == DATA,
        ("Kein Byte des Dokuments wurde verändert.", "No byte of the document was changed."),
        ("Das Dokument wurde nach dem Versiegeln verändert.",
         "The document was changed after it was sealed."),
    )  # fmt: skip
    report.check(
        cms.hash_of_certificate() == hashlib.sha256(cms.own.der).digest(),
        ("Das Siegel nennt sein Zertifikat.", "The seal names its certificate."),
        ("Das Zertifikat ist nicht das, mit dem gesiegelt wurde.",
         "The certificate is not the one that was sealed with."),
    )  # fmt: skip
    report.tell(
        f"Gesiegelt von: {own.name()}, gültig {own.begin:%d.%m.%Y} bis {own.end:%d.%m.%Y}",
        f"Sealed by: {own.name()}, valid {own.begin:%Y-%m-%d} to {own.end:%Y-%m-%d}",
    )
    report.tell(
        f"Fingerabdruck des Zertifikats: {cms.own.fingerprint}",
        f"Fingerprint of the certificate: {cms.own.fingerprint}",
    )
    at = sealing_time(pdf)
    with tempfile.TemporaryDirectory() as folder:
        tool = Tool(folder)
        if tool.is_there:
            check_signature(tool, cms, report)
        else:
            report.open(
                "Ohne openssl: Die Signatur selbst und die Zertifikatskette sind ungeprüft.",
                "Without openssl: the signature itself and the chain are unchecked.",
            )
        proven = check_timestamp(tool, cms, at, options, report)
        check_times(cms.own, at, proven, report)
        if options.trust is None:
            report.open(
                "Ohne --trust: Von wem das Siegel ist, sagt nur der Fingerabdruck. "
                "Vergleichen Sie ihn mit dem auf der Prüfseite.",
                "Without --trust: whose seal it is, only the fingerprint says. "
                "Compare it with the one on the check page.",
            )
        elif tool.is_there:
            check_chain(tool, cms, proven or at, options, report)


def check_signature(tool: Tool, cms: Cms, report: Report) -> None:
    own = tool.file("own.der", cms.own.der)
    _ok, key = tool.run("x509", "-inform", "DER", "-in", own, "-pubkey", "-noout")
    arguments = [
        *("-sha256", "-verify", tool.file("key.pem", key)),
        *("-signature", tool.file("signature", cms.value), tool.file("signed", cms.signed)),
    ]
    report.check(
        tool.run("dgst", *arguments)[0],
        ("Die Signatur passt zum Zertifikat.", "The signature fits the certificate."),
        ("Die Signatur passt nicht zum Zertifikat.", "The signature does not fit the certificate."),
    )


def check_chain(
    tool: Tool, cms: Cms, at: datetime | None, options: argparse.Namespace, report: Report
) -> None:
    roots = Path(options.trust).read_bytes()
    tool.file("root.pem", roots)
    others = [each for each in cms.certificates if each is not cms.own]
    tool.file("others.pem", b"".join(pem(each.der) for each in others))
    at = min(max(at or cms.own.begin, cms.own.begin), cms.own.end)
    fixed = ["verify", "-no-CAfile", "-no-CApath", "-attime", str(int(at.timestamp()))]
    fixed += ["-trusted", "root.pem"] + (["-untrusted", "others.pem"] if others else [])

    def holds(each: Certificate) -> bool:
        return bool(tool.run(*fixed, tool.file("one.pem", pem(each.der)))[0])

    if not report.check(
        holds(cms.own),
        (
            "Das Zertifikat stammt von der Wurzel, der Sie vertrauen.",
            "The certificate comes from the root that you trust.",
        ),
        (
            "Das Siegel ist nicht vom Portal: Sein Zertifikat stammt nicht von Ihrer Wurzel.",
            "The seal is not the portal's: its certificate does not come from your root.",
        ),
    ):
        return
    if not all(pem(each.der) in normal(roots) or holds(each) for each in others):
        report.wrong(
            "Im Siegel liegt ein verändertes Zertifikat.", "A changed certificate lies in the seal."
        )


def pem(der: bytes) -> bytes:
    text = base64.b64encode(der)
    lines = b"\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return b"-----BEGIN CERTIFICATE-----\n" + lines + b"\n-----END CERTIFICATE-----\n"


def normal(text: bytes) -> bytes:
    return text.replace(b"\r\n", b"\n") + b"\n"


def check_timestamp(
    tool: Tool, cms: Cms, at: datetime | None, options: argparse.Namespace, report: Report
) -> datetime | None:
    """The time that a trusted timestamp proves, else None."""
    if cms.token is None:
        report.tell("Das Siegel hat keinen Zeitstempel.", "The seal has no timestamp.")
        return None
    given, name, imprint = token_facts(cms.token)
    report.tell(
        f"Zeitstempel: {given:%d.%m.%Y %H:%M:%S} UTC", f"Timestamp: {given:%Y-%m-%d %H:%M:%S} UTC"
    )
    if name is None or hashlib.new(name, cms.value).digest() != imprint:
        report.wrong(
            "Der Zeitstempel gehört nicht zu diesem Siegel.",
            "The timestamp does not belong to this seal.",
        )
        return None
    if given > datetime.now(UTC) + AHEAD:
        report.wrong("Der Zeitstempel liegt in der Zukunft.", "The timestamp lies in the future.")
    if at is not None and abs(given - at) > APART:
        report.wrong(
            "Zeitstempel und Zeit des Siegels liegen auseinander.",
            "The timestamp and the time of sealing lie apart.",
        )
    if options.timestamp_trust is None or not tool.is_there:
        report.tell(
            "Der Dienst, der den Zeitstempel gab, ist ungeprüft (--timestamp-trust).",
            "The service that gave the timestamp is unchecked (--timestamp-trust).",
        )
        return None
    arguments = [
        *("-data", tool.file("value", cms.value), "-in", tool.file("token", cms.token.whole)),
        *("-token_in", "-CAfile", tool.file("tsa.pem", Path(options.timestamp_trust).read_bytes())),
        *("-attime", str(int(given.timestamp()))),
    ]
    holds = report.check(
        tool.run("ts", "-verify", *arguments)[0],
        ("Der Zeitstempel stammt von dem Dienst, dem Sie vertrauen.",
         "The timestamp comes from the service that you trust."),
        ("Der Zeitstempel stammt nicht von dem Dienst, dem Sie vertrauen.",
         "The timestamp does not come from the service that you trust."),
    )  # fmt: skip
    return given if holds else None


def check_times(
    own: Certificate, at: datetime | None, proven: datetime | None, report: Report
) -> None:
    """Without a trusted timestamp the seal's own word counts, while its certificate holds."""
    now = datetime.now(UTC)
    told = proven or at
    if told is None:
        report.wrong("Das Siegel nennt keine Zeit.", "The seal tells no time.")
        return
    if at is not None:
        report.tell(
            f"Gesiegelt am {at:%d.%m.%Y %H:%M:%S} UTC, nach eigener Angabe.",
            f"Sealed on {at:%Y-%m-%d %H:%M:%S} UTC, by its own word.",
        )
        if at > now + AHEAD:
            report.wrong("Diese Zeit liegt in der Zukunft.", "That time lies in the future.")
    if not own.begin <= told <= own.end:
        report.wrong(
            "Das Zertifikat galt zu dieser Zeit nicht.",
            "The certificate was not valid at that time.",
        )
    elif proven is None and now > own.end:
        report.wrong(
            "Das Zertifikat ist abgelaufen, und nichts belegt hier, dass das Siegel älter ist. "
            "Die Prüfseite des Portals kennt die Zeit vielleicht noch.",
            "The certificate has ended, and nothing here proves that the seal is older. "
            "The portal's check page may still know the time.",
        )
    else:
        report.good(
            "Das Zertifikat galt zu dieser Zeit.", "The certificate was valid at that time."
        )


# ---- The attached files ------------------------------------------------------------------------


def canonical(content: Any) -> bytes:
    """JSON as RFC 8785 writes it, for what the portal's texts hold: no fractions."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8")


def digest_of(content: Any) -> str:
    return hashlib.sha256(canonical(content)).hexdigest()


def check_files(files: dict[Any, Any], options: argparse.Namespace, report: Report) -> None:
    text = None
    for name in sorted(files):
        told = hashlib.sha256(files[name]).hexdigest()
        report.tell(f"Anhang {name}: SHA-256 {told}", f"Attachment {name}: SHA-256 {told}")
    if "agreement.json" in files:
        text = json.loads(files["agreement.json"])
        check_annexes(files, text, report)
    if "event-log.json" in files:
        check_log(json.loads(files["event-log.json"]), files, text, options, report)
    elif options.head:
        report.wrong("Das PDF enthält kein Protokoll.", "The PDF holds no event log.")


def check_annexes(files: dict[Any, Any], text: dict[Any, Any], report: Report) -> None:
    named = {annex["sha256"] for annex in text.get("annexes", [])}
    found = {
        name: hashlib.sha256(content).hexdigest()
        for name, content in files.items()
        if name.startswith("annex-")
    }
    for name, told in sorted(found.items()):
        report.check(
            told in named,
            (f"{name} ist eine Anlage, die der Text nennt.",
             f"{name} is an annex that the text names."),
            (f"{name} ist keine Anlage, die der Text nennt.",
             f"{name} is no annex that the text names."),
        )  # fmt: skip
    missing = len(named - set(found.values()))
    if missing:
        report.tell(
            f"{missing} weitere Anlagen gehören anderen Beteiligten und sind nicht enthalten.",
            f"{missing} more annexes belong to other parties and are not included.",
        )


def check_log(
    log: dict[Any, Any],
    files: dict[Any, Any],
    text: dict[Any, Any] | None,
    options: argparse.Namespace,
    report: Report,
) -> None:
    subject, events = log["agreement"], log["events"]
    previous = digest_of({"format": "handschlag-trail/1", "subject": subject})
    broken = None if log["genesis"] == previous else 0
    hashes = {}
    for number, event in enumerate(events, start=1):
        link = {"seq": number, "previous": previous, "digest": event["digest"]}
        told = event.get("content")
        holds = (
            event["seq"] == number
            and event["previous"] == previous
            and event["hash"] == digest_of(link)
            and (told is None or told_by(event) == event["digest"])
            and (told is None or (told["seq"], told["agreement"]) == (number, subject))
        )
        if not holds and broken is None:
            broken = number
        hashes[number] = previous = event["hash"]
    report.check(
        broken is None and bool(events),
        (f"Das Protokoll ist lückenlos: {len(events)} Ereignisse, Stand {len(events)}:{previous}",
         f"The event log is whole: {len(events)} events, head {len(events)}:{previous}"),
        (f"Das Protokoll ist ab Ereignis {broken} nicht in Ordnung.",
         f"The event log is not in order from event {broken} on."),
    )  # fmt: skip
    if text is not None:
        own = hashlib.sha256(files["agreement.json"]).hexdigest()
        frozen = [
            event["content"]["data"].get("sha256")
            for event in events
            if event.get("content", {}).get("kind") == "frozen"
        ]
        report.check(
            subject == text["agreement"] and own in frozen,
            ("Der Text ist der, den das Protokoll als festgeschrieben nennt.",
             "The text is the one that the event log names as frozen."),
            ("Der Text ist nicht der, den das Protokoll nennt.",
             "The text is not the one that the event log names."),
        )  # fmt: skip
    if options.head:
        seq, _colon, wanted = options.head.partition(":")
        report.check(
            seq.isdigit() and hashes.get(int(seq)) == wanted.strip().lower(),
            ("Der Stand des Protokolls ist der aus der E-Mail.",
             "The head of the event log is the one from the mail."),
            ("Der Stand des Protokolls ist nicht der aus der E-Mail.",
             "The head of the event log is not the one from the mail."),
        )  # fmt: skip
    else:
        report.tell(
            "Mit --head NUMMER:HASH vergleichen Sie das Protokoll mit der E-Mail.",
            "With --head NUMBER:HASH you compare the event log with the mail.",
        )


def told_by(event: dict[Any, Any]) -> str:
    salted = bytes.fromhex(event["salt"]) + canonical(event["content"])
    return hashlib.sha256(salted).hexdigest()


# ---- The program -------------------------------------------------------------------------------


def examine(data: bytes, options: argparse.Namespace, report: Report) -> None:
    told = hashlib.sha256(data).hexdigest()
    report.tell(f"SHA-256 der Datei: {told}", f"SHA-256 of the file: {told}")
    if not data.startswith(b"%PDF-") or len(data) > LIMIT:
        report.wrong(
            "Das ist kein PDF oder größer als 50 MB.", "This is not a PDF, or larger than 50 MB."
        )
        return
    gap = gap_of(data, report)
    if gap is None:
        return
    pdf = Pdf(data)
    contents = check_form(pdf, gap, report)
    if contents is None:
        return
    check_seal(pdf, Cms(der_in(contents, data, gap)), gap, options, report)
    files = pdf.files()
    check_files(files, options, report)
    if options.extract and report.code != 1:
        folder = Path(options.extract)
        folder.mkdir(parents=True)
        for name, content in files.items():
            if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
                (folder / name).write_bytes(content)


def main(arguments: list[Any] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description="Prüft ein Dokument des Portals Handschlag. "
        "Checks a document of the portal Handschlag."
    )
    parser.add_argument("file", metavar="FILE.pdf")
    parser.add_argument("--trust", metavar="ROOT.pem")
    parser.add_argument("--timestamp-trust", metavar="ROOT.pem")
    parser.add_argument("--head", metavar="SEQ:HASH")
    parser.add_argument("--extract", metavar="FOLDER")
    options = parser.parse_args(arguments)
    output: Any = sys.stdout
    output.reconfigure(encoding="utf-8", errors="replace")
    report = Report()
    try:
        with Path(options.file).open("rb") as file:
            data = file.read(LIMIT + 1)
        for root in (options.trust, options.timestamp_trust):
            if root is not None:
                Path(root).read_bytes()
    except OSError as error:
        report.open(f"Nicht lesbar: {error}", f"Cannot be read: {error}")
        return report.code
    try:
        examine(data, options, report)
    except Exception as error:  # whatever a file holds that the portal would not write
        report.wrong(
            f"Die Datei ist nicht so gebaut, wie das Portal sie baut ({error!r}).",
            f"The file is not made as the portal makes its documents ({error!r}).",
        )
    report.line(
        *(
            ("ERGEBNIS: 0", "Echt und unverändert.", "Genuine and unchanged."),
            ("ERGEBNIS: 1", "Nicht echt oder verändert.", "Not genuine, or changed."),
            ("ERGEBNIS: 2", "Nichts Falsches gefunden, nicht alles geprüft.",
             "Nothing wrong found, not everything checked."),
        )[report.code]
    )  # fmt: skip
    return report.code


if __name__ == "__main__":
    sys.exit(main())
