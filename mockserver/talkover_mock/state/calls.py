"""The API's operations on calls; the events of a call are in `deliveries.calling`."""

from collections.abc import Mapping
from datetime import timedelta
from threading import RLock
from typing import Any

from talkover_mock.base.clock import Clock
from talkover_mock.base.refusals import Conflict, Unfit
from talkover_mock.base.words import brief, near_or_all
from talkover_mock.dialect.call_errors import (
    AgentInactive,
    CallNotActive,
    CallNotFound,
    NoActiveCall,
    PhoneNumberInvalid,
    PhoneNumberMissing,
)
from talkover_mock.dialect.call_fields import (
    CALL_FILTERS,
    CALLER,
    END_FIELDS,
    PLACE_FIELDS,
    STATUSES,
    formatted,
    is_international,
)
from talkover_mock.dialect.errors import AgentNotFound
from talkover_mock.dialect.ids import IdSource
from talkover_mock.state.checking import checked, filtered
from talkover_mock.state.records import Agent, Call
from talkover_mock.state.store import State


def told_of(call: Mapping[str, Any]) -> Mapping[str, Any]:
    """What an event tells of a call: a null id, status or duration tells nothing."""
    return {key: value for key, value in call.items() if value is not None or key not in ("id", "status", "duration")}


def check_told(call: Mapping[str, Any]) -> None:
    """Raises Unfit for a status or a duration that no call of the state has."""
    status, duration = call.get("status"), call.get("duration")
    if status is not None and status not in STATUSES:
        text = f"call {brief(call.get('id'))} can't have the status {brief(status)}"
        raise Unfit("Bad value", f"{text}{near_or_all(str(status), STATUSES)}")
    if duration is not None and not (type(duration) is int and duration >= 0):
        text = f"the duration of call {brief(call.get('id'))} must be a whole number of seconds, 0 or more"
        raise Unfit("Bad value", f"{text} (got {brief(duration)})")


