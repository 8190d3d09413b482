"""The client's methods that emit events and send deliveries again."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast, overload

from talkover_mock.base.shapes.deliveries import Delivery, Skipped
from talkover_mock.base.shapes.values import CampaignEvent, Event
from talkover_mock.client.expecting import Expecting
from talkover_mock.client.headers import with_headers
from talkover_mock.client.loops import loop_hints
from talkover_mock.client.types import EMIT_WAIT_SECONDS, EmitDetails
from talkover_mock.client.urls import segment

if TYPE_CHECKING:
    from typing_extensions import Unpack

__tracebackhide__ = True  # pytest shows the test's own line


class Emitted(list[Delivery]):
    """The deliveries of one event; `skipped` has the other webhooks of its agent or campaign, with the reasons."""

    def __init__(self, deliveries: Sequence[Delivery], skipped: Sequence[Skipped]) -> None:
        super().__init__(deliveries)
        self.skipped = skipped

    def __repr__(self) -> str:
        got = [f"webhook {each['webhook_id']}: {each['error'] or each['status']}" for each in self]
        passed = [f"webhook {each['webhook_id']}: skipped, {each['reason']}" for each in self.skipped]
        return f"<Emitted: {'; '.join(got + passed) or 'there is no webhook'}>"


class Emitting(Expecting):
    """Events and deliveries of one environment."""

    @overload
    def emit(
        self,
        agent_id: str | None,
        event: Event | CampaignEvent,
        *,
        unknown: Literal[False] = False,
        **details: Unpack[EmitDetails],
    ) -> Emitted: ...
    @overload
    def emit(
        self,
        agent_id: str | None = None,
        *,
        event: Event | CampaignEvent,
        unknown: Literal[False] = False,
        **details: Unpack[EmitDetails],
    ) -> Emitted: ...
    @overload
    def emit(
        self,
        agent_id: str | None,
        event: str,
        *,
        unknown: bool,
        **details: Unpack[EmitDetails],
    ) -> Emitted: ...
    @overload
    def emit(
        self,
        agent_id: str | None = None,
        *,
        event: str,
        unknown: bool,
        **details: Unpack[EmitDetails],
    ) -> Emitted: ...
    def emit(
        self,
        agent_id: str | None = None,
        event: str = "",
        *,
        campaign_id: str | None = None,
        call: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        unknown: bool = False,
        wait: float = EMIT_WAIT_SECONDS,
    ) -> Emitted:
        """Emits an event at an agent, or at a campaign: `emit(campaign_id=id, event="campaign.started")`. Returns its
        deliveries, after waiting until each was attempted once.

        It waits for `wait` seconds at the most, and for nothing that a fault delays; with 0 the deliveries may still be
        pending. The list also has the webhooks that were `skipped`, with the reasons. With `unknown` the event may be
        one that the API does not have: it goes to every enabled webhook of the agent.
        """
        payload = {"call": call, "context": context, "data": data}
        owner = {"agent_id": agent_id} if campaign_id is None else {"agent_id": agent_id, "campaign_id": campaign_id}
        wanted = {**owner, "event": event, "unknown": unknown, **payload, "wait": wait}
        answer = self._transport.call("POST", "events", wanted, longer=wait)
        if wait and not answer["finished"]:
            for hint in loop_hints():
                warnings.warn(f"emit() waited {wait:g} s without success: {hint}", RuntimeWarning, stacklevel=2)
        return Emitted([cast(Delivery, with_headers(each)) for each in answer["deliveries"]], answer["skipped"])

    def redeliver(self, id: str, *, replay: bool = False, wait: float = EMIT_WAIT_SECONDS) -> Delivery:
        """Sends a delivery again, once, also to a disabled webhook. Returns the new delivery, as it ended.

        It is signed anew, or with `replay` it is the old bytes and headers. Waits `wait` seconds at the most.
        """
        wanted = {"replay": replay, "wait": wait}
        path = f"deliveries/{segment(id)}/redeliver"
        return cast(Delivery, with_headers(self._transport.call("POST", path, wanted, longer=wait)))
