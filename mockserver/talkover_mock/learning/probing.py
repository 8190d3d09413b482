"""Asks the probes of conformance.yaml of any server, with ids that it finds there or on a webhook that it makes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import requests

from talkover_mock.base.words import digits
from talkover_mock.dialect.behaviours import ABSENT, Ask, Behaviour, Conformance, Expected, Probe
from talkover_mock.dialect.shapes import Difference, differences, is_type
from talkover_mock.learning.asking import (
    PLACEHOLDER,
    RIGHT_ROOT,
    UNKNOWN,
    AskedServer,
    CannotRun,
    Reply,
    asking,
    data_of,
    filled,
    hint_at,
    records,
    segment,
)

_NOBODYS = "talq_nobody_has_this_token"
_MOST_LOOKED_AT = 20
SCRATCH_NAME = "talkover-mock conformance"
_SCRATCH = {
    "name": SCRATCH_NAME,
    "webhook_url": "https://conformance.invalid/",
    "events": ["event_action"],
    "enabled": False,
}
"""The webhook that the writing probes are asked on: no event gets to its URL, whose name exists nowhere."""


class Result(NamedTuple):
    """How a probe ended: with its differences, or left out with the reason.

    `fits_page` says that what came is what a page shows that the mock does not follow.
    """

    behaviour: Behaviour
    probe: Probe
    differences: Sequence[Difference]
    left_out: str = ""
    came: Reply | None = None
    fits_page: bool = False


class Found(NamedTuple):
    """The ids for the probes, which kinds of server this is, and the sentences that say how that was found."""

    ids: Mapping[str, str]
    kinds: frozenset[str]
    said: Sequence[str]


def look_around(server: AskedServer) -> Found:
    """Finds an agent with a webhook and, if it can, a log entry. Raises CannotRun for a token that opens nothing."""
    listed = server.ask(asking("GET", "/agents?per_page=100"), {})
    if listed.status != requests.codes.ok:
        raise CannotRun(f"GET /agents is answered {listed.status}{hint_at(listed)}")
    data = data_of(listed)
    if not isinstance(data, list):
        raise CannotRun(f"GET /agents is answered {listed.status} without a list as data: {RIGHT_ROOT}")
    agents = [str(agent["id"]) for agent in records(data)][:_MOST_LOOKED_AT]
    wrong = server.ask(asking("GET", "/agents", Authorization=f"Bearer {_NOBODYS}"), {})
    closed = {"closed"} if wrong.status == requests.codes.unauthorized else set()
    campaign, of_campaign = _campaign(server)
    owned = [(agent, webhook) for agent in agents for webhook in _webhooks_of(server, "agents", agent)]
    looked = owned[:_MOST_LOOKED_AT]
    if not looked:
        alone = f"agent {agents[0]}: the first of GET /agents; none has a webhook" if agents else "GET /agents has none"
        return Found({**({"agent": agents[0]} if agents else {}), **campaign}, frozenset(closed), [alone, *of_campaign])
    logged = next((pair for pair in looked if records(server.read(f"{_path(*pair)}/logs?per_page=1"))), None)
    agent, webhook = logged or looked[0]
    why = "the first whose log has an entry" if logged else f"the first; no log of {len(looked)} webhooks has an entry"
    said = [f"agent {agent}, of GET /agents", f"webhook {webhook}, of its webhooks: {why}"]
    ids, kinds = {"agent": agent, "webhook": webhook, **campaign}, frozenset(closed | ({"log"} if logged else set()))
    return Found(ids, kinds, [*said, *of_campaign])


def _campaign(server: AskedServer) -> tuple[dict[str, str], list[str]]:
    """The ids of a campaign and, if one has any, of its webhook, and the sentence that says how they were found."""
    listed = records(server.read("/campaigns?per_page=100"))[:_MOST_LOOKED_AT]
    ids = [str(campaign["id"]) for campaign in listed]
    for id in ids:
        if webhooks := _webhooks_of(server, "campaigns", id):
            said = f"campaign {id}, of GET /campaigns, with webhook {webhooks[0]}"
            return {"campaign": id, "campaignwebhook": webhooks[0]}, [said]
    none = "the first of GET /campaigns; none has a webhook"
    return ({"campaign": ids[0]}, [f"campaign {ids[0]}: {none}"]) if ids else ({}, [])


def check_agent(server: AskedServer, agent: str) -> None:
    """Raises CannotRun for an agent that the server does not have, before any probe is asked in vain."""
    came = server.ask(asking("GET", _webhooks_path("agents", agent)), {})
    if came.status != requests.codes.ok:
        raise CannotRun(f"no webhook can be made at agent {agent}: its webhooks are answered {came.status}")


@contextmanager
def scratch(server: AskedServer, agent: str) -> Iterator[dict[str, str]]:
    """Makes a webhook at an agent for the writing probes, and deletes it after them. Raises CannotRun."""
    creation = asking("POST", _webhooks_path("agents", agent), json.dumps(_SCRATCH))
    before: list[str] | None = None
    server.is_writing = True
    try:
        before = _named_as_scratch(server, agent)
        came, id = _asked_of(server, agent, creation, {})
        if not id:
            without = " without the id of one" if server.is_unsure else ""
            raise CannotRun(f"no webhook can be made at agent {agent}: the answer is {came.status}{without}")
        yield {"agent": agent, "webhook": id}
    finally:
        _look_for_lost(server, agent, before)
        _delete_made(server)
        server.is_writing = False


def _look_for_lost(server: AskedServer, agent: str, before: Sequence[str] | None) -> None:
    """Notes the webhooks that were made though no id of theirs came: those that are new, by their name."""
    found = _named_as_scratch(server, agent) if server.is_unsure and before is not None else None
    if before is not None and found is not None:
        server.made += [path for path in found if path not in (*before, *server.made)]
        server.is_unsure = False


def _named_as_scratch(server: AskedServer, agent: str) -> list[str] | None:
    """The paths of an agent's webhooks that have the name of all that probes make; None where they can't be listed."""
    try:
        data = data_of(server.ask(asking("GET", _webhooks_path("agents", agent)), {}, even_stopped=True))
    except (CannotRun, KeyboardInterrupt):
        return None
    listed = data.get("webhooks") if isinstance(data, dict) else None
    if not isinstance(listed, list):
        return None
    return [_path(agent, str(each["id"])) for each in records(listed) if each.get("name") == SCRATCH_NAME]


def _delete_made(server: AskedServer, *, but: int = 0) -> None:
    """Deletes the webhooks that were made, the latest first; those that can't be deleted stay in `server.made`."""
    for path in reversed(server.made[but:]):
        try:
            came = server.ask(asking("DELETE", path), {}, even_stopped=True)
        except (CannotRun, KeyboardInterrupt):
            continue
        if came.status // 100 == 2 or came.status == requests.codes.not_found:
            server.made.remove(path)


