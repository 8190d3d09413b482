"""The actions of the page's buttons: each runs one operation of the API or of the admin routes, as any client could.

A form names an operation and its fields. The operation goes through the application itself, with a token of the
environment that the page never shows; the journal, faults and rate limits treat it like any other request.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from itertools import count
from typing import Any

from flask import Flask

from talkover_mock.admin.guard import TOKEN_HEADER, admin_token_of
from talkover_mock.admin.problems import Problem
from talkover_mock.base.words import brief, number_of
from talkover_mock.dialect.endpoints import API
from talkover_mock.dialect.errors import ApiError
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.world import World
from talkover_mock.web.answers import REASON
from talkover_mock.web.request import CONNECTION, MockRequest
from talkover_mock.web.routes import ADMIN, is_admin

Fields = Mapping[str, str]
_WEBHOOK = API + "/agents/{agent_id}/webhooks/{webhook_id}"
_PASSED_ON = ("SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "REMOTE_ADDR", "HTTP_HOST", "wsgi.url_scheme")
_OF_WSGI = ("wsgi.version", "wsgi.errors", "wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once")
_TOKEN_VARIABLE = f"HTTP_{TOKEN_HEADER.upper().replace('-', '_')}"


@dataclass(frozen=True, slots=True)
class Action:
    """An operation: its path names the form's fields in braces, `said` tells a successful answer in one sentence."""

    method: str
    path: str
    said: Callable[[dict[str, Any], Fields], str]
    body: Callable[[Fields], dict[str, Any] | None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Said:
    """The result of an action, in one sentence for people."""

    successful: bool
    text: str


def _json(fields: Fields, name: str) -> Any:
    """The JSON of a field; None when the field is empty. Raises Problem 422."""
    text = fields.get(name, "").strip()
    if not text:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Problem(422, "Not JSON", f"{name} is not JSON: {error}") from None


def _event(fields: Fields) -> dict[str, Any]:
    given = {name: value for name in ("call", "context", "data") if (value := _json(fields, name)) is not None}
    return {"agent_id": fields.get("agent_id"), "event": fields.get("event"), **given}


def _emitted(answer: dict[str, Any], fields: Fields) -> str:
    skipped = "".join(f"; not to {each['webhook_id']}: {each['reason']}" for each in answer["skipped"])
    return f"{fields['event']} goes to {number_of(len(answer['deliveries']), 'webhook')}{skipped}."


def _played(fields: Fields) -> dict[str, Any]:
    return {"agent_id": fields.get("agent_id"), "context": _json(fields, "context")}


def _reset(answer: dict[str, Any], _: Fields) -> str:
    note = f" {answer['note']}." if "note" in answer else ""
    return f"Environment {answer['environment']} is reset to its fixture.{note}"


def _seconds(fields: Fields) -> dict[str, Any]:
    return {"seconds": _json(fields, "seconds")}


def _moment(fields: Fields) -> dict[str, Any]:
    return {"now": fields.get("now", "").strip() or None}


ACTIONS: Mapping[str, Action] = {
    "toggle": Action("PATCH", _WEBHOOK + "/toggle", lambda said, _: f"{said['message']}: {said['data']['name']}."),
    "retry": Action("POST", _WEBHOOK + "/logs/{log_id}/retry", lambda said, _: f"{said['message']}."),
    "emit": Action("POST", ADMIN + "/events", _emitted, _event),
    "play": Action(
        "POST",
        ADMIN + "/scenarios/{name}/play",
        lambda said, _: (
            f"{said['scenario']} is played: {number_of(len(said['events']), 'event')} in {said['seconds']:g} s."
        ),
        _played,
    ),
    "end_call": Action(
        "POST",
        API + "/agents/{agent_id}/end-call",
        lambda said, _: f"The call is ended; its status is {said['data']['status']}.",
        lambda fields: {"call_sid": fields.get("call_id")},
    ),
    "redeliver": Action(
        "POST", ADMIN + "/deliveries/{id}/redeliver", lambda said, _: f"{said['event']} is sent again.", lambda _: {}
    ),
    "remove_fault": Action("DELETE", ADMIN + "/faults/{id}", lambda _, fields: f"Fault {fields['id']} is removed."),
    "freeze": Action("PUT", ADMIN + "/clock", lambda said, _: f"The clock is frozen at {said['now']}.", _moment),
    "advance": Action(
        "POST", ADMIN + "/clock/advance", lambda said, _: f"The clock is advanced to {said['now']}.", _seconds
    ),
    "unfreeze": Action("DELETE", ADMIN + "/clock", lambda _said, _: "The clock is unfrozen: it shows the real time."),
    "take_snapshot": Action("PUT", ADMIN + "/snapshots/{name}", lambda said, _: f"Snapshot {said['name']} is taken."),
    "restore_snapshot": Action(
        "POST", ADMIN + "/snapshots/{name}/restore", lambda said, _: f"Snapshot {said['name']} is restored."
    ),
    "delete_snapshot": Action(
        "DELETE", ADMIN + "/snapshots/{name}", lambda said, _: f"Snapshot {said['name']} is deleted."
    ),
    "reset": Action("POST", ADMIN + "/reset", _reset),
}


def run(action: Action, fields: Fields, environment: Environment, outer: MockRequest, app: Flask) -> Said:
    """Runs the operation of an action; a refusal, a missing or a malformed answer is told too."""
    try:
        path = action.path.format_map(_Required(fields))
        needs_token = not (is_admin(path) and environment is outer.world.default)
        token = token_of(environment, outer.world) if needs_token else ""
        environ = _environ(outer, action.method, path, token, action.body(fields))
        answer = _call(app, environ)
        if 200 <= answer.status < 300:
            return Said(True, action.said(answer.body, fields))
    except Problem as problem:
        return Said(False, problem.detail)
    except OSError as error:
        return Said(False, f"{action.method} {path} got no answer: {error}.")
    except (KeyError, TypeError, ValueError):
        return Said(False, f"{action.method} {path} got an answer that is not as documented.")
    return Said(False, f"{action.method} {path} was answered with {answer.status}: {answer.why()}")


def token_of(environment: Environment, world: World) -> str:
    """A token that opens the environment. Raises Problem 409 when no token does."""
    if environment.tokens:
        return environment.tokens[0]
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
        "QUERY_STRING": "",
        "CONTENT_LENGTH": str(len(sent)),
        "HTTP_USER_AGENT": "talkover-mock page",
        "wsgi.input": BytesIO(sent),
        CONNECTION: _Inner(outer),
    }


class _Inner:
    """The connection of the operation: a fault that resets it leaves the page's own connection open."""

    def __init__(self, outer: MockRequest) -> None:
        self._outer = outer.connection

    def reset(self) -> None: ...

    def is_gone(self) -> bool:
        return self._outer.is_gone()
