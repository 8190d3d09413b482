"""A receiver of webhooks for tests: it keeps the requests and answers as told. Imports only its HTTP and checks."""

import base64
import binascii
import hashlib
import hmac
import json
import re
import socket
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import TIMEOUT_MAX, Condition, Event, Thread
from typing import Any

from talkover_mock.base.addresses import check_host, check_port
from talkover_mock.base.headers import are_headers
from talkover_mock.base.receiving import ReceivingServer

__all__ = ["Answer", "ReceivedRequest", "WebhookReceiver", "running_receiver"]

__tracebackhide__ = True  # pytest shows the test's own line
_MOST_SHOWN = 10
_SURROGATE = re.compile("[\ud800-\udfff]")
_SCHEMES = {
    "hmac": ("Signature", ""),
    "github": ("X-Hub-Signature-256", "sha256="),
    "stripe": ("Stripe-Signature", "v1="),
    "standard": ("webhook-signature", "v1,"),
    "shopify": ("X-Shopify-Hmac-Sha256", ""),
}
"""The header of each signature scheme, and the text before the signature in it."""


@dataclass(frozen=True)
class ReceivedRequest:
    """One request with its exact bytes; the names of `headers` are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    settings: Callable[[], Mapping[str, str]] = field(default=dict, repr=False, compare=False)
    """Tells how the sender signs, in the words of a fixture's settings."""
    raw_headers: Sequence[tuple[str, str]] = field(default=(), repr=False, compare=False)
    """The headers in their order, with their names as they came."""

    def __repr__(self) -> str:
        return f"<ReceivedRequest {_summary(self)}>"

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def event(self) -> str:
        """The `event` of the JSON. Raises ValueError for a body without an event."""
        try:
            return str(self.json["event"])
        except (ValueError, LookupError, TypeError, RecursionError):
            raise ValueError(f"the body of {self.method} {self.path} names no event: {self.body[:80]!r}") from None

    def is_signed_with(
        self, secret: str, header: str | None = None, prefix: str | None = None, scheme: str | None = None
    ) -> bool:
        """Whether a header signs the exact bytes with this secret, at whatever time.

        `scheme` is hmac, github, stripe, standard or shopify. What is not given is that of the test's environment in
        pytest, else the scheme of `header` or of a header that the request has, or else hmac, and the scheme's own
        header and prefix. Raises ValueError for an unknown scheme, and for what is no text.
        """
        for name, given in {"secret": secret, "header": header, "prefix": prefix, "scheme": scheme}.items():
            if not _is_text(given) and (given is not None or name == "secret"):
                raise ValueError(f"the {name} of a signature is a text (got {given!r:.80})")
        settings = self.settings()
        header = header or settings.get("signature_header")
        scheme = scheme or settings.get("signature_scheme") or self._scheme(header)
        if scheme not in _SCHEMES:
            raise ValueError(f"a signature scheme is one of {', '.join(_SCHEMES)} (got {scheme!r})")
        own_header, own_prefix = _SCHEMES[scheme]
        prefix = settings.get("signature_prefix", own_prefix) if prefix is None else prefix
        value = self.headers.get((header or own_header).lower(), "")
        return hmac.compare_digest(value.encode(), self._signed(scheme, secret, value, prefix).encode())

    def _scheme(self, header: str | None) -> str:
        names = self.headers if header is None else (header.lower(),)
        return next((scheme for scheme, (own, _) in _SCHEMES.items() if own.lower() in names), "hmac")

    def _signed(self, scheme: str, secret: str, value: str, prefix: str) -> str:
        """The expected value of the signature's header, for the time and the id that the request has."""
        if scheme == "stripe":
            time = value.removeprefix("t=").partition(",")[0]
            return f"t={time},{prefix}{_digest(secret.encode(), f'{time}.'.encode() + self.body).hex()}"
        if scheme == "standard":
            id, time = self.headers.get("webhook-id", ""), self.headers.get("webhook-timestamp", "")
            digest = _digest(_standard_key(secret), f"{id}.{time}.".encode() + self.body)
            return prefix + base64.b64encode(digest).decode()
        digest = _digest(secret.encode(), self.body)
        return prefix + (base64.b64encode(digest).decode() if scheme == "shopify" else digest.hex())


