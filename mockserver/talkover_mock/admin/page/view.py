"""Prepares records for the page: in the words and shapes that its templates show."""

import json
import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from talkover_mock.admin.page import curl
from talkover_mock.admin.page.contents import Contents
from talkover_mock.admin.page.signatures import check
from talkover_mock.admin.routes import deliveries, faults, requests
from talkover_mock.base.headers import masked
from talkover_mock.base.moments import to_milliseconds
from talkover_mock.base.words import number_of
from talkover_mock.deliveries.faults import ACTIONS, MATCH, DeliveryFault
from talkover_mock.deliveries.records import Delivery
from talkover_mock.dialect.call_fields import CALLED
from talkover_mock.dialect.endpoints import API
from talkover_mock.dialect.events import EVENTS
from talkover_mock.environments.call_faults import CallFault
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.faults import Fault
from talkover_mock.environments.journal import Exchange
from talkover_mock.state.records import Call
from talkover_mock.web.routes import ADMIN

MOST_SHOWN = 8_000
"""Characters of a body that the page shows; the admin routes have the whole body."""
_MOST_PARSED = 256 * 1024
_UUID = re.compile(r"\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE)
_SOMEBODY = "9fbef0b7-8d4e-4a08-9207-66c22155721d"


def view_of(contents: Contents, environment: Environment, url: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """The template's variables. `headers` are the headers of commands to paste."""
    names = {webhook.id: webhook.name for _, webhooks in contents.agents for webhook in webhooks}
    return {
        "environment": environment.name,
        "environments": contents.environments,
        "tokens": [masked(token) for token in environment.tokens],
        "agents": contents.agents,
        "more_agents": contents.agents_in_all - len(contents.agents),
        "more_webhooks": contents.more_webhooks,
        "exchanges": [_exchange(each, url) for each in contents.exchanges],
        "exchanges_in_all": contents.exchanges_in_all,
        "deliveries": [_delivery(each, environment, names) for each in contents.deliveries],
        "deliveries_in_all": contents.deliveries_in_all,
        "calls": [_call(call, environment) for call in contents.calls],
        "calls_in_all": contents.calls_in_all,
        "scenarios": contents.scenarios,
        "faults": [_fault(fault) for fault in contents.faults],
        "snapshots": [{"name": each.name, "at": to_milliseconds(each.taken_at)} for each in contents.snapshots],
        "more_snapshots": contents.more_snapshots,
        "now": to_milliseconds(contents.now),
        "is_frozen": contents.is_frozen,
        "errors": contents.errors,
        "events": EVENTS,
        "lines": _lines(contents, url, headers),
    }


def _lines(contents: Contents, url: str, headers: Mapping[str, str]) -> dict[str, str]:
    """The commands to paste into a terminal while a section is empty, with existing ids."""
    webhooks = [webhook for _, each in contents.agents for webhook in each]
    best = next((webhook for webhook in webhooks if webhook.enabled), webhooks[0] if webhooks else None)
    agent_id = best.agent_id if best else contents.agents[0][0].id if contents.agents else _SOMEBODY
    webhook = {"name": "My Webhook", "webhook_url": f"{url}{API}/health", "events": [next(iter(EVENTS))]}
    event = best.events[0] if best else next(iter(EVENTS))
    admin, token = url + ADMIN, {"Authorization": "Bearer talq_test", **headers}
    toggle = f"{url}{API}/agents/{agent_id}/webhooks/{best.id}/toggle" if best else f"{url}{API}/agents"
    agents = {"agents": [{"id": agent_id, "name": "My Agent", "webhooks": [webhook]}]}
    return {
        "agents": curl.line("PATCH", f"{admin}/state", headers, agents),
        "webhooks": curl.line("POST", f"{url}{API}/agents/{agent_id}/webhooks", token, webhook),
        "requests": curl.line("PATCH" if best else "GET", toggle, token),
        "deliveries": curl.line("POST", f"{admin}/events", headers, {"agent_id": agent_id, "event": event}),
        "calls": curl.line("POST", f"{url}{API}/agents/{agent_id}/call", token, {"to": CALLED}),
        "faults": curl.line("POST", f"{admin}/faults", headers, {"preset": "server_error", "times": 1}),
        "snapshots": curl.line("PUT", f"{admin}/snapshots/before", headers),
    }


def _exchange(exchange: Exchange, url: str) -> dict[str, Any]:
    shown: dict[str, Any] = {**requests.present(exchange)}
    sides = {name: shown[name] and _with_body(shown[name]) for name in ("request", "response")}
    return {**shown, **sides, "time": _time(shown["at"]), "short": short(shown["path"]), "curl": curl.again(shown, url)}


def _delivery(attempts: Sequence[Delivery], environment: Environment, names: Mapping[str, str]) -> dict[str, Any]:
    """The row for all attempts to send one event to one webhook; its status is that of the latest attempt."""
    first, last = attempts[0], attempts[-1]
    webhook = environment.webhook(first.webhook_id)
    is_of_campaign = webhook is not None and webhook.campaign_id is not None
    return {
        "id": first.occurrence.id + "." + first.webhook_id,
        "event": first.occurrence.event,
        "agent_id": first.occurrence.agent_id,
        "webhook_id": first.webhook_id,
        "webhook": names.get(first.webhook_id, first.webhook_id),
        "time": _time(to_milliseconds(first.created_at)),
        "status": last.status,
        "attempts": [_attempt(each, first, environment) for each in attempts],
        "retriable": last.id if last.status == "failed" and not (last.is_test or is_of_campaign) else None,
    }


def _attempt(delivery: Delivery, first: Delivery, environment: Environment) -> dict[str, Any]:
    shown: dict[str, Any] = {**deliveries.present(delivery)}
    for side in ("request", "response"):
        if shown[side]:
            headers = {name: requests.shown_header(name, value) for name, value in shown[side]["headers"].items()}
            shown[side] = {**_with_body(shown[side]), "headers": headers}
    after = (delivery.created_at - first.created_at).total_seconds()
    return {
        **shown,
        "time": _time(shown["created_at"]),
        "after": f"+{after:,.0f} s" if after >= 1 else "at once",
        "check": check(delivery, environment),
    }


def _with_body(side: Mapping[str, Any]) -> dict[str, Any]:
    """A side of an exchange with its body as text; `pretty` is a JSON body with indentation, else empty."""
    text = side["body"] or ""
    return {
        **side,
        "text": text[:MOST_SHOWN],
        "pretty": _pretty(text),
        "is_text": side["body"] is not None,
        "is_cut": len(text) > MOST_SHOWN or side.get("body_cut", False),
    }


def _pretty(text: str) -> str:
    """The beginning of a JSON body with indentation; empty for another body, and for a large one."""
    try:
        found = json.loads(text) if len(text) <= _MOST_PARSED else None
    except (ValueError, RecursionError):
        return ""
    if not isinstance(found, (dict, list)):
        return ""
    parts = json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(found)
    return "".join(islice(parts, MOST_SHOWN))[:MOST_SHOWN]


def _call(call: Call, environment: Environment) -> dict[str, Any]:
    agent = environment.agent(call.agent_id)
    time = _time(to_milliseconds(call.created_at))
    return {
        **call.shown(),
        "agent_id": call.agent_id,
        "agent": agent and agent.name,
        "time": time,
        "is_active": call.is_active,
    }


def _fault(fault: Fault[Any]) -> dict[str, Any]:
    shown = faults.present(fault)
    limits = fault.limits
    often = [
        f"after {limits.after}" if limits.after else "",
        number_of(limits.times, "time") if limits.times else "every time",
        f"with probability {limits.probability:g}" if limits.probability < 1 else "",
    ]
    what, where, details = (_on_deliveries if isinstance(fault.spec, DeliveryFault) else _on_calls)(fault.spec)
    return {**shown, "what": what, "where": where, "limits": ", ".join(filter(None, [*often, *details]))}


def _on_calls(spec: CallFault) -> tuple[str, str, list[str]]:
    """What the fault does and where, and details in words."""
    answer = f"respond {spec.respond.status}" if spec.respond else f"delay {spec.delay_seconds:g} s"
    details = [
        f"delay {spec.delay_seconds:g} s" if spec.delay_seconds and spec.replaces else "",
        "after the operation" if spec.apply else "",
    ]
    where = f"{spec.method or 'any method'} {short(spec.path) if spec.path else 'any path'}"
    return spec.preset or spec.action or answer, where, details


def _on_deliveries(spec: DeliveryFault) -> tuple[str, str, list[str]]:
    """The same of a fault on deliveries."""
    match = [f"{name} {short(str(value))}" for name in MATCH if (value := getattr(spec, name)) is not None]
    details = [(name, getattr(spec, name)) for name in ACTIONS[spec.action]]
    words = [name if value is True else f"{name} {value:g}" for name, value in details if value]
    return spec.action, f"deliveries, {', '.join(match) or 'any'}", words


def short(path: str) -> str:
    """The path with every UUID cut to its first eight digits."""
    return _UUID.sub(r"\1…", path)


def _time(milliseconds: str) -> str:
    """The time of day of a moment: `23:50:15.000`."""
    return milliseconds[11:-1]
