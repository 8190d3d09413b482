"""A request that a thread answers: it runs a WSGI application, and parks one that waits."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from talkover_mock.base.headers import header_text
from talkover_mock.dialect.errors import ServerError
from talkover_mock.web.answers import STATUS_LINES, Answer, error_answer
from talkover_mock.web.parser import Incoming

Headers = list[tuple[str, str]]

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment


class Carrier(Protocol):
    """The connection that a request came on, and that carries its answer."""

    loop: AbstractEventLoop
    log: Callable[[str], object]
    is_gone: bool

    def submit(self, job: Callable[[], object], of: Hashable, /) -> None:
        """Runs a job in a thread, where jobs of different `of` take turns."""

    def send(self, running: RunningRequest, status: str, headers: Headers, body: bytes, cut: bool = False) -> None:
        """Sends the answer. After an answer that is `cut` the connection ends."""

    def go_on(self) -> None:
        """Goes on to the next request."""

    def reset(self) -> None:
        """Ends the connection at once, with a reset."""


class RunningRequest:
    """One request with its answer so far: also its `Connection` and its `Park`, see web.request and web.waiting.

    A thread runs it until the answer is whole or waits; then the event loop goes on with it.
    """

    __slots__ = (
        "_answer",
        "_application",
        "_body",
        "_connection",
        "_environ",
        "_headers",
        "_is_armed",
        "_is_reset",
        "_is_woken",
        "_parts",
        "_seconds",
        "_sent",
        "_status",
        "_timer",
        "incoming",
    )

    def __init__(
        self, connection: Carrier, incoming: Incoming, environ: WSGIEnvironment, application: WSGIApplication
    ) -> None:
        self._connection, self.incoming = connection, incoming
        self._environ, self._application = environ, application
        self._answer: Iterable[bytes] = ()
        self._parts: Iterator[bytes] | None = None
        self._status, self._headers, self._sent, self._body = "", list[tuple[str, str]](), list[bytes](), b""
        self._seconds = 0.0
        self._is_armed = self._is_woken = self._is_reset = False
        self._timer: Any = None

    # What the application may do

    def reset(self) -> None:
        self._is_reset = True

    def is_gone(self) -> bool:
        return self._connection.is_gone

    def wait(self, seconds: float) -> None:
        self._seconds, self._is_armed = seconds, True

    def wake(self) -> None:
        self._on_loop(self._wake)

    def start(self) -> None:
        """Goes on in a thread. Calls with different tokens, and so of different environments, take turns there."""
        self._submit(self._run)

    def _submit(self, job: Callable[[], object]) -> None:
        self._connection.submit(job, self._environ.get("HTTP_AUTHORIZATION"))

    # In a thread

    def _run(self) -> None:
        """Goes on until the answer is whole, fails or waits."""
        error: Exception | None = None
        try:
            if self._parts is None:
                self._answer = self._application(self._environ, self._start_response)
                self._parts = iter(self._answer)
            for part in self._parts:
                if self._is_armed:
                    return self._on_loop(self._park)
                self._sent.append(part)
            self._body = b"".join(self._sent)
        except Exception as failure:
            error = failure
            self._body = b"".join(part for part in self._sent if isinstance(part, bytes))
        self._end_parts()
        self._on_loop(lambda: self._finish(error))

    def _start_response(self, status: str, headers: Headers, _: object = None) -> Callable[[bytes], object]:
        self._status, self._headers = status, list(headers)
        return self._sent.append

    def _end_parts(self) -> None:
        """As WSGI wants it; a generator that waits then ends its wait."""
        with suppress(Exception):
            getattr(self._answer, "close", lambda: None)()

    def _on_loop(self, callback: Callable[[], object]) -> None:
        with suppress(RuntimeError):  # the server has stopped
            self._connection.loop.call_soon_threadsafe(callback)

    # On the event loop

    def _park(self) -> None:
        if self._is_woken or self._connection.is_gone:
            self._resume()
        else:
            self._timer = self._connection.loop.call_later(self._seconds, self._resume)

    def _wake(self) -> None:
        self._is_woken = True
        if self._timer:
            self._resume()

    def _resume(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer, self._is_armed, self._is_woken = None, False, False
        self.start()

    def close(self) -> None:
        """Ends a wait for good, in a thread, since the server stops."""
        self._is_woken = True
        if self._timer:
            self._timer.cancel()
            self._submit(self._end_parts)

    def _finish(self, error: Exception | None) -> None:
        if self._is_reset:
            self._connection.reset()
        elif self._status:
            self._connection.send(self, self._status, self._headers, self._body, cut=error is not None)
        else:
            answer = crash_answer(error or RuntimeError("no answer was started"), self._connection.log)
            self._connection.send(self, STATUS_LINES[500], list(answer.headers.items()), answer.body)
        self._connection.go_on()


def crash_answer(error: Exception, log: Callable[[str], object]) -> Answer:
    """The answer where an application has failed to make one; the log gets the traceback."""
    log("".join(traceback.format_exception(error)).rstrip())
    return error_answer(ServerError(), f"the application failed: {header_text(repr(error))}")
