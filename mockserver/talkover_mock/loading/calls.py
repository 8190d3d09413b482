"""Reads the calls of a fixture."""

from functools import partial
from itertools import chain, islice
from typing import Any

from talkover_mock.base.words import nearest
from talkover_mock.dialect.call_fields import CALL_FIELDS
from talkover_mock.dialect.reasons import Path
from talkover_mock.dialect.rules import Invalid, fields_of
from talkover_mock.loading.reader import CREATED, Reader
from talkover_mock.loading.writer import call_document
from talkover_mock.state.records import Call
from talkover_mock.state.store import State

CALL_KEYS = ("id", *(field.name for field in CALL_FIELDS), "created_at", "started_at", "updated_at")
_MOST_COMPARED = 500
"""Ids among which the nearest is looked for."""


def read_call(reader: Reader, path: Path, data: Any) -> None:
    """Adds a call, laid over the call of the state with its id. That its agent exists is checked at the end."""
    if reader.over and isinstance(data, dict):
        data = _over_known(reader, path, reader.over, data)
    if not reader.mistakes.is_mapping(path, data, CALL_KEYS):
        return
    created = reader.moment(path, "created_at", data) or CREATED
    started, updated = (reader.moment(path, key, data) or created for key in ("started_at", "updated_at"))
    before = len(reader.over.calls) if reader.over else 0
    id = reader.record_id(path, data, created, f"{reader.name}/calls", before + len(reader.found.calls))
    try:
        values = fields_of(data, CALL_FIELDS)
    except Invalid as invalid:
        return reader.mistakes.add_invalid(path, data, invalid, CALL_FIELDS)
    for key in ("payload", "context"):
        values[key] = reader.plain((*path, key), values[key])
    values["from_"] = values.pop("from")
    call = Call(id=id, created_at=created, started_at=started, updated_at=updated, **values)
    reader.found.calls[id] = call
    reader.found.check_at_the_end(reader.mistakes, partial(check_agent, reader, path, call.agent_id))


def _over_known(reader: Reader, path: Path, over: State, data: dict[str, Any]) -> dict[str, Any]:
    known = reader.known(path, data, "a call", over.calls)
    return {**call_document(known), **data} if known else data


def check_agent(reader: Reader, path: Path, agent_id: str) -> None:
    """Adds a mistake for the id of an agent that there is not."""
    if agent_id not in reader.found.agents and not (reader.over and agent_id in reader.over.agents):
        known = [*islice(chain(reader.found.agents, reader.over.agents if reader.over else ()), _MOST_COMPARED)]
        near = nearest(agent_id, known) or (f"; there is {known[0]}" if known else "; there are no agents")
        reader.mistakes.add((*path, "agent_id"), f"no agent of the environment has this id{near}", agent_id)
