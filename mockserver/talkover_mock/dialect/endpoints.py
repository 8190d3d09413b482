"""The endpoints that the vendor documents: what the mock emulates, and what it only knows."""

from collections.abc import Sequence
from typing import NamedTuple

API = "/api/v1"
READS = ("GET", "HEAD")
"""The methods that change nothing."""
_ALL_METHODS = "GET,POST,PUT,PATCH,DELETE"
_BELOW_API = """
    GET*                 /health
    GET*,POST            /agents
    GET*,DELETE*         /agents/<agent_id>
    GET,POST             /agents/<agent_id>/actions
    DELETE               /agents/<agent_id>/actions/<action_id>
    GET*                 /agents/<agent_id>/active-call/<phone>
    PATCH                /agents/<agent_id>/advanced-settings
    POST*                /agents/<agent_id>/call
    POST,PUT,DELETE      /agents/<agent_id>/callback
    PUT                  /agents/<agent_id>/calling
    GET*                 /agents/<agent_id>/calls
    POST*                /agents/<agent_id>/end-call
    GET,PUT              /agents/<agent_id>/flow
    POST                 /agents/<agent_id>/flow/validate
    GET                  /agents/<agent_id>/flow/versions
    PUT                  /agents/<agent_id>/knowledge
    GET                  /agents/<agent_id>/optimized-costs-eligibility
    GET                  /agents/<agent_id>/pricing
    GET                  /agents/<agent_id>/pricing/summary
    POST*                /agents/<agent_id>/publish
    GET,POST             /agents/<agent_id>/trainings
    DELETE               /agents/<agent_id>/trainings/<training_id>
    POST*                /agents/<agent_id>/unpublish
    PUT                  /agents/<agent_id>/voice
    GET*,POST*           /agents/<agent_id>/webhooks
    GET*,PUT*,DELETE*    /agents/<agent_id>/webhooks/<webhook_id>
    PATCH*               /agents/<agent_id>/webhooks/<webhook_id>/toggle
    POST*                /agents/<agent_id>/webhooks/<webhook_id>/test
    GET*                 /agents/<agent_id>/webhooks/<webhook_id>/logs
    POST*                /agents/<agent_id>/webhooks/<webhook_id>/logs/<log_id>/retry
    GET*                 /calls
    GET*,POST            /campaigns
    GET*,PUT,DELETE      /campaigns/<campaign_id>
    POST                 /campaigns/<campaign_id>/call
    GET,POST,PUT         /campaigns/<campaign_id>/sftp
    GET                  /campaigns/<campaign_id>/sftp/logs
    POST                 /campaigns/<campaign_id>/sftp/test-connection
    POST                 /campaigns/<campaign_id>/sftp/trigger-export
    POST                 /campaigns/<campaign_id>/sftp/trigger-import
    PATCH*               /campaigns/<campaign_id>/status
    GET*,POST*           /campaigns/<campaign_id>/webhooks
    GET*,PUT*,DELETE*    /campaigns/<campaign_id>/webhooks/<webhook_id>
    GET*                 /campaigns/<campaign_id>/webhooks/<webhook_id>/logs
    POST*                /campaigns/<campaign_id>/webhooks/<webhook_id>/logs/<log_id>/retry
    POST*                /campaigns/<campaign_id>/webhooks/<webhook_id>/test
    PATCH*               /campaigns/<campaign_id>/webhooks/<webhook_id>/toggle
    GET                  /callback-agents
    GET                  /callback-agents/source-agents
    GET                  /callback-agents/stats
    GET                  /callback-agents/<agent_id>
    POST                 /callback-agents/<agent_id>/check-constraints
    GET                  /phone-numbers
    GET                  /phone-numbers/release-requests
    DELETE               /phone-numbers/release-requests/<request_id>
    POST                 /phone-numbers/<number_id>/request-release
    ALL                  /calendars/*
    ALL                  /sip-trunks/*
    ALL                  /auto-topup/*
    GET                  /action-integrations
    GET                  /credits/balance
    POST                 /credits/purchase
    GET,POST             /user/api-tokens
    DELETE               /user/api-tokens/<token_id>
    GET                  /voice-templates
    GET                  /voice-templates/<template_id>/demo
"""
"""Methods and paths; a star marks an emulated method. Of a path that ends in a star only the beginning is known."""
_ELSEWHERE = "GET /api/user"


class Endpoint(NamedTuple):
    """A method of a path; the ids of the path stand in angle brackets."""

    method: str
    path: str
    is_emulated: bool

    def takes(self, method: str, path: str) -> bool:
        """Whether a method and a path, which may have ids in brackets too, are this endpoint's."""
        own, given = self.path.split("/"), path.rstrip("/").split("/")
        if own[-1] == "*":
            own, given = own[:-1], given[: len(own) - 1]
        return self.method == method and len(own) == len(given) and all(map(_is_step, own, given))


def _is_step(own: str, given: str) -> bool:
    return own == given or own[:1] == "<"


def _endpoints() -> list[Endpoint]:
    below = [line.split() for line in _BELOW_API.strip().splitlines()]
    return [
        Endpoint(method.rstrip("*"), path, method[-1] == "*")
        for methods, path in [*((methods, API + path) for methods, path in below), _ELSEWHERE.split()]
        for method in methods.replace("ALL", _ALL_METHODS).split(",")
    ]


ENDPOINTS: Sequence[Endpoint] = _endpoints()
"""Every method of every path, in the order of the table."""
