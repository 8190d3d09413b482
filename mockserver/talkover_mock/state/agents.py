"""The API's operations on agents."""

from collections.abc import Mapping
from threading import RLock
from typing import Any

from talkover_mock.base.clock import Clock
from talkover_mock.base.moments import to_seconds
from talkover_mock.base.words import number_of
from talkover_mock.dialect.call_errors import AgentHasCalls
from talkover_mock.dialect.errors import AgentMissing
from talkover_mock.dialect.fields import AGENT_FILTERS
from talkover_mock.state.checking import filtered
from talkover_mock.state.records import Agent
from talkover_mock.state.store import State


class Agents:
    """One environment's agents. Every operation is atomic under the environment's lock."""

    __slots__ = ("_clock", "_lock", "_state")

    def __init__(self, state: State, lock: RLock, clock: Clock) -> None:
        self._state, self._lock, self._clock = state, lock, clock

    def find(self, id: str) -> Agent:
        """The agent with this id. Raises AgentMissing."""
        with self._lock:
            agent = self._state.agents.get(id)
        if agent is None:
            raise AgentMissing(id)
        return agent

    def search(self, query: Mapping[str, Any]) -> tuple[list[Agent], int]:
        """The agents that pass the query's filters, oldest first, and the size of a page. Raises FiltersInvalid."""
        filters = filtered(query, AGENT_FILTERS)
        with self._lock:
            agents = list(self._state.agents.values())
        return [agent for agent in agents if _matches(agent, filters)], filters["per_page"]

    def set_status(self, id: str, status: str) -> Agent:
        """Publishes an agent, or makes it a draft. `updated_at` moves only with the status. Raises AgentMissing."""
        with self._lock:
            agent = self.find(id)
            if agent.full()["current_status"] != status:
                now = to_seconds(self._clock.now())
                agent = agent._replace(details={**agent.details, "current_status": status, "updated_at": now})
                self._state.agents.put(id, agent)
        return agent

    def delete(self, id: str) -> None:
        """Deletes an agent with its webhooks; their deliveries that are not yet due find no webhook, and are dropped.

        Raises AgentMissing, and AgentHasCalls for one with an active call.
        """
        with self._lock:
            agent = self.find(id)
            active = [call.id for call in self._state.calls_of(id) if call.is_active]
            if active:
                raise AgentHasCalls(
                    f"the agent has {number_of(len(active), 'active call')}, such as {active[0]}; end them"
                )
            self._state.remove_agent(agent)


def _matches(agent: Agent, filters: Mapping[str, Any]) -> bool:
    """Whether an agent passes the filters; `search` looks in name and label (documented), ignoring case (assumed)."""
    details = agent.full()
    if filters["status"] not in (None, details["current_status"]):
        return False
    if filters["direction"] not in (None, details["direction"]):
        return False
    text = (filters["search"] or "").casefold()
    return text in agent.name.casefold() or text in str(details["label"] or "").casefold()
