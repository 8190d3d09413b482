"""`requests`: search the journal of the environment's API calls, wait for calls, and clear it."""

import re
from codecs import getincrementaldecoder
from collections.abc import Callable, Mapping, Sequence

from talkover_mock.admin import contents
from talkover_mock.admin import search as filters
from talkover_mock.admin.bodies import admin_answer
from talkover_mock.admin.guard import TOKEN_HEADER
from talkover_mock.admin.problems import Problem
from talkover_mock.admin.routing import Admin
from talkover_mock.admin.search import Filter, Log
from talkover_mock.base import patterns
from talkover_mock.base.contents import Sent
from talkover_mock.base.headers import TOKEN_HEADERS, masked, masked_header
from talkover_mock.base.moments import to_milliseconds
from talkover_mock.base.shapes import admin as shapes
from talkover_mock.base.words import brief
from talkover_mock.dialect.endpoints import ENDPOINTS
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.journal import MAKERS, Exchange
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest
from talkover_mock.web.routes import METHODS, is_api_pattern, shown
from talkover_mock.web.waiting import Waiting


def _status(value: str) -> Callable[[Exchange], bool]:
    """Matches exchanges by status: a code (404), a class (4xx), none or held without one. Raises Problem 422."""
    if value.lower() in ("none", "held"):
        return lambda exchange: exchange.status_text == value.lower()
    if not re.fullmatch("[1-5]([0-9]{2}|[0-9]?[xX*]{1,2})", value):
        detail = f"status must be a code such as 404, a class such as 4xx, none or held (got {brief(value)})"
        raise Problem(422, "Bad status", detail)
    pattern = re.sub("[xX]", "*", value)
    return lambda exchange: patterns.matches(str(exchange.status), pattern)


def _method(value: str) -> Callable[[Exchange], bool]:
    """Matches exchanges by method, in any case. Raises Problem 422: a typo must not look like "no requests"."""
    known: Filter[Exchange] = filters.one_of("method", METHODS, lambda exchange: exchange.method)
    return known(value.upper())


def _by(value: str) -> Callable[[Exchange], bool]:
    """Matches exchanges by who made the call. Raises Problem 422."""
    if value not in MAKERS:
        raise Problem(422, "Bad value", f"by must be {' or '.join(MAKERS)} (got {brief(value)})")
    return lambda exchange: exchange.by == value


def _path(value: str) -> Callable[[Exchange], bool]:
    """Matches exchanges by path, with or without the query. Raises Problem 422 for a pattern that matches no path."""
    if not is_api_pattern(value):
        detail = f"path must be a whole path such as /api/v1/agents; * matches anything (got {brief(value)})"
        raise Problem(422, "Bad value", f"{detail}; did you mean */{value.lstrip('/')}?")

    def matches(exchange: Exchange) -> bool:
        path, query, _ = exchange.path.partition("?")
        return patterns.matches_path(path, value) or (query != "" and patterns.matches(exchange.path, value))

    return matches


def _sent(exchange: Exchange) -> Sent:
    """The content of the call; of a long body only its beginning is kept, which is no JSON."""
    return Sent([*exchange.request_headers.items()], exchange.path.partition("?")[2], exchange.request_body)


def _operation(known: Sequence[str]) -> Filter[Exchange]:
    return filters.one_of("operation", known, lambda exchange: exchange.operation)


_OPERATIONS = sorted(shown(f"{each.method} {each.path}") for each in ENDPOINTS if each.is_emulated)
FILTERS: Mapping[str, Filter[Exchange]] = {
    "method": _method,
    "path": _path,
    "status": _status,
    "operation": _operation(_OPERATIONS),
    "unmatched": filters.yes("unmatched", lambda exchange: exchange.is_unmatched),
    "fault": filters.fault_id(lambda exchange: exchange.fault),
    "by": _by,
    "since": filters.since(lambda exchange: exchange.moment),
    "after": filters.more_than("after", lambda exchange: exchange.number),
    **contents.filters_for(_sent),
}
"""The filters of the query string."""
_SECRET_HEADERS = (*TOKEN_HEADERS, TOKEN_HEADER)


