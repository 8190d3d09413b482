"""`state` and `reset`: read, replace, merge and reset the state of one environment."""

from collections.abc import Mapping
from typing import Any

from talkover_mock.admin.bodies import admin_answer, document
from talkover_mock.admin.problems import Problem
from talkover_mock.admin.routing import Admin
from talkover_mock.base.headers import JSON
from talkover_mock.base.shapes.admin import Reset
from talkover_mock.base.words import brief
from talkover_mock.dialect.errors import AgentNotFound, WebhookNotFound
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.explain import explain, explain_unknown_webhook
from talkover_mock.loading.documents import to_yaml
from talkover_mock.loading.writer import digest
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest

_PART = ("agent_id", "webhook_id", "format")
"""The keys of a query that asks for a part of the state."""
_YAML = ("application/yaml", "application/x-yaml", "text/yaml")


def register(admin: Admin) -> None:
    admin.route("GET", "/state", _read, query=_PART)
    admin.route("PUT", "/state", _replace, query=("format",))
    admin.route("PATCH", "/state", _merge, query=_PART)
    admin.route("POST", "/reset", _reset, body=())


def _read(request: MockRequest, environment: Environment) -> Answer:
    wanted = _wanted(request, environment)
    if wanted is None:
        raise _not_found(request, environment)
    return _answer(wanted, _wants_yaml(request))


def _replace(request: MockRequest, environment: Environment) -> Answer:
    as_yaml = _wants_yaml(request)
    environment.documents.replace(document(request))
    return _answer(environment.documents.whole(), as_yaml)


def _merge(request: MockRequest, environment: Environment) -> Answer:
    as_yaml = _wants_yaml(request)
    environment.documents.merge(document(request))
    return _answer(_wanted(request, environment) or {"agents": []}, as_yaml)


def _reset(request: MockRequest, environment: Environment) -> Answer:
    note = request.world.catch_up()
    environment.reset()
    body: Reset = {"environment": environment.name, "reset": True}
    if note:
        body["note"] = note
    return admin_answer(body)


def _wanted(request: MockRequest, environment: Environment) -> Mapping[str, Any] | None:
    """The state as a fixture, or the one agent or webhook that the query asks for; None for an unknown id."""
    agent_id, webhook_id = request.query_value("agent_id"), request.query_value("webhook_id")
    if webhook_id is None:
        return environment.documents.whole() if agent_id is None else environment.documents.part(agent_id)
    part = environment.documents.part_of_webhook(webhook_id)
    owner: Mapping[str, Any] = (part.get("agents") or part["campaigns"])[0] if part else {}
    return part if agent_id is None or ("agent_id" not in owner and owner.get("id") == agent_id) else None


def _not_found(request: MockRequest, environment: Environment) -> Problem:
    agent_id, webhook_id = request.query_value("agent_id"), request.query_value("webhook_id")
    if webhook_id is None:
        return Problem(404, "No such agent", explain(AgentNotFound(agent_id or ""), environment, request.world))
    if agent_id is None:
        return Problem(404, "No such webhook", explain_unknown_webhook(webhook_id, environment))
    error = WebhookNotFound(webhook_id, agent_id)
    return Problem(404, "No such webhook", explain(error, environment, request.world))


def _answer(state: Mapping[str, Any], as_yaml: bool) -> Answer:
    """The state as JSON or YAML; the ETag is a digest of the state, whatever the format."""
    etag = f'"{digest(state)}"'
    if as_yaml:
        return Answer(to_yaml(state).encode(), headers={"Content-Type": _YAML[0], "ETag": etag})
    return admin_answer(state, ETag=etag)


def _wants_yaml(request: MockRequest) -> bool:
    """Whether the query's `format`, or else the header `Accept`, asks for YAML. Raises Problem 400."""
    wanted = request.query_value("format")
    if wanted not in ("json", "yaml", None):
        raise Problem(400, "Unknown format", f"format must be json or yaml (got {brief(wanted)})")
    if wanted is not None:
        return wanted == "yaml"
    return request.preferred(JSON, *_YAML) != JSON
