"""The actions of the page's buttons: the operation of each, its body from the form's fields, and what it tells."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from talkover_mock.admin.page.running import Action, Fields
from talkover_mock.admin.problems import Problem
from talkover_mock.admin.routes import faults
from talkover_mock.base.words import brief, near_word, number_of
from talkover_mock.dialect.endpoints import API
from talkover_mock.dialect.events import ALL_EVENTS
from talkover_mock.environments.call_faults import DELAY, PRESETS
from talkover_mock.environments.environment import Environment
from talkover_mock.state.records import Agent, Campaign, Webhook
from talkover_mock.web.routes import ADMIN

SCENARIO = "scenario:"
"""What stands before the name of a scenario where a form offers events and scenarios."""
EVENT_BOX = "event:"
"""What stands before the name of an event in the name of its checkbox."""
_COUNTS = ("matched", "struck", "id")
_OWNED = API + "/{owners}/{owner_id}/webhooks"


def found_id(
    text: str, kind: str, environment: Environment, records: Sequence[Agent | Campaign | Webhook | None]
) -> str:
    """The id of the record that a person means by its id or its name. Raises Problem 422 with the nearest names."""
    wanted, there = text.strip(), [each for each in records if each]
    if any(each.id == wanted for each in there):
        return wanted
    named = [each for each in there if each.name.lower() == wanted.lower()]
    if len(named) == 1:
        return named[0].id
    if named:
        ids = ", ".join(each.id for each in named[:5])
        raise Problem(422, "Several have the name", f"{len(named)} {kind}s are named {brief(wanted)}: {ids}")
    near = near_word(wanted, [each.name for each in there])
    hint = f"; did you mean {near}?" if near else ""
    raise Problem(422, "No such name", f"no {kind} in environment {environment.name} is named {brief(wanted)}{hint}")


def webhook_id_of(text: str, environment: Environment) -> str:
    """The id of the webhook that a person means. Raises Problem 422."""
    if environment.webhook(text.strip()):
        return text.strip()
    owners = (*environment.agent_ids(), *environment.campaign_ids())
    records = [environment.webhook(id) for owner in owners for id in environment.webhook_ids(owner)]
    return found_id(text, "webhook", environment, records)


def owner_id_of(text: str, environment: Environment) -> str:
    """The id of the agent or campaign that a person means. Raises Problem 422."""
    agents = [environment.agent(id) for id in environment.agent_ids()]
    return found_id(text, "agent", environment, [*agents, *map(environment.campaign, environment.campaign_ids())])


def agent_id_of(text: str, environment: Environment) -> str:
    """The id of the agent that a person means. Raises Problem 422."""
    return found_id(text, "agent", environment, [environment.agent(id) for id in environment.agent_ids()])


def _json(fields: Fields, name: str) -> Any:
    """The JSON of a field; None when the field is empty. Raises Problem 422."""
    text = fields.get(name, "").strip()
    if not text:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Problem(422, "Not JSON", f"{name} is not JSON: {error}") from None


def _event(fields: Fields, environment: Environment) -> dict[str, Any]:
    owner_id = owner_id_of(fields.get("owner", ""), environment)
    owner = {"campaign_id" if environment.campaign(owner_id) else "agent_id": owner_id}
    return {**owner, "event": fields.get("what"), **_payload(fields, "call", "context", "data")}


def _emitted(answer: dict[str, Any], fields: Fields) -> str:
    skipped = len(answer["skipped"])
    passed = f"; {number_of(skipped, 'webhook')} skipped" if skipped else ""
    return f"{fields['what']} goes to {number_of(len(answer['deliveries']), 'webhook')}{passed}."


def _played(fields: Fields, environment: Environment) -> dict[str, Any]:
    """The body of a scenario. Raises Problem 422 for further data, which only an event takes."""
    if _json(fields, "data") is not None:
        raise Problem(422, "No data", "a scenario takes no data: its events have their own; leave the field empty")
    return {"agent_id": agent_id_of(fields.get("owner", ""), environment), **_payload(fields, "call", "context")}


def _payload(fields: Fields, *names: str) -> dict[str, Any]:
    """The payload options that are filled in, and the id of the call among them."""
    given = {name: value for name in names if (value := _json(fields, name)) is not None}
    if call_id := fields.get("call_id", "").strip():
        call = given.setdefault("call", {})
        if isinstance(call, dict):
            call["id"] = call_id
    return given


def _reset(answer: dict[str, Any], _: Fields) -> str:
    note = f" {answer['note']}." if "note" in answer else ""
    return f"Environment {answer['environment']} is reset to its fixture.{note}"


def _limits(fields: Fields) -> dict[str, Any]:
    return {name: value for name in ("times", "after") if (value := _json(fields, name)) is not None}


def _matched(**given: str | None) -> dict[str, Any]:
    return {"match": match} if (match := {name: value for name, value in given.items() if value}) else {}


def _call_fault(fields: Fields, _: Environment) -> dict[str, Any]:
    what, seconds = fields.get("what", ""), _json(fields, "seconds")
    if what == DELAY and not seconds:
        raise Problem(422, "No delay", "a delay needs its seconds; fill in Seconds")
    kind = {} if what == DELAY else {"preset" if what in PRESETS else "action": what}
    delay = {"delay_seconds": seconds} if seconds is not None else {}
    match = _matched(method=fields.get("fault_method"), path=fields.get("fault_path", "").strip())
    return {**kind, **match, **delay, **_limits(fields), **({"apply": True} if fields.get("apply") else {})}


def _delivery_fault(fields: Fields, environment: Environment) -> dict[str, Any]:
    webhook, what, seconds = fields.get("fault_webhook", ""), fields.get("what"), _json(fields, "seconds")
    match = _matched(
        event=fields.get("fault_event"), webhook_id=webhook_id_of(webhook, environment) if webhook else None
    )
    detail = {"seconds" if what == "skewed" else "delay_seconds": seconds} if seconds is not None else {}
    return {"on": "deliveries", "action": what, **match, **detail, **_limits(fields)}


def _same_fault(fields: Fields, environment: Environment) -> dict[str, Any]:
    found = [fault for fault in environment.faults.all() if fault.id == fields.get("id")]
    if not found:
        raise Problem(404, "No such fault", f"no fault has the id {brief(fields.get('id'))}")
    return {name: value for name, value in faults.present(found[0]).items() if name not in _COUNTS}


def _webhook(fields: Fields, _: Environment) -> dict[str, Any]:
    """The fields of a webhook's form. An empty secret is no change: the page does not show secrets."""
    texts = {name: fields[name].strip() for name in ("name", "webhook_url") if name in fields}
    secret = {"webhook_secret": fields["webhook_secret"]} if fields.get("webhook_secret") else {}
    numbers = {name: value for name in ("timeout", "max_retries") if (value := _json(fields, name)) is not None}
    events = [event for event in ALL_EVENTS if EVENT_BOX + event in fields]
    return {**texts, **secret, **numbers, "events": events}


