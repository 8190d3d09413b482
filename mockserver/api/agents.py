"""The agents."""

from flask import Response, request

from mockserver.environment import Environment
from mockserver.errors import Unauthenticated
from mockserver.routing import Api
from mockserver.wire import api_query, api_response, page_of


def register(api: Api) -> None:
    api.route("GET", "/agents", _list, missing_token=Unauthenticated)
    api.route("GET", "/agents/<agent_id>", _read, missing_token=Unauthenticated)


def _list(environment: Environment) -> Response:
    """Documented."""
    query = api_query(request)
    agents, per_page = environment.agents.search(query)
    page, meta = page_of(agents, per_page, query)
    return api_response({"success": True, "data": [agent.full() for agent in page], "meta": meta})


def _read(environment: Environment, agent_id: str) -> Response:
    """Documented."""
    return api_response({"success": True, "data": environment.agents.find(agent_id).full()})