@dataclass(frozen=True)
class Answer:
    """An answer of the receiver, sent after `delay_seconds`. Raises ValueError for what can't be sent."""

    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0

    def __post_init__(self) -> None:
        if type(self.status) is not int or not 200 <= self.status <= 599:
            raise ValueError(f"an answer's status is a number from 200 to 599 (got {self.status!r})")
        if not _is_text(self.body):
            raise ValueError(f"an answer's body is a text, such as that of json.dumps (got {self.body!r:.80})")
        if not isinstance(self.headers, Mapping) or not are_headers(dict(self.headers)):
            text = "an answer's headers are a dictionary of their names and texts, of ASCII on one line"
            raise ValueError(f"{text} (got {self.headers!r:.80})")
        if not _is_wait(self.delay_seconds):
            raise ValueError(f"an answer's delay is a number of seconds, 0 or more (got {self.delay_seconds!r:.80})")


class WebhookReceiver:
    """Listens on a free port, or on `port`, from `start` to `stop`. Answers 200 unless told otherwise."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Raises ValueError for what is no host or no port, and OSError, with both, for where it can't listen."""
        check_host(host)
        check_port(port)
        shown = f"[{host}]" if ":" in host else host
        try:
            self._server = ReceivingServer(host, port, self._received, self.refuse)
        except OSError as error:
            raise type(error)(error.errno, f"can't listen on {shown}:{port}: {error.strerror}") from None
        self._thread = Thread(target=self._serve, name="webhook-receiver", daemon=True)
        self._changed = Condition()
        self._requests: list[ReceivedRequest] = []
        self._answers: deque[Answer] = deque()
        self._default = Answer()
        self._failure: BaseException | None = None
        """What `take` has raised first; `stop` raises it again."""
        self._stopping = Event()
        self.settings: Callable[[], Mapping[str, str]] = dict
        """Tells how the sender signs: in pytest, the settings of the test's environment."""
        self.hint: Callable[[], str] = str
        """Makes the text that follows an unmet `wait_for`: in pytest, the events of the test's environment."""
        self.url = f"http://{shown}:{self._server.server_port}/webhook"

    @property
    def requests(self) -> Sequence[ReceivedRequest]:
        """The requests so far, oldest first; a copy."""
        with self._changed:
            return list(self._requests)

    @property
    def events(self) -> list[str]:
        """The `event` of each request's JSON."""
        return [request.event for request in self.requests]

    def answer_always(self, answer: int | Answer) -> None:
        """Sets the answer to every request for which `answer_next` has lined up no other."""
        self._default = _to_answer(answer)

    def answer_next(self, *answers: int | Answer) -> None:
        """Lines up answers, or just their statuses, for the next requests: `answer_next(500, 500)`."""
        checked = [_to_answer(each) for each in answers]
        with self._changed:
            self._answers.extend(checked)

    def wait_for(self, count: int, wait: float = 5.0) -> Sequence[ReceivedRequest]:
        """The requests, as soon as there are `count`. Raises AssertionError when `wait` seconds are over."""
        if type(count) is not int:
            raise ValueError(f"the requests to wait for are a whole number (got {count!r:.80})")
        if not _is_wait(wait):
            raise ValueError(f"the time to wait is a number of seconds, 0 or more (got {wait!r:.80})")
        with self._changed:
            if self._changed.wait_for(lambda: len(self._requests) >= count, wait):
                return list(self._requests)
            text = f"expected {count} request{'' if count == 1 else 's'} within {wait:g} s, got {self._came()}"
        text += self._idle()
        hint = self.hint()
        raise AssertionError(f"{text}\n{hint}" if hint else text)

    def _idle(self) -> str:
        """Why nothing can come, where that is so."""
        if self._stopping.is_set():
            return "; the receiver has stopped"
        return "" if self._thread.ident else "; the receiver was never started: call start() first"

    def _came(self) -> str:
        """`2: POST /webhook (event_action), POST /webhook (event_phone_call_ended)`."""
        lines = [*map(_summary, self._requests)]
        return f"{len(lines)}{': ' if lines else ''}{', '.join(lines[-_MOST_SHOWN:])}"

    def clear(self) -> None:
        """Forgets the requests and the answers that were lined up."""
        with self._changed:
            self._requests.clear()
            self._answers.clear()

    def __repr__(self) -> str:
        return f"<WebhookReceiver at {self.url}, got {self._came()}>"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Frees the port, and ends every delayed answer and every thread. A second call does nothing.

        A sender may take a second to read its answer. Raises what a `take` of your own has raised, so that the test
        fails.
        """
        self._stopping.set()
        self._server.hush()
        if self._thread.is_alive():
            self._server.wake()
            self._thread.join()
            with suppress(OSError):
                self._server.socket.shutdown(socket.SHUT_RDWR)  # also for a forked child's copy
        self._server.server_close()
        failure, self._failure = self._failure, None
        if failure:
            raise failure

    def _serve(self) -> None:
        """Handles requests until `stop`. The library's own loop polls, and every test would wait for it at teardown."""
        while not self._stopping.is_set():
            self._server.handle_request()

    def _received(self, method: str, path: str, raw: Sequence[tuple[str, str]], body: bytes) -> Answer:
        """The answer of `take`, or 500 as of an application that fails; the failure is kept for `stop`."""
        headers = {name.lower(): value for name, value in raw}
        try:
            answer: object = self.take(ReceivedRequest(method, path, headers, body, self.settings, raw))
            if not isinstance(answer, Answer):
                raise TypeError(f"take returns an Answer, such as Answer(200) (got {answer!r:.80})")
        except BaseException as failure:  # that of `pytest.fail` is no Exception
            would_end_run = isinstance(failure, (SystemExit, KeyboardInterrupt))
            self._failure = self._failure or (RuntimeError(f"take raised {failure!r}") if would_end_run else failure)
            return Answer(500)
        return answer

    def refuse(self, status: int, why: str) -> int:
        """The status to answer what is no delivery, such as a GET: what is proposed. It is not kept."""
        return status

    def take(self, request: ReceivedRequest) -> Answer:
        """Keeps a request and returns its answer, after the answer's delay or when the receiver stops."""
        with self._changed:
            self._requests.append(request)
            answer = self._answers.popleft() if self._answers else self._default
            self._changed.notify_all()
        if answer.delay_seconds:
            self._stopping.wait(answer.delay_seconds)
        return answer


@contextmanager
def running_receiver() -> Iterator[WebhookReceiver]:
    receiver = WebhookReceiver()
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.stop()


def _digest(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, hashlib.sha256)


def _standard_key(secret: str) -> bytes:
    """The key of a Standard Webhooks secret: base64, with or without `whsec_`; another text is the key itself."""
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return secret.encode()


def _summary(request: ReceivedRequest) -> str:
    try:
        text = request.event
    except ValueError:
        text = repr(request.body[:80])
    return f"{request.method} {request.path} ({text})"


def _is_text(value: object) -> bool:
    """Whether a value is text that UTF-8 can carry."""
    return isinstance(value, str) and not _SURROGATE.search(value)


def _is_wait(seconds: object) -> bool:
    """Whether a value is a number of seconds that a thread can wait."""
    return isinstance(seconds, (int, float)) and 0 <= seconds <= TIMEOUT_MAX


def _to_answer(answer: int | Answer) -> Answer:
    return answer if isinstance(answer, Answer) else Answer(answer)