def _stub(fields: Fields, _: Environment) -> dict[str, Any]:
    body = _json(fields, "body")
    given = {"method": fields.get("fault_method"), "path": fields.get("path", "").strip()}
    return {**given, "status": _json(fields, "status"), **({"body": body} if body is not None else {})}


def _with_name(fields: Fields, environment: Environment) -> Fields:
    webhook = environment.webhook(fields.get("webhook_id", ""))
    return {**fields, "name": webhook.name if webhook else ""}


def _is_so(fields: Fields, environment: Environment) -> str:
    """Whether a switch already is as it is wished: a page that is old must not turn it the wrong way."""
    webhook = environment.webhook(fields.get("webhook_id", ""))
    wished = {"on": True, "off": False}.get(fields.get("wished", ""))
    if webhook is None or wished is not webhook.enabled:
        return ""
    return f"{webhook.name} is {fields['wished']} already."


def _with_owner(fields: Fields, environment: Environment) -> Fields:
    owner_id = owner_id_of(fields.get("owner", ""), environment)
    return {**fields, "owners": "campaigns" if environment.campaign(owner_id) else "agents", "owner_id": owner_id}


def _added(answer: dict[str, Any], _: Fields) -> str:
    return f"{answer['id']} is added."


def _webhook_changed(_: dict[str, Any], fields: Fields) -> str:
    return f"{fields.get('name', 'The webhook')} is saved."


