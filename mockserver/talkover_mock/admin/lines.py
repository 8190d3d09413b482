"""Calls, events, deliveries and faults in the form of the admin routes on one line each, for texts that people read."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import Any

from talkover_mock.base.words import printable, printable_lines

_NUMBER = re.compile("#([0-9]+) ")
_MOST_OF_BODY = 200
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
    return f"#{item['number']} {item['method']} {item['path']}{maker} -> {status}{sent}{reason}"


def _contents(item: Mapping[str, Any], asked: Mapping[str, Any]) -> Iterator[str]:
    """`X-Team: blue`, `no X-Team`, `body {"enabled":false}`, and the URL of a delivery."""
    request = item["request"] if asked else None
    if request is None:
        return
    headers = {name.lower(): value for name, value in request["headers"].items()}
    for name in asked.get("headers") or ():
        value = headers.get(name.lower())
        yield f"no {name}" if value is None else f"{name}: {value}"
    if asked.get("query") and "url" in request:
        yield f"URL {request['url']}"
    if asked.get("json") is not None:
        yield f"body {printable(request['body'][:_MOST_OF_BODY])}" if request["body"] else "no body"


def _ending(delivery: Mapping[str, Any]) -> str:
    """`success`, `retrying (Connection refused)`, or `captured (…)` with the reason; also the fault that struck."""
    captured = delivery["captured_because"]
    reason = "; ".join(filter(None, (captured or delivery["error"], delivery["fault"])))
    return ("captured" if captured else str(delivery["status"])) + (f" ({reason})" if reason else "")


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
    shown = []
    for _, same in groupby(texts, lambda text: _NUMBER.sub("", text, count=1)):
        first, *others = same
        head, line_break, rest = first.partition("\n")
        last = _NUMBER.search(others[-1]) if others else None
        until = f", the last is #{last[1]}" if last else ""
        shown.append(head + (f" ({len(others) + 1} times{until})" if others else "") + line_break + rest)
    return shown


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
    given = {key: value for key, value in fault["match"].items() if value is not None}
    bare = ("method", "path")
    shown = [value if key in bare else f"{key}={short(value)}" for key, value in given.items()]
    return " ".join(shown) or ("any delivery" if fault["on"] == "deliveries" else "any call")


def short(value: object) -> str:
    """A text as it is, any other value as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def fault_line(fault: Mapping[str, Any]) -> str:
    """`fault-1 maintenance, PATCH */toggle: matched 2, struck 1`."""
    counts = f"matched {fault['matched']}, struck {fault['struck']}"
    return f"{fault['id']} {fault_answer(fault)}, {fault_match(fault)}: {counts}"


def lines(
    items: Sequence[Mapping[str, Any]], line: Callable[[Mapping[str, Any]], str] = line, most: int = MOST_SHOWN
) -> list[str]:
    """One line for each of the latest items; equal lines that follow one another are one."""
    texts = [printable_lines(text) for text in folded(map(line, items))]
    before = [f"({len(texts) - most} before these)"] if len(texts) > most else []
    return [*before, *texts[-most:]]
