"""An answer that waits before it is made; where the server can park it, the wait costs no thread."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from talkover_mock.base.real_time import RealTime
from talkover_mock.base.signals import Signal
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import Connection, connection_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PARK = "talkover_mock.park"
"""Where in a request's environ the server puts its `Park`."""
_LOOK_SECONDS = 0.5
"""Seconds between two checks that the client of a blocking wait is still connected."""


class Park(Protocol):
    """How the server lets an answer wait: the answer arms the park, yields an empty body part, and is resumed."""

    def wait(self, seconds: float) -> None:
        """Arms the park: the answer's next yield ends after so many seconds, or with `wake`."""

    def wake(self) -> None:
        """Resumes the answer; any thread may call it, also before the yield."""


class Waiting:
    """A WSGI application that waits for `signal`, at most `seconds`, and then goes on with what `then` makes.

    `then` may make another wait. `end` is called when the wait is over, also where the client has left before.
    Until the answer begins only empty parts are yielded, which WSGI allows before `start_response`.
    """

    def __init__(
        self,
        signal: Signal,
        seconds: float,
        then: "Callable[[], Answer | Waiting]",
        end: Callable[[], object] = lambda: None,
    ) -> None:
        self.signal, self.seconds, self.then, self.end = signal, seconds, then, end

    def continued(self, finish: "Callable[[Callable[[], Answer | Waiting]], Answer | Waiting]") -> "Waiting":
        """The same wait, after which `finish` calls what the wait went on with, and has the last word."""
        then = self.then
        self.then = lambda: finish(then)
        return self

    def block(self, connection: Connection) -> Answer:
        """The answer after its waits, which block this thread; they end when the client has disconnected."""
        answer: Answer | Waiting = self
        while isinstance(answer, Waiting):
            try:
                answer._wait(connection)
            finally:
                answer.end()
            answer = answer.then()
        return answer

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterator[bytes]:
        park: Park | None = environ.get(PARK)
        if park is None:
            yield from self.block(connection_of(environ))(environ, start_response)
            return
        answer: Answer | Waiting = self
        while isinstance(answer, Waiting):
            try:
                park.wait(answer.seconds)
                answer.signal.call(park.wake)
                yield b""
            finally:
                answer.signal.forget(park.wake)
                answer.end()
            answer = answer.then()
        yield from answer(environ, start_response)

    def _wait(self, connection: Connection) -> None:
        """Waits in this thread, and gives up when the client has disconnected."""
        end = RealTime.monotonic() + self.seconds
        while (left := end - RealTime.monotonic()) > 0 and not connection.is_gone():
            if self.signal.wait(min(left, _LOOK_SECONDS)):
                return
