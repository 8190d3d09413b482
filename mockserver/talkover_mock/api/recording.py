"""A request and its answer as the journal keeps them: little work now, the rest when somebody looks."""

from collections.abc import Callable
from datetime import datetime
from time import perf_counter

from talkover_mock.environments.journal import Exchange
from talkover_mock.web.answers import REASON, Answer
from talkover_mock.web.request import MockRequest

MOST_BODY_BYTES = 64 * 1024


def exchange_of(request: MockRequest, answer: Answer, moment: datetime) -> Callable[[int], Exchange]:
    """The exchange, when it has its number."""
    environ = request.environ
    size = int(environ.get("CONTENT_LENGTH") or 0)
    received = request.body[:MOST_BODY_BYTES] if size else b""
    sent = b"" if request.method == "HEAD" else answer.body
    return lambda number: Exchange(
        number,
        moment,
        request.method,
        request.target,
        request.route.operation if request.route else None,
        answer.status_code or None,
        (perf_counter() - request.started) * 1000,
        answer.headers.get(REASON, ""),
        request.fault,
        {name: value for name, value in environ.items() if name[:5] == "HTTP_" or name == "CONTENT_TYPE"},
        received,
        size,
        answer.headers,
        sent[:MOST_BODY_BYTES],
        len(sent),
    )
