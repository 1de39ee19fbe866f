"""What a report as PDF costs, beside what one would take in its place, in one run.

Every way runs in a process of its own and sets the same reports in turn, A B C A B C, so a busy
machine hits all alike. Then sealing, beside pyHanko as its documentation calls it, in one
process; and the memory of a worker over many sealed documents.

    bin/bench pdf [--rounds 15] [--documents 200] [--write]
"""

import argparse
import contextlib
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "performance-pdf.md"
OWN, PLAIN = "handschlag", "weasyprint"
TITLES = {
    "handschlag": "**this project**: PDF/A-3a and PDF/UA-1",
    "handschlag_sealed": "**this project**, sealed as well",
    "weasyprint": "WeasyPrint, plain",
    "weasyprint_tagged": "WeasyPrint, plain, PDF/A-3a",
    "chromium": "Chromium, kept open",
    "chromium_cold": "Chromium, started for each",
    "typst": "Typst",
    "reportlab": "ReportLab",
}


class Way:
    """A process that sets reports when asked."""

    def __init__(self, name: str, env: dict[str, str]) -> None:
        self.name, self.answers = name, list[dict[str, float]]()
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "bench.pdf.setters", name],
            cwd=ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ask(self, number: int) -> dict[str, float]:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{number}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended; run it by hand to see why")
        answer: dict[str, float] = json.loads(line)
        return answer

    def median(self, of: str) -> float:
        return statistics.median(answer[of] for answer in self.answers)

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=20)
        if self.process.poll() is None:
            self.process.kill()


def set_in_turn(names: list[str], rounds: int, env: dict[str, str]) -> list[Way]:
    ways = [Way(name, env) for name in names]
    try:
        for number in range(rounds + 2):
            for way in ways:
                answer = way.ask(number)
                if number >= 2:  # the first two warm caches up
                    way.answers.append(answer)
    finally:
        for way in ways:
            way.close()
    return ways


def conformance(content: bytes) -> str:
    """Which of the two profiles the file keeps, as ``page-validation`` says."""
    import page

    kept = [
        name
        for name, profile in (("PDF/A-3a", "3a"), ("PDF/UA-1", "ua1"))
        if page.validate_pdf_bytes(content, profile=profile).is_compliant
    ]
    return ", ".join(kept) or "none"


def seal_in_turn(pdf: bytes, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each way to put a P-256 seal on ``pdf``."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import signers

    from documents import seal_keys, sealing

    def defaults() -> object:
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        metadata = signers.PdfSignatureMetadata(field_name="Signature1")
        return signers.sign_pdf(writer, metadata, signer=seal_keys.load().signer)

    ways: dict[str, Callable[[], object]] = {
        "own": lambda: sealing.seal(pdf),
        "pyhanko": defaults,
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 3):
        for name, way in ways.items():
            begun = time.perf_counter()
            way()
            if number >= 3:
                taken[name].append((time.perf_counter() - begun) * 1000)
    return taken


def memory(documents: int, env: dict[str, str]) -> list[float]:
    """Megabytes of one worker after each of many sealed documents."""
    way = Way("handschlag_sealed", env)
    try:
        return [way.ask(number)["mb"] for number in range(documents)]
    finally:
        way.close()


def table(ways: list[Way], kept: Path) -> list[str]:
    plain = next(way for way in ways if way.name == PLAIN)
    lines = [
        "| Way | ms, median (best) | processor ms | times the plain way | KB | MB | keeps |",
        "|---|---|---|---|---|---|---|",
    ]
    for way in ways:
        best = min(answer["ms"] for answer in way.answers)
        pairs = zip(way.answers, plain.answers, strict=True)
        ratio = statistics.median(own["ms"] / other["ms"] for own, other in pairs)
        content = (kept / f"{way.name}.pdf").read_bytes()
        lines.append(
            f"| {TITLES[way.name]} | {way.median('ms'):.0f} ({best:.0f}) | {way.median('cpu'):.0f} "
            f"| {ratio:.2f} | {way.median('bytes') / 1000:.0f} | {way.answers[-1]['mb']:.0f} "
            f"| {conformance(content)} |"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--documents", type=int, default=200, help="of the worker's memory")
    parser.add_argument("--without", nargs="*", default=[], help="ways to leave out")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    given = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "HANDSCHLAG_VAR": folder, "BENCH_PDF_KEEP": folder}
        os.environ |= {"HANDSCHLAG_VAR": folder, "DJANGO_SETTINGS_MODULE": "config.settings"}
        import django
        from django.core.management import call_command

        django.setup()
        call_command("make_seal_key", verbosity=0, stdout=io.StringIO())
        names = [name for name in TITLES if name not in given.without]
        ways = set_in_turn(names, given.rounds, env)
        lines = table(ways, Path(folder))
        sealing = seal_in_turn((Path(folder) / f"{OWN}.pdf").read_bytes(), given.rounds * 3)
        ratio = statistics.median(sealing["own"]) / statistics.median(sealing["pyhanko"])
        lines += [
            "",
            "| Sealing the report (P-256, no timestamp) | ms, median (best) | times pyHanko |",
            "|---|---|---|",
            _seal_line("**this project**", sealing["own"], ratio),
            _seal_line("pyHanko, plain", sealing["pyhanko"], 1),
        ]
        used = memory(given.documents, env)
        last = len(used) - 1
        marks = sorted({0, min(9, last), last // 4, last // 2, last})
        lines += ["", "| Sealed documents by one worker | MB |", "|---|---|"]
        lines += [f"| {mark + 1} | {used[mark]:.0f} |" for mark in marks]
        lines.append(f"| most at any time | {max(used):.0f} |")
    print("\n".join(lines))
    if given.write:
        write(lines, given.rounds)


def _seal_line(title: str, taken: list[float], ratio: float) -> str:
    return f"| {title} | {statistics.median(taken):.1f} ({min(taken):.1f}) | {ratio:.2f} |"


def write(lines: list[str], rounds: int) -> None:
    begin, end = "<!-- measured -->", "<!-- /measured -->"
    page = PAGE.read_text(encoding="utf-8")
    before, _old, rest = page.partition(begin)
    _old, _end, after = rest.partition(end)
    measured = f"{begin}\nMedian of {rounds} rounds.\n\n" + "\n".join(lines) + f"\n{end}"
    PAGE.write_text(before + measured + after, encoding="utf-8")


if __name__ == "__main__":
    main()
