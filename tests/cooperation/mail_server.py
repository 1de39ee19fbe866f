"""A small SMTP server for the tests: real letters over a real socket, and its faults."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class MailServer:
    """What came in, and what it answers: ``refuses`` maps an address to an answer such as 550."""

    port: int = 0
    letters: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    connections: int = 0
    greeting: bytes = b"220 mail.example"
    refuses: dict[str, bytes] = field(default_factory=dict)
    has_read: threading.Event = field(default_factory=threading.Event)  # a whole letter
    may_answer: threading.Event | None = None  # what it waits for before it says so
    hangs_up: bool = False  # after it has taken a letter, before it says so


class _Handler(socketserver.StreamRequestHandler):
    def say(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")

    def handle(self) -> None:
        mail: MailServer = self.server.mail  # type: ignore[attr-defined]
        mail.connections += 1
        self.say(mail.greeting)
        to: list[str] = []
        while line := self.rfile.readline().strip():
            command = line[:4].upper()
            if command == b"RCPT":
                address = line.partition(b"<")[2].partition(b">")[0].decode()
                if address in mail.refuses:
                    self.say(mail.refuses[address])
                    continue
                to.append(address)
            elif command == b"DATA":
                self.say(b"354 go on")
                self.take(mail, to)
                if mail.hangs_up:
                    return
                to = []
            elif command == b"RSET":
                to = []
            elif command == b"QUIT":
                self.say(b"221 bye")
                return
            self.say(b"250 ok")

    def take(self, mail: MailServer, to: list[str]) -> None:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        raw = b"".join(lines)
        mail.raw.append(raw)
        mail.letters.append(message_from_bytes(raw, policy=policy.default))
        mail.recipients.append(to)
        mail.has_read.set()
        if mail.may_answer is not None:
            mail.may_answer.wait(timeout=30)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def running() -> Iterator[MailServer]:
    """A server on a port of its own until the block ends."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        mail = MailServer(port=server.server_address[1])
        server.mail = mail  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield mail
        finally:
            server.shutdown()
            thread.join(timeout=10)
