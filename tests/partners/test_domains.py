"""Which domain an address proves, and what belongs to it."""

import pytest

from partners import domains


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Rheinwerk.Example", "rheinwerk.example"),
        ("rheinwerk.example.", "rheinwerk.example"),
        ("müller-it.de", "xn--mller-it-65a.de"),
        ("XN--MLLER-IT-65A.de", "xn--mller-it-65a.de"),
        ("a.b.rheinwerk.example", "a.b.rheinwerk.example"),
        # The full stop of Asian scripts parts labels as well.
        ("rheinwerk。example", "rheinwerk.example"),
    ],
)
def test_one_domain_has_one_spelling(text: str, name: str) -> None:
    assert domains.normal(text) == name


def test_letters_that_look_alike_stay_apart() -> None:
    assert domains.normal("rheinwerk.example") != domains.normal("rh\u0435inwerk.example")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost",
        "127.0.0.1",
        "[::1]",
        "straße.example",  # one standard reads strasse.example
        "a\u200db.example",
        "-a.example",
        "a..example",
        "a b.example",
        "a.example/x",
        "a.example\r\nBcc: x",
        "x" * 64 + ".example",
        ".".join(["abcdefghi"] * 26) + ".de",
    ],
)
def test_what_is_no_domain_is_refused(text: str) -> None:
    with pytest.raises(domains.NotADomain):
        domains.normal(text)


@pytest.mark.parametrize(
    ("domain", "shared"),
    [
        ("gmail.com", True),
        ("mail.gmail.com", True),
        ("web.de", True),
        ("co.uk", True),
        ("firma.co.uk", False),
        ("or.at", True),
        ("onmicrosoft.com", True),
        ("firma.onmicrosoft.com", False),
        ("gmail.com.rheinwerk.example", False),
        ("notgmail.com", False),
        ("rheinwerk.example", False),
    ],
)
def test_what_many_share_is_no_firms(domain: str, shared: bool) -> None:
    assert domains.is_shared(domain) is shared


@pytest.mark.parametrize(
    ("host", "holds"),
    [
        ("rheinwerk.example", True),
        ("www.rheinwerk.example", True),
        ("evilrheinwerk.example", False),
        ("rheinwerk.example.evil.example", False),
        ("example", False),
    ],
)
def test_a_website_lies_in_the_domain(host: str, holds: bool) -> None:
    assert domains.holds("rheinwerk.example", host) is holds
