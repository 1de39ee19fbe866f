"""The same integers from a spreadsheet: an export on one sheet, COUNTIFS and its kin on the others.

LibreOffice loads the sheets without a window, with formulas as texts; a Basic macro makes formulas
of them and times how long all are calculated; loading is not counted. Where LibreOffice is not
installed there is no figure.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from bench.scoring import worlds

TRACKS = {"enterprise": (301, 10**9, ("CPOR", "DPOR")), "smb": (11, 300, ("CPOR", "CSP"))}
NOW, THEN = worlds.LAST_MONTH, worlds.FIRST_MONTH
TIMEOUT = 900  # seconds


class Failed(Exception):
    """LibreOffice gave no result; ``str(error)`` is what it said."""


def program() -> str | None:
    return shutil.which("soffice") or shutil.which("libreoffice")


def version() -> str:
    """As LibreOffice names itself, ``LibreOffice 7.4.7.2``."""
    said = subprocess.run(
        [str(program()), "--version"], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    return " ".join(said.split()[:2])


def counts(firm: worlds.Firm) -> tuple[dict[str, int], float]:
    """The values as ``track metric [option]``, and the seconds one recalculation took."""
    with tempfile.TemporaryDirectory(prefix="handschlag-bench-") as folder:
        sheet, result = Path(folder) / "score.fods", Path(folder) / "result.txt"
        names = write(firm, sheet)
        profile = Path(folder) / "profile"
        _run(profile, "--terminate_after_init")  # a first start would replace the macro
        _install_macro(profile)
        said = _run(
            profile, f'macro:///Standard.Bench.Main("{sheet.as_uri()}","{result}",{len(names)})'
        )
        if not result.exists():
            raise Failed(said or "LibreOffice ended without a result.")
        milliseconds, *values = result.read_text().split()
    return dict(zip(names, map(int, values), strict=True)), int(milliseconds) / 1000


def _run(profile: Path, *arguments: str) -> str:
    done = subprocess.run(
        [
            str(program()),
            f"-env:UserInstallation={profile.as_uri()}",
            "--headless",
            "--norestore",
            *arguments,
        ],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    return done.stderr.strip()


# ---- The macro -----------------------------------------------------------------------------------

MACRO = """
Sub Main(source As String, target As String, size As Integer)
  Dim hidden(0) As New com.sun.star.beans.PropertyValue
  hidden(0).Name = "Hidden"
  hidden(0).Value = True
  document = StarDesktop.loadComponentFromURL(source, "_blank", 0, hidden())
  document.enableAutomaticCalculation(False)
  For Each name In Array("claims", "tenants", "result")
    area = document.Sheets.getByName(name).createCursor()
    area.gotoEndOfUsedArea(True)
    area.setFormulaArray(area.getDataArray())
  Next
  started = GetSystemTicks()
  document.calculateAll()
  cells = document.Sheets.getByName("result").getCellRangeByPosition(1, 0, 1, size - 1).getData()
  ended = GetSystemTicks()
  file = FreeFile
  Open target For Output As #file
  Print #file, CStr(ended - started)
  For index = 0 To size - 1
    Print #file, CStr(CLng(cells(index)(0)))
  Next
  Close #file
  document.close(True)
  StarDesktop.terminate()
