"""Pages as trees."""

from bs4 import BeautifulSoup


def parsed(content: bytes) -> BeautifulSoup:
    """A page, or a part of one as it stands: the quicker parser would make a page of it."""
    is_page = content.lstrip()[:9].lower() == b"<!doctype"
    return BeautifulSoup(content, "lxml" if is_page else "html.parser")
