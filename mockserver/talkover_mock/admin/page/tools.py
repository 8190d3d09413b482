"""The tools above the list: the state that each shows in the bar, and the fields of the one that is open."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from talkover_mock.admin import contents
from talkover_mock.admin.lines import match_texts
from talkover_mock.admin.page.actions import SCENARIO, owner_id_of
from talkover_mock.admin.page.address import TOOLS, Address
from talkover_mock.admin.page.lines import name_of, seconds, seconds_until, short, skipped_by_reason
from talkover_mock.admin.page.running import Fields
from talkover_mock.admin.problems import Problem
from talkover_mock.base.moments import to_milliseconds
from talkover_mock.base.words import number_of
from talkover_mock.deliveries.faults import ACTIONS, MATCH, NO_FAULT, DeliveryFault
from talkover_mock.deliveries.log import reason_to_skip
from talkover_mock.dialect.call_fields import CALLED
from talkover_mock.dialect.events import ALL_EVENTS, CAMPAIGN_EVENTS, EVENTS
from talkover_mock.environments.call_faults import KINDS, CallFault
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.faults import Fault
from talkover_mock.state.records import Call, CampaignId, Webhook
from talkover_mock.web.routes import METHODS

MOST_OWNERS = 50
"""Agents and campaigns that a list offers; of more of them the name or id is typed."""
NEW = "new"
"""What `edit` is for a webhook that is still to be created."""
_MOST_ACTIVE, _MOST_CALLS, _MOST_SNAPSHOTS, _MOST_FAULTS, _MOST_NAMES = 50, 10, 20, 30, 5


def bar_of(environment: Environment) -> dict[str, Any]:
    """What the bar shows of each tool."""
    clock, faults = environment.clock, environment.faults.all()
    return {
        "now": to_milliseconds(clock.moment()),
        "is_frozen": clock.is_frozen,
        "is_moved": not clock.is_frozen and bool(clock.offset),
        "faults_active": sum(not fault.spent for fault in faults),
        "snapshots": len(environment.snapshots.all()),
        "calls_active": len(environment.calls.under_way()),
    }


def panel_of(environment: Environment, address: Address, typed: Fields) -> dict[str, Any]:
    """The fields of the open tool, with what was `typed` into its form if that was refused; empty without one.

    All of them are of one moment: a reset must not take an owner or a scenario between two looks at it.
    """
    name = address.value("tool")
    tools: Mapping[str, Callable[..., dict[str, Any]]] = dict(
        zip(TOOLS, (_emit, _calls, _clock, _faults, _snapshots, lambda *_: {}, _webhook), strict=True)
    )
    asked = {each: typed.get(each) or address.value(each) for each in ("owner", "what")}
    with environment.lock:
        return {"tool": name, **tools[name](environment, address, asked)} if name in tools else {}


def owners_of(environment: Environment) -> list[tuple[str, str, str]]:
    """The kind, id and name of the agents and campaigns that a list offers; empty where there are too many."""
    ids = {"agent": environment.agent_ids(), "campaign": environment.campaign_ids()}
    if sum(map(len, ids.values())) > MOST_OWNERS:
        return []
    return [(kind, id, name_of(id, environment) or id) for kind, each in ids.items() for id in each]


def _emit(environment: Environment, _: Address, asked: Fields) -> dict[str, Any]:
    owners = owners_of(environment)
    first = next(iter(environment.agent_ids() or environment.campaign_ids()), "")
    owner, note = _owner(asked["owner"] or first, environment)
    is_campaign = environment.campaign(owner) is not None
    events: Sequence[str] = CAMPAIGN_EVENTS if is_campaign else tuple(EVENTS)
    scenarios = [] if is_campaign else list(environment.calling.scenarios)
    what = asked["what"]
    what = what if what in events or what.removeprefix(SCENARIO) in scenarios else events[0]
    return {
        "owners": owners,
        "owner": owner,
        "has_owners": bool(first),
        "events": events,
        "scenarios": scenarios,
        "what": what,
        "preview": note or _preview(environment, owner, what),
    }


def _owner(text: str, environment: Environment) -> tuple[str, str]:
    """The id of the agent or campaign that is asked for, and what is wrong with the text if it is none."""
    try:
        return (owner_id_of(text, environment) if text else ""), ""
    except Problem as problem:
        return text, problem.detail


def _preview(environment: Environment, owner: str, what: str) -> str:
    """Whom an event would reach, and who would be skipped and why."""
    if not owner:
        return ""
    if what.startswith(SCENARIO):
        steps = environment.calling.scenarios[what.removeprefix(SCENARIO)]
        total = sum(step.after for step in steps)
        return f"Places a call and emits {number_of(len(steps), 'event')} within {seconds(total)}."
    owner_id = CampaignId(owner) if environment.campaign(owner) else owner
    _, _, webhooks = environment.webhooks.hearing(owner_id)
    if not webhooks:
        return "There are no webhooks that could get it."
    reached = [each.name for each in webhooks if not reason_to_skip(each, what)]
    skipped = skipped_by_reason([(each, reason) for each in webhooks if (reason := reason_to_skip(each, what))])
    text = f"Would reach {len(reached)} of {number_of(len(webhooks), 'webhook')}"
    text += f": {_few(reached)}." if reached else "."
    return f"{text} Skipped: {'; '.join(skipped)}." if skipped else text


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


def _calls(environment: Environment, *_: object) -> dict[str, Any]:
    latest, total = environment.calls.latest(_MOST_CALLS)
    calls = {call.id: call for call in (*environment.calls.under_way()[:_MOST_ACTIVE], *latest)}.values()
    owners = [each for each in owners_of(environment) if each[0] == "agent"]
    return {"calls": [_call(call, environment) for call in calls], "total": total, "owners": owners, "called": CALLED}


def _call(call: Call, environment: Environment) -> dict[str, Any]:
    at, today = to_milliseconds(call.created_at), to_milliseconds(environment.clock.moment())[:10]
    time = at[11:19] if at.startswith(today) else f"{at[:10]} {at[11:19]}"
    agent = name_of(call.agent_id, environment) or short(call.agent_id)
    return {**call.shown(), "agent_id": call.agent_id, "agent": agent, "time": time, "is_active": call.is_active}


def _clock(environment: Environment, *_: object) -> dict[str, Any]:
    due = min(environment.deliveries.due_times().values(), default=None)
    until = seconds_until(due, environment) if due and environment.clock.is_frozen else None
    return {"due_in": until, "due_text": seconds(until or 0)}


def _faults(environment: Environment, address: Address, _: Fields) -> dict[str, Any]:
    found = environment.faults.all()
    shown = [_fault(fault, environment) for fault in found[-_MOST_FAULTS:]]
    return {
        "faults": sorted(shown, key=lambda each: bool(each["is_spent"])),
        "more": len(found) - len(shown),
        "on_calls": KINDS,
        "on_deliveries": list(ACTIONS),
        "methods": METHODS,
        "events": ALL_EVENTS,
        "stubs": environment.stubs.all(),
        "given": {name: address.value(name) for name in ("fault_method", "fault_path", "fault_event", "fault_webhook")},
    }


def _fault(fault: Fault[Any], environment: Environment) -> dict[str, Any]:
    is_on_deliveries = isinstance(fault.spec, DeliveryFault)
    what, where = _on_delivery(fault.spec, environment) if is_on_deliveries else _on_call(fault.spec)
    limits = fault.limits
    often = f"used up: {fault.struck} of {limits.times}" if fault.spent else f"used {fault.struck} of {limits.times}"
    details = [
        often if limits.times else f"used {number_of(fault.struck, 'time')}, no limit",
        f"after {limits.after}" if limits.after else "",
        f"with probability {limits.probability:g}" if limits.probability < 1 else "",
    ]
    return {
        "id": fault.id,
        "view": "deliveries" if is_on_deliveries else "requests",
        "what": what,
        "where": where,
        "used": ", ".join(filter(None, details)),
        "struck": fault.struck,
        "is_spent": fault.spent,
    }


def _on_call(spec: CallFault) -> tuple[str, str]:
    answer = f"respond {spec.respond.status}" if spec.respond else f"delay {spec.delay_seconds:g} s"
    details = [
        spec.preset or spec.action or answer,
        f"delay {spec.delay_seconds:g} s" if spec.delay_seconds and spec.replaces else "",
        "applied" if spec.apply else "",
    ]
    where = " ".join(filter(None, [spec.method, short(spec.path or ""), *match_texts(contents.present(spec.content))]))
    return ", ".join(filter(None, details)), f"calls, {where}" if where else "any call"


def _on_delivery(spec: DeliveryFault, environment: Environment) -> tuple[str, str]:
    given: Mapping[str, Any] = {name: value for name in MATCH if (value := getattr(spec, name)) is not None}
    words = {name: name_of(str(value), environment) or short(str(value)) for name, value in given.items()}
    match = [f"{name.removesuffix('_id')} {text}" for name, text in words.items()]
    match += match_texts(contents.present(spec.content))
    details = [
        (name, value) for name in ACTIONS[spec.action] if (value := getattr(spec, name)) != getattr(NO_FAULT, name)
    ]
    texts = [name if value is True else f"{name} {value:g}" for name, value in details]
    return ", ".join([spec.action, *texts]), f"deliveries, {', '.join(match)}" if match else "any delivery"


def _snapshots(environment: Environment, *_: object) -> dict[str, Any]:
    found = environment.snapshots.all()
    latest = sorted(found, key=lambda each: each.taken_at, reverse=True)[:_MOST_SNAPSHOTS]
    shown = [{"name": each.name, "at": to_milliseconds(each.taken_at)} for each in latest]
    return {"snapshots": shown, "more": len(found) - len(shown)}


def _webhook(environment: Environment, address: Address, asked: Fields) -> dict[str, Any]:
    """The form of a webhook to edit, or of a new one at an agent or campaign."""
    edit = address.value("edit")
    webhook: Webhook | None = environment.webhook(edit)
    if webhook is None and edit not in ("", NEW):
        return {"is_gone": True}
    first = next(iter(environment.agent_ids() or environment.campaign_ids()), "")
    owner = webhook.owner_id if webhook else _owner(asked["owner"] or first, environment)[0]
    owners = [] if webhook else owners_of(environment)
    is_campaign = environment.campaign(owner) is not None
    known = dict.fromkeys((*(CAMPAIGN_EVENTS if is_campaign else EVENTS), *(webhook.events if webhook else ())))
    return {
        "webhook": webhook,
        "owners": owners,
        "owner": owner,
        "owner_name": name_of(owner, environment),
        "events": list(known),
        "is_campaign": is_campaign,
    }
