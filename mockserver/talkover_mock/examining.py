"""The examination of a receiver: the probes are made and sent, and their answers compared, see `probe`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from talkover_mock.base.addresses import check_hosts, without_password
from talkover_mock.base.clock import Clock
from talkover_mock.base.contents import A_JSON_VALUE, is_json
from talkover_mock.base.headers import HEADER_NAME, NOT_IN_HEADER
from talkover_mock.base.moments import to_moment
from talkover_mock.base.words import brief, near_or_all
from talkover_mock.client.types import Probed, ProbeOptions
from talkover_mock.deliveries.lookups import Lookups
from talkover_mock.deliveries.messages import message, signature, signed
from talkover_mock.deliveries.probes import OLD, PROBES, Probe
from talkover_mock.deliveries.records import Occurrence, Outcome, Outgoing
from talkover_mock.deliveries.sender import Sending
from talkover_mock.dialect.events import EVENTS
from talkover_mock.dialect.fields import WEBHOOK_FIELDS
from talkover_mock.dialect.ids import IdSource
from talkover_mock.dialect.reasons import explained, no_event_of
from talkover_mock.dialect.rules import Invalid, fields_of
from talkover_mock.dialect.settings import Settings, to_settings
from talkover_mock.state.records import Agent, Owners, Webhook

_EVENT = "event_phone_call_started"
_EXPECTATION = re.compile(r"(not-)?([1-5]xx|[1-5][0-9]{2})")


def examined(url: str, secret: str, options: ProbeOptions) -> list[Probed]:
    """How the receiver answered each probe; raises as `probe` does."""
    given = options.get("expect") or {}
    expected = _expectations(given)
    examination = _examination(url, secret, options)
    try:
        fitting = [each for each in PROBES if examination.signs_time or not each.needs_time]
        examination.check_sent(given, [each.name for each in fitting])
        return [examination.result(each, expected[each.name]) for each in fitting]
    finally:
        examination.lookups.stop()


def _expectations(given: object) -> dict[str, str]:
    """What is expected of each probe. Raises ValueError."""
    if not isinstance(given, Mapping):
        raise ValueError(f'expect must be an object of probes, such as {{"replay": "409"}} (got {brief(given)})')
    expected = {each.name: each.expected for each in PROBES}
    for name, expectation in given.items():
        if name not in expected:
            raise ValueError(f"no probe is named {brief(name)}{near_or_all(name, list(expected))}")
        if not (isinstance(expectation, str) and _EXPECTATION.fullmatch(expectation)):
            text = f'{name} can be expected to be "2xx", "not-5xx" or "409", for example'
            raise ValueError(f"{text} (got {brief(expectation)})")
    return {**expected, **given}


def _examination(url: str, secret: str, options: ProbeOptions) -> _Examination:
    """Checks the options by the rules of a webhook and of the settings. Raises TypeError and ValueError."""
    known = list(ProbeOptions.__annotations__)
    for name in options:
        if name not in known:
            raise TypeError(f"no option is named {brief(name)}{near_or_all(name, known)}")
    clock, ids = Clock(), IdSource("probes", 0)
    wanted, data = options.get("now"), options.get("data")
    if wanted is not None:
        clock.move_to(_moment(wanted))
    if not (data is None or isinstance(data, Mapping)):
        raise ValueError(f"data must be an object (got {brief(data)})")
    if data and not is_json({**data}):
        raise ValueError(f"data must be {A_JSON_VALUE} (got {brief(data)})")
    given = {**options, "name": "My Webhook", "webhook_url": url, "webhook_secret": secret, "events": [_EVENT]}
    _check_texts(given)
    try:
        fields, settings = fields_of(given, WEBHOOK_FIELDS), to_settings(given)
    except Invalid as invalid:
        raise ValueError(explained(given, invalid.entries)) from None
    if not fields["webhook_secret"]:
        raise ValueError("expected the secret with which deliveries to this receiver are signed")
    _check_target(url)
    _check_headers(fields["custom_headers"], settings.signature_prefix or "")
    now = clock.now()
    agent = Agent(ids.new(now), "My Agent")
    webhook = Webhook(id=ids.new(now), agent_id=agent.id, created_at=now, updated_at=now, **fields)
    event, deliver_to = _event(options), options.get("deliver_to")
    hosts = () if deliver_to is None else deliver_to
    check_hosts(hosts)
    return _Examination(agent, webhook, settings, event, data or {}, hosts, clock, ids, Lookups())


def _check_texts(given: Mapping[str, Any]) -> None:
    """Refuses texts that UTF-8 can't carry, such as bytes of another encoding in an argument. Raises ValueError."""
    for name, value in given.items():
        try:
            json.dumps(value, ensure_ascii=False, default=str).encode()
        except UnicodeError:
            got = "" if name == "webhook_secret" else f" (got {brief(value)})"
            raise ValueError(f"{name} must be UTF-8{got}") from None


