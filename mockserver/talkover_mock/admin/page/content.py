"""What the page's template is given: the bar, the open tool, the webhooks, the list, and the steps of a fresh one."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from talkover_mock.admin.guard import TOKEN_HEADER, admin_token_of
from talkover_mock.admin.page import curl
from talkover_mock.admin.page.address import FILTERS, VIEWS, Address
from talkover_mock.admin.page.feed import STATUSES, feed_of
from talkover_mock.admin.page.lines import name_of
from talkover_mock.admin.page.rail import Rail, rail_of
from talkover_mock.admin.page.tools import bar_of
from talkover_mock.base.headers import masked
from talkover_mock.base.words import brief, nearest, printable
from talkover_mock.dialect.endpoints import API
from talkover_mock.dialect.events import ALL_EVENTS, EVENTS
from talkover_mock.environments.environment import Environment
from talkover_mock.state.records import Agent, Webhook
from talkover_mock.web.request import MockRequest
from talkover_mock.web.routes import ADMIN, METHODS

MOST_ENVIRONMENTS = 12
_SOMEBODY = "9fbef0b7-8d4e-4a08-9207-66c22155721d"
_WORDS = {"failed": "bad", "retrying": "wait", "pending": "wait", "captured": ""}
"""The outcomes of a webhook's latest delivery that are worth knowing, and how they stand out."""


def content_of(request: MockRequest, environment: Environment, address: Address, wrong: str) -> dict[str, Any]:
    """The variables of the template. `wrong` is what is wrong with a name in the address."""
    feed = feed_of(environment, address, request, wrong)
    rail = rail_of(environment, address, lambda webhook: _word_of(webhook, environment))
    return {
        "at": address,
        "environment": environment,
        "title": _title(environment),
        "environments": _environments(request, address.environment, request.query_value("environments") or ""),
        "find_environments": request.query_value("environments"),
        "tokens": [masked(token) for token in environment.tokens] if request.world.mask_tokens else environment.tokens,
        "api_url": request.root_url + API,
        "admin": ADMIN,
        "is_default": environment is request.world.default,
        "bar": bar_of(environment),
        "mistakes": [*address.mistakes(), *_unknown_owner(environment, address)],
        "rail": rail,
        "feed": feed,
        "views": VIEWS,
        "filters": FILTERS,
        "choices": {"method": METHODS, "status": STATUSES, "event": ALL_EVENTS, "by": ("page", "api")},
        "errors": environment.errors,
        "steps": _steps(request, environment, rail) if not feed.counts["all"] else {},
    }


def _unknown_owner(environment: Environment, address: Address) -> list[str]:
    """What is wrong with the agent whose webhooks alone the address asks for."""
    id = address.value("agent")
    known = (*environment.agent_ids(), *environment.campaign_ids())
    if not id or id in known:
        return []
    near = nearest(id, (*known, *(name_of(each, environment) for each in known)))
    return [f"no agent in environment {environment.name} has the id {brief(id)}{near}"]


def near(name: str, names: Sequence[str]) -> list[str]:
    """The names most like one that nothing has."""
    return get_close_matches(name, names, n=5, cutoff=0.4)


def _word_of(webhook: Webhook, environment: Environment) -> tuple[str, str]:
    """What is worth knowing of a webhook, if anything: its status in a fixture, else its latest delivery."""
    if webhook.in_error:
        return "status error", "bad"
    word = environment.activity.outcome_of(webhook.id) or ""
    return (word, _WORDS[word]) if word in _WORDS else ("", "")


def _environments(request: MockRequest, current: str, find: str) -> dict[str, Any]:
    """The environments, or those that a search finds: the current one, then those of failed tests, then the latest."""
    world = request.world
    latest = world.find(find.strip())[::-1]
    found = sorted(latest, key=lambda each: (each.name != current, each.name not in world.failed))
    return {
        "all": len(world.environments),
        "found": len(found),
        "shown": [
            {
                "name": each.name,
                "title": _title(each),
                "state": "any token" if each is world.default and not each.tokens else world.state_of(each),
                "is_current": each.name == current,
                "is_failed": each.name in world.failed,
            }
            for each in found[:MOST_ENVIRONMENTS]
        ],
    }


def _title(environment: Environment) -> tuple[str, str]:
    """The title in two parts: the file of a test, and its name."""
    file, mark, name = printable(environment.title or environment.name).rpartition("::")
    return file + mark, name


def _steps(request: MockRequest, environment: Environment, rail: Rail) -> Mapping[str, str]:
    """The commands to paste into a terminal while nothing has happened, with existing ids."""
    url = request.root_url
    headers = _line_headers(request, environment)
    webhooks = [each.webhook for group in rail.groups for each in group.shown if group.kind == "agent"]
    best = next((each for each in webhooks if not each.enabled), webhooks[0] if webhooks else None)
    first = next((environment.agent(id) for id in environment.agent_ids()[:1]), None)
    agent = (environment.agent(best.agent_id) if best else first) or Agent(_SOMEBODY, "My Agent")
    event = best.events[0] if best and best.events else next(iter(EVENTS))
    made = {"name": "My Webhook", "webhook_url": "http://localhost:9000/hook", "events": [event]}
    token, admin = (
        headers if environment.tokens else [curl.header("Authorization", b"Bearer talq_test"), *headers],
        url + ADMIN,
    )
    toggle = f"{url}{API}/agents/{agent.id}/webhooks/{best.id}/toggle" if best else ""
    return {
        "agent": ""
        if first
        else curl.line(
            "PATCH", f"{admin}/state", headers, {"agents": [{"id": agent.id, "name": agent.name, "webhooks": [made]}]}
        ),
        "create": "" if best or not first else curl.line("POST", f"{url}{API}/agents/{agent.id}/webhooks", token, made),
        "toggle": curl.line("PATCH", toggle, token) if best else "",
        "emit": curl.line("POST", f"{admin}/events", headers, {"agent_id": agent.id, "event": event}),
        "webhook": best.name if best else "",
        "state": "on" if best and best.enabled else "off",
    }


def _line_headers(request: MockRequest, environment: Environment) -> list[str]:
    """The headers of a command to paste; shell variables stand for tokens that the page does not show."""
    admin = [curl.from_variable(TOKEN_HEADER, "ADMIN_TOKEN")] if admin_token_of(request) else []
    tokens = environment.tokens  # once: an edited fixture may take them
    if not tokens:
        return admin
    if request.world.mask_tokens:
        return [curl.from_variable("Authorization", "TOKEN", "Bearer "), *admin]
    return [curl.header("Authorization", f"Bearer {tokens[0]}".encode()), *admin]
