"""`state` and `reset`: read, replace, merge and forget what one environment holds."""

from typing import Any

from flask import Response, request

from talkover_mock.admin.bodies import admin_response, document
from talkover_mock.admin.problems import Problem
from talkover_mock.admin.routing import Admin
from talkover_mock.base.words import brief
from talkover_mock.dialect.errors import AgentNotFound, WebhookNotFound
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.explain import explain, explain_unknown_webhook
from talkover_mock.environments.world import World
from talkover_mock.loading.documents import to_yaml
from talkover_mock.loading.writer import digest

_JSON, _YAML = "application/json", "application/yaml"


def register(admin: Admin) -> None:
    def read() -> Response:
        environment = admin.environment()
        wanted = _wanted(environment)
        if wanted is None:
            raise _not_found(environment, admin.world)
        return _answer(wanted, _wants_yaml())

    def replace() -> Response:
        environment, as_yaml = admin.environment(), _wants_yaml()
        environment.replace(document(request))
        return _answer(environment.document(), as_yaml)

    def merge() -> Response:
        environment, as_yaml = admin.environment(), _wants_yaml()
        environment.merge(document(request))
        return _answer(_wanted(environment) or {"agents": []}, as_yaml)

    def reset() -> Response:
        environment = admin.environment()
        environment.reset()
        return admin_response({"environment": environment.name, "reset": True})

    admin.route("GET", "/state", read)
    admin.route("PUT", "/state", replace)
    admin.route("PATCH", "/state", merge)
    admin.route("POST", "/reset", reset)


def _wanted(environment: Environment) -> dict[str, Any] | None:
    """The state as a fixture, or the one agent or webhook of it that the query asks for; None when it is not there."""
    agent_id, webhook_id = request.args.get("agent_id"), request.args.get("webhook_id")
    if webhook_id is None:
        return environment.document() if agent_id is None else environment.part(agent_id)
    part = environment.part_of_webhook(webhook_id)
    return part if part and agent_id in (None, part["agents"][0]["id"]) else None


def _not_found(environment: Environment, world: World) -> Problem:
    agent_id, webhook_id = request.args.get("agent_id"), request.args.get("webhook_id")
    if webhook_id is None:
        return Problem(404, "No such agent", explain(AgentNotFound(agent_id or ""), environment, world))
    if agent_id is None:
        return Problem(404, "No such webhook", explain_unknown_webhook(webhook_id, environment))
    return Problem(404, "No such webhook", explain(WebhookNotFound(webhook_id, agent_id), environment, world))


def _answer(state: dict[str, Any], as_yaml: bool) -> Response:
    """JSON or YAML; the ETag is a digest of the state, whatever the format."""
    response = Response(to_yaml(state), content_type=_YAML) if as_yaml else admin_response(state)
    response.set_etag(digest(state))
    response.make_conditional(request)
    return response


def _wants_yaml() -> bool:
    """By the query, else by `Accept`. Raises Problem 400."""
    wanted = request.args.get("format")
    if wanted not in ("json", "yaml", None):
        raise Problem(400, "Unknown format", f"format must be json or yaml (got {brief(wanted)})")
    if wanted is not None:
        return wanted == "yaml"
    return request.accept_mimetypes.best_match([_JSON, _YAML, "application/x-yaml", "text/yaml"], _JSON) != _JSON
