"""HTTP to operations and back: tokens, JSON, documents, and the reason that goes with every refusal."""

import json
from collections.abc import Mapping
from typing import Any

from flask import Request, Response

from mockserver.documents import is_json
from mockserver.environment import Environment
from mockserver.errors import AgentNotFound, ApiError, FixtureError, NotFound, Problem, WebhookNotFound
from mockserver.fixture_files import parse
from mockserver.mistakes import Source
from mockserver.world import World

REASON = "X-Mockserver-Reason"
API_HEADERS = {
    "Content-Type": "application/json",
    "Cache-Control": "no-cache, private",
    "Access-Control-Allow-Origin": "*",
}
_MOST_CANDIDATES = 10_000


def bearer_token(request: Request) -> str | None:
    """The token of `Authorization: Bearer <token>`; the scheme in any case (measured on Laravel 11)."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def masked(token: str | None) -> str:
    """Enough of a token to tell it from others, and no more."""
    if not token:
        return "-"
    return f"{token[:5]}***{token[-2:]}" if len(token) > 12 else f"{token[:2]}***"


def api_response(body: Mapping[str, Any], status: int = 200) -> Response:
    """An answer of the API: compact JSON with the headers of every answer (documented)."""
    return Response(json.dumps(body, separators=(",", ":")), status, API_HEADERS)


def api_error_response(error: ApiError, reason: str) -> Response:
    """The documented body and, in a header of ours, the reason."""
    body = json.dumps(error.body(), indent=4) if error.pretty else json.dumps(error.body(), separators=(",", ":"))
    headers = {**API_HEADERS, **error.headers()}
    if reason:
        headers[REASON] = reason
    return Response(body, error.status, headers)


def admin_response(body: object, status: int = 200) -> Response:
    """An answer of the admin API; indented, since people read it too."""
    return Response(json.dumps(body, indent=2) + "\n", status, content_type="application/json")


def problem_response(problem: Problem) -> Response:
    body = json.dumps(problem.body(), indent=2) + "\n"
    response = Response(body, problem.status, content_type="application/problem+json")
    response.headers[REASON] = header_text(problem.detail)
    return response


def fixture_problem(error: FixtureError) -> Problem:
    """All that is wrong with a fixture that came with a request."""
    mistakes = [mistake.to_json() for mistake in error.mistakes]
    detail = f"{len(mistakes)} of its values can't be used; nothing was changed. First: {error.mistakes[0]}"
    return Problem(422, "The fixture has mistakes", detail, errors=mistakes)


def document(request: Request) -> Source:
    """The request's body as a fixture document: JSON by its content type, else YAML, which JSON mostly is.

    Raises FixtureError.
    """
    return parse(request.get_data(), "body", is_json(request.mimetype))


def json_object(request: Request) -> dict[str, Any]:
    """The request's body as an object; empty is an empty object. Raises Problem 400."""
    if not request.get_data():
        return {}
    try:
        data = document(request).data
    except FixtureError as error:
        raise Problem(400, "The body can't be read", str(error)) from None
    if not isinstance(data, dict):
        raise Problem(400, "The body is no object", f"expected a JSON object, got {type(data).__name__}")
    return data


def header_text(text: str) -> str:
    """Text as a header can carry it: visible ASCII on one line."""
    return " ".join(text.split()).encode("ascii", "backslashreplace").decode()[:1000]


def quoted(value: str) -> str:
    """A value from outside inside a reason."""
    return json.dumps(value if len(value) <= 100 else value[:97] + "...")


def explain(error: ApiError, environment: Environment | None, world: World) -> str:
    """One sentence that says why the API refused: what is known, and what is near."""
    if error.reason or environment is None or not isinstance(error, NotFound):
        return error.reason
    if isinstance(error, AgentNotFound):
        return _explain_agent(error.id, environment, world)
    if isinstance(error, WebhookNotFound):
        return _explain_webhook(error.id, error.agent_id, environment)
    return ""


def _explain_agent(id: str, environment: Environment, world: World) -> str:
    for other in world.environments.values():
        if other is not environment and other.agent(id):
            return f"agent {id} is in environment {other.name}; the token opens {environment.name}"
    return f"no agent in environment {environment.name} has the id {quoted(id)}{_near(id, environment.agent_ids())}"


def _explain_webhook(id: str, agent_id: str, environment: Environment) -> str:
    webhook = environment.webhook(id)
    if webhook:
        return f"webhook {id} belongs to agent {webhook.agent_id}, not to agent {agent_id}"
    near = _near(id, environment.webhook_ids(agent_id))
    return f"agent {agent_id} has no webhook with the id {quoted(id)}{near}"


def _near(id: str, known: list[str]) -> str:
    if not known:
        return "; there is none at all"
    best = max(known[:_MOST_CANDIDATES], key=lambda other: _likeness(id, other))
    return f"; nearest: {best}" if _likeness(id, best) * 2 >= len(best) else ""


def _likeness(one: str, other: str) -> int:
    """How many characters two ids share from the front and from the back: a slip leaves most of them."""
    shorter = min(len(one), len(other))
    front = next((i for i in range(shorter) if one[i] != other[i]), shorter)
    back = next((i for i in range(shorter - front) if one[-1 - i] != other[-1 - i]), shorter - front)
    return front + back
