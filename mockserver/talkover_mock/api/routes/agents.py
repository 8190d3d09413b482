"""The routes of agents: list and read."""

from talkover_mock.api.input import api_input, page_of
from talkover_mock.api.routing import Api
from talkover_mock.dialect.errors import Unauthenticated
from talkover_mock.web.answers import Answer, api_answer
from talkover_mock.web.request import MockRequest


def register(api: Api) -> None:
    api.route("GET", "/agents", _list, is_quick=False, missing_token=Unauthenticated)
    api.route("GET", "/agents/<agent_id>", _read, missing_token=Unauthenticated)


def _list(request: MockRequest) -> Answer:
    """Lists agents, by filter and page (documented)."""
    query = api_input(request)
    agents, per_page = request.environment.agents.search(query)
    page, meta = page_of(agents, per_page, query)
    return api_answer({"success": True, "data": [agent.full() for agent in page], "meta": meta})


def _read(request: MockRequest, agent_id: str) -> Answer:
    """Reads one agent (documented)."""
    return api_answer({"success": True, "data": request.environment.agents.find(agent_id).full()})
