"""Calls in progress: what ends them, and the scenarios that make their events happen."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from threading import RLock
from typing import Any

from talkover_mock.base.refusals import Conflict, Missing
from talkover_mock.base.words import brief, near_or_all
from talkover_mock.deliveries.messages import CALL_ENDED
from talkover_mock.deliveries.operations import Deliveries
from talkover_mock.dialect.errors import Maintenance
from talkover_mock.dialect.scenarios import SCENARIOS, Scenario
from talkover_mock.state.calls import Calls
from talkover_mock.state.records import Call
from talkover_mock.state.store import State

_AGAIN = timedelta(seconds=1)
"""The time until a step is tried again that found the queue full."""


@dataclass(slots=True, eq=False)
class _Play:
    """A scenario under way at a call. `was_over` says that one of its own events has ended the call."""

    agent_id: str
    call_id: str
    steps: Scenario
    was_over: bool = False


class Calling:
    """One environment's calls in progress. Every operation is atomic under the environment's lock."""

    __slots__ = ("_calls", "_deliveries", "_lock", "_plays", "_state")

    def __init__(self, state: State, lock: RLock, calls: Calls, deliveries: Deliveries) -> None:
        self._state, self._lock, self._calls, self._deliveries = state, lock, calls, deliveries
        self._plays: dict[str, _Play] = {}
        """The scenarios under way, by the ids of their calls."""

    @property
    def scenarios(self) -> Mapping[str, Scenario]:
        """The built-in scenarios and those of the state, by name."""
        return {**SCENARIOS, **self._state.scenarios}

    def place(self, agent_id: str, body: Mapping[str, Any]) -> Call:
        """Places a call, and plays the scenario of the settings at it. See `Calls.place` for errors."""
        call = self._calls.place(agent_id, body)
        with self._lock:
            steps = self.scenarios.get(self._state.settings.call_scenario or "")
            if steps and self._state.calls.get(call.id) is call:  # no reset came in between
                self._begin(call, steps, call.started_at - call.created_at)
        return call

    def end(self, agent_id: str, body: Mapping[str, Any]) -> Call:
        """Ends the call, whose event happens once, however many requests want its end. See `Calls.to_end` for errors.

        Raises Maintenance, and changes nothing, when too many deliveries are queued.
        """
        with self._lock:
            call = self._calls.to_end(agent_id, body)
            try:
                self._deliveries.emit(agent_id, CALL_ENDED, {"id": call.id})
            except Conflict as full:
                raise Maintenance(full.detail) from None
            return self._calls.find(agent_id, call.id)

    def play(self, name: str, agent_id: str, id: str | None, values: Mapping[str, Any]) -> tuple[Call, Scenario]:
        """Begins a scenario at the agent's active call of this id, or at a new call with these values. Returns both.

        At a call that is there, of `values` only a context counts; a scenario that is under way there stops. Raises
        AgentNotFound, Missing for an unknown scenario, and Conflict for a call that is over or another agent's, and for
        the id of another record.
        """
        with self._lock:
            steps = self.scenarios.get(name)
            if steps is None:
                detail = f"no scenario is named {brief(name)}{near_or_all(name, tuple(self.scenarios))}"
                raise Missing("No such scenario", detail)
            call = self._state.calls.get(id) if id else None
            if call is None:
                call = self._calls.add(agent_id, values, id)
            elif call.agent_id != agent_id:
                raise Conflict("The call is another agent's", f"call {call.id} belongs to agent {call.agent_id}")
            elif not call.is_active:
                raise Conflict("The call is over", f"the status of call {call.id} is {call.status}")
            elif values["context"] is not None:
                call = call._replace(context=values["context"])
                self._state.put_call(call)
            self._begin(call, steps, timedelta())
        return call, steps

    def reset(self) -> None:
        """Forgets what is under way."""
        self._plays.clear()

    def _begin(self, call: Call, steps: Scenario, delay: timedelta) -> None:
        play = self._plays[call.id] = _Play(call.agent_id, call.id, steps)
        self._plan(play, self._deliveries.now() + delay)

    def _plan(self, play: _Play, since: datetime) -> None:
        """Plans the next step of a play, whose latest was due at `since`."""
        due = since + timedelta(seconds=play.steps[0].after)
        self._deliveries.plan(due, partial(self._happen, play))

    def _happen(self, play: _Play, due: datetime) -> None:
        """Makes a play's next step happen, unless its call has another play, is gone, or was ended from elsewhere."""
        if self._plays.get(play.call_id) is not play:
            return
        step, call = play.steps[0], self._state.call_of(play.agent_id, play.call_id)
        if call is None or not (call.is_active or play.was_over):
            del self._plays[play.call_id]
            return
        status = {"status": step.status} if step.status else {}
        try:
            self._deliveries.emit(play.agent_id, step.event, {"id": call.id, **status}, None, step.data)
        except Conflict:  # the queue is full; an event that does not fit into an empty one never will
            if self._deliveries.queued:
                return self._deliveries.plan(due + _AGAIN, partial(self._happen, play))
            del self._plays[play.call_id]
            return None
        after = self._state.call_of(play.agent_id, play.call_id)
        play.was_over = after is not None and not after.is_active
        play.steps = play.steps[1:]
        if play.steps:
            self._plan(play, due)
        else:
            del self._plays[play.call_id]
