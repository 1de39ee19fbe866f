"""The tables of ``tables/``: what should be answered, by address, method and role."""

from dataclasses import dataclass
from pathlib import Path

from tests.access.people import ROLES

FOLDER = Path(__file__).parent / "tables"
WORDS = {
    "ok": "the page, the part of it or the file",
    "go": "done, or shown the way to another page",
    "in": "to the sign-in",
    "no": "403: it exists, and is not for this role",
    "--": "404: it does not exist for this person",
    "??": "422: allowed, and the form is shown again with what is missing",
    "cf": "409: allowed, and something has changed meanwhile",
    "un": "401: no key, or none that opens this",
    "bd": "400: allowed, and what was sent makes no sense",
}


@dataclass(frozen=True, slots=True)
class Row:
    method: str
    name: str
    answers: tuple[str, ...]  # in the order of ``ROLES``

    @property
    def by_role(self) -> dict[str, str]:
        return dict(zip(ROLES, self.answers, strict=True))


def read(path: Path) -> list[Row]:
    """The rows of a table. A line that does not fit raises ``ValueError`` with its number."""
    rows: list[Row] = []
    has_head = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        cells = line.split()
        if not cells or cells[0].startswith("#"):
            continue
        if cells[0] == "method":
            if cells != ["method", "address", *ROLES]:
                raise ValueError(f"{path.name}:{number}: the columns are not those of people.py")
            has_head = True
            continue
        method, name, *answers = cells
        if not has_head or len(answers) != len(ROLES) or not set(answers) <= {*WORDS}:
            raise ValueError(f"{path.name}:{number}: {line}")
        rows.append(Row(method, name, tuple(answers)))
    return rows


def read_all() -> dict[tuple[str, str], Row]:
    """All rows by method and address; each belongs into one table, once."""
    found: dict[tuple[str, str], Row] = {}
    for path in sorted(FOLDER.glob("*.txt")):
        for row in read(path):
            key = (row.method, row.name)
            if key in found:
                raise ValueError(f"{path.name}: {row.method} {row.name} stands in a table already")
            found[key] = row
    return found
