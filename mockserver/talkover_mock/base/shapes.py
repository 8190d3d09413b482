"""The shapes of documents that the server writes and the client reads."""

from collections.abc import Mapping
from typing import Any, Literal, TypedDict

CallStatus = Literal["initiated", "ringing", "answered", "completed", "failed", "busy", "no-answer"]

Call = TypedDict(
    "Call",
    {
        "id": str,
        "agent_id": str,
        "to": str,
        "from": str,
        "direction": Literal["inbound", "outbound"],
        "status": CallStatus,
        "duration": int,
        "is_testing": bool,
        "payload": Mapping[str, Any] | None,
        "context": Mapping[str, Any] | None,
        "created_at": str,
        "started_at": str,
        "updated_at": str,
    },
)
"""A call as the state has it. `duration` is in seconds, and 0 until the call has ended."""
