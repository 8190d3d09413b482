"""The log: one line for each request, and the tracebacks of the mock's own crashes."""

import traceback
from collections.abc import Callable

from talkover_mock.base.headers import header_text, masked
from talkover_mock.base.real_time import RealTime
from talkover_mock.web.request import MockRequest

_MOST_PATH, _MOST_LINE = 500, 2000

Log = Callable[[str], None]
"""Takes one line, without its end."""


def request_line(request: MockRequest, status: int, reason: str | None) -> str:
    """The log's line for a request: never the token, and on one line whatever came."""
    milliseconds = (RealTime.perf_counter() - request.started) * 1000
    path = header_text(request.target, _MOST_PATH)
    name = request.environment_or_none.name if request.environment_or_none else "-"
    line = f"{request.method} {path} {status or '-'} {milliseconds:.1f}ms {name} {masked(request.bearer_token)}"
    return header_text(f"{line} ({reason})", _MOST_LINE) if reason else line


def report_crash(request: MockRequest, error: Exception, log: Log | None) -> str:
    """Keeps and logs the traceback of a crash of the mock itself. Returns one sentence about it."""
    text = "".join(traceback.format_exception(error))
    request.environment_of().report(text)
    if log:
        log(text.rstrip())
    return f"the mock itself failed: {header_text(repr(error))}"
