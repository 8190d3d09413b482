"""The client's methods for what happens on calls, and for the clock that it follows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

from talkover_mock.base.shapes.admin import Clock, Played
from talkover_mock.base.shapes.state import Call
from talkover_mock.client.expecting import Expecting
from talkover_mock.client.types import Moment
from talkover_mock.client.urls import segment

__tracebackhide__ = True  # pytest shows the test's own line
_LONG_SECONDS = 600.0


class Timing(Expecting):
    """Scenarios and the clock of one environment."""

    def play(
        self,
        name: str,
        agent_id: str,
        *,
        call: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> Played:
        """Plays a scenario at an agent's call: `play("answered", agent_id)`, then `advance(60)` on a frozen clock.

        `call` may have the `id` of an active call; otherwise a new call begins, with `to`, `from`, `direction`,
        `is_testing` and `payload`. Returns its `call_id`, the `events` to come, and the `seconds` that they take.
        """
        wanted = {"agent_id": agent_id, "call": call, "context": context}
        return cast(
            Played, self._transport.call("POST", f"scenarios/{segment(name)}/play", wanted, longer=_LONG_SECONDS)
        )

    def calls(self) -> list[Call]:
        """The calls of the state, oldest first."""
        return cast(list[Call], self._transport.call("GET", "state").get("calls", []))

    def clock(self) -> Clock:
        """The clock's `now`, and whether it is `frozen`."""
        return cast(Clock, self._transport.call("GET", "clock"))

    def freeze(self, now: Moment | None = None) -> None:
        """Freezes the environment's clock, at `now` (such as 2025-09-03T23:19:51Z) or where it is.

        Every delivery that is due by a later `now` has been sent when this returns.
        """
        self._transport.call("PUT", "clock", {"now": now and str(now)}, longer=_LONG_SECONDS if now else 0)

    def advance(self, seconds: float | timedelta) -> None:
        """Advances the clock. Every delivery that falls due on the way has been sent when this returns."""
        seconds = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
        self._transport.call("POST", "clock/advance", {"seconds": seconds}, longer=_LONG_SECONDS)

    def settle(self) -> None:
        """Sends all that is queued: advances the clock as far as it must, and returns when nothing is left."""
        self._transport.call("POST", "clock/settle", longer=_LONG_SECONDS)

    def unfreeze(self) -> None:
        """Unfreezes the clock: it shows the real time again."""
        self._transport.call("DELETE", "clock")
