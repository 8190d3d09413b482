"""The API's error answers: one class for each kind, with its status and body."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeAlias


class ApiError(Exception):
    """An error answer of the API. `reason` explains it to a person in one sentence; the body stays the vendor's."""

    status = 500
    message = "Server Error"
    is_of_input: ClassVar[bool] = False
    """Whether the input is at fault, so that input which was ignored explains the error."""
    pretty: ClassVar[bool] = False
    """Whether the body is indented by four spaces, as Laravel's own error pages are (measured)."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason

    def body(self) -> dict[str, Any]:
        return {"message": self.message}

    def headers(self) -> dict[str, str]:
        return {}


class ServerError(ApiError):
    """A crash of the mock itself (measured body)."""

    pretty = True


class Maintenance(ApiError):
    """Laravel's maintenance mode (measured body); a fault causes it, or a full queue of deliveries (assumed)."""

    status = 503
    message = "Service Unavailable"
    pretty = True


class RouteNotFound(ApiError):
    """No route has this path (measured). `path` is the requested path as it came."""

    status = 404
    pretty = True

    def __init__(self, path: str, reason: str = "") -> None:
        super().__init__(reason)
        self.path = path.strip("/") or "/"

    def body(self) -> dict[str, Any]:
        return {"message": f"The route {self.path} could not be found."}


class MethodNotAllowed(ApiError):
    """The path exists, the method does not (measured). `allowed` has the order of Laravel's verbs."""

    status = 405
    pretty = True

    def __init__(self, method: str, path: str, allowed: Sequence[str]) -> None:
        self.method, self.path, self.allowed = method, path.strip("/") or "/", ", ".join(allowed)
        super().__init__(f"this path answers {self.allowed} only")

    def body(self) -> dict[str, Any]:
        return {
            "message": f"The {self.method} method is not supported for route {self.path}. "
            f"Supported methods: {self.allowed}."
        }

    def headers(self) -> dict[str, str]:
        return {"Allow": self.allowed}


class NotEmulated(ApiError):
    """The vendor documents the route, and the mock does not emulate it: an answer of the mock's own."""

    status = 501

    def __init__(self, method: str, path: str) -> None:
        """`path` is one that a stub can have: percent-encoded, or with its ids in braces."""
        stub = f'{{"method": "{method}", "path": "{path}", "status": 200, "body": ...}}'
        super().__init__(
            f"{method} {path} is documented, but not emulated here; give it an answer with POST /__admin/stubs {stub}, "
            "or under stubs: in a fixture"
        )
        self.message = f"{method} {path} is not emulated by this mock server."


class Refused(ApiError):
    """A request that the HTTP layer itself refuses, such as one with a malformed Host header (assumed)."""

    def __init__(self, status: int, message: str, reason: str = "") -> None:
        super().__init__(reason or message)
        self.status = status
        self.message = message


class MissingToken(ApiError):
    """The request has no bearer token (documented)."""

    status = 401
    message = "Missing Bearer Token"


class Unauthenticated(MissingToken):
    """A request to a route of agents has no bearer token (documented there)."""

    message = "Unauthenticated."

    def body(self) -> dict[str, Any]:
        return {"success": False, "message": self.message}


class InvalidToken(ApiError):
    """No environment knows the token (documented on the vendor's authentication page)."""

    status = 401
    error: ClassVar[str] = "UNAUTHORIZED"
    message = "Invalid or missing authentication token"

    def body(self) -> dict[str, Any]:
        return {"error": self.error, "message": self.message, "status_code": self.status}


class ExpiredToken(InvalidToken):
    """The fixture marks the token expired (documented on the vendor's authentication page)."""

    error = "TOKEN_EXPIRED"
    message = "Authentication token has expired"


class RateLimited(ApiError):
    """The token has used its calls of this minute (documented on the agents page)."""

    status = 429
    message = "Too many requests. Please try again later."

    def __init__(self, limit: int, retry_after: int) -> None:
        super().__init__(f"the token has used its {limit} calls of this minute; wait {retry_after} s")
        self.retry_after = retry_after

    def body(self) -> dict[str, Any]:
        return {"success": False, "message": self.message}

    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after)}


class ValidationFailed(ApiError):
    """Fields break their rules; `errors` has every text of every field, in the documented order."""

    status = 422
    message = "The given data was invalid."
    is_of_input = True

    def __init__(self, errors: Mapping[str, Sequence[str]], given: Mapping[str, Any]) -> None:
        super().__init__()
        self.errors, self.given = errors, given

    def body(self) -> dict[str, Any]:
        return {"message": self.message, "errors": self.errors}


class FiltersInvalid(ValidationFailed):
    """Filters of a list of agents, campaigns or calls break their rules; `success` comes first (documented)."""

    def body(self) -> dict[str, Any]:
        return {"success": False, **super().body()}


class NotFound(ApiError):
    """The environment does not hold the record; `id` is the requested id."""

    status = 404

    def __init__(self, id: str) -> None:
        super().__init__()
        self.id = id

    def body(self) -> dict[str, Any]:
        return {"success": False, "message": self.message}


class AgentNotFound(NotFound):
    """The agent is unknown, or belongs to another environment (documented)."""

    message = "Agent not found in this environment."


class AgentMissing(AgentNotFound):
    """An unknown agent on the agent's own route, where the vendor documents another text."""

    message = "Agent not found"


class CampaignNotFound(NotFound):
    """The campaign is unknown, or belongs to another environment (documented)."""

    message = "Campaign not found"


class CampaignStays(ApiError):
    """The status of a campaign can't follow the one that it has (documented)."""

    status = 400

    def __init__(self, before: str, after: str) -> None:
        super().__init__(f"the campaign is {before}")
        self.message = f"Cannot transition from {before} to {after} status"

    def body(self) -> dict[str, Any]:
        return {"success": False, "message": self.message}


class WebhookNotFound(NotFound):
    """The webhook is unknown, or belongs to another agent or campaign (documented); `owner_id` is who was asked."""

    message = "Webhook not found."

    def __init__(self, id: str, owner_id: str) -> None:
        super().__init__(id)
        self.owner_id = owner_id


class LogNotFound(NotFound):
    """The webhook has no such log entry (assumed)."""

    message = "Log not found."


class LogNotRetriable(ApiError):
    """The log entry has not failed, is too old, or its webhook is disabled (documented)."""

    status = 422
    message = "Log cannot be retried"

    def body(self) -> dict[str, Any]:
        return {"success": False, "message": self.message, "code": "LOG_NOT_RETRIABLE"}


Wording: TypeAlias = Mapping[type[ApiError], Callable[[Any], ApiError]]
"""The words of some routes: for a kind of error, the same error as the vendor documents it there."""

OF_CAMPAIGNS: Wording = {AgentNotFound: lambda error: CampaignNotFound(error.id)}
OF_AGENTS: Wording = {
    MissingToken: lambda _: Unauthenticated(),
    AgentNotFound: lambda error: AgentMissing(error.id),
}
