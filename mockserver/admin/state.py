"""`state` and `reset`: read, replace, merge and forget what one environment holds."""

from flask import Response, request

from mockserver.admin.routes import Admin
from mockserver.documents import to_yaml
from mockserver.environment import Environment
from mockserver.errors import Problem
from mockserver.seed import digest
from mockserver.wire import admin_response, document

_JSON, _YAML = "application/json", "application/yaml"


def register(admin: Admin) -> None:
    def read() -> Response:
        return _state(admin.environment(), _wants_yaml())

    def replace() -> Response:
        environment, as_yaml = admin.environment(), _wants_yaml()
        environment.replace(document(request))
        return _state(environment, as_yaml)

    def merge() -> Response:
        environment, as_yaml = admin.environment(), _wants_yaml()
        environment.merge(document(request))
        return _state(environment, as_yaml)

    def reset() -> Response:
        environment = admin.environment()
        environment.reset()
        return admin_response({"environment": environment.name, "reset": True})

    admin.route("GET", "/state", read)
    admin.route("PUT", "/state", replace)
    admin.route("PATCH", "/state", merge)
    admin.route("POST", "/reset", reset)


def _state(environment: Environment, as_yaml: bool) -> Response:
    """The state as a fixture, JSON or YAML; its ETag is a digest of the state, whatever the format."""
    state = environment.document()
    response = Response(to_yaml(state), content_type=_YAML) if as_yaml else admin_response(state)
    response.set_etag(digest(state))
    response.make_conditional(request)
    return response


def _wants_yaml() -> bool:
    """By the query, else by `Accept`. Raises Problem 400."""
    wanted = request.args.get("format")
    if wanted not in ("json", "yaml", None):
        raise Problem(400, "Unknown format", f"format must be json or yaml (got {wanted!r})")
    if wanted is not None:
        return wanted == "yaml"
    return request.accept_mimetypes.best_match([_JSON, _YAML, "application/x-yaml", "text/yaml"], _JSON) != _JSON