def _check_target(url: str) -> None:
    """Refuses a URL of the API's that nothing can be sent to. Raises ValueError."""
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in ("http", "https") and parts.port != 0
    except ValueError:
        is_one = False
    if not is_one:
        got = brief(without_password(url))
        raise ValueError(f"webhook_url must begin with http:// or https://, and a port is 1 to 65535 (got {got})")


def _check_headers(custom: Sequence[tuple[str, str]], prefix: str) -> None:
    """Refuses what no header can be, which the API takes. Raises ValueError."""
    for name, _ in custom:
        if not HEADER_NAME.fullmatch(name):
            raise ValueError(f"custom_headers: a name has letters, digits and - (got {brief(name)})")
    values = {f"the value of {name} in custom_headers": value for name, value in custom}
    for place, value in {**values, "signature_prefix": prefix}.items():
        if NOT_IN_HEADER.search(value):
            raise ValueError(f"{place} must be one line without control characters (got {brief(value)})")


def _event(options: ProbeOptions) -> str:
    """Raises ValueError for an event that the API does not have, unless it may be unknown."""
    event, known = options.get("event") or _EVENT, tuple(EVENTS)
    if not (event in known or options.get("unknown")):
        raise ValueError(no_event_of(known, event))
    return event


def _moment(given: object) -> datetime:
    """Raises ValueError."""
    moment = to_moment(given)
    if moment is None:
        raise ValueError(f"now must be a moment such as 2025-09-03T23:19:51Z (got {brief(given)})")
    return moment


@dataclass(frozen=True)
class _Examination:
    """The examination of one receiver, which `webhook` describes."""

    agent: Agent
    webhook: Webhook
    settings: Settings
    event: str
    data: Mapping[str, Any]
    deliver_to: Sequence[str]
    clock: Clock
    ids: IdSource
    lookups: Lookups

    @property
    def signs_time(self) -> bool:
        occurrence, now = self._occurrence(PROBES[0]), self.clock.moment()
        times = (int(each.timestamp()) for each in (now, now - OLD))
        one, other = (signature(occurrence, self.webhook, self.settings, b"", each) for each in times)
        return one != other

    def check_sent(self, expected: Iterable[str], sent: Sequence[str]) -> None:
        """Refuses an expectation of a probe that is not sent, which nothing would check. Raises ValueError."""
        for name in expected:
            if name not in sent:
                text = f"the signature scheme {self.settings.signature_scheme} signs no time"
                raise ValueError(f"{name} is not sent, so expect nothing of it: {text}")

    def result(self, each: Probe, expected: str) -> Probed:
        """Sends a probe. Raises ValueError and ConnectionError."""
        outcomes = self._send(each)
        errors = [outcome.error for outcome in outcomes if outcome.status is None]
        if errors and each is PROBES[0]:
            raise ConnectionError(f"{self.webhook.webhook_url} does not answer a genuine delivery: {errors[0]}")
        statuses = [outcome.status for outcome in outcomes]
        return {
            "name": each.name,
            "expected": expected,
            "statuses": statuses,
            "error": errors[0] if errors else None,
            "passed": all(_meets(status, expected) for status in statuses),
            "why": each.why,
        }

    def _send(self, each: Probe) -> Sequence[Outcome]:
        """The outcomes of all copies. Raises ValueError."""
        outgoing = each.change(self._made(each))
        sendings = [Sending(outgoing, self.deliver_to, lookups=self.lookups) for _ in range(each.copies)]
        with ThreadPoolExecutor(len(sendings) if each.at_once else 1) as pool:
            try:
                outcomes = list(pool.map(Sending.run, sendings))
            finally:
                for sending in sendings:  # Ctrl-C does not wait for an answer
                    sending.stop()
        for outcome in outcomes:
            if outcome.captured:
                raise ValueError(f"{outgoing.url} may not be called: {outcome.captured}")
        return outcomes

    def _made(self, each: Probe) -> Outgoing:
        """The request before a change after signing."""
        occurrence, webhook = self._occurrence(each), self.webhook._replace(**each.webhook)
        at = int((self.clock.moment() - each.age).timestamp())
        body = each.body(message(occurrence, Owners(self.agent, None), webhook, self.settings, at).body)
        return signed(occurrence, webhook, self.settings, body, at)

    def _occurrence(self, each: Probe) -> Occurrence:
        """An event at a call of its own, so that no probe is a copy of another one."""
        now = self.clock.moment()
        event, call, extra = each.event or self.event, {"id": self.ids.new(now)}, {**self.data, **each.extra}
        return Occurrence(self.ids.new(now), self.agent.id, event, now, call, extra=extra)


def _meets(status: int | None, expected: str) -> bool:
    """Whether there is an answer, and its status is `401`, of the class `4xx`, or is not, as in `not-5xx`."""
    wanted = expected.removeprefix("not-")
    is_one = str(status) == wanted or f"{str(status)[0]}xx" == wanted
    return status is not None and is_one == (wanted == expected)