ACTIONS: Mapping[str, Action] = {
    "toggle": Action(
        "PATCH",
        _OWNED + "/{webhook_id}/toggle",
        lambda said, fields: f"{fields['name']} is {'on' if said['data']['enabled'] else 'off'}.",
        complete=_with_name,
        done=_is_so,
    ),
    "edit": Action("PATCH", ADMIN + "/webhooks/{webhook_id}", _webhook_changed, _webhook),
    "create": Action(
        "POST", _OWNED, lambda said, _: f"{said['data']['name']} is created.", _webhook, complete=_with_owner
    ),
    "emit": Action("POST", ADMIN + "/events", _emitted, _event),
    "play": Action(
        "POST",
        ADMIN + "/scenarios/{name}/play",
        lambda said, _: (
            f"{said['scenario']} is played: {number_of(len(said['events']), 'event')} in {said['seconds']:g} s."
        ),
        _played,
    ),
    "place_call": Action(
        "POST",
        API + "/agents/{agent_id}/call",
        lambda _, fields: f"A call to {fields.get('to')} is placed.",
        lambda fields, _: {"to": fields.get("to", "").strip()},
        complete=lambda fields, environment: {**fields, "agent_id": agent_id_of(fields["agent_id"], environment)},
    ),
    "end_call": Action(
        "POST",
        API + "/agents/{agent_id}/end-call",
        lambda said, _: f"The call is ended; its status is {said['data']['status']}.",
        lambda fields, _: {"call_sid": fields.get("call_id")},
    ),
    "redeliver": Action(
        "POST",
        ADMIN + "/deliveries/{id}/redeliver",
        lambda said, fields: f"{said['event']} is {'replayed' if fields.get('replay') else 'redelivered'}.",
        lambda fields, _: {"replay": True} if fields.get("replay") else {},
    ),
    "add_call_fault": Action("POST", ADMIN + "/faults", _added, _call_fault),
    "add_delivery_fault": Action("POST", ADMIN + "/faults", _added, _delivery_fault),
    "add_again": Action("POST", ADMIN + "/faults", _added, _same_fault),
    "remove_fault": Action("DELETE", ADMIN + "/faults/{id}", lambda _, fields: f"{fields['id']} is removed."),
    "add_stub": Action(
        "POST", ADMIN + "/stubs", lambda said, _: f"The stub of {said['method']} {said['path']} is added.", _stub
    ),
    "remove_stub": Action(
        "DELETE",
        ADMIN + "/stubs",
        lambda _, fields: f"The stub of {fields['stub_method']} {fields['stub_path']} is removed.",
        query={"method": "stub_method", "path": "stub_path"},
    ),
    "remove_stubs": Action(
        "DELETE", ADMIN + "/stubs", lambda said, _: f"{number_of(said['removed'], 'stub')} removed."
    ),
    "freeze": Action(
        "PUT",
        ADMIN + "/clock",
        lambda said, _: f"The clock is frozen at {said['now']}.",
        lambda fields, _: {"now": fields.get("now", "").strip() or None},
    ),
    "advance": Action(
        "POST",
        ADMIN + "/clock/advance",
        lambda said, _: f"The clock is advanced to {said['now']}.",
        lambda fields, _: {"seconds": _json(fields, "seconds")},
    ),
    "unfreeze": Action("DELETE", ADMIN + "/clock", lambda _said, _: "The clock is unfrozen: it shows the real time."),
    "take_snapshot": Action("PUT", ADMIN + "/snapshots/{name}", lambda said, _: f"Snapshot {said['name']} is taken."),
    "restore_snapshot": Action(
        "POST", ADMIN + "/snapshots/{name}/restore", lambda said, _: f"Snapshot {said['name']} is restored."
    ),
    "delete_snapshot": Action(
        "DELETE", ADMIN + "/snapshots/{name}", lambda said, _: f"Snapshot {said['name']} is deleted."
    ),
    "clear_requests": Action(
        "DELETE", ADMIN + "/requests", lambda said, _: f"{number_of(said['deleted'], 'request')} cleared."
    ),
    "clear_deliveries": Action(
        "DELETE",
        ADMIN + "/deliveries",
        lambda said, _: f"{number_of(said['deleted'], 'attempt')} cleared.",
    ),
    "reset": Action("POST", ADMIN + "/reset", _reset),
    "close": Action("DELETE", ADMIN + "/environments/{name}", lambda said, _: f"Environment {said['name']} is closed."),
}


def chosen(name: str, fields: Fields) -> tuple[str, Fields]:
    """The action that a form means: one form emits events and plays scenarios."""
    what = fields.get("what", "")
    if name == "emit" and what.startswith(SCENARIO):
        return "play", {**fields, "name": what.removeprefix(SCENARIO)}
    return name, fields
