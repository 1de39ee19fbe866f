"""Pictures of a running demo, for the README and for looking at the portal as a visitor does."""

import argparse
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Error, Page, sync_playwright

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
PASSWORD = "Handschlag-Demo-1"  # noqa: S105 -- of the demo, printed on the console
JANA = "jana@brueckner-it.example"
UUID = r"[0-9a-f-]{36}"


class Answer(NamedTuple):
    """The part of a page that answers one complaint of docs/complaints.md."""

    name: str
    way: tuple[str, ...]  # links to follow from the page of the designation
    shown: tuple[str, ...]  # the parts of the page, from the first to the last
    most: int = 900  # pixels from top to bottom
    unfolded: str = ""  # details that are opened before


ANSWERS = (
    Answer(
        "which-tenants-count",
        ("a[href$='/smb/usage_growth/']", ".ledger__name >> nth=0"),
        ("[aria-labelledby=ledger-heading]",),
    ),
    Answer(
        "why-it-moved",
        ("#moves-heading ~ h3 a[href*='/verlauf/']",),
        ("[aria-labelledby=track-smb]",),
        unfolded="main details",
    ),
    Answer("single-months", (".tabs a[href$='/ausblick/']",), (".picture", ".ahead")),
    Answer(
        "forty-per-cent",
        ("a[href$='/smb/deployments/']",),
        ("[aria-labelledby=ledger-heading]",),
        760,
    ),
    Answer("near-forty-per-cent", (".tabs a[href$='/ausblick/']",), ("#edges",)),
    Answer(
        "certificates",
        (".tabs a[href$='/personen/']",),
        ("#expiring",),
    ),
    Answer(
        "unclaimed-work",
        (".tabs a[href$='/planen/']", ".plan-tabs a[href$='/zuordnungen/']"),
        ("#unclaimed",),
        780,
    ),
    Answer("next-steps", (), ("[aria-labelledby=steps-heading]", ".dash")),
    Answer("cheapest-way", (".tabs a[href$='/planen/']",), (".way >> nth=0",), 550),
)


def answer(page: Page, base: str, wanted: Answer, folder: Path) -> Path:
    page.goto(f"{base}/designation/")
    for link in wanted.way:
        page.locator(link).first.click()
        page.wait_for_load_state("networkidle")
    if wanted.unfolded:
        page.locator(wanted.unfolded).evaluate_all("all => all.forEach(one => one.open = true)")
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    page.wait_for_timeout(500)  # until what was opened is in its place
    boxes = [page.locator(part).first.bounding_box() for part in wanted.shown]
    found = [box for box in boxes if box]
    left, top = min(box["x"] for box in found) - 16, found[0]["y"] + page.evaluate("scrollY") - 16
    right = max(box["x"] + box["width"] for box in found) + 16
    bottom = found[-1]["y"] + found[-1]["height"] + page.evaluate("scrollY") + 16
    clip = {"x": left, "y": top, "width": right - left, "height": min(bottom - top, wanted.most)}
    path = folder / f"{wanted.name}.png"
    page.screenshot(path=path, full_page=True, clip=clip)  # type: ignore[arg-type]
    return path


def visit(page: Page, base: str) -> Iterator[tuple[str, str]]:
    """Name and address of every page a demo visitor can reach by following links."""
    seen: set[str] = set()
    todo = ["/start/"]
    while todo:
        address = todo.pop(0)
        shape = re.sub(UUID, "ID", address.split("?")[0])
        shape = re.sub(r"/punkt/\w+/", "/punkt/KEY/", shape)
        shape = re.sub(r"(/vorlieben/[\w-]+)/\w+/", r"\1/KEY/", shape)
        if shape in seen:
            continue
        seen.add(shape)
        try:
            page.goto(base + address)
        except Error:  # a download: nothing to look at
            continue
        yield shape.strip("/").replace("/", "-") or "public", address
        links = page.eval_on_selector_all("a[href]:not([download])", "all => all.map(a => a.href)")
        own = (link for link in links if link.startswith(base) and "#" not in link)
        todo += [link.removeprefix(base) for link in own if "/betrieb/" not in link]


def sign_in(page: Page, base: str, email: str) -> None:
    page.goto(f"{base}/konto/anmelden/")
    page.locator("input[name=login]").fill(email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main form button[type=submit]").click()
    page.wait_for_url("**/start/")


def window(browser: Browser, *, phone: bool, dark: bool, english: bool) -> Page:
    context = browser.new_context(
        viewport={"width": 390, "height": 844} if phone else {"width": 1280, "height": 860},
        device_scale_factor=1,
        color_scheme="dark" if dark else "light",
        locale="en-GB" if english else "de-DE",
    )
    return context.new_page()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--base", default=f"http://127.0.0.1:{os.environ.get('PORT', '8000')}")
    arguments.add_argument("--all", type=Path, metavar="FOLDER", help="every page instead")
    arguments.add_argument(
        "--complaints", type=Path, metavar="FOLDER", help="the pictures of docs/complaints.md"
    )
    arguments.add_argument("--phone", action="store_true")
    arguments.add_argument("--dark", action="store_true")
    arguments.add_argument("--english", action="store_true")
    arguments.add_argument("--person", default=JANA)
    chosen = arguments.parse_args()
    with sync_playwright() as playwright:
        chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = window(browser, phone=chosen.phone, dark=chosen.dark, english=chosen.english)
        sign_in(page, chosen.base, chosen.person)
        if chosen.complaints is not None:
            chosen.complaints.mkdir(parents=True, exist_ok=True)
            for wanted in ANSWERS:
                print(answer(page, chosen.base, wanted, chosen.complaints))
            return
        if chosen.all is None:
            target = Path(__file__).resolve().parents[2] / "docs" / "images" / "start.png"
            target.parent.mkdir(exist_ok=True)
            page.screenshot(path=target)
            print(target)
            return
        chosen.all.mkdir(parents=True, exist_ok=True)
        for name, _address in visit(page, chosen.base):
            page.screenshot(path=chosen.all / f"{name}.png", full_page=True)
            print(name)


if __name__ == "__main__":
    main()
