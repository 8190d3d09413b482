"""Compares deliveries with the list of behaviours: which rows they confirm or refute, and which nobody has seen."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from functools import cache
from typing import Any, NamedTuple

from talkover_mock.deliveries.messages import CALL_ENDED, TEST_EVENT, message
from talkover_mock.deliveries.records import Occurrence
from talkover_mock.dialect.behaviours import Behaviour, conformance
from talkover_mock.dialect.events import EVENTS
from talkover_mock.dialect.fields import WEBHOOK_FIELDS
from talkover_mock.dialect.rules import fields_of
from talkover_mock.dialect.settings import DEFAULTS
from talkover_mock.dialect.signing import SCHEMES
from talkover_mock.learning.hearing import Heard
from talkover_mock.learning.redacting import key_stand_in
from talkover_mock.state.records import Agent, Owners, Webhook

_Finding = tuple[bool, str] | None
"""Whether a row is true, and what came where it is not; None where nothing that came shows it."""
_MOST_SHOWN = 20


class Verdict(NamedTuple):
    """Whether a behaviour is `confirmed`, `refuted` or `not seen`; `came` says what came where it is refuted."""

    behaviour: Behaviour
    finding: str
    came: str = ""


def verdicts(heard: Sequence[Heard]) -> list[Verdict]:
    """A verdict of each behaviour that deliveries show."""
    found = []
    for behaviour in conformance().behaviours:
        if behaviour.heard:
            finding = JUDGES[behaviour.heard](heard)
            word = "not seen" if finding is None else "confirmed" if finding[0] else "refuted"
            found.append(Verdict(behaviour, word, finding[1] if finding and not finding[0] else ""))
    return found


@cache
def mock_keys(event: str, of_campaign: bool = False, envelope: bool = True) -> tuple[str, ...]:
    """The keys of the mock's own payload of an event, in their order."""
    moment = datetime(2025, 1, 1, tzinfo=timezone.utc)
    call = {} if of_campaign and event not in EVENTS else {"id": "call"}
    settings = DEFAULTS._replace(payload_envelope=envelope)
    owners, webhook = Owners(Agent("agent", ""), None), _webhook()
    webhook = webhook._replace(campaign_id="campaign" if of_campaign else None)
    outgoing = message(Occurrence("event", "agent", event, moment, call), owners, webhook, settings, 0)
    return tuple(json.loads(outgoing.body))


def is_bare(each: Heard) -> bool:
    """Whether a payload of a call has what the vendor's pages show, and nothing of the mock's envelope."""
    if each.document is None or each.event is None or each.event not in EVENTS:
        return False
    bare = set(mock_keys(each.event, envelope=False))
    return bare <= each.document.keys() and not each.document.keys() & (set(mock_keys(each.event)) - bare)


def shown_keys(keys: Sequence[str]) -> str:
    """Keys as a message shows them: those that are data are not told."""
    names = [key_stand_in(key, i) for i, key in enumerate(keys, 1)]
    more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
    return (", ".join(names[:_MOST_SHOWN]) or "none") + more


@cache
def _webhook() -> Webhook:
    given = {"name": "W", "webhook_url": "https://example.com/", "events": [CALL_ENDED]}
    moment = datetime(2025, 1, 1, tzinfo=timezone.utc)
    fields = fields_of(given, WEBHOOK_FIELDS)
    return Webhook(id="webhook", agent_id="agent", created_at=moment, updated_at=moment, **fields)


def is_of_campaign(each: Heard) -> bool:
    """Whether a delivery went to the webhook of a campaign."""
    is_one = each.event not in EVENTS and each.event not in (None, TEST_EVENT)
    return is_one or (each.document is not None and "campaign_id" in each.document)


def _of_calls(heard: Sequence[Heard]) -> list[tuple[str, dict[str, Any]]]:
    """The events and payloads of calls, as an agent's webhooks get them."""
    return [
        (each.event, each.document)
        for each in heard
        if each.document is not None and each.event and each.event in EVENTS and not is_of_campaign(each)
    ]


