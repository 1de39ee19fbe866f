"""A real OpenID provider on this machine, which speaks as Microsoft Entra ID does, or lies.

Discovery, published keys, a sign-in page with a session of its own, codes bound to PKCE and to the
client, RS256. A test begins with an honest provider and sets the knobs of ``Provider`` to make it
lie.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from html import escape
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

CLIENT_ID = "5f0c9a4e-7b1d-4c52-9a37-1d2f3a4b5c6d"
CLIENT_SECRET = "secret-of-the-tests"
TENANT = "0f1e2d3c-4b5a-4697-8897-a6b5c4d3e2f1"
OTHER_TENANT = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
TEMPLATE = "{tenantid}"


@cache
def private_key(number: int) -> RSAPrivateKey:
    """Key no. ``number`` of this run: making one takes a while."""
    return generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Person:
    """An account at the provider. ``claims`` come on top of what it says of everybody."""

    oid: str
    tid: str = TENANT
    name: str = "Mia Muster"
    email: str = ""
    claims: dict[str, Any] = field(default_factory=dict)


@dataclass
class Provider:
    """What the server knows, and how it misbehaves."""

    url: str = ""
    people: dict[str, Person] = field(default_factory=dict)  # by what they type in
    # knobs
    claims: dict[str, Any] = field(default_factory=dict)  # over the true ones; None takes one away
    algorithm: str = "RS256"
    signing_key: int = 0
    kid: str = ""  # what the token says it is signed with, instead of the truth
    published: list[int] = field(default_factory=lambda: [0])
    key_issuer: str | None = "template"  # of the published keys; None: they name none
    discovery: dict[str, Any] | bytes | None = None  # over the true one, or instead of it
    status: dict[str, int] = field(
        default_factory=dict
    )  # by the path: an error instead of an answer
    bodies: dict[str, bytes] = field(default_factory=dict)  # by the path: instead of the answer
    trickle: dict[str, float] = field(default_factory=dict)  # by the path: seconds between bytes
    ignores_prompt: bool = False  # lets whoever is in pass, however it is asked
    extra: dict[str, str] = field(default_factory=dict)  # over the parameters of the way back
    # what it has seen
    asked: list[tuple[str, str]] = field(default_factory=list)  # method and path
    authorized: list[dict[str, str]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)  # why the token endpoint said no
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    sessions: dict[str, tuple[str, int]] = field(default_factory=dict)  # who is in, and since when

    @property
    def authority(self) -> str:
        return f"{self.url}/organizations/v2.0"

    def add(self, login: str, oid: str, **fields: Any) -> Person:
        self.people[login] = Person(oid, email=fields.pop("email", login), **fields)
        return self.people[login]

    def rotate(self) -> None:
        """Sign with a new key, publish it and forget the old one."""
        self.signing_key += 1
        self.published = [self.signing_key]

    def count(self, path: str) -> int:
        return sum(seen.endswith(path) for _method, seen in self.asked)

    # -- answers -----------------------------------------------------------------------------------

    def configuration(self) -> Any:
        true = {
            "issuer": f"{self.url}/{TEMPLATE}/v2.0",
            "authorization_endpoint": f"{self.url}/organizations/oauth2/v2.0/authorize",
            "token_endpoint": f"{self.url}/organizations/oauth2/v2.0/token",
            "jwks_uri": f"{self.url}/organizations/discovery/v2.0/keys",
            "response_types_supported": ["code"],
        }
        return true | self.discovery if isinstance(self.discovery, dict) else true

    def keys(self) -> dict[str, Any]:
        rows = []
        for number in self.published:
            public = private_key(number).public_key()
            row = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(public))
            row |= {"kid": f"key-{number}", "use": "sig"}  # Microsoft's name no algorithm
            if self.key_issuer is not None:
                template = f"{self.url}/{TEMPLATE}/v2.0"
                row["issuer"] = template if self.key_issuer == "template" else self.key_issuer
            rows.append(row)
        return {"keys": rows}

    def id_token(self, code: dict[str, Any]) -> str:
        person = self.people[code["login"]]
        now = int(time.time())
        claims = {
            "iss": f"{self.url}/{person.tid}/v2.0",
            "aud": CLIENT_ID,
            "iat": now,
            "nbf": now,
            "exp": now + 3600,
            "nonce": code["nonce"],
            "tid": person.tid,
            "oid": person.oid,
            "sub": hashlib.sha256(person.oid.encode()).hexdigest(),
            "name": person.name,
            "preferred_username": code["login"],
            "auth_time": code["auth_time"],
            "ver": "2.0",
        }
        if person.email:
            claims["email"] = person.email
        claims |= person.claims
        for name, value in self.claims.items():
            if value is None:
                claims.pop(name, None)
            else:
                claims[name] = value
        headers = {"kid": self.kid or f"key-{self.signing_key}"}
        if self.algorithm == "RS256":
            return jwt.encode(claims, private_key(self.signing_key), "RS256", headers)
        return self.forged(claims, headers)

    def forged(self, claims: dict[str, Any], headers: dict[str, str]) -> str:
        """Signed with nothing, or with what everybody knows: the published key as a password."""

        def part(value: bytes) -> bytes:
            return base64.urlsafe_b64encode(value).rstrip(b"=")

        head = part(json.dumps({"typ": "JWT", "alg": self.algorithm, **headers}).encode())
        signed = head + b"." + part(json.dumps(claims).encode())
        signature = b""
        if self.algorithm == "HS256":
            known = json.dumps(self.keys()["keys"][0]).encode()
            signature = hmac.digest(known, signed, "sha256")
        return (signed + b"." + part(signature)).decode()


class Handler(BaseHTTPRequestHandler):
    provider: Provider
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self.dispatch({})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.dispatch(flat(body.decode()))

    def dispatch(self, form: dict[str, str]) -> None:
        parts = urlsplit(self.path)
        self.provider.asked.append((self.command, parts.path))
        name = parts.path.rpartition("/")[2]
        if status := self.provider.status.get(name):
            self.answer(status, b'{"error": "server_error"}')
        elif name in self.provider.bodies:
            self.answer(200, self.provider.bodies[name])
        elif name == "openid-configuration":
            self.answer(200, json.dumps(self.provider.configuration()).encode())
        elif name == "keys":
            self.answer(200, json.dumps(self.provider.keys()).encode())
        elif name == "authorize":
            self.authorize(flat(parts.query), form)
        elif name == "token" and self.command == "POST":
            self.token(form)
        else:
            self.answer(404, b"{}")

    def authorize(self, query: dict[str, str], form: dict[str, str]) -> None:
        provider = self.provider
        if self.command == "GET":
            provider.authorized.append(query)
        if query.get("client_id") != CLIENT_ID or query.get("response_type") != "code":
            self.answer(400, b'{"error": "unauthorized_client"}')
            return
        session = self.session()
        asks = query.get("prompt") == "login" or query.get("max_age") == "0"
        if form:
            login = form["login"]
            if form.get("cancel"):
                self.back(query, {"error": "access_denied"})
                return
            provider.sessions[session] = (login, int(time.time()))
        elif session not in provider.sessions or (asks and not provider.ignores_prompt):
            logins = "".join(f"<option>{escape(login)}</option>" for login in provider.people)
            page = (
                "<!doctype html><html lang=en><title>Sign in</title><form method=post>"
                f"<select name=login aria-label=Account>{logins}</select>"
                "<button>Next</button><button name=cancel value=1>Cancel</button></form></html>"
            )
            self.answer(200, page.encode(), "text/html", session)
            return
        login, at = provider.sessions[session]
        code = secrets.token_urlsafe(16)
        provider.codes[code] = {
            "login": login,
            "auth_time": at,
            "nonce": query["nonce"],
            "challenge": query["code_challenge"],
            "redirect_uri": query["redirect_uri"],
        }
        self.back(query, {"code": code})

    def back(self, query: dict[str, str], parameters: dict[str, str]) -> None:
        parameters |= {"state": query["state"]}
        parameters |= self.provider.extra
        self.send_response(302)
        self.send_header("Location", f"{query['redirect_uri']}?{urlencode(parameters)}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def token(self, form: dict[str, str]) -> None:
        provider = self.provider
        code = provider.codes.pop(form.get("code", ""), None)
        verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).rstrip(b"=").decode()
        faults = {
            "code": code is None or form.get("grant_type") != "authorization_code",
            "client": (form.get("client_id"), form.get("client_secret"))
            != (CLIENT_ID, CLIENT_SECRET),
            "verifier": code is not None and challenge != code["challenge"],
            "redirect_uri": code is not None and form.get("redirect_uri") != code["redirect_uri"],
        }
        if wrong := [name for name, is_wrong in faults.items() if is_wrong]:
            provider.refused += wrong
            self.answer(400, b'{"error": "invalid_grant"}')
            return
        assert code is not None
        value = {
            "token_type": "Bearer",
            "access_token": secrets.token_urlsafe(16),
            "expires_in": 3600,
            "id_token": provider.id_token(code),
        }
        self.answer(200, json.dumps(value).encode())

    def session(self) -> str:
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("provider")
        return cookie.value if cookie else secrets.token_urlsafe(16)

    def answer(
        self, status: int, body: bytes, kind: str = "application/json", session: str = ""
    ) -> None:
        pause = self.provider.trickle.get(urlsplit(self.path).path.rpartition("/")[2], 0)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if session:
            self.send_header("Set-Cookie", f"provider={session}; Path=/; HttpOnly")
        if pause:
            self.close_connection = True
        self.end_headers()
        try:
            if not pause:
                self.wfile.write(body)
            for byte in body if pause else b"":
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(pause)
        except OSError:  # nobody waits any more
            self.close_connection = True


def flat(query: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(query).items()}


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


@contextmanager
def running() -> Iterator[Provider]:
    """An honest provider without people, until the block ends."""
    provider = Provider()
    handler = type("ProviderHandler", (Handler,), {"provider": provider})
    with Server(("127.0.0.1", 0), handler) as server:
        provider.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()


class Window:
    """A browser at the provider: keeps its session there, and types in who it is."""

    def __init__(self) -> None:
        self.cookie = ""
        self.saw_page = False  # whether the last visit had to sign in

    def visit(self, url: str, login: str, *, cancel: bool = False) -> str:
        """Go to ``url``, sign in as ``login`` if asked; the path on the portal that it leads to."""
        status, location = self.request("GET", url)
        self.saw_page = status == 200
        if self.saw_page:
            form = {"login": login} | ({"cancel": "1"} if cancel else {})
            status, location = self.request("POST", url, urlencode(form))
        assert status == 302, (status, location)
        parts = urlsplit(location)
        return f"{parts.path}?{parts.query}"

    def request(self, method: str, url: str, body: str | None = None) -> tuple[int, str]:
        parts = urlsplit(url)
        assert parts.hostname
        connection = HTTPConnection(parts.hostname, parts.port or 80, timeout=10)
        try:
            headers = {"Cookie": self.cookie} if self.cookie else {}
            connection.request(method, f"{parts.path}?{parts.query}", body, headers)
            answer = connection.getresponse()
            answer.read()
            self.cookie = (answer.headers.get("Set-Cookie") or self.cookie).partition(";")[0]
            return answer.status, answer.headers.get("Location", "")
        finally:
            connection.close()
