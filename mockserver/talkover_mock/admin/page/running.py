"""Runs the operations of the page's buttons inside the application itself, as any client could.

The token is one of the environment's. The journal tells these calls apart, and faults and
rate limits pass them by.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from itertools import count
from typing import Any
from urllib.parse import urlencode

from flask import Flask

from talkover_mock.admin.guard import TOKEN_HEADER, admin_token_of
from talkover_mock.admin.problems import Problem
from talkover_mock.base.words import brief
from talkover_mock.dialect.errors import ApiError
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.world import World
from talkover_mock.web.answers import REASON
from talkover_mock.web.request import BY_PAGE, CONNECTION, MockRequest
from talkover_mock.web.routes import is_admin

Fields = Mapping[str, str]
_PASSED_ON = ("SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "REMOTE_ADDR", "HTTP_HOST", "wsgi.url_scheme")
_OF_WSGI = ("wsgi.version", "wsgi.errors", "wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once")
_TOKEN_VARIABLE = f"HTTP_{TOKEN_HEADER.upper().replace('-', '_')}"


@dataclass(frozen=True, slots=True)
class Action:
    """An operation: its path names the form's fields in braces, `said` tells a successful answer in one sentence.

    `query` names the keys of the operation's query, each with a field of the form. `complete` adds fields that others
    imply. `done` is a sentence if there is nothing to do, and otherwise empty.
    """

    method: str
    path: str
    said: Callable[[dict[str, Any], Fields], str]
    body: Callable[[Fields, Environment], dict[str, Any] | None] = lambda *_: None
    query: Mapping[str, str] = field(default_factory=dict)
    complete: Callable[[Fields, Environment], Fields] = lambda fields, _: fields
    done: Callable[[Fields, Environment], str] = lambda *_: ""


@dataclass(frozen=True, slots=True)
class Said:
    """The result of an action, in one sentence for people, and what was typed if it failed."""

    successful: bool
    text: str
    typed: Fields = field(default_factory=dict)


def run(action: Action, fields: Fields, environment: Environment, outer: MockRequest, app: Flask) -> Said:
    """Runs the operation of an action; a refusal, a missing or a malformed answer is told too."""
    path, given = action.path, fields
    try:
        fields = action.complete(fields, environment)
        if done := action.done(fields, environment):
            return Said(True, done)
        body = action.body(fields, environment)
        path = path.format_map(_Required(fields))
        needs_token = not (is_admin(path) and environment is outer.world.default)
        token = token_of(environment, outer.world) if needs_token else ""
        query = urlencode({name: fields.get(given, "") for name, given in action.query.items()})
        environ = {**_environ(outer, action.method, path, token, body), "QUERY_STRING": query}
        answer = _call(app, environ)
        if 200 <= answer.status < 300:
            return Said(True, action.said(answer.body, fields))
        why = f"{action.method} {path} was answered with {answer.status}: {answer.why()}"
    except Problem as problem:
        why = problem.detail
    except OSError as error:
        why = f"{action.method} {path} got no answer: {error}."
    except (KeyError, TypeError, ValueError):
        why = f"{action.method} {path} got an answer that is not as documented."
    return Said(False, why, given)


def token_of(environment: Environment, world: World) -> str:
    """A token that opens the environment. Raises Problem 409 when no token does."""
    if tokens := environment.tokens:  # once: an edited fixture may take them
        return tokens[0]
    if environment is not world.default:
        raise Problem(409, "No token", f"the fixture gives environment {environment.name} no valid token")
    return next(token for n in count(1) if _opens_default(token := f"talq_page_{n}", world))


def _opens_default(token: str, world: World) -> bool:
    try:
        return world.by_token(token) is world.default
    except ApiError:
        return False


class _Required(dict[str, str]):
    """The fields of a form for a path; an empty field counts as missing, since it would lead to another route."""

    def __init__(self, fields: Fields) -> None:
        super().__init__({name: value for name, value in fields.items() if value})

    def __missing__(self, name: str) -> str:
        raise Problem(422, "A field is missing", f"the form has no field {brief(name)}")


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    body: dict[str, Any]
    reason: str

    def why(self) -> str:
        return str(self.reason or self.body.get("detail") or self.body.get("message") or "no reason given")


def _call(app: Flask, environ: dict[str, Any]) -> _Reply:
    """The application's own answer. Raises OSError when a fault ends the connection."""
    status: list[str] = []
    headers: dict[str, str] = {}

    def start_response(line: str, given: Iterable[tuple[str, str]], _: object = None) -> Callable[[bytes], object]:
        status.append(line)
        headers.update(given)
        return lambda _: None

    answer = b"".join(app.wsgi_app(environ, start_response))
    return _Reply(int(status[-1][:3]), _object(answer), headers.get(REASON, ""))


def _object(answer: bytes) -> dict[str, Any]:
    """The JSON object of an answer; empty for any other body."""
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _environ(outer: MockRequest, method: str, path: str, token: str, body: dict[str, Any] | None) -> dict[str, Any]:
    sent = b"" if body is None else json.dumps(body).encode()
    passed_on = {name: outer.environ[name] for name in (*_PASSED_ON, *_OF_WSGI) if name in outer.environ}
    admin_token = admin_token_of(outer)
    return {
        **passed_on,
        **({_TOKEN_VARIABLE: admin_token} if admin_token else {}),
        **({"HTTP_AUTHORIZATION": f"Bearer {token}"} if token else {}),
        **({"CONTENT_TYPE": "application/json"} if sent else {}),
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path.encode().decode("latin-1"),
        "CONTENT_LENGTH": str(len(sent)),
        "HTTP_USER_AGENT": "talkover-mock page",
        "wsgi.input": BytesIO(sent),
        CONNECTION: _Inner(outer),
        BY_PAGE: True,
    }


class _Inner:
    """The connection of the operation: a fault that resets it leaves the page's own connection open."""

    def __init__(self, outer: MockRequest) -> None:
        self._outer = outer.connection

    def reset(self) -> None: ...

    def is_gone(self) -> bool:
        return self._outer.is_gone()