def _all_have(pairs: Sequence[tuple[Sequence[str], dict[str, Any]]]) -> _Finding:
    """Whether each payload begins with its expected keys."""
    return _by_keys(pairs, [document for keys, document in pairs if list(document)[: len(keys)] != list(keys)])


def _by_keys(came: Sequence[object], wrong: Sequence[dict[str, Any]]) -> _Finding:
    """The finding from all that came, and from the payloads of it that have the wrong keys."""
    return (not wrong, f"the keys {shown_keys(list(wrong[0]))}" if wrong else "") if came else None


def _envelope(heard: Sequence[Heard]) -> _Finding:
    def own(event: str) -> list[str]:
        bare = mock_keys(event, envelope=False)
        return [key for key in mock_keys(event) if key not in bare]

    return _all_have([(own(event), document) for event, document in _of_calls(heard)])


def _call(heard: Sequence[Heard]) -> _Finding:
    calls = _of_calls(heard)
    wrong = [document for event, document in calls if not {*mock_keys(event, envelope=False)} <= document.keys()]
    return _by_keys(calls, wrong)


def _context(heard: Sequence[Heard]) -> _Finding:
    return (True, "") if any("context" in document for _, document in _of_calls(heard)) else None


def _campaign(heard: Sequence[Heard]) -> _Finding:
    mine = [(each.event, each.document) for each in heard if is_of_campaign(each)]
    return _all_have([(mock_keys(event, True), document) for event, document in mine if event and document])


def _test(heard: Sequence[Heard]) -> _Finding:
    tests = [
        (each.document, mock_keys(TEST_EVENT, is_of_campaign(each)))
        for each in heard
        if each.event == TEST_EVENT and each.document is not None
    ]
    return _by_keys(tests, [document for document, keys in tests if tuple(document) != keys])


def _bytes(heard: Sequence[Heard]) -> _Finding:
    """Only bytes that tell the ways of writing apart show anything."""
    telling = [each for each in heard if each.document is not None and len(each.styles) < 2]
    other = next((each for each in telling if DEFAULTS.delivery_json not in each.styles), None)
    came = "" if other is None else "compact UTF-8 without escapes" if other.styles else "bytes of neither kind"
    return (other is None, came) if telling else None


def _empty(heard: Sequence[Heard]) -> _Finding:
    found = {kind for each in heard if each.document is not None for kind in _empties(each.document)}
    if "object" in found:
        return False, "{}"
    is_list = any(each.document.get("context") == [] for each in heard if each.document is not None)
    return (True, "") if is_list else None


def _empties(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {kind for each in value.values() for kind in _empties(each)} if value else {"object"}
    return {kind for each in value for kind in _empties(each)} if isinstance(value, list) else set()


def _of_fits(heard: Sequence[Heard], part: Callable[[Any], str], usual: str) -> _Finding:
    came = [part(each.fit) for each in heard if each.fit]
    other = next((each for each in came if each.lower() != usual.lower()), None)
    return (other is None, other or ("nothing" if other == "" else "")) if came else None


def _signature(heard: Sequence[Heard]) -> _Finding:
    near = next((each.near for each in heard if each.near), "")
    if near:
        return False, near
    hexadecimal = ("hmac", "github")  # the same computation, under different headers
    return _of_fits(heard, lambda fit: "hmac" if fit.scheme in hexadecimal else fit.scheme, "hmac")


JUDGES: Mapping[str, Callable[[Sequence[Heard]], _Finding]] = {
    "campaign": _campaign,
    "call": _call,
    "context": _context,
    "envelope": _envelope,
    "bytes": _bytes,
    "empty": _empty,
    "signature": _signature,
    "header": lambda heard: _of_fits(heard, lambda fit: str(fit.header), SCHEMES["hmac"].header),
    "prefix": lambda heard: _of_fits(heard, lambda fit: str(fit.prefix), SCHEMES["hmac"].prefix),
    "test": _test,
}
"""By what a row of conformance.yaml says is `heard` of it."""
