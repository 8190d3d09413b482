"""`requests`: the journal of the environment's API calls, to search, to wait for, to forget."""

import re
from codecs import getincrementaldecoder
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from talkover_mock.admin import search as filters
from talkover_mock.admin.bodies import admin_answer
from talkover_mock.admin.guard import TOKEN_HEADER
from talkover_mock.admin.problems import Problem
from talkover_mock.admin.routing import Admin
from talkover_mock.admin.search import Filter
from talkover_mock.base import patterns
from talkover_mock.base.headers import masked
from talkover_mock.base.moments import to_milliseconds
from talkover_mock.base.words import brief
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.journal import Exchange
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest
from talkover_mock.web.routes import METHODS, is_api_pattern


def _status(value: str) -> Callable[[Exchange], bool]:
    """Exchanges with a status, or with any of several: 404, 4xx, none. Raises Problem 422."""
    if value.lower() == "none":
        return lambda exchange: exchange.status is None
    if not re.fullmatch("[1-5]([0-9]{2}|[0-9]?[xX*]{1,2})", value):
        raise Problem(422, "Bad status", f"status must be a status, 4xx, or none for no answer (got {brief(value)})")
    pattern = re.sub("[xX]", "*", value)
    return lambda exchange: patterns.matches(str(exchange.status), pattern)


def _method(value: str) -> Callable[[Exchange], bool]:
    """In any case. Raises Problem 422 for a slip of the pen, which must not look like "none came"."""
    known: Filter[Exchange] = filters.one_of("method", METHODS, lambda exchange: exchange.method)
    return known(value.upper())


def _fault(value: str) -> Callable[[Exchange], bool]:
    """By the fault's id. Raises Problem 422 for what can't be one."""
    if not re.fullmatch("fault-[1-9][0-9]*", value):
        raise Problem(422, "Bad value", f"fault is the id of one, such as fault-1 (got {brief(value)})")
    return lambda exchange: exchange.fault.split(" ")[0] == value


def _path(value: str) -> Callable[[Exchange], bool]:
    """With its query or without. Raises Problem 422 for what no path can be."""
    if not is_api_pattern(value):
        detail = f"path is a whole path such as /api/v1/agents, in which * stands for anything (got {brief(value)})"
        raise Problem(422, "Bad value", f"{detail}; did you mean */{value.lstrip('/')}?")
    return lambda exchange: (
        patterns.matches(exchange.path, value) or patterns.matches_path(exchange.path.split("?")[0], value)
    )


def filters_for(operations: Sequence[str]) -> Mapping[str, Filter[Exchange]]:
    """What can be asked for, of an API that has these operations."""
    return {
        "method": _method,
        "path": _path,
        "status": _status,
        "operation": filters.one_of("operation", operations, lambda exchange: exchange.operation),
        "unmatched": filters.yes("unmatched", lambda exchange: exchange.is_unmatched),
        "fault": _fault,
        "since": filters.since(lambda exchange: exchange.moment),
        "after": filters.more_than("after", lambda exchange: exchange.number),
    }


_SECRET_HEADERS = ("Authorization", "Proxy-Authorization", TOKEN_HEADER)


def register(admin: Admin) -> None:
    admin.route("GET", "/requests", partial(_read, filters_for(admin.operations)))
    admin.route("DELETE", "/requests", _clear)


def _read(known: Mapping[str, Filter[Exchange]], request: MockRequest, environment: Environment) -> Answer:
    wanted = filters.search_of(request, known)
    return filters.found_answer(request, "requests", environment.journal.log, wanted, present)


def _clear(_: MockRequest, environment: Environment) -> Answer:
    return admin_answer({"deleted": environment.journal.clear()})


def present(exchange: Exchange) -> dict[str, Any]:
    """One exchange, with its token masked."""
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
        "request": _side(_sent_headers(exchange), exchange.request_body, exchange.request_size),
        "response": None
        if exchange.status is None
        else _side(exchange.response_headers, exchange.response_body, exchange.response_size),
    }


def _side(headers: Mapping[str, str], body: bytes, size: int) -> dict[str, Any]:
    """A body that is no text is null; `body_cut` says that more came than is kept."""
    cut = size > len(body)
    return {"headers": dict(headers), "body": _text(body, cut), "body_size": size, "body_cut": cut}


def _sent_headers(exchange: Exchange) -> dict[str, str]:
    """`User-Agent` for `HTTP_USER_AGENT`, as servers call it; the token masked."""
    names = (
        (name.removeprefix("HTTP_").replace("_", "-").title(), value)
        for name, value in exchange.request_headers.items()
    )
    return {name: shown_header(name, value) for name, value in names if value}


def shown_header(name: str, value: str) -> str:
    """The value of a header; of one that holds a token, no more than what tells it from others."""
    return _masked(value) if name.title() in _SECRET_HEADERS else value


def _text(body: bytes, cut: bool) -> str | None:
    try:
        return getincrementaldecoder("utf-8")().decode(body, final=not cut)  # a cut may go through a character
    except UnicodeDecodeError:
        return None


def _masked(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    return f"{scheme} {masked(token.strip())}" if token else masked(scheme)
