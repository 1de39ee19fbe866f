import fcntl
import hashlib
import http.client
import logging
import os
import sys
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import embedded
from config.celery import app
from config.supervisor import ChildEnded, StopRequested, Supervisor, stop_on_signals


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise ArgumentTypeError(f"a port is a number from 1 to 65535, not {text!r}")
    return int(text)


class Command(BaseCommand):
    help = "Prepare the demo, then run broker, worker and web server until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=_port, default=os.environ.get("PORT") or "8000")

    def handle(self, *, port: int, **options: Any) -> None:
        try:
            with stop_on_signals(), self.only_one(port):
                # The console is for the visitor; what is amiss comes as an exception.
                logging.disable(logging.WARNING)
                self.prepare()
                logging.disable(logging.NOTSET)
                self.run(port)
        except StopRequested:
            self.stdout.write("\nGestoppt. / Stopped.")
        except (ChildEnded, embedded.EmbeddedServerError) as error:
            raise CommandError(str(error)) from error

    @contextmanager
    def only_one(self, port: int) -> Iterator[None]:
        """Hold the state folder's lock, which the kernel drops with this process."""
        with (settings.VAR_DIR / "demo.lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise CommandError(
                    f"A demo already runs on {settings.VAR_DIR}: {lock.read().strip()}"
                ) from None
            lock.truncate(0)
            lock.write(f"http://127.0.0.1:{port} (process {os.getpid()})\n")
            lock.flush()
            yield

    def prepare(self) -> None:
        self.say("Datenbank / database …")
        call_command("migrate", interactive=False, verbosity=0)
        call_command("load_rule_book", write=True, stdout=StringIO())
        self.say("Demodaten / demo data …")
        call_command("load_demo", stdout=StringIO())
        self.collect_static_files()

    def collect_static_files(self) -> None:
        """Collect and compress them, which takes seconds, only when one has changed."""
        state = hashlib.sha256()
        for finder in get_finders():
            for path, storage in finder.list([]):
                file = Path(storage.path(path)).stat()
                state.update(f"{path} {file.st_size} {file.st_mtime_ns}\n".encode())
        stamp = settings.VAR_DIR / "static.stamp"
        if not stamp.exists() or stamp.read_text() != state.hexdigest():
            self.say("Stile und Bilder / static files …")
            call_command("collectstatic", interactive=False, clear=True, verbosity=0)
            stamp.write_text(state.hexdigest())

    def run(self, port: int) -> None:
        environment = {
            "DJANGO_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"],
            "HANDSCHLAG_VAR": str(settings.VAR_DIR),
            "BASE_URL": os.environ.get("BASE_URL", f"http://127.0.0.1:{port}"),
            "PYTHONUNBUFFERED": "1",
        }
        logs = settings.VAR_DIR / "log"
        python = [sys.executable, "-m"]
        with Supervisor(logs, environment) as demo:
            if not settings.REDIS_URL:
                path = settings.EMBEDDED_SOCKET
                embedded.end_leftover(path)
                server = embedded.command(path, settings.VAR_DIR)
                demo.start("broker", server, cwd=settings.VAR_DIR)
                demo.wait_until(lambda: embedded.answers(path), "The broker", patience=15)
            self.say("Arbeitsprozess und Webserver / worker and web server …")
            worker = "celery --app config worker --beat --concurrency 2 --loglevel INFO"
            demo.start(
                "worker",
                [*python, *worker.split(), "--without-gossip", "--without-mingle"],
                cwd=settings.BASE_DIR,
            )
            web = "gunicorn config.wsgi --worker-class gthread --workers 1 --threads 8"
            demo.start(
                "web",
                [
                    *python,
                    *web.split(),
                    f"--bind=127.0.0.1:{port}",
                    "--graceful-timeout=5",
                    "--no-control-socket",
                    "--access-logfile=-",
                ],
                cwd=settings.BASE_DIR,
            )
            demo.wait_until(lambda: _serves(port), "The web server", patience=60)
            demo.wait_until(_works, "The worker", patience=60)
            self.welcome(port, logs)
            demo.watch()

    def welcome(self, port: int, logs: Path) -> None:
        self.say(f"\nHandschlag läuft / is running:  http://127.0.0.1:{port}\n")
        call_command("load_demo", show=True, stdout=self.stdout)
        self.say(f"\nProtokolle / logs: {logs}\nBeenden mit Strg-C. / Stop with Ctrl-C.")

    def say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _serves(port: int) -> bool:
    """Whether the front page comes without a server error."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _works() -> bool:
    """Whether a worker answers through the broker."""
    return bool(app.control.ping(timeout=1, limit=1))
