"""The errors of the routes of calls: some in a shape of their own, with code, message and details below `error`."""

from collections.abc import Mapping
from typing import Any, ClassVar

from talkover_mock.base.words import brief
from talkover_mock.dialect.errors import (
    AgentMissing,
    AgentNotFound,
    ApiError,
    InvalidToken,
    MissingToken,
    NotFound,
    RateLimited,
    Wording,
)


class CallRefused(ApiError):
    """A call that is not placed (documented shape)."""

    status = 400
    code: ClassVar[str] = ""

    def details(self) -> Mapping[str, Any]:
        return {}

    def body(self) -> dict[str, Any]:
        details = self.details()
        shown = {"code": self.code, "message": self.message}
        return {"error": {**shown, "details": details} if details else shown}


class PhoneNumberMissing(CallRefused):
    """The request names no number (documented code, assumed text)."""

    code = "MISSING_PHONE_NUMBER"
    message = "Phone number is required"
    is_of_input = True

    def __init__(self) -> None:
        super().__init__("to: the field is missing, null or empty")

    def details(self) -> Mapping[str, Any]:
        return {"field": "to"}


class PhoneNumberInvalid(CallRefused):
    """The number is not in international format (documented)."""

    code = "INVALID_PHONE_NUMBER"
    message = "Phone number must be in international format (e.g., +1234567890)"

    def __init__(self, value: object) -> None:
        super().__init__(f"to: it must be a text: a plus, then 2 to 15 digits, the first not 0 (got {brief(value)})")
        self.value = value

    def details(self) -> Mapping[str, Any]:
        return {"field": "to", "value": self.value}


class AgentInactive(CallRefused):
    """The agent is a draft (documented code, assumed text)."""

    code = "AGENT_INACTIVE"
    message = "Agent is not published"

    def __init__(self, agent_id: str) -> None:
        super().__init__(f"agent {agent_id} is a draft; publish it, or give it `current_status: published`")
        self.agent_id = agent_id

    def details(self) -> Mapping[str, Any]:
        return {"agent_id": self.agent_id}


class CallTokenInvalid(CallRefused):
    """The token is missing, unknown or expired, on the route that places a call (documented)."""

    status = 401
    code = "INVALID_TOKEN"
    message = "Invalid or missing authentication token"


class InsufficientCredits(CallRefused):
    """The account can't pay for the call (documented); only a fault causes it."""

    status = 402
    code = "INSUFFICIENT_CREDITS"
    message = "Account has insufficient credits to place this call"


class VoiceAgentNotFound(CallRefused):
    """The agent is unknown, on the route that places a call (documented)."""

    status = 404
    code = "AGENT_NOT_FOUND"
    message = "Voice agent not found"

    def __init__(self, agent_id: str) -> None:
        super().__init__()
        self.agent_id = agent_id

    def details(self) -> Mapping[str, Any]:
        return {"agent_id": self.agent_id}


class CallsLimited(CallRefused):
    """The token has used its calls of this minute, on the route that places a call (documented)."""

    status = 429
    code = "RATE_LIMIT_EXCEEDED"
    message = "Rate limit exceeded. Please wait before making more requests."

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after

    def details(self) -> Mapping[str, Any]:
        return {"retry_after": self.retry_after}

    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after)}


class CallNotFound(NotFound):
    """The agent has no such call (documented)."""

    message = "Call not found for this agent"

    def __init__(self, id: str, agent_id: str) -> None:
        super().__init__(id)
        self.agent_id = agent_id


class NoActiveCall(NotFound):
    """The agent calls no such number at the moment (documented)."""

    message = "No active call found for this phone number"

    def __init__(self, phone: str, reason: str) -> None:
        super().__init__(phone)
        self.reason = reason


class CallNotActive(ApiError):
    """The call is over (documented)."""

    status = 409
    message = "Call is not active"

    def body(self) -> dict[str, Any]:
        return {"success": False, "message": self.message, "code": "CALL_NOT_ACTIVE"}


class AgentHasCalls(ApiError):
    """The agent can't be deleted yet (documented)."""

    status = 409
    message = "Cannot delete agent while it has active calls."

    def body(self) -> dict[str, Any]:
        return {"success": False, "message": self.message}


class Unauthorized(MissingToken):
    """A request for a list of calls has no bearer token (documented there)."""

    message = "Unauthorized"

    def body(self) -> dict[str, Any]:
        return {"success": False, "message": self.message}


OF_PLACING: Wording = {
    MissingToken: lambda _: CallTokenInvalid(),
    InvalidToken: lambda _: CallTokenInvalid(),
    RateLimited: lambda error: CallsLimited(error.retry_after),
    AgentNotFound: lambda error: VoiceAgentNotFound(error.id),
}
OF_A_CALL: Wording = {AgentNotFound: lambda error: AgentMissing(error.id)}
OF_CALL_LISTS: Wording = {**OF_A_CALL, MissingToken: lambda _: Unauthorized()}
