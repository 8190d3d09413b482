"""`scenarios`: play one at a call."""

from typing import Any

from talkover_mock.admin.bodies import admin_answer, json_object
from talkover_mock.admin.checks import object_of, refuse_unknown_keys, required_of, value_of
from talkover_mock.admin.problems import Problem
from talkover_mock.admin.routing import Admin
from talkover_mock.base.contents import A_JSON_VALUE, is_json
from talkover_mock.base.shapes.admin import Played
from talkover_mock.base.words import brief
from talkover_mock.dialect.call_fields import PLAYED_FIELDS
from talkover_mock.dialect.errors import AgentNotFound
from talkover_mock.dialect.reasons import explained
from talkover_mock.dialect.rules import Invalid, fields_of
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.explain import explain
from talkover_mock.state.names import ID, NAME_TEXT
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest

_CALL_KEYS = ("id", *(field.name for field in PLAYED_FIELDS if field.name != "context"))


def register(admin: Admin) -> None:
    admin.route("POST", "/scenarios/<name>/play", _play)


def _play(request: MockRequest, environment: Environment, name: str) -> Answer:
    wanted = json_object(request)
    refuse_unknown_keys(wanted, ("agent_id", "call", "context"))
    agent_id = required_of(wanted, "agent_id", lambda v: isinstance(v, str), "the id of the agent whose call it is")
    for key in ("call", "context"):
        value_of(wanted, key, None, is_json, A_JSON_VALUE)
    values = _values(wanted)
    try:
        call, steps = environment.play(name, agent_id, _id(wanted), values, request.connection.is_gone)
    except AgentNotFound as error:
        raise Problem(404, "No such agent", explain(error, environment, request.world)) from None
    events = [step.event for step in steps]
    seconds = sum(step.after for step in steps)
    body: Played = {"scenario": name, "agent_id": agent_id, "call_id": call.id, "events": events, "seconds": seconds}
    return admin_answer(body)


def _values(wanted: dict[str, Any]) -> dict[str, Any]:
    """The values of the call's fields. Raises Problem 422."""
    call = object_of(wanted, "call", _CALL_KEYS)
    try:
        return fields_of({**call, "context": wanted.get("context")}, PLAYED_FIELDS)
    except Invalid as invalid:
        entries = {name if name == "context" else f"call.{name}": each for name, each in invalid.entries.items()}
        raise Problem(422, "Bad value", explained(wanted, entries)) from None


def _id(wanted: dict[str, Any]) -> str | None:
    """The id of the call, if one is given. Raises Problem 422."""
    id = (wanted.get("call") or {}).get("id")
    if id is None or (isinstance(id, str) and ID.fullmatch(id)):
        return id
    raise Problem(422, "Bad value", f"call.id must be {NAME_TEXT} (got {brief(id)})")
