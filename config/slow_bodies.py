"""Ends a request whose body takes too long to arrive, so that nobody holds a thread for hours.

Whoever sends a byte a second keeps a thread of the web server waiting, and there are few. The proxy
in front of a portal should take in whole requests first; this holds where it does not, or where
there is none. Slow headers stay the proxy's: gunicorn reads them before anything here runs.
"""

import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from threading import Timer
from typing import Any, Protocol

from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.views.csrf import csrf_failure as djangos_csrf_failure
from django.views.defaults import bad_request

RATE = 32 * 1024  # bytes a second: a thirtieth of what a poor connection takes up
BROKE_OFF = "handschlag.body_broke_off"

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...
    def readline(self, size: int = -1, /) -> bytes: ...


class SlowBodies:
    """WSGI: a body may take ``seconds``, and one more for every ``RATE`` bytes it declares.

    Then the connection is closed for reading, and what the view reads ends with an ``OSError``
    instead of half a form. Needs the socket that gunicorn hands over; without it nothing changes.
    """

    def __init__(self, application: Application, *, seconds: float) -> None:
        self.application = application
        self.seconds = seconds

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        connection = environ.get("gunicorn.socket")
        length = _declared(environ)
        if connection is None or not length:
            return self.application(environ, start_response)
        timer = Timer(self.seconds + length / RATE, _hang_up, [connection])
        timer.daemon = True  # a server that stops waits for nobody's body
        environ["wsgi.input"] = _Body(environ, length, timer)
        timer.start()
        try:
            return self.application(environ, start_response)
        finally:
            timer.cancel()


def _declared(environ: dict[str, Any]) -> int:
    """Bytes that the client says it sends; 0 also for what is no number, which has no body."""
    with suppress(ValueError):
        return max(0, int(environ.get("CONTENT_LENGTH") or 0))
    return 0


def _hang_up(connection: socket.socket) -> None:
    """Whatever waits in ``recv`` gets an end; the answer can still be sent."""
    with suppress(OSError):  # it is gone already
        connection.shutdown(socket.SHUT_RD)


class _Body:
    """``wsgi.input`` that knows how much is to come, and says so when it does not come."""

    def __init__(self, environ: dict[str, Any], length: int, timer: Timer) -> None:
        self.environ = environ
        self.inner: Readable = environ["wsgi.input"]
        self.missing = length
        self.timer = timer

    def read(self, size: int = -1, /) -> bytes:
        data = self.inner.read(size)
        wanted = self.missing if size < 0 else min(size, self.missing)
        return self._counted(data, is_whole=len(data) >= wanted)

    def readline(self, size: int = -1, /) -> bytes:
        line = self.inner.readline(size)
        return self._counted(line, is_whole=line.endswith(b"\n") or 0 <= size <= len(line))

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _counted(self, data: bytes, *, is_whole: bool) -> bytes:
        self.missing -= len(data)
        if self.missing <= 0:
            self.timer.cancel()
        elif not is_whole:
            self.environ[BROKE_OFF] = True
            raise ConnectionError(f"{self.missing} bytes of the body did not come")
        return data


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token: an old page perhaps, or one that came only in part."""
    if request.META.get(BROKE_OFF):
        return bad_request(request, UnreadablePostError(reason))
    return djangos_csrf_failure(request, reason)
