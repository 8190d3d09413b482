"""The routes of calls: place, end, find the active ones by number, list."""

from talkover_mock.api.input import api_input, page_of, with_ends
from talkover_mock.api.routes.agents import AGENT
from talkover_mock.api.routing import Api
from talkover_mock.base.moments import to_seconds
from talkover_mock.base.shapes.calls import ActiveCall, CallBrief, EndedCall, ListedCall, NamedCall, PlacedCall
from talkover_mock.dialect.call_errors import OF_A_CALL, OF_CALL_LISTS, OF_PLACING
from talkover_mock.dialect.call_fields import formatted
from talkover_mock.state.records import Agent, Call
from talkover_mock.web.answers import Answer, api_answer
from talkover_mock.web.request import MockRequest


def register(api: Api) -> None:
    api.route("POST", AGENT + "/call", _place, is_quick=False, wording=OF_PLACING)
    api.route("POST", AGENT + "/end-call", _end, is_quick=False, wording=OF_A_CALL)
    api.route("GET", AGENT + "/active-call/<phone>", _active, is_quick=False, wording=OF_A_CALL)
    api.route("GET", AGENT + "/calls", _list_of_agent, is_quick=False, wording=OF_CALL_LISTS)
    api.route("GET", "/calls", _list, is_quick=False, wording=OF_CALL_LISTS)


def _place(request: MockRequest, agent_id: str) -> Answer:
    """Places a call (documented); a scenario may be played at it (assumed)."""
    call = request.environment.calling.place(agent_id, api_input(request))
    data: PlacedCall = {**_brief(call), "created_at": to_seconds(call.created_at)}
    return api_answer({"success": True, "data": data})


def _end(request: MockRequest, agent_id: str) -> Answer:
    """Ends a call, whose event happens (documented)."""
    call = request.environment.calling.end(agent_id, api_input(request))
    data: EndedCall = {
        "id": call.id,
        "status": call.status,
        "ended_at": to_seconds(call.updated_at),
        "ended_reason": "ended_by_api",
    }
    return api_answer({"success": True, "data": data})


def _active(request: MockRequest, agent_id: str, phone: str) -> Answer:
    """Lists the agent's active calls to a number (documented), oldest first (assumed)."""
    found = request.environment.calls.active(agent_id, phone)
    data: list[ActiveCall] = [
        {**_brief(call), "started_at": to_seconds(call.started_at), "duration_seconds": seconds}
        for call, seconds in found
    ]
    return api_answer({"success": True, "data": data})


def _list(request: MockRequest) -> Answer:
    """Lists calls by filter and page (documented), newest first (assumed)."""
    return _page(request, None)


def _list_of_agent(request: MockRequest, agent_id: str) -> Answer:
    """Lists the agent's calls; its entries do not name the agent (documented)."""
    return _page(request, agent_id)


def _page(request: MockRequest, agent_id: str | None) -> Answer:
    query = api_input(request)
    found, per_page = request.environment.calls.search(query, agent_id)
    page, place = page_of(found, per_page, query)
    data = [present(call, None if agent_id else agent) for call, agent in page]
    return api_answer({"success": True, "data": data, "pagination": with_ends(place, page)})


def _brief(call: Call) -> CallBrief:
    return {"id": call.id, "agent_id": call.agent_id, "to": call.to, "status": call.status}


def present(call: Call, agent: Agent | None) -> ListedCall:
    """The documented keys in their order; a call's `sid` is its id (assumed)."""
    named: NamedCall = {"agent": {"id": agent.id, "name": agent.name, "label": agent.full()["label"]}} if agent else {}
    return {
        "id": call.id,
        "sid": call.id,
        "to": call.to,
        "to_formatted": formatted(call.to),
        "from": call.from_,
        "from_formatted": formatted(call.from_),
        "is_testing": call.is_testing,
        "direction": call.direction,
        "status": call.status,
        "duration": call.duration,
        **named,
        "created_at": to_seconds(call.created_at),
        "updated_at": to_seconds(call.updated_at),
    }
