"""A reader who follows every link and opens whatever can be opened, in the real browser."""

import re
from collections import Counter, deque
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urldefrag, urljoin, urlsplit

from django.urls import Resolver404, resolve
from playwright.sync_api import ConsoleMessage, Error, Page, Request, Response

# Opens what is shut, and says what stands on the page and where it leads.
READ = """(word) => {
  document.querySelectorAll("details").forEach((details) => { details.open = true; });
  const questions = [...document.querySelectorAll("form[method=get]")].map((form) => {
    const url = new URL(form.action || location.href, location.href);
    url.search = new URLSearchParams(new FormData(form)).toString();
    return url.href;
  });
  const place = new RegExp(`.{0,40}${word}.{0,40}`, "gi");
  return {
    addresses: [...document.querySelectorAll("a[href]")].map((link) => link.href),
    questions,
    ids: [...document.querySelectorAll("[id]")].map((element) => element.id),
    headings: document.querySelectorAll("h1").length,
    text: document.body.innerText,
    traces: document.documentElement.outerHTML.match(place) ?? [],
  };
}"""
UNFINISHED = re.compile(r"\b(None|undefined|NaN|\[object Object\])\b|\{[{%]|%\(\w+\)s")
DOWNLOAD = re.compile("Download is starting|ERR_ABORTED")
MOST_ALIKE = 2  # pages of one address with the same questions behind the "?"
STATES = {"cooperation:project_detail", "cooperation:agreement_detail", "cooperation:version"}
MOST_STATES = 9  # of those that look different in each state of a project
# Chromium knows this feature on some systems only, and the header is for all of them.
KNOWN = "Permissions-Policy header: Unrecognized feature: 'web-share'"


@dataclass
class Crawl:
    """One walk of one person. ``faults`` names the page, and what is wrong with it."""

    page: Page
    home: str
    word: str  # looked for on every page and in every file
    most: int = 250
    skipped: tuple[str, ...] = ()  # paths that begin so are somebody else's
    pages: dict[str, list[str]] = field(default_factory=dict)  # with the places of the word
    files: dict[str, list[str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    found_on: dict[str, str] = field(default_factory=dict)  # the page that led there
    _ids: dict[str, set[str]] = field(default_factory=dict)
    _targets: dict[tuple[str, str], str] = field(default_factory=dict)
    _alike: Counter[tuple[str, str]] = field(default_factory=Counter)
    _waiting: deque[str] = field(default_factory=deque)

    @property
    def names(self) -> set[str]:
        return {name_of(url) for url in (*self.pages, *self.files)}

    def walk(self, *starts: str) -> "Crawl":
        self.page.on("response", self._note_response)
        self.page.on("console", self._note_console)
        self.page.on("request", self._note_request)
        self.page.on("pageerror", lambda error: self._note(f"script: {error}"))
        for start in starts:
            self._meet(urljoin(self.home, start), "the start")
        while self._waiting and len(self.pages) + len(self.files) < self.most:
            self._open(self._waiting.popleft())
        for (url, fragment), source in self._targets.items():
            if url in self._ids and fragment not in self._ids[url]:
                self.faults.append(f"{source}: nothing is called #{fragment} on {url}")
        return self

    # ---- One page --------------------------------------------------------------------------------

    def _open(self, url: str) -> None:
        try:
            response = self.page.goto(url, wait_until="load")
        except Error as error:
            if not DOWNLOAD.search(error.message):
                raise
            self._take(url)
            return
        assert response is not None
        kind = response.headers.get("content-type", "")
        if not kind.startswith("text/html"):
            self._keep(url, response.body())
            return
        seen = self.page.evaluate(READ, self.word)
        self.pages[url] = seen["traces"]
        self._ids[url] = {*seen["ids"]}
        if seen["headings"] != 1:
            self._note(f"{seen['headings']} main headings")
        if twice := [name for name, count in Counter(seen["ids"]).items() if count > 1]:
            self._note(f"ids more than once: {twice}")
        if unfinished := UNFINISHED.search(seen["text"]):
            self._note(f"says {unfinished[0]!r}")
        landed = urldefrag(self.page.url).url
        for address in (*seen["addresses"], *seen["questions"]):
            self._meet(address, landed)

    def _take(self, url: str) -> None:
        answer = self.page.request.get(url)
        if not answer.ok:
            self.faults.append(f"{url}: {answer.status}, from {self.found_on[url]}")
        self._keep(url, answer.body())

    def _keep(self, url: str, content: bytes) -> None:
        self.files[url] = re.findall(
            f"(?i).{{0,40}}{self.word}.{{0,40}}", content.decode("latin-1")
        )

    def _meet(self, address: str, source: str) -> None:
        """Remember an address of the portal, unless enough of its kind are known."""
        url, fragment = urldefrag(address)
        if not url.startswith(self.home) or urlsplit(url).path.startswith(self.skipped):
            return
        if fragment:
            self._targets.setdefault((url, fragment), source)
        if url in self.found_on:
            return
        kind = name_of(url), " ".join(sorted({key for key, _ in parse_qsl(urlsplit(url).query)}))
        self._alike[kind] += 1
        if self._alike[kind] <= (MOST_STATES if kind[0] in STATES else MOST_ALIKE):
            self.found_on[url] = source
            self._waiting.append(url)

    # ---- What the browser reports ----------------------------------------------------------------

    def _note(self, fault: str) -> None:
        url = self.page.url
        self.faults.append(f"{url}: {fault} (from {self.found_on.get(url, '?')})")

    def _note_response(self, response: Response) -> None:
        if response.status >= 400:
            source = self.found_on.get(response.url, self.page.url)
            self.faults.append(f"{response.url}: {response.status}, from {source}")

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and KNOWN not in message.text:
            self._note(f"console: {message.text}")

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith((self.home, "data:", "blob:")):
            self._note(f"request to {request.url}")


def name_of(url: str) -> str:
    """The name of the address behind a URL; its path if it has none."""
    path = urlsplit(url).path
    try:
        return resolve(path).view_name
    except Resolver404:
        return path
