"""The operations on calls that make events happen."""

from collections.abc import Mapping
from threading import RLock
from typing import Any

from talkover_mock.base.refusals import Conflict
from talkover_mock.deliveries.messages import CALL_ENDED
from talkover_mock.deliveries.operations import Deliveries
from talkover_mock.dialect.errors import Maintenance
from talkover_mock.state.calls import Calls
from talkover_mock.state.records import Call


class Calling:
    """One environment's calls in progress. Every operation is atomic under the environment's lock."""

    __slots__ = ("_calls", "_deliveries", "_lock")

    def __init__(self, lock: RLock, calls: Calls, deliveries: Deliveries) -> None:
        self._lock, self._calls, self._deliveries = lock, calls, deliveries

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
