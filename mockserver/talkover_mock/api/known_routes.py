"""The routes that the vendor documents and the mock does not emulate: a call there is answered 501, and never 404."""

from functools import partial
from typing import NoReturn

from talkover_mock.dialect.errors import NotEmulated
from talkover_mock.web.request import MockRequest
from talkover_mock.web.routes import API, Route, Routes, shown

_ALL_METHODS = "GET,POST,PUT,PATCH,DELETE"
_UNDER_API = """
    POST                 /agents
    DELETE               /agents/<agent_id>
    GET,POST             /agents/<agent_id>/actions
    DELETE               /agents/<agent_id>/actions/<action_id>
    GET                  /agents/<agent_id>/active-call/<phone>
    PATCH                /agents/<agent_id>/advanced-settings
    POST                 /agents/<agent_id>/call
    POST,PUT,DELETE      /agents/<agent_id>/callback
    PUT                  /agents/<agent_id>/calling
    GET                  /agents/<agent_id>/calls
    POST                 /agents/<agent_id>/end-call
    GET,PUT              /agents/<agent_id>/flow
    POST                 /agents/<agent_id>/flow/validate
    GET                  /agents/<agent_id>/flow/versions
    PUT                  /agents/<agent_id>/knowledge
    GET                  /agents/<agent_id>/optimized-costs-eligibility
    GET                  /agents/<agent_id>/pricing
    GET                  /agents/<agent_id>/pricing/summary
    POST                 /agents/<agent_id>/publish
    GET,POST             /agents/<agent_id>/trainings
    DELETE               /agents/<agent_id>/trainings/<training_id>
    POST                 /agents/<agent_id>/unpublish
    PUT                  /agents/<agent_id>/voice
    GET                  /calls
    GET,POST             /campaigns
    GET,PUT,DELETE       /campaigns/<campaign_id>
    POST                 /campaigns/<campaign_id>/call
    GET,POST,PUT         /campaigns/<campaign_id>/sftp
    GET                  /campaigns/<campaign_id>/sftp/logs
    POST                 /campaigns/<campaign_id>/sftp/test-connection
    POST                 /campaigns/<campaign_id>/sftp/trigger-export
    POST                 /campaigns/<campaign_id>/sftp/trigger-import
    PATCH                /campaigns/<campaign_id>/status
    GET,POST             /campaigns/<campaign_id>/webhooks
    GET,PUT,DELETE       /campaigns/<campaign_id>/webhooks/<webhook_id>
    GET                  /campaigns/<campaign_id>/webhooks/<webhook_id>/logs
    POST                 /campaigns/<campaign_id>/webhooks/<webhook_id>/logs/<log_id>/retry
    POST                 /campaigns/<campaign_id>/webhooks/<webhook_id>/test
    PATCH                /campaigns/<campaign_id>/webhooks/<webhook_id>/toggle
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
"""Methods and paths below `/api/v1`; of the paths with a star no more is known than where they begin."""
_ELSEWHERE = "GET /api/user"


def known_routes() -> Routes:
    """The routes; each view raises NotEmulated, whatever the token."""
    routes = Routes()
    below = [line.split() for line in _UNDER_API.strip().splitlines()]
    for methods, path in [*((methods, API + path) for methods, path in below), _ELSEWHERE.split()]:
        for method in methods.replace("ALL", _ALL_METHODS).split(","):
            routes.add(Route(method, path, partial(_refuse, f"{method} {path}")))
    return routes


def _refuse(route: str, _: MockRequest, **__: str) -> NoReturn:
    raise NotEmulated(shown(route))
