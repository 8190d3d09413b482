"""The client's methods that make an environment fail on purpose, or answer calls that the mock does not emulate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, cast, overload

from talkover_mock.base.shapes.faults import CallFault, DeliveryFault, Fault
from talkover_mock.base.shapes.state import Stub
from talkover_mock.base.shapes.values import Action, DeliveryAction, On, Preset, StubMethod
from talkover_mock.client.expecting import Expecting
from talkover_mock.client.faults import new_fault
from talkover_mock.client.types import EMIT_WAIT_SECONDS, FaultDetails
from talkover_mock.client.urls import segment

if TYPE_CHECKING:
    from typing_extensions import Unpack

__tracebackhide__ = True  # pytest shows the test's own line


class Faulting(Expecting):
    """Faults and stubs of one environment."""

    def faults(self) -> list[Fault]:
        """The faults, each with how many calls or deliveries it has `matched` and `struck`."""
        return cast(list[Fault], self._transport.call("GET", "faults")["faults"])

    @overload
    def add_fault(
        self,
        name: Preset | Action | None = None,
        on: Literal["calls"] = "calls",
        **details: Unpack[FaultDetails],
    ) -> CallFault: ...
    @overload
    def add_fault(
        self, name: DeliveryAction, on: Literal["deliveries"], **details: Unpack[FaultDetails]
    ) -> DeliveryFault: ...
    @overload
    def add_fault(self, name: Preset | Action | DeliveryAction, on: On, **details: Unpack[FaultDetails]) -> Fault: ...
    def add_fault(
        self, name: Preset | Action | DeliveryAction | None = None, on: On = "calls", **details: Unpack[FaultDetails]
    ) -> Fault:
        """`add_fault("maintenance", times=2)`, `add_fault("lose_answer", on="deliveries", event="*_ended", times=1)`.

        Further keywords are what it strikes, alone or in `match`; times, after, probability, seed; and what it does:
        docs/faults.md has them. Returns the fault with its id. Raises ValueError for an unknown name.
        """
        return cast(Fault, self._transport.call("POST", "faults", new_fault(name, on, details)))

    def wait_for_fault(self, id: str, struck: int = 1, *, wait: float = EMIT_WAIT_SECONDS) -> Fault:
        """Waits until a fault has struck `struck` times. Raises AssertionError when `wait` seconds are over.

        Returns the fault. A call that a `hold` has struck does not go on before the fault is removed.
        """
        query = {"struck": struck, "wait": wait}
        fault = cast(Fault, self._transport.call("GET", f"faults/{segment(id)}", query=query, longer=wait))
        if fault["struck"] < int(struck):  # which may be a text of digits, as the query has it
            counts = f"matched {fault['matched']}, struck {fault['struck']}"
            is_there = any(each["id"] == id for each in self.faults())
            gone = "" if is_there else ", and was removed or reset meanwhile"
            raise AssertionError(f"expected {id} to strike {struck} within {wait:g} s; it has {counts}{gone}")
        return fault

    def remove_fault(self, id: str) -> None:
        self._transport.call("DELETE", f"faults/{segment(id)}")

    def remove_faults(self) -> None:
        self._transport.call("DELETE", "faults")

    def stubs(self) -> list[Stub]:
        return cast(list[Stub], self._transport.call("GET", "stubs")["stubs"])

    def add_stub(
        self,
        method: StubMethod,
        path: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        body: object = None,
    ) -> Stub:
        """Gives one method of a path that the mock does not emulate an answer: `add_stub("GET", "/api/v1/calls")`.

        Ids stand in braces, as in `/api/v1/agents/{agent_id}/call`. Replaces the stub of that method and path.
        """
        wanted = {"method": method, "path": path, "status": status, "headers": headers, "body": body}
        return cast(Stub, self._transport.call("POST", "stubs", wanted))

    def remove_stub(self, method: StubMethod, path: str) -> None:
        """Raises ValueError without a method or a path: the server would take their lack for all stubs."""
        if not (method and path):
            remedy = "remove_stubs() removes all"
            raise ValueError(f"expected the method and the path of a stub (got {method!r} and {path!r}); {remedy}")
        self._transport.call("DELETE", "stubs", query={"method": method, "path": path})

    def remove_stubs(self) -> None:
        self._transport.call("DELETE", "stubs")
