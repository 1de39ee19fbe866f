"""What the pages of the docs name exists."""

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").glob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    near = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    assert [link for link in near if not (page.parent / link).exists()] == []


@pytest.mark.parametrize(("page", "prefix"), [("evidence.md", ""), ("security.md", "S")])
def test_every_test_that_a_table_of_threats_names_exists(page: str, prefix: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    rows = re.findall(rf"^\| {prefix}(\d+) \|.*\| (.+) \|$", text, flags=re.MULTILINE)
    assert [int(number) for number, _tests in rows] == list(range(1, len(rows) + 1))
    assert len(rows) > 20
    for number, tests in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", tests)
        assert named, f"threat {number} has no test"
        for path, name in named:
            source = (ROOT / path).read_text(encoding="utf-8")
            assert f"def {name or 'test_'}" in source, (number, path, name)
