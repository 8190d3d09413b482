"""The text of a failed expectation: what a test expected, what came, and what was nearest."""

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

_SHOWN = 5
_SINGULARS = {"requests": "request", "deliveries": "delivery"}


def expected(what: str, filters: Mapping[str, object], least: int | None, most: int | None, wait: float) -> str:
    """`exactly 2 requests method=PATCH path=*/toggle within 3 s`."""
    given = "".join(f" {key}={value}" for key, value in filters.items() if value is not None)
    return f"{_number(what, least, most)}{given}" + (f" within {wait:g} s" if wait else "")


def nearest(what: str, filters: Mapping[str, object], items: Sequence[dict[str, Any]]) -> str:
    """The exchanges or deliveries nearest to the filters, the best first."""
    if not items:
        other = "; calls with another token than this environment's are not among them" if what == "requests" else ""
        return f"there are no {what} at all{other}"
    wanted = " ".join(str(value) for value in filters.values() if value is not None)
    lines = _most_alike_first(wanted, [line(item) for item in items])
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


def line(item: dict[str, Any]) -> str:
    """An exchange or a delivery on one line."""
    if "event" in item:
        return _delivery_line(item)
    status = item["status"] if item["status"] is not None else "no answer"
    reason = f" ({item['reason']})" if item["reason"] else ""
    return f"#{item['number']} {item['method']} {item['path']} -> {status}{reason}"


def _delivery_line(item: dict[str, Any]) -> str:
    status = "captured" if item["captured"] else item["status"]
    error = f" ({item['error']})" if item["error"] else ""
    return f"{item['event']} to webhook {item['webhook_id']}, attempt {item['attempt']}: {status}{error}"