def run(
    server: AskedServer, conformance: Conformance, ids: Mapping[str, str], kinds: frozenset[str], *, writing: bool
) -> Iterator[Result]:
    """Asks the probes that read, or those that write; of these, deletes every webhook that they create."""
    for behaviour in conformance.behaviours:
        for probe in behaviour.probes:
            if probe.reads is not writing:
                why = _why_left_out(probe, ids, kinds)
                asked = None if why else _asked(server, conformance.shapes, behaviour, probe, ids)
                yield asked or Result(behaviour, probe, (), why)


def _why_left_out(probe: Probe, ids: Mapping[str, str], kinds: frozenset[str]) -> str:
    """Why a probe can't be asked of this server; empty when it can."""
    known = {*ids, "unknown", "token", "made"}
    missing = next((name for name in PLACEHOLDER.findall(probe.ask.path) if name not in known), None)
    if missing or (probe.needs and probe.needs not in kinds):
        return _WHY_LEFT_OUT[probe.needs or str(missing)]
    return ""


def _asked(
    server: AskedServer, shapes: Mapping[str, Any], behaviour: Behaviour, probe: Probe, ids: Mapping[str, str]
) -> Result:
    names, agent, before = dict(ids), ids.get("agent", ""), len(server.made)
    try:
        for each in probe.first:
            _, made = _asked_of(server, agent, each, ids)
            names |= {"made": made} if made else {}
        came, _ = _asked_of(server, agent, probe.ask, names)
    finally:
        _delete_made(server, but=before)
    fits_page = probe.page is not None and not compared(came, probe.page, shapes, names)
    differing = compared(came, probe.expected, shapes, names)
    return Result(behaviour, probe, differing, came=came, fits_page=fits_page)


