"""Receivers to be examined: a careful one, and others with one mistake each."""

import hashlib
import hmac
import json
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from threading import Lock, Thread
from typing import Any, NamedTuple

from talkover_mock.base.shapes.values import Event

SECRET = "our secret"
STARTED: Event = "event_phone_call_started"
_TOLERANCE_SECONDS = 300


class Request(NamedTuple):
    """A request as it came: `headers` with the case of their names, `body` without the frames of chunks."""

    method: str
    headers: dict[str, str]
    body: bytes

    def header(self, name: str) -> str | None:
        return {own.lower(): value for own, value in self.headers.items()}.get(name.lower())


Receiver = Callable[[Request], int | None]
"""Returns the status of the answer, or None for no answer at all; what it raises is answered 500."""
Check = Callable[[Request], bool]
"""Whether a request is genuine."""
Handle = Callable[[dict[str, Any]], int]
"""Handles a payload; returns the status of the answer."""


class Listening(NamedTuple):
    url: str
    requests: list[Request]


@contextmanager
def listening(receiver: Receiver) -> Iterator[Listening]:
    """Runs a receiver on a free port."""
    requests: list[Request] = []
    with ThreadingTCPServer(("127.0.0.1", 0), _handler(receiver, requests)) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield Listening(f"http://127.0.0.1:{server.server_address[1]}/hook", requests)
        finally:
            server.shutdown()
            thread.join()


def _handler(receiver: Receiver, requests: list[Request]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 5.0

        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline()
            if self.parse_request():
                request = Request(self.command, dict(self.headers.items()), self._body())
                requests.append(request)
                status = _answer(receiver, request)
                if status:
                    self.send_response(status)
                    self.end_headers()

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers["Content-Length"]))
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            return body

        def log_message(self, format: str, *args: object) -> None:
            """Logs nothing: the test has the requests."""

    return Handler


def _answer(receiver: Receiver, request: Request) -> int | None:
    try:
        return receiver(request)
    except Exception:
        return 500


# What is genuine


def signed_plainly(request: Request) -> bool:
    """The scheme `hmac`."""
    return _equal(_digest(request.body).hex(), request.header("Signature"))


def signed_with_time(request: Request, tolerance: float = _TOLERANCE_SECONDS) -> bool:
    """The scheme `stripe`."""
    parts = dict(part.split("=", 1) for part in (request.header("Stripe-Signature") or "t=0,v1=").split(","))
    return _equal(_digest(f"{parts['t']}.".encode() + request.body).hex(), parts["v1"]) and _is_recent(
        parts["t"], tolerance
    )


def signed_with_id(request: Request) -> bool:
    """The scheme `standard`, with a secret that is no base64."""
    id, at = request.header("webhook-id"), request.header("webhook-timestamp")
    signature = f"v1,{b64encode(_digest(f'{id}.{at}.'.encode() + request.body)).decode()}"
    return _equal(signature, request.header("webhook-signature")) and _is_recent(at or "0")


def signed_when_written_again(request: Request) -> bool:
    """The scheme `hmac` over the JSON as JavaScript would write it again."""
    try:
        again = json.dumps(json.loads(request.body), separators=(",", ":"), ensure_ascii=False)
    except ValueError:
        return False
    return signed_plainly(request._replace(body=again.encode()))


def _is_recent(seconds: str, tolerance: float = _TOLERANCE_SECONDS) -> bool:
    return abs(time.time() - int(seconds)) <= tolerance


def _digest(message: bytes) -> bytes:
    return hmac.digest(SECRET.encode(), message, hashlib.sha256)


def _equal(expected: str, given: str | None) -> bool:
    return hmac.compare_digest(expected.encode(), (given or "").encode())


# Receivers


def handled_once(payload: dict[str, Any], handled: set[tuple[Any, ...]], lock: Lock) -> int:
    """Ignores what it does not know, and every copy."""
    if payload["event"] != STARTED:
        return 200
    key = tuple(payload.get(name) for name in ("event", "call_id", "timestamp"))
    if None in key:
        return 422
    with lock:
        handled.add(key)
    return 200


def careful(is_genuine: Check = signed_plainly, handle: Handle | None = None) -> Receiver:
    """Verifies the bytes, then parses them, and handles the payload."""
    handled: set[tuple[Any, ...]] = set()
    lock = Lock()

    def receive(request: Request) -> int:
        if not is_genuine(request):
            return 401
        try:
            payload = json.loads(request.body)
        except ValueError:
            return 400
        return handle(payload) if handle else handled_once(payload, handled, lock)

    return receive


def verifying_what_it_has_parsed() -> Receiver:
    return careful(signed_when_written_again)


def crashing_at_the_unknown() -> Receiver:
    """Looks up the event, and the keys of its payload."""
    handlers: dict[str, Handle] = {STARTED: lambda payload: 200 if payload["call_id"] else 422}
    return careful(handle=lambda payload: handlers[payload["event"]](payload))
