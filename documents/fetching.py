from typing import Any

from weasyprint.urls import FatalURLFetchingError, URLFetcher


class ClosedFetcher(URLFetcher):  # type: ignore[misc]  # untyped
    """Lets ``data:`` addresses through; any other stops the rendering.

    WeasyPrint swallows ordinary errors of a fetcher and goes on without the resource. An address
    in a document of ours is a bug or an attack, so the error has to be the fatal one.
    """

    def __init__(self) -> None:
        super().__init__(allowed_protocols=["data"], allow_redirects=False, fail_on_errors=True)

    def fetch(self, url: str, headers: Any = None) -> Any:
        if not url.lower().startswith("data:"):
            raise FatalURLFetchingError(url[:200])
        return super().fetch(url, headers)