End Sub
"""
_DOCTYPE = '<!DOCTYPE library:library PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "'
_LIBRARY = 'xmlns:library="http://openoffice.org/2000/library" library:name="Standard"'


def _install_macro(profile: Path) -> None:
    folder = profile / "user" / "basic" / "Standard"
    folder.mkdir(parents=True, exist_ok=True)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    (folder / "Bench.xba").write_text(
        f'{head}{_DOCTYPE.replace("library:library", "script:module")}module.dtd">\n'
        '<script:module xmlns:script="http://openoffice.org/2000/script" script:name="Bench"'
        f' script:language="StarBasic">{escape(MACRO)}</script:module>\n'
    )
    for name in ("script", "dialog"):
        module = '<library:element library:name="Bench"/>' if name == "script" else ""
        (folder / f"{name}.xlb").write_text(
            f'{head}{_DOCTYPE}library.dtd">\n<library:library {_LIBRARY}'
            f' library:readonly="false" library:passwordprotected="false">{module}'
            "</library:library>\n"
        )
        (folder.parent / f"{name}.xlc").write_text(
            f'{head}{_DOCTYPE.replace(":library ", ":libraries ")}libraries.dtd">\n'
            '<library:libraries xmlns:library="http://openoffice.org/2000/library"'
            ' xmlns:xlink="http://www.w3.org/1999/xlink"><library:library library:name="Standard"'
            f' xlink:href="$(USER)/basic/Standard/{name}.xlb/" xlink:type="simple"'
            ' library:link="false"/></library:libraries>\n'
        )


# ---- The sheets ----------------------------------------------------------------------------------

Cell = str | int
NAMESPACES = "urn:oasis:names:tc:opendocument:xmlns"


def write(firm: worlds.Firm, path: Path) -> list[str]:
    """Write the document; the names of its results, in order."""
    data = list(_data(firm))
    claims = list(dict.fromkeys((row[0], row[1], row[2]) for row in data))
    tenants = list(dict.fromkeys(claim[0] for claim in claims))
    results = list(_results(len(tenants) + 1, len(claims) + 1))
    with path.open("w", encoding="utf-8") as stream:
        stream.write(
            '<?xml version="1.0" encoding="UTF-8"?>\n<office:document'
            f' xmlns:office="{NAMESPACES}:office:1.0" xmlns:table="{NAMESPACES}:table:1.0"'
            f' xmlns:text="{NAMESPACES}:text:1.0"'
            ' office:version="1.2" office:mimetype="application/vnd.oasis.opendocument.spreadsheet"'
            ">"
            "<office:body><office:spreadsheet>\n"
        )
        sheets: tuple[tuple[str, list[list[Cell]]], ...] = (
            ("data", [["tenant", "workload", "option", "month", "seats", "users"], *data]),
            ("claims", [["tenant", "workload", "option"], *_claims(claims, len(data) + 1)]),
            ("tenants", [["tenant"], *_tenants(tenants, len(claims) + 1)]),
            ("result", results),
        )
        for name, rows in sheets:
            stream.write(f'<table:table table:name="{name}">\n')
            stream.writelines(_row(row) for row in rows)
            stream.write("</table:table>\n")
        stream.write("</office:spreadsheet></office:body></office:document>\n")
    return [str(row[0]) for row in results]


def _row(cells: Sequence[Cell]) -> str:
    made = []
    for cell in cells:
        if isinstance(cell, int):
            made.append(f'<table:table-cell office:value-type="float" office:value="{cell}"/>')
        elif cell:
            made.append(
                '<table:table-cell office:value-type="string">'
                f"<text:p>{escape(cell)}</text:p></table:table-cell>"
            )
        else:
            made.append("<table:table-cell/>")
    return f"<table:table-row>{''.join(made)}</table:table-row>\n"


def _data(firm: worlds.Firm) -> Iterator[list[Cell]]:
    """The rows of the export that are used: A tenant, B workload, C option, D month, E seats,
    F users, G month of the beginning and H of the end where the file says so."""
    for month in range(THEN, NOW + 1):
        for claim in firm.claims:
            option = worlds.OPTIONS.get(claim.attribution)
            if option is None or claim.workload not in worlds.WORKLOADS:
                continue
            if not claim.first <= month <= claim.last:
                continue
            seats, users = claim.figures(month)
            said = [_month(claim.begins_on), _month(claim.ended_on)]
            start: list[Cell] = [claim.guid, claim.workload, option, month]
            yield [*start, seats, users, *said]
            if claim.twin:
                yield [*start, seats // 2, users, *said]


def _month(cell: str) -> Cell:
    return int(cell[:4]) * 12 + int(cell[5:7]) - 1 if cell else ""


def _claims(claims: Sequence[tuple[Cell, Cell, Cell]], rows: int) -> Iterator[list[Cell]]:
    """A to C: tenant, workload, option. D first month, E begins, F ends, G to I held, seats and
    users now, J to L then, M month since it began, N and O seats and users in it, P above 40 % in
    it, Q and R eligible now and then in Enterprise, S and T in SMB, U and V deployed now and then.
    """

    def column(letter: str) -> str:
        return f"$data.${letter}$2:${letter}${rows}"

    own = ";".join(f"{column(letter)};{letter}{{0}}" for letter in "ABC")
    month, seats, users = column("D"), column("E"), column("F")
    formulas = [
        f"=MINIFS({month};{own})",
        f'=IF(COUNTIFS({own};{column("G")};">0")>0;MINIFS({column("G")};{own});D{{0}})',
        f'=IF(COUNTIFS({own};{column("H")};">0")>0;MAXIFS({column("H")};{own});999999)',
    ]
    for at in (NOW, THEN):
        formulas += [
            f"=AND(E{{0}}<={at};F{{0}}>={at};COUNTIFS({own};{month};{at})>0)*1",
            f"=MAXIFS({seats};{own};{month};{at})",
            f"=MAXIFS({users};{own};{month};{at})",
        ]
    formulas += [
        f'=IF(E{{0}}>{THEN};MINIFS({month};{own};{month};">="&E{{0}});0)',
        f"=IF(M{{0}}>0;MAXIFS({seats};{own};{month};M{{0}});0)",
        f"=IF(M{{0}}>0;MAXIFS({users};{own};{month};M{{0}});0)",
        "=AND(N{0}>0;O{0}*10>N{0}*4)*1",
    ]
    tenants = len({claim[0] for claim in claims}) + 1
    for letter in "BCDE":
        flags = f"$tenants.${letter}$2:${letter}${tenants}"
        keys = f"$tenants.$A$2:$A${tenants}"
        formulas.append(f"=SUMIFS({flags};{keys};A{{0}})")
    formulas += [
        "=AND(G{0}=1;H{0}>0;I{0}*10>=H{0}*4;P{0}=0)*1",
        "=AND(J{0}=1;K{0}>0;L{0}*10>=K{0}*4)*1",
    ]
    for number, claim in enumerate(claims, 2):
        yield [*claim, *(formula.format(number) for formula in formulas)]


def _tenants(tenants: Sequence[Cell], rows: int) -> Iterator[list[Cell]]:
    """A tenant, B and C eligible now and then in Enterprise, D and E in SMB, then for each track
    and option whether it is deployed now and then."""

    def column(letter: str) -> str:
        return f"$claims.${letter}$2:${letter}${rows}"

    own = f"{column('A')};A{{0}}"
    formulas = []
    for low, high, options in TRACKS.values():
        for held, seats in (("G", "H"), ("J", "K")):
            band = f'{own};{column(held)};1;{column(seats)};">={low}";{column(seats)};"<={high}"'
            found = "+".join(f'COUNTIFS({band};{column("C")};"{option}")' for option in options)
            formulas.append(f"=({found}>0)*1")
    for number, (_low, _high, options) in enumerate(TRACKS.values()):
        for option in options:
            for letter, is_eligible in (("U", "BD"[number]), ("V", "CE"[number])):
                found = f'COUNTIFS({own};{column("C")};"{option}";{column(letter)};1)'
                formulas.append(f"=AND({is_eligible}{{0}}=1;{found}>0)*1")
    for index, tenant in enumerate(tenants, 2):
        yield [tenant, *(formula.format(index) for formula in formulas)]


def _results(tenants: int, claims: int) -> Iterator[list[Cell]]:
    def tenant(letter: str) -> str:
        return f"$tenants.${letter}$2:${letter}${tenants}"

    def claim(letter: str) -> str:
        return f"$claims.${letter}$2:${letter}${claims}"

    deployed = iter("FGHIJKLM")
    for number, (track, (_low, _high, options)) in enumerate(TRACKS.items()):
        now, then = ("BC", "DE")[number]
        yield [f"{track} net_customer_adds", f"=SUM({tenant(now)})-SUM({tenant(then)})"]
        eligible_now, eligible_then = ("QR", "ST")[number]
        for option in options:
            own = f'{claim("C")};"{option}"'
            in_use = f"{own};{claim('G')};1;{claim(eligible_now)};1"
            before = f"{own};{claim('J')};1;{claim(eligible_then)};1"
            yield [
                f"{track} usage_growth {option}",
                f"=SUMIFS({claim('I')};{in_use})-SUMIFS({claim('O')};{in_use})"
                f"-SUMIFS({claim('L')};{before})",
            ]
            yield [
                f"{track} deployments {option}",
                f"=SUM({tenant(next(deployed))})-SUM({tenant(next(deployed))})",
            ]
