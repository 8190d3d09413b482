"""The routes of agents: list, read, publish, unpublish, delete."""

from talkover_mock.api.input import api_input, page_of
from talkover_mock.api.routing import Api
from talkover_mock.base.shapes.api import AgentChanged
from talkover_mock.dialect.errors import OF_AGENTS
from talkover_mock.state.records import Agent
from talkover_mock.web.answers import Answer, api_answer
from talkover_mock.web.request import MockRequest

AGENT = "/agents/<agent_id>"


def register(api: Api) -> None:
    api.route("GET", "/agents", _list, is_quick=False, wording=OF_AGENTS)
    api.route("GET", AGENT, _read, wording=OF_AGENTS)
    api.route("DELETE", AGENT, _delete, is_quick=False, wording=OF_AGENTS)
    api.route("POST", AGENT + "/publish", _publish, wording=OF_AGENTS)
    api.route("POST", AGENT + "/unpublish", _unpublish, wording=OF_AGENTS)


def _list(request: MockRequest) -> Answer:
    """Lists agents, by filter and page (documented)."""
    query = api_input(request)
    agents, per_page = request.environment.agents.search(query)
    page, meta = page_of(agents, per_page, query)
    return api_answer({"success": True, "data": [agent.full() for agent in page], "meta": meta})


def _read(request: MockRequest, agent_id: str) -> Answer:
    """Reads one agent (documented)."""
    return api_answer({"success": True, "data": request.environment.agents.find(agent_id).full()})


def _delete(request: MockRequest, agent_id: str) -> Answer:
    """Deletes an agent with its webhooks (documented)."""
    request.environment.agents.delete(agent_id)
    return api_answer({"success": True, "message": "Agent deleted successfully"})


def _publish(request: MockRequest, agent_id: str) -> Answer:
    """Publishes an agent (documented), also one that is published."""
    agent = request.environment.agents.set_status(agent_id, "published")
    return api_answer(_changed("Agent published successfully", agent))


def _unpublish(request: MockRequest, agent_id: str) -> Answer:
    """Makes an agent a draft (documented), also one that is a draft."""
    agent = request.environment.agents.set_status(agent_id, "draft")
    return api_answer(_changed("Agent unpublished successfully", agent))


def _changed(message: str, agent: Agent) -> AgentChanged:
    full = agent.full()
    return {
        "success": True,
        "message": message,
        "data": {
            "id": full["id"],
            "name": full["name"],
            "current_status": full["current_status"],
            "is_ready_to_publish": full["is_ready_to_publish"],
            "updated_at": full["updated_at"],
        },
    }