def register(admin: Admin) -> None:
    admin.route("GET", "/requests", _read, query=None)
    admin.route("DELETE", "/requests", _clear)


def _read(request: MockRequest, environment: Environment) -> Answer | Waiting:
    return log_of(request.query(), filters.BOUNDS, environment).search(request)


def log_of(given: Sequence[tuple[str, str]], others: Sequence[str], environment: Environment) -> Log[Exchange]:
    """The environment's calls that what is given asks for; see `filters.matching`."""
    known = _with_stubs(given, environment)
    matches, begins = filters.matching(given, known, others), filters.beginning(given, known)
    history = environment.journal.log
    return Log("requests", history, matches, lambda items: [present_whole(each) for each in items], begins=begins)


def _with_stubs(given: Sequence[tuple[str, str]], environment: Environment) -> Mapping[str, Filter[Exchange]]:
    """The filters, of which `operation` also takes the calls that stubs answer, or have answered."""
    if dict(given).get("operation") in (None, *_OPERATIONS):
        return FILTERS
    answered = (each.operation for each in environment.journal.log.all() if each.operation)
    stubs = (stub.operation for stub in environment.stubs.all())
    return {**FILTERS, "operation": _operation(list(dict.fromkeys([*_OPERATIONS, *stubs, *answered])))}


def everything(environment: Environment) -> list[shapes.Request]:
    """The calls that are kept."""
    return [present(each) for each in environment.journal.log.all()]


def _clear(_: MockRequest, environment: Environment) -> Answer:
    return admin_answer({"deleted": environment.journal.clear()})


def present_whole(exchange: Exchange) -> shapes.Request:
    """One exchange as JSON, with its token as the journal has it: as it came, unless the server masks tokens."""
    headers = {name: value for name, value in exchange.request_headers.items() if value}
    if TOKEN_HEADER in headers:
        headers[TOKEN_HEADER] = masked(headers[TOKEN_HEADER])
    sent = _side(headers, exchange.request_body, exchange.request_size)
    return {**present(exchange), "request": sent}


def present(exchange: Exchange) -> shapes.Request:
    """One exchange as JSON, with its token masked."""
    return {
        "number": exchange.number,
        "at": to_milliseconds(exchange.moment),
        "method": exchange.method,
        "path": exchange.path,
        "operation": exchange.operation,
        "status": exchange.status,
        "duration_ms": round(exchange.duration_ms, 3),
        "reason": exchange.reason or None,
        "fault": exchange.fault or None,
        "applied": exchange.applied,
        "under_way": exchange.under_way,
        "by": exchange.by,
        "request": _side(_sent_headers(exchange), exchange.request_body, exchange.request_size),
        "response": None
        if exchange.status is None
        else _side(exchange.response_headers, exchange.response_body, exchange.response_size),
    }


def _side(headers: Mapping[str, str], body: bytes, size: int) -> shapes.Side:
    """The headers and body of one side; a binary body is null; `body_cut` says that the body was longer."""
    cut = size > len(body)
    return {"headers": dict(headers), "body": _text(body, cut), "body_size": size, "body_cut": cut}


def _sent_headers(exchange: Exchange) -> dict[str, str]:
    """The headers by name; the token masked."""
    return {name: shown_header(name, value) for name, value in exchange.request_headers.items() if value}


def shown_header(name: str, value: str) -> str:
    """The value of a header; a token is masked."""
    return masked_header(value) if name.title() in _SECRET_HEADERS else value


def _text(body: bytes, cut: bool) -> str | None:
    try:
        return getincrementaldecoder("utf-8")().decode(body, final=not cut)  # the cut may split a character
    except UnicodeDecodeError:
        return None
