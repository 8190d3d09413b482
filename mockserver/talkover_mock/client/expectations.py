"""The text of a failed expectation: what a test expected, what came, and what was nearest."""

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import groupby
from typing import Any

_SHOWN = 5
_NUMBER = re.compile("#([0-9]+) ")
_SINGULARS = {"requests": "request", "deliveries": "delivery"}


def expected(what: str, filters: Mapping[str, object], least: int | None, most: int | None, wait: float) -> str:
    """`exactly 2 requests method=PATCH path=*/toggle within 3 s`."""
    given = "".join(f" {key}={value}" for key, value in filters.items() if value is not None)
    return f"{_number(what, least, most)}{given}" + (f" within {wait:g} s" if wait else "")


def nearest(what: str, filters: Mapping[str, object], items: Sequence[Mapping[str, Any]]) -> str:
    """The exchanges or deliveries nearest to the filters, the best first."""
    if not items:
        other = "; calls with another token than this environment's are not among them" if what == "requests" else ""
        return f"there are no {what} at all{other}"
    wanted = " ".join(str(value) for value in filters.values() if value is not None)
    lines = _most_alike_first(wanted, folded(map(line, items)))
    more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return "\n  ".join([f"the nearest of all {what}:", *lines[:_SHOWN], *more])


def _most_alike_first(wanted: str, lines: Sequence[str]) -> list[str]:
    """The lines by how much text they share with `wanted`, without reasons and errors; among equals the older first."""
    matcher = SequenceMatcher(b=wanted, autojunk=False)

    def shared(text: str) -> int:
        matcher.set_seq1(text.partition(" (")[0])
        return sum(block.size for block in matcher.get_matching_blocks())

    return sorted(lines, key=shared, reverse=True)


def _number(what: str, least: int | None, most: int | None) -> str:
    """`exactly 2 requests`, `at least 1 request`, `at most 3 requests`, `1 to 3 requests`, `no requests`."""
    if most == 0:
        return f"no {what}"
    counted = _SINGULARS[what] if (most or least) == 1 else what
    if least == most:
        return f"exactly {least} {counted}" if least is not None else f"any number of {what}"
    if most is None:
        return f"at least {least} {counted}"
    return f"{least} to {most} {counted}" if least else f"at most {most} {counted}"


def line(item: Mapping[str, Any]) -> str:
    """An exchange or a delivery on one line."""
    if "event" in item:
        return _delivery_line(item)
    status = item["status"] or ("under way" if item["under_way"] else "no answer")
    reason = f" ({item['reason']})" if item["reason"] else ""
    return f"#{item['number']} {item['method']} {item['path']} -> {status}{reason}"


def _delivery_line(item: Mapping[str, Any]) -> str:
    attempt = f", attempt {item['attempt']}" if item["attempt"] else ""
    return f"{item['event']} to webhook {item['webhook_id']}{attempt}: {_ending(item)}"


def _ending(delivery: Mapping[str, Any]) -> str:
    """`success`, `retrying (Connection refused)`, or `captured (…)` with the reason; also the fault that struck."""
    captured = delivery["captured_because"]
    reason = "; ".join(filter(None, (captured or delivery["error"], delivery["fault"])))
    return ("captured" if captured else str(delivery["status"])) + (f" ({reason})" if reason else "")


def event_text(event: Mapping[str, Any]) -> str:
    """An event, with one line for each webhook: its latest attempt, or the reason why it was skipped."""
    got = [f"webhook {each['webhook_id']}: {_end_of(each)}" for each in event["deliveries"]]
    passed = [skipped_text(each) for each in event["skipped"]]
    campaign_id = event.get("campaign_id")
    owner = f"agent {event['agent_id']}" if campaign_id is None else f"campaign {campaign_id}"
    return "\n  ".join([f"{event['event']} at {owner}", *(got + passed or ["no delivery of it is still kept"])])


def skipped_text(skipped: Mapping[str, Any]) -> str:
    """`webhook 42: skipped, it is disabled`."""
    return f"webhook {skipped['webhook_id']}: skipped, {skipped['reason']}"


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


def loop_hints() -> list[str]:
    """A hint for a wait inside a task of an event loop; nothing in that loop happens while the test waits."""
    asyncio = sys.modules.get("asyncio")
    try:  # not the loop: where gevent or eventlet makes threads of greenlets, the server's own loop runs in this thread
        task = asyncio and asyncio.current_task()
    except RuntimeError:
        task = None
    if task is None:
        return []
    return [
        "the call was made inside a running event loop, which stood still meanwhile: if the application or the "
        "receiver runs in this loop, write `await asyncio.to_thread(talkover_mock.<method>, …)`"
    ]
