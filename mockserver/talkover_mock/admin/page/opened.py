"""The content of an opened row: why, what was sent and answered, and for a delivery its attempts over time."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from talkover_mock.admin.guard import TOKEN_HEADER
from talkover_mock.admin.page import curl
from talkover_mock.admin.page.lines import (
    dot_of,
    due_text,
    phrase,
    result_of,
    seconds,
    seconds_until,
)
from talkover_mock.admin.page.signatures import check
from talkover_mock.admin.routes import deliveries, requests
from talkover_mock.base.headers import TOKEN_HEADERS, joined
from talkover_mock.base.moments import to_milliseconds
from talkover_mock.base.words import printable_lines
from talkover_mock.deliveries.records import Delivery, Outgoing
from talkover_mock.deliveries.rows import deciding
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.journal import Exchange

MOST_SHOWN = 8_000
"""Characters of a body that the page shows; the admin routes have the whole body."""
_MASKED = {**dict.fromkeys(TOKEN_HEADERS, "TOKEN"), TOKEN_HEADER: "ADMIN_TOKEN"}
"""The headers with tokens that a server may mask, each with the variable of a shell that holds the whole token."""
_MOST_PARSED = 256 * 1024
_MOST_ATTEMPTS = 20
_LEFT, _WIDTH = 4.0, 88.0
"""The ends of a time line, in percent."""
_CROWDED = 7.0
"""Percent of the time line that a label needs."""


class Mark(NamedTuple):
    """A mark on the time line, at `x` percent; `label` is empty where it has no room, and for now."""

    kind: str
    x: float
    label: str


def request_opened(exchange: Exchange, url: str, masks: bool) -> dict[str, Any]:
    """With `masks`, the journal has the call's token masked."""
    shown: dict[str, Any] = {**requests.present_whole(exchange)}
    sides = {name: shown[name] and _with_body(shown[name]) for name in ("request", "response")}
    return {
        **shown,
        **sides,
        "curl": _call_again(exchange, url, masks),
        "why": _why_of_request(exchange),
        "pattern": pattern_of(exchange),
    }


def _call_again(exchange: Exchange, url: str, masks: bool) -> str:
    """The command that repeats a call as it came."""
    headers = {name: value.encode("latin-1") for name, value in exchange.request_headers.items() if value}
    to, body = curl.of_call(url, exchange.path), exchange.request_body
    sent = curl.Request(exchange.method, to, headers, body, exchange.request_size)
    return curl.again(sent, _MASKED if masks else {TOKEN_HEADER: _MASKED[TOKEN_HEADER]})


def pattern_of(exchange: Exchange) -> str:
    """The pattern of calls like this one: `*/toggle`, or the whole path where its last word is an id or has no `/`."""
    bare = exchange.path.partition("?")[0].rstrip("/")
    operation = (exchange.operation or "").rpartition(" ")[2]
    return bare if operation.endswith("}") or not operation else f"*/{bare.rpartition('/')[2]}"


def _why_of_request(exchange: Exchange) -> tuple[str, str, str]:
    """How it stands out, its title and its sentence; empty if there is nothing to explain."""
    word = str(exchange.status or "no answer")
    if exchange.under_way:
        return "wait", "Held", f"{exchange.fault} holds the call until it is removed. The call is not applied yet."
    if exchange.fault:
        applied = {True: " The call is applied.", False: " The call is not applied.", None: ""}[exchange.applied]
        return ("wait" if exchange.status and exchange.status < 400 else "bad"), word, f"{exchange.fault}.{applied}"
    if exchange.reason:
        return ("bad", f"Why {word}", exchange.reason) if exchange.is_problem else ("", "Note", exchange.reason)
    return "", "", ""


def delivery_opened(
    attempts: Sequence[Delivery], due: datetime | None, environment: Environment, retries: int | None, masks: bool
) -> dict[str, Any]:
    """`retries` is the number of retries that the webhook allows, if it is still there.

    With `masks`, tokens in headers are masked.
    """
    last, first = deciding(attempts), attempts[0]
    sent = next((each for each in reversed(attempts) if each.outgoing), None)
    latest = [_attempt(each, first, environment, masks) for each in reversed(attempts[-_MOST_ATTEMPTS:])]
    return {
        "why": _why_of_delivery(last, due, environment, retries),
        "last": last.id,
        "next": last.attempt + 1,
        "due_in": seconds_until(due, environment) if due and environment.clock.is_frozen else None,
        "due_text": seconds(seconds_until(due, environment)) if due else "",
        "marks": _marks(attempts, due, environment) if len(attempts) > 1 or due else [],
        "attempts": latest,
        "more": len(attempts) - len(latest),
        "sent": sent and sent.id,
        "curl": _attempt_again(sent.outgoing, masks) if sent and sent.outgoing else "",
        "event_id": first.occurrence.id,
        "webhook_id": first.webhook_id,
        "agent_id": first.occurrence.agent_id,
    }


