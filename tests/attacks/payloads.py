"""Texts that try to be something else: markup, code, a formula, a header, a path, another text.

Wherever one of them works, something named ``zqx`` comes into being, or ``49``.
"""

from partners.plain import hides_something

MARKUP = [
    "<script>zqx()</script>",
    "</script><script>zqx()</script>",
    "<img src=x onerror=zqx()>",
    "<svg/onload=zqx()>",
    "<zqx-element onclick=zqx()>x</zqx-element>",
    '"><zqx-element>',
    "'><zqx-element>",
    '" onmouseover="zqx()" zqx="',
    "' onfocus='zqx()' autofocus zqx='",
    "` onload=zqx() zqx=`",
    "</title><zqx-element>",
    "</textarea><zqx-element>",
    "</option></select><zqx-element>",
    "</style><zqx-element>",
    "--><zqx-element><!--",
    "<iframe src=//zqx.example>",
    "<base href=//zqx.example>",
    "<meta http-equiv=refresh content=0;url=//zqx.example>",
    "<form action=//zqx.example><input name=zqx>",
    "<a href=javascript:zqx()>zqx</a>",
    "&lt;zqx-element&gt;&#60;zqx-element&#62;",
    "＜zqx-element＞\uff1cscript\uff1e",
    "<<zqx-element>>",
    "javascript:zqx()",
    "data:text/html,<zqx-element>",
]
TEMPLATES = ["zqx{{7*7}}", "zqx{% now 'Y' %}", "zqx${7*7}", "zqx%(x)s %s {0} {x.__class__}"]
QUERIES = ["zqx' OR '1'='1", "zqx'); DROP TABLE partners_user;--", 'zqx"; SELECT 7*7 --', "zqx%_\\"]
FORMULAS = [
    '=HYPERLINK("//zqx.example")',
    "+zqx+1",
    "-zqx-1",
    "@SUM(zqx)",
    "＝zqx()",
    "|zqx",
    "=cmd|' /C zqx'!A0",
]
HEADERS = [
    "zqx\r\nX-Zqx: 1\r\nBcc: zqx@evil.example",
    "zqx\nX-Zqx: 1",
    "zqx\rX-Zqx: 1",
    "zqx\nEND:VEVENT\nBEGIN:VEVENT\nX-ZQX:1",
    "zqx%0d%0aX-Zqx:%201",
    "zqx@evil.example, zqx@evil2.example",
]
PATHS = ["../../zqx", "..\\..\\zqx", "/etc/passwd zqx", "zqx/%2e%2e/%2e%2e", "CON zqx"]
DECEIVING = [
    "zqx\u202egnp.exe",
    "\u202bzqx",
    "\u2067zqx\u2069",
    "zqx\u2066\u2069",
    "zqx\x00",
    "zqx\x07",
    "zqx\x1b[31m",
    "zqx\x9b31m",
    "zqx\ufffe",
]
STRANGE = [
    "zqx \u0627\u0644\u0639\u0631\u0628\u064a\u0629",
    "zqx \u05e2\u05d1\u05e8\u05d9\u05ea",
    "zqx 👩\u200d🔬 \U0001f1e9\U0001f1ea",
    "zqx" + "\u0301" * 40,
    "zqx\u2028zqx\u2029",
    "ﷺ zqx \ufb03",
]

PAYLOADS = [
    *MARKUP,
    *TEMPLATES,
    *QUERIES,
    *FORMULAS,
    *HEADERS,
    *PATHS,
    *DECEIVING,
    *STRANGE,
]
REFUSED = [payload for payload in PAYLOADS if hides_something(payload)]
# These do something at the beginning of a text, or are refused each for itself.
ALONE = [*FORMULAS, MARKUP[-1], MARKUP[-2], *PATHS[:3], *REFUSED]


def texts(most: int) -> list[tuple[str, int]]:
    """All payloads in as few texts of ``most`` characters as hold them, with how many each holds.

    Those that only work at the beginning of a text, and those to be refused, have one of their own.
    """
    found = [(payload[:most], 1) for payload in ALONE]
    line, held = "", 0
    for payload in PAYLOADS:
        if payload in ALONE:
            continue
        if line and len(line) + 1 + len(payload) > most:
            found.append((line, held))
            line, held = "", 0
        line = f"{line} {payload}".strip(" ")[:most]
        held += 1
    return [*found, (line, held)]
