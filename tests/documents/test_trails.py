"""The chain by itself: a whole log has no break, and whatever is done to one has its number."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import trails
from support.trails import Break, Link

SUBJECT = "7c0b1f0e"
OTHER = "0" * 64
CONTENTS = st.lists(
    st.dictionaries(
        st.text(max_size=5),
        st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=20),
        max_size=3,
    ),
    min_size=1,
    max_size=12,
)


def chained(contents: list[dict[str, Any]], *, after: list[Link] | None = None) -> list[Link]:
    """A log of ``contents``, written on from ``after``."""
    links = list(after or [])
    for content in contents:
        previous = links[-1].hash if links else trails.genesis(SUBJECT)
        seq, salt = len(links) + 1, trails.new_salt()
        digest = trails.digest(content, salt)
        own = trails.link(seq, previous, digest)
        links.append(Link(seq, previous, digest, own, salt, content))
    return links


def breaks(links: list[Link], **heads: Any) -> list[Break]:
    return list(trails.breaks(SUBJECT, links, **heads))


def heads(links: list[Link]) -> dict[int, str]:
    """What somebody keeps who saw the whole log."""
    return {links[-1].seq: links[-1].hash}


FORGED = {"forged": True}


def changed(links: list[Link], at: int) -> tuple[list[Link], set[int]]:
    links[at] = replace(links[at], content=FORGED)
    return links, {at + 1}


def salted(links: list[Link], at: int) -> tuple[list[Link], set[int]]:
    links[at] = replace(links[at], salt=trails.new_salt())
    return links, {at + 1}


def unsalted(links: list[Link], at: int) -> tuple[list[Link], set[int]]:
    links[at] = replace(links[at], salt="not hexadecimal")
    return links, {at + 1}


def not_canonical(links: list[Link], at: int) -> tuple[list[Link], set[int]]:
    links[at] = replace(links[at], content={"number": 2**60, "not": float("nan")})
    return links, {at + 1}


def other_digest(links: list[Link], at: int) -> tuple[list[Link], set[int]]:
    links[at] = replace(links[at], digest=OTHER)
    return links, {at + 1}


def other_previous(links: list[Link], at: int) -> tuple[list[Link], set[int]]:
    links[at] = replace(links[at], previous=OTHER)
    return links, {at + 1}


def other_hash(links: list[Link], at: int) -> tuple[list[Link], set[int]]:
    links[at] = replace(links[at], hash=OTHER)
    return links, {at + 1}


def with_its_own_hash(links: list[Link], at: int) -> tuple[list[Link], set[int]]:
    """Forged so that it holds by itself: the next one, or the head, does not follow."""
    links[at] = chained([FORGED], after=links[:at])[-1]
    return links, {at + 1, at + 2}


def dropped(links: list[Link], at: int) -> tuple[list[Link], set[int]]:
    gone = links.pop(at)
    return links, {gone.seq + 1, gone.seq - 1}  # what follows is the first that is wrong, or a cut


def inserted(links: list[Link], at: int) -> tuple[list[Link], set[int]]:
    links.insert(at + 1, replace(chained([FORGED], after=links[:at])[-1]))
    return links, {at + 1}


def inserted_with_new_numbers(links: list[Link], at: int) -> tuple[list[Link], set[int]]:
    forged = chained([FORGED], after=links[: at + 1])[-1]
    later = [replace(each, seq=each.seq + 1) for each in links[at + 1 :]]
    # It follows rightly; the next does not, or else the head of the log before.
    return [*links[: at + 1], forged, *later], {at + 3, at + 2} if later else set()


def swapped(links: list[Link], at: int) -> tuple[list[Link], set[int]]:
    other = (at + 1) % len(links)
    first, second = sorted((at, other))
    one, two = links[first], links[second]
    links[first] = replace(two, seq=one.seq)
    links[second] = replace(one, seq=two.seq)
    return links, {first + 1} if first != second else set()


def written_anew(links: list[Link], at: int) -> tuple[list[Link], set[int]]:
    """All from here on, every hash right: only somebody who kept a head can tell."""
    rest = [FORGED, *(dict(each.content or {}) for each in links[at + 1 :])]
    return chained(rest, after=links[:at]), {len(links)}


TAMPERINGS = [
    changed,
    salted,
    unsalted,
    not_canonical,
    other_digest,
    other_previous,
    other_hash,
    with_its_own_hash,
    dropped,
    inserted,
    inserted_with_new_numbers,
    swapped,
    written_anew,
]


@given(CONTENTS)
def test_whole_log_has_no_break(contents: list[dict[str, Any]]) -> None:
    links = chained(contents)

    assert breaks(links) == []
    assert breaks(links, heads={link.seq: link.hash for link in links}) == []
    assert breaks([replace(link, content=None, salt="") for link in links]) == []


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda each: each.__name__)
@given(data=st.data(), contents=CONTENTS)
def test_first_break_names_where_a_log_was_tampered_with(
    tamper: Any, data: st.DataObject, contents: list[dict[str, Any]]
) -> None:
    links = chained(contents)
    kept = heads(links)
    tampered, expected = tamper(list(links), data.draw(st.integers(0, len(links) - 1)))

    found = breaks(tampered, heads=kept)

    if expected:
        assert found
        assert found[0].seq in expected
    else:  # an event was added after the head that is kept, or there was nothing to swap with
        assert found == []


@given(CONTENTS, st.data())
def test_end_that_was_cut_off_is_found_by_the_head_only(
    contents: list[dict[str, Any]], data: st.DataObject
) -> None:
    links = chained(contents)
    left = data.draw(st.integers(0, len(links) - 1))

    assert breaks(links[:left]) == []
    assert breaks(links[:left], heads=heads(links)) == [Break(left, Break.CUT)]


def test_each_break_is_named_for_what_it_is() -> None:
    links = chained([{"n": number} for number in range(5)])
    named = {
        tamper.__name__: [(each.seq, each.what) for each in breaks(tamper(list(links), 2)[0])]
        for tamper in TAMPERINGS
    }
    assert named == {
        "changed": [(3, "changed")],
        "salted": [(3, "changed")],
        "unsalted": [(3, "changed")],
        "not_canonical": [(3, "changed")],
        "other_digest": [(3, "changed"), (3, "relinked")],
        "other_previous": [(3, "relinked")],
        "other_hash": [(3, "relinked"), (4, "relinked")],
        "with_its_own_hash": [(4, "relinked")],
        "dropped": [(4, "missing")],
        "inserted": [(3, "inserted")],
        "inserted_with_new_numbers": [(5, "relinked"), (6, "relinked")],
        "swapped": [(3, "relinked"), (4, "relinked"), (5, "relinked")],
        "written_anew": [],
    }


def test_log_of_something_else_does_not_fit() -> None:
    links = chained([{"n": 1}, {"n": 2}])

    found = list(trails.breaks("another", links))

    assert found == [Break(1, Break.RELINKED)]


def test_digest_and_link_are_what_anybody_can_compute() -> None:
    """Fixed values, so that files from before can be checked for ever."""
    genesis = trails.genesis("x")
    digest = trails.digest({"b": 1, "a": "ä"}, "00" * 32)

    assert [genesis, digest, trails.link(1, genesis, digest)] == [
        "6d34a7e5712790a1bd655f91559f539445fcd365f31a39ba4584c645834b86bc",
        "86caa7adf15775769e7302a60914e88cedd7dc723639d8fb35f09be9a529894e",
        "fc856c97de904b167ccd4059d558fd71236f2dad24626a826aa380d814245016",
    ]
