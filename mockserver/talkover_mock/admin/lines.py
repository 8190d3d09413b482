"""Calls, events, deliveries and faults in the form of the admin routes on one line each, for texts that people read."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import Any

from talkover_mock.base.words import cut, printable, printable_lines, status_word

_NUMBER = re.compile("#([0-9]+) ")
MOST_OF_VALUE = 200
"""Characters that a text shows of a path, a header, a body or a filter."""
MOST_SHOWN = 100
"""How many calls, events, deliveries and faults a text shows."""
_OF_EVERY_FAULT = ("id", "on", "match", "action", "times", "after", "probability", "seed", "matched", "struck")


def line(item: Mapping[str, Any], asked: Mapping[str, Any] = MappingProxyType({})) -> str:
    """An exchange or a delivery on one line, with what it sent of the content that the filters `asked` are about."""
    sent = "".join(f", {text}" for text in _contents(item, asked))
    if "event" in item:
        attempt = f", attempt {item['attempt']}" if item["attempt"] else ""
        return f"{item['event']} to webhook {item['webhook_id']}{attempt}{sent}: {_ending(item)}"
    status = item["status"] or ("under way" if item["under_way"] else "no answer")
    reason = f" ({item['reason']})" if item["reason"] else ""
    maker = " by the page" if item["by"] == "page" else ""
    return f"#{item['number']} {item['method']} {cut(item['path'], MOST_OF_VALUE)}{maker} -> {status}{sent}{reason}"


def _contents(item: Mapping[str, Any], asked: Mapping[str, Any]) -> Iterator[str]:
    """`X-Team: blue`, `no X-Team`, `body {"enabled":false}`, and the URL of a delivery."""
    request = item["request"] if asked else None
    if request is None:
        return
    headers = {name.lower(): value for name, value in request["headers"].items()}
    for name in asked.get("headers") or ():
        value = headers.get(name.lower())
        yield f"no {name}" if value is None else f"{name}: {cut(value, MOST_OF_VALUE)}"
    if asked.get("query") and "url" in request:
        yield f"URL {cut(request['url'], MOST_OF_VALUE)}"
    if asked.get("json") is not None:
        body = request["body"]
        yield "a body that is no text" if body is None else f"body {_body(body, asked['json'])}" if body else "no body"


def _body(body: str, asked: Any) -> str:
    """A short body whole; of a long one the part that is asked for, or else the beginning."""
    if len(body) > MOST_OF_VALUE:
        try:
            whole = json.loads(body)
            part = _part(whole, asked)
        except (ValueError, RecursionError):
            whole = part = None
        if part and part is not whole:
            return f"with {cut(printable(json.dumps(part, ensure_ascii=False)), MOST_OF_VALUE)}"
    return printable(cut(body, MOST_OF_VALUE))


def _part(whole: Any, asked: Any) -> Any:
    """The part of JSON in the places of the part that is asked for: the keys that it has, entry by entry of arrays."""
    if isinstance(asked, dict) and isinstance(whole, dict):
        return {key: _part(whole[key], value) for key, value in asked.items() if key in whole}
    if isinstance(asked, list) and isinstance(whole, list) and len(asked) == len(whole):
        return list(map(_part, whole, asked))
    return whole


def _ending(delivery: Mapping[str, Any]) -> str:
    """`success`, `retrying (Connection refused)`, or `captured (…)` with the reason; also the fault that struck."""
    captured = delivery["captured_because"]
    reason = "; ".join(filter(None, (delivery["error"] or captured, delivery["fault"])))
    return status_word(delivery["status"], captured) + (f" ({reason})" if reason else "")


def event_text(event: Mapping[str, Any]) -> str:
    """An event, with one line for each webhook: its latest attempt, or the reason why it was skipped."""
    got = [f"webhook {each['webhook_id']}: {_end_of(each)}" for each in event["deliveries"]]
    passed = [f"webhook {each['webhook_id']}: skipped, {each['reason']}" for each in event["skipped"]]
    campaign_id = event.get("campaign_id")
    owner = f"agent {event['agent_id']}" if campaign_id is None else f"campaign {campaign_id}"
    return "\n  ".join([f"{event['event']} at {owner}", *(got + passed or ["no delivery of it is still kept"])])


def _end_of(delivery: Mapping[str, Any]) -> str:
    attempt = f", attempt {delivery['attempt']}" if delivery["attempt"] > 1 else ""
    return _ending(delivery) + attempt


def folded(texts: Iterable[str]) -> list[str]:
    """Equal texts that follow one another become one, with their number; only the numbers of calls may differ."""
    return [_as_one(list(same)) for _, same in groupby(texts, _without_number)]


def gathered(texts: Iterable[str]) -> list[str]:
    """As `folded`, also for equal texts that are apart; in the order of the last of each."""
    found: dict[str, list[str]] = {}
    for text in texts:
        key = _without_number(text)
        found[key] = same = found.pop(key, [])
        same.append(text)
    return list(map(_as_one, found.values()))


def _without_number(text: str) -> str:
    return _NUMBER.sub("", text, count=1)


def _as_one(same: Sequence[str]) -> str:
    head, line_break, rest = same[0].partition("\n")
    last = _NUMBER.search(same[-1])
    until = f", the last is #{last[1]}" if last else ""
    return head + (f" ({len(same)} times{until})" if len(same) > 1 else "") + line_break + rest


def fault_answer(fault: Mapping[str, Any]) -> str:
    """What the fault does: `maintenance`, `hang`, `respond 418`, `delay 0.5 s` or `timeout sent`."""
    if fault["on"] == "deliveries":
        given = [(key, value) for key, value in fault.items() if key not in _OF_EVERY_FAULT and value]
        details = [key if value is True else f"{key}={value:g}" for key, value in given]
        return " ".join([fault["action"], *details])
    answer = f"respond {fault['respond']['status']}" if fault["respond"] else f"delay {fault['delay_seconds']:g} s"
    return str(fault["preset"] or fault["action"] or answer)


def fault_match(fault: Mapping[str, Any]) -> str:
    """What the fault strikes: `any call`, `PATCH */toggle`, `any delivery` or `event=event_action attempt=2`."""
    return " ".join(match_texts(fault["match"])) or ("any delivery" if fault["on"] == "deliveries" else "any call")


def match_texts(match: Mapping[str, Any]) -> list[str]:
    """Each thing that a fault asks for: `PATCH`, `*/toggle`, `json={"enabled": false}`."""
    given = {key: value for key, value in match.items() if value is not None}
    return [value if key in ("method", "path") else f"{key}={shown(value)}" for key, value in given.items()]


def short(value: object) -> str:
    """A text as it is, any other value as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def shown(value: object) -> str:
    """The beginning of a value, for people."""
    return cut(short(value), MOST_OF_VALUE)


def fault_line(fault: Mapping[str, Any]) -> str:
    """`fault-1 maintenance, PATCH */toggle: matched 2, struck 1`."""
    counts = f"matched {fault['matched']}, struck {fault['struck']}"
    return f"{fault['id']} {fault_answer(fault)}, {fault_match(fault)}: {counts}"


def lines(items: Sequence[Mapping[str, Any]], line: Callable[[Mapping[str, Any]], str] = line) -> list[str]:
    """One line for each of the latest items; equal lines that follow one another are one."""
    texts = [printable_lines(text) for text in folded(map(line, items))]
    before = [f"({len(texts) - MOST_SHOWN} before these)"] if len(texts) > MOST_SHOWN else []
    return [*before, *texts[-MOST_SHOWN:]]
