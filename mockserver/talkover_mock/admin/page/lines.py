"""The rows of the list, closed: one line of what happened, and a second one with the reason where there is one."""

import re
from collections.abc import Sequence
from datetime import datetime
from itertools import zip_longest
from typing import NamedTuple
from urllib.parse import urlsplit

from talkover_mock.base.moments import to_milliseconds
from talkover_mock.base.statuses import STATUS_PHRASES
from talkover_mock.base.words import number_of, printable
from talkover_mock.deliveries.log import Emitted
from talkover_mock.deliveries.records import Delivery
from talkover_mock.deliveries.rows import deciding
from talkover_mock.dialect.endpoints import API
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.journal import Exchange
from talkover_mock.state.records import Webhook

MOST_DOTS = 6
_SLOW_MS = 100
_UUID = re.compile(r"\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE)
TONES = {"failed": "bad", "retrying": "wait", "pending": "wait", "held": "wait"}
"""The statuses of rows that stand out, with what marks them."""


class Part(NamedTuple):
    """A part of a row's subject: a `name`, the `last` word, an `at` (the owner), or plain."""

    kind: str
    text: str


class Line(NamedTuple):
    """A closed row as the template shows it; `status` is a word of the filters or a code, `tone` how it stands out."""

    id: str
    kind: str
    at: str
    status: str
    tone: str
    method: str
    parts: Sequence[Part]
    why: str = ""
    dots: Sequence[str] = ()
    attempts: str = ""
    took: str = ""
    tag: str = ""
    event_id: str = ""

    @property
    def time(self) -> str:
        return self.at[11:-1]

    @property
    def date(self) -> str:
        return self.at[:10]


def request_line(exchange: Exchange, environment: Environment) -> Line:
    status = exchange.status_text
    return Line(
        id=f"request-{exchange.number}",
        kind="request",
        at=to_milliseconds(exchange.moment),
        status=status,
        tone=TONES.get(status, "bad" if exchange.is_problem else ""),
        method=exchange.method,
        parts=path_parts(exchange.path, exchange.operation or "", environment),
        why=named(_why_of(exchange), environment),
        took=f"{exchange.duration_ms:,.0f} ms" if exchange.duration_ms >= _SLOW_MS and not exchange.under_way else "",
        tag="by this page" if exchange.by == "page" else "",
    )


def _why_of(exchange: Exchange) -> str:
    if not exchange.fault:
        return exchange.reason
    if exchange.under_way:
        return f"{exchange.fault}: waits until the fault is removed; not applied yet"
    if exchange.applied is None:
        return exchange.fault
    lost = ", its answer was lost" if exchange.applied and exchange.status is None else ""
    return f"{exchange.fault} · {'applied' if exchange.applied else 'not applied'}{lost}"


def path_parts(path: str, operation: str, environment: Environment) -> list[Part]:
    """The path without the API's own, known ids replaced by names; the last word stands out.

    Without an operation it is as it came: what looks like an id may be the mistake.
    """
    bare, mark, query = path.partition("?")
    words, route = (each.removeprefix(API).split("/") for each in (bare, operation.partition(" ")[2]))
    parts: list[Part] = []
    for number, (word, step) in enumerate(zip_longest(words, route[: len(words)], fillvalue="")):
        name = name_of(word, environment) if step.startswith("{") else ""
        parts.append(Part("", "/" if number else ""))
        parts.append(Part("name", name) if name else Part("last" if number == len(words) - 1 else "", short(word)))
    merged: list[Part] = []
    for part in [*parts, Part("", short(mark + query))]:
        if merged and merged[-1].kind == part.kind == "":
            merged[-1] = Part("", merged[-1].text + part.text)
        elif part.text:
            merged.append(part)
    return merged


def name_of(id: str, environment: Environment) -> str:
    """The name of the agent, campaign or webhook with this id; empty if none has it or it has no name."""
    found = environment.agent(id) or environment.webhook(id) or environment.campaign(id)
    return printable(found.name) if found else ""


def owner_name(agent_id: str, environment: Environment, webhook_id: str = "") -> str:
    """The name of the webhook's campaign, or else of the agent."""
    webhook = environment.webhook(webhook_id)
    owner_id = webhook.owner_id if webhook else agent_id
    return name_of(owner_id, environment) or short(owner_id)


def delivery_line(attempts: Sequence[Delivery], due: datetime | None, environment: Environment, id: str) -> Line:
    """The row of all attempts to send one event to one webhook."""
    first, status = attempts[0], deciding(attempts).shown_status
    dots = [dot_of(each) for each in attempts] + (["due"] if due and status == "retrying" else [])
    webhook = name_of(first.webhook_id, environment) or short(first.webhook_id)
    return Line(
        id=id,
        kind="delivery",
        at=to_milliseconds(first.created_at),
        status=status,
        tone=TONES.get(status, ""),
        method="",
        parts=[
            Part("last", first.occurrence.event),
            Part("name", webhook),
            Part("at", owner_name(first.occurrence.agent_id, environment, first.webhook_id)),
        ],
        why=named(_why_of_delivery(attempts, due, environment), environment),
        dots=dots if len(attempts) <= MOST_DOTS else (),
        attempts=number_of(len(attempts), "attempt"),
        event_id=first.occurrence.id,
    )


def dot_of(delivery: Delivery) -> str:
    """How an attempt is marked: failed, success, captured or pending."""
    status = delivery.shown_status
    return "failed" if status == "retrying" else status


def result_of(delivery: Delivery) -> str:
    """How an attempt ended, in a few words: `500 Internal Server Error`, `Connection refused`."""
    outcome = delivery.outcome
    if outcome is None:
        return "under way" if delivery.outgoing else "waits for its turn"
    if outcome.lost:
        return f"the {outcome.answered_by} answered {outcome.status}; the answer was dropped"
    return phrase(outcome.status) if outcome.status else str(outcome.error)


def phrase(status: int | None) -> str:
    """A status with its words; the code alone if it has none."""
    words = STATUS_PHRASES.get(status or 0)
    return f"{status} {words}" if words else str(status)


def _why_of_delivery(attempts: Sequence[Delivery], due: datetime | None, environment: Environment) -> str:
    last = deciding(attempts)
    status, fault = last.shown_status, f"{last.struck.name}: " if last.struck else ""
    if status == "captured" and last.outcome:
        return f"{fault}Not sent: {last.outcome.captured}"
    if status == "retrying":
        return f"{fault}Attempt {last.attempt}: {result_of(last)}{next_attempt(last, due, environment)}"
    if status == "failed":
        count = f"{number_of(len(attempts), 'attempt')}, nothing more will be sent"
        return f"{fault}{result_of(last)}{_host(last)} · {count}"
    if status == "pending":
        waits = due and last.outgoing is None and due > environment.clock.moment()
        return f"{fault}{f'due {due_text(due, environment)}' if due and waits else result_of(last)}"
    before = next((each for each in reversed(attempts[:-1]) if dot_of(each) == "failed"), None)
    after = f"Attempt {before.attempt} failed: {result_of(before)}" if before else ""
    return f"{fault}{after}".removesuffix(": ")


def _host(delivery: Delivery) -> str:
    """Where an attempt without an answer wanted to go."""
    if delivery.outgoing is None or (delivery.outcome and delivery.outcome.status):
        return ""
    return f" at {urlsplit(delivery.outgoing.url).netloc}"


def next_attempt(last: Delivery, due: datetime | None, environment: Environment) -> str:
    if due is None:
        return ""
    frozen = "; the clock is frozen" if environment.clock.is_frozen else ""
    return f" · attempt {last.attempt + 1} {due_text(due, environment)}{frozen}"


def due_text(due: datetime, environment: Environment) -> str:
    """When something is due: in how many seconds on a frozen clock, else at which time, which stays true."""
    if environment.clock.is_frozen:
        return f"in {seconds(seconds_until(due, environment))}"
    return f"at {to_milliseconds(due)[11:19]}"


def seconds_until(due: datetime, environment: Environment) -> float:
    return max(0.0, (due - environment.clock.moment()).total_seconds())


def seconds(number: float) -> str:
    """`5.6 s`, `90 s`; no digit that says nothing."""
    return f"{number:,.1f}".removesuffix(".0") + " s"


def skipped_line(emitted: Emitted, id: str, environment: Environment) -> Line:
    """The row of the webhooks that an event passed by."""
    occurrence = emitted.occurrence
    owners = {webhook.owner_id for webhook, _ in emitted.skipped}
    owner = next(iter(owners), occurrence.agent_id)
    return Line(
        id=id,
        kind="skipped",
        at=to_milliseconds(occurrence.moment),
        status="skipped",
        tone="",
        method="",
        parts=[Part("last", occurrence.event), Part("at", name_of(owner, environment) or short(owner))],
        why=why_skipped(emitted),
        event_id=occurrence.id,
    )


def why_skipped(emitted: Emitted) -> str:
    """`Nobody got it: 2 webhooks do not list the event, 1 is disabled (Reminder queue)`."""
    found = skipped_by_reason(emitted.skipped)
    if not emitted.deliveries:
        return f"Nobody got it: {', '.join(found) or 'there are no webhooks'}"
    return ", ".join(found)


def skipped_by_reason(skipped: Sequence[tuple[Webhook, str]]) -> list[str]:
    """Each reason said of its webhooks."""
    by_reason: dict[str, list[str]] = {}
    for webhook, reason in skipped:
        by_reason.setdefault(reason, []).append(printable(webhook.name))
    return [_with_reason(reason, names) for reason, names in by_reason.items()]


def _with_reason(reason: str, names: Sequence[str]) -> str:
    """The reason said of some webhooks: `Billing export is disabled`, `2 webhooks do not list the event`."""
    said = reason.removeprefix("it ")
    if len(names) == 1:
        return f"{names[0]} {said}"
    many = said.replace("does not", "do not").replace("is ", "are ", 1) if len(names) > 1 else said
    named = f" ({', '.join(names)})" if len(names) <= 3 and "list" not in said else ""
    return f"{len(names)} webhooks {many}{named}"


def named(text: str, environment: Environment) -> str:
    """The text with the name in the place of every known UUID, and the first eight digits of every other one."""
    return _UUID.sub(lambda found: name_of(found[0], environment) or f"{found[1]}…", text)


def short(path: str) -> str:
    """The text with every UUID cut to its first eight digits."""
    return _UUID.sub(r"\1…", path)