class Calls:
    """One environment's calls. Every operation is atomic under the environment's lock.

    Every operation on an agent's calls first raises AgentNotFound for an unknown agent.
    """

    __slots__ = ("_clock", "_lock", "_state", "ids")

    def __init__(self, state: State, lock: RLock, clock: Clock) -> None:
        self._state, self._lock, self._clock = state, lock, clock
        self.ids = IdSource("calls", state.settings.seed)

    def place(self, agent_id: str, body: Mapping[str, Any]) -> Call:
        """Adds an outbound call, which starts after its delay.

        Raises AgentInactive, PhoneNumberMissing, PhoneNumberInvalid, ValidationFailed.
        """
        self._published(agent_id)
        to = _number(body.get("to"))
        values = checked(body, PLACE_FIELDS)  # without the lock: a body may be large
        delay = timedelta(seconds=values.pop("delay_seconds"))
        with self._lock:
            caller = _number_of(self._published(agent_id))
            return self.add(agent_id, {**values, "to": to, "from": caller, "direction": "outbound"}, delay=delay)

    def add(
        self, agent_id: str, values: Mapping[str, Any], id: str | None = None, delay: timedelta = timedelta()
    ) -> Call:
        """Adds a call with the values of its fields, and with this id where one is given.

        Raises Conflict for the id of another record.
        """
        with self._lock:
            self._agent(agent_id)
            if id and (kind := self._state.kind_of(id)):
                raise Conflict("The id is taken", f"{brief(id)} is the id of {kind}; give the call another one")
            moment = self._clock.moment()
            now = moment.replace(microsecond=0)
            call = Call(
                id=id or self.ids.new(moment, self._state.calls),
                agent_id=agent_id,
                to=values["to"],
                from_=values["from"],
                direction=values["direction"],
                status="initiated",
                duration=0,
                is_testing=values["is_testing"],
                payload=values["payload"],
                context=values["context"],
                created_at=now,
                started_at=now + delay,
                updated_at=now,
            )
            self._state.put_call(call)
        return call

    def get(self, id: str) -> Call | None:
        """The call with this id, of whatever agent."""
        return self._state.calls.get(id)

    def ids_of(self, agent_id: str) -> list[str]:
        """The ids of an agent's calls, oldest first."""
        with self._lock:
            return [call.id for call in self._state.calls_of(agent_id)]

    def find(self, agent_id: str, id: str) -> Call:
        """The agent's call with this id. Raises CallNotFound."""
        with self._lock:
            self._agent(agent_id)
            call = self._state.call_of(agent_id, id)
        if call is None:
            raise CallNotFound(id, agent_id)
        return call

    def to_end(self, agent_id: str, body: Mapping[str, Any]) -> Call:
        """The active call that a request wants to end. Raises ValidationFailed, CallNotFound, CallNotActive."""
        self._agent(agent_id)
        call = self.find(agent_id, checked(body, END_FIELDS)["call_sid"])
        if not call.is_active:
            raise CallNotActive(f"the call is over: its status is {call.status}")
        return call

    def active(self, agent_id: str, phone: str) -> list[tuple[Call, int]]:
        """The agent's active calls to a number, oldest first, with the seconds since each started.

        Raises NoActiveCall.
        """
        with self._lock:
            self._agent(agent_id)
            calls, now = self._state.calls_of(agent_id), self._clock.now()
        found = [(call, call.seconds_until(now)) for call in calls if call.to == phone and call.is_active]
        if not found:
            raise NoActiveCall(phone, _why_none(calls, phone))
        return found

    def search(self, query: Mapping[str, Any], agent_id: str | None = None) -> tuple[list[tuple[Call, Agent]], int]:
        """The calls that pass the query's filters, newest first, with their agents, and the size of a page.

        With `agent_id` the calls of this agent. Raises FiltersInvalid.
        """
        with self._lock:
            if agent_id is not None:
                self._agent(agent_id)
            filters = filtered(query, CALL_FILTERS)
            wanted = agent_id or filters["agent_id"]
            calls = self._state.calls_of(wanted) if wanted else [*self._state.calls.values()]
            found = [(call, self._agent(call.agent_id)) for call in calls]
        found.sort(key=lambda each: each[0].created_at)  # a fixture lists calls in any order
        return [(call, agent) for call, agent in reversed(found) if _matches(call, agent, filters)], filters["per_page"]

    def latest(self, most: int) -> tuple[list[Call], int]:
        """The calls that were added last, newest first, and the number of all."""
        with self._lock:
            calls = list(self._state.calls.values())
        return calls[: -most - 1 : -1], len(calls)

    def under_way(self) -> list[Call]:
        """The calls that are under way, those that were added last first."""
        with self._lock:
            calls = list(self._state.calls.values())
        return [call for call in reversed(calls) if call.is_active]

    def _agent(self, id: str) -> Agent:
        agent = self._state.agents.get(id)
        if agent is None:
            raise AgentNotFound(id)
        return agent

    def _published(self, agent_id: str) -> Agent:
        agent = self._agent(agent_id)
        if agent.full()["current_status"] != "published":
            raise AgentInactive(agent_id)
        return agent


def _number(to: object) -> str:
    if to is None:
        raise PhoneNumberMissing
    if not is_international(to):
        raise PhoneNumberInvalid(to)
    return str(to)


def _number_of(agent: Agent) -> str:
    """The first of the agent's numbers that is one (assumed)."""
    numbers = agent.full()["phone_numbers"]
    given = numbers if isinstance(numbers, list) else ()
    return next((each for each in given if is_international(each)), CALLER)


def _why_none(calls: list[Call], phone: str) -> str:
    over = [call for call in calls if call.to == phone]
    if over:
        return f"the agent's latest call to {phone} is over: its status is {over[-1].status}"
    hint = "" if is_international(phone) else "; a number begins with a plus, which a path has as %2B"
    return f"the agent has no call to {brief(phone)}{hint}"


def _matches(call: Call, agent: Agent, filters: Mapping[str, Any]) -> bool:
    """Whether a call passes the filters; `search` looks in numbers and in the agent's name and label (assumed)."""
    if filters["status"] not in (None, call.status) or filters["direction"] not in (None, call.direction):
        return False
    day = call.created_at.date()
    if day < (filters["date_from"] or day) or day > (filters["date_to"] or day):
        return False
    text = (filters["search"] or "").casefold()
    numbers = (call.to, call.from_, formatted(call.to), formatted(call.from_))
    return any(text in each.casefold() for each in (*numbers, agent.name, str(agent.full()["label"] or "")))