def _why_of_delivery(
    last: Delivery, due: datetime | None, environment: Environment, retries: int | None
) -> tuple[str, str, str]:
    status, outcome = last.shown_status, last.outcome
    fault = f" {last.struck.name} struck it." if last.struck else ""
    of = f" of {retries + 1}" if retries is not None and last.attempt <= retries + 1 else ""
    if outcome and outcome.status:
        lost = ", and the answer was dropped" if outcome.lost else ""
        what = f"The {outcome.answered_by} answered {outcome.status} to attempt {last.attempt}{of}{lost}."
    else:
        what = f"Attempt {last.attempt}{of}: {result_of(last)}."
    if status == "captured" and outcome:
        return "", "Captured", f"Not sent: {outcome.captured}.{fault}"
    if status == "failed":
        return "bad", "Failed", f"{what}{fault} Nothing more will be sent."
    if status == "retrying":
        return "wait", "Retrying", f"{what}{fault}{_next(last.attempt + 1, due, environment)}"
    if status == "pending":
        return "wait", "Pending", f"{fault}{_next(last.attempt, due, environment)}".strip() or result_of(last) + "."
    return ("wait", "Success", f"{what}{fault}") if fault else ("", "", "")


def _next(attempt: int, due: datetime | None, environment: Environment) -> str:
    if due is None:
        return ""
    at = to_milliseconds(due)[11:19]
    if not environment.clock.is_frozen:
        return f" Attempt {attempt} is due at {at}."
    waits = "The clock is frozen, so it waits until you advance."
    return f" Attempt {attempt} is due at {at}, {due_text(due, environment)}. {waits}"


def _marks(attempts: Sequence[Delivery], due: datetime | None, environment: Environment) -> list[Mark]:
    """The attempts at their true distance, the next one due and, on a frozen clock, now."""
    start = attempts[0].created_at
    times = [(dot_of(each), each.created_at) for each in attempts[-_MOST_ATTEMPTS:]]
    now = environment.clock.moment()
    if due:
        times.append(("due", due))
        if environment.clock.is_frozen and start <= now <= due:
            times.append(("now", now))
    span = max((moment - start for _, moment in times), default=timedelta()) or timedelta(seconds=1)
    marks: list[Mark] = []
    end = -_CROWDED
    for kind, moment in sorted(times, key=lambda each: each[1]):
        x = round(_LEFT + _WIDTH * ((moment - start) / span), 1)
        label = f"+{seconds((moment - start).total_seconds())}" if moment > start else "0"
        has_room = kind != "now" and x - end >= _CROWDED
        end = x if has_room else end
        marks.append(Mark(kind, x, label if has_room else ""))
    return marks


def _attempt(delivery: Delivery, first: Delivery, environment: Environment, masks: bool) -> dict[str, Any]:
    shown = _presented(delivery, masks)
    for side in ("request", "response"):
        if shown[side]:
            shown[side] = _with_body(shown[side])
    after = (delivery.created_at - first.created_at).total_seconds()
    return {
        **shown,
        "dot": dot_of(delivery),
        "after": f"+{seconds(after)}" if after else "0 s",
        "result": result_of(delivery),
        "line": phrase(delivery.outcome.status) if delivery.outcome and delivery.outcome.status else "",
        "check": check(delivery, environment),
    }


def _presented(delivery: Delivery, masks: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {**deliveries.present(delivery)}
    for side in ("request", "response"):
        if masks and shown[side]:
            headers = {name: requests.shown_header(name, value) for name, value in shown[side]["headers"].items()}
            shown[side] = {**shown[side], "headers": headers}
    return shown


def _attempt_again(sent: Outgoing, masks: bool) -> str:
    """The command that repeats an attempt as it was sent."""
    headers = {name: value.encode() for name, value in joined(sent.headers).items()}
    request = curl.Request(sent.method, curl.of_webhook(sent.url), headers, sent.body, len(sent.body))
    return curl.again(request, _MASKED if masks else {})


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
    return printable_lines("".join(islice(parts, MOST_SHOWN))[:MOST_SHOWN])
