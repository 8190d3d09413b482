"""The application's own part of a toggle, without a server: both called in this process with the same environ."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.bare import app as bare
from benchmarks.figures import ROUNDS, Figure, Sample, interleaved, ratio_of, seconds, short, typical
from benchmarks.programs import DOCUMENTED_TOGGLE, Connection
from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_wsgi_app
from talkover_mock.environments.world import World
from talkover_mock.loading.files import default_fixture, load
from talkover_mock.web.answers import Answer
from talkover_mock.web.server import Server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_CALLS, _TIMES = 50, 20


def measure() -> Iterator[Figure]:
    environ = _environ_of_a_toggle()
    mock = create_wsgi_app(World(load([default_fixture()])), Guard())

    def begin(environ: WSGIEnvironment) -> bytes:
        """As the server does on its event loop."""
        answer = mock.begin(environ)
        if not isinstance(answer, Answer):
            raise RuntimeError("the toggle was not answered at once")
        return answer.body

    bare_calls = _calls(lambda each: _through_wsgi(bare, each), environ)
    plain = interleaved(_calls(lambda each: _through_wsgi(mock, each), environ), bare_calls, ROUNDS)
    remark = f"; as a plain WSGI call {short(median(ours / theirs for ours, theirs in plain))} x"
    rounds = interleaved(_calls(begin, environ), bare_calls, ROUNDS)
    yield ratio_of("a toggle in process, against the bare application", 0.3, rounds, remark)


def _calls(call: Callable[[WSGIEnvironment], object], environ: WSGIEnvironment) -> Sample:
    """The seconds of one call, in the typical one of many short rows; each call has an environ made before."""

    def sample() -> float:
        environs = [environ.copy() for _ in range(_CALLS)]
        return seconds(lambda: [call(each) for each in environs]) / _CALLS

    return lambda: typical(sample, _TIMES)


def _through_wsgi(app: WSGIApplication, environ: WSGIEnvironment) -> bytes:
    parts = app(environ, _start_response)
    body = b"".join(parts)
    getattr(parts, "close", lambda: None)()
    return body


def _start_response(status: str, headers: list[tuple[str, str]], error: Any = None) -> Callable[[bytes], object]:
    if not status.startswith("200"):
        raise RuntimeError(f"the answer was {status} {headers} {error}")
    return lambda _: None


class _Catcher:
    """An application that keeps what the server makes of a request."""

    def begin(self, environ: WSGIEnvironment) -> WSGIApplication:
        self.environ = environ.copy()
        return Answer()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        raise NotImplementedError


def _environ_of_a_toggle() -> WSGIEnvironment:
    catcher = _Catcher()
    server = Server(catcher)
    server.start()
    try:
        with Connection(server.port) as connection:
            connection.call(DOCUMENTED_TOGGLE)
    finally:
        server.stop()
    return catcher.environ