_WHY_LEFT_OUT = {
    "closed": "this server takes any token",
    "log": "no log has an entry",
    "agent": "there is no agent",
    "webhook": "no agent has a webhook",
    "campaign": "there is no campaign",
    "campaignwebhook": "no campaign has a webhook",
}
"""By the kind of server or the id that a probe needs."""


def compared(came: Reply, expected: Expected, shapes: Mapping[str, Any], names: Mapping[str, str]) -> list[Difference]:
    """The differences between an answer and what is expected of it."""
    found: list[Difference] = []
    if came.status != expected.status:
        found.append(Difference("status", str(expected.status), str(came.status)))
    for name, value in expected.headers.items():
        found += _of_header(name, value, came.headers.get(name))
    if expected.body == "" and came.text:
        found.append(Difference("body", "none", "one"))
    elif expected.body not in ("", ABSENT):
        found += _of_body(_with_names(expected.body, {"unknown": UNKNOWN, **names}), came.document(), shapes)
    if expected.layout and came.text.replace("\\/", "/") != _laid_out(came.parsed(), expected.layout):
        found.append(Difference("body", f"{expected.layout} JSON", "another layout"))
    if expected.lacks and expected.lacks in came.text:
        found.append(Difference("body", f"no {expected.lacks!r} in it", "it is there"))
    return found


def _of_header(name: str, expected: str | None, came: str | None) -> list[Difference]:
    place = f"header {name}"
    if expected is None or came is None:
        wanted = "none" if expected is None else "one"
        return [] if expected == came else [Difference(place, wanted, "none" if came is None else "one")]
    if is_type(expected):
        number = digits(came)
        return differences(expected, came if number is None else number, {}, place)
    return [] if came == expected else [Difference(place, expected, came)]


def _of_body(expected: Any, document: Any, shapes: Mapping[str, Any]) -> list[Difference]:
    if document is ABSENT:
        return [Difference("body", "JSON", "none")]
    either = expected if isinstance(expected, list) else [expected]
    found = [differences(each, document, shapes) for each in either]
    return min(found, key=len)


def _laid_out(document: Any, layout: str) -> str:
    if document is ABSENT:
        return ""
    return json.dumps(document, **{"indent": 4} if layout == "indented" else {"separators": (",", ":")})


def _with_names(shape: Any, names: Mapping[str, str]) -> Any:
    if isinstance(shape, str):
        return filled(shape, names)
    if isinstance(shape, list):
        return [_with_names(each, names) for each in shape]
    return {key: _with_names(each, names) for key, each in shape.items()} if isinstance(shape, dict) else shape


def _webhooks_path(kind: str, owner: str) -> str:
    """The path of the webhooks of one of the `agents` or `campaigns`."""
    return f"/{kind}/{segment(owner)}/webhooks"


def _path(agent: str, webhook: str) -> str:
    return f"{_webhooks_path('agents', agent)}/{segment(webhook)}"


def _webhooks_of(server: AskedServer, kind: str, owner: str) -> list[str]:
    """The ids of the webhooks of one of the `agents` or `campaigns`."""
    data = server.read(_webhooks_path(kind, owner))
    return [str(webhook["id"]) for webhook in records(data.get("webhooks") if isinstance(data, dict) else None)]


def _asked_of(server: AskedServer, agent: str, asked: Ask, ids: Mapping[str, str]) -> tuple[Reply, str]:
    """What comes of a call, and the id of the webhook that it created, which is noted to be deleted; else no id."""
    creates, was_unsure = asked.method == "POST" and asked.path.endswith("/webhooks"), server.is_unsure
    server.is_unsure |= creates  # until its answer tells
    came = server.ask(asked, ids)
    data = data_of(came)
    is_made = creates and came.status // 100 == 2 and isinstance(data, dict) and "id" in data
    if is_made:
        server.made.append(_path(agent, str(data["id"])))
    if is_made or came.status // 100 == 4:
        server.is_unsure = was_unsure
    return came, str(data["id"]) if is_made else ""
