"""What a test expects of calls or deliveries, and the text when it is not met: what came, and what was nearest."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from talkover_mock.admin.lines import gathered, line, shown
from talkover_mock.base.history import Found
from talkover_mock.base.words import printable_lines

_SHOWN = 5
_COMPARED = 500
"""Lines that are compared with the filters: a comparison takes some 20 µs."""
_SINGULARS = {"requests": "request", "deliveries": "delivery"}


class Expected(NamedTuple):
    """`least` to `most` of the items that match `filters`, within `wait` seconds; `what` is requests or deliveries.

    A wait with `most` takes the whole time, to see that no more come; with `soon` it ends at `least` items.
    """

    what: str
    filters: Mapping[str, Any]
    least: int | None
    most: int | None
    wait: float
    soon: bool = False

    def is_met_by(self, found: Found[Any]) -> bool:
        return found.satisfied and (self.most is None or found.count <= self.most)

    def unmet(self, count: int, items: Sequence[Mapping[str, Any]], hints: Sequence[str]) -> str:
        """The text when `count` items match; `items` are all that there are, in the form of the admin route."""
        return printable_lines("\n".join([f"expected {self._text()}, got {count}; {self._nearest(items)}", *hints]))

    def unknown(self, count: int, lost: int) -> str:
        """The text when no more match than are wanted, but `lost` older ones may have matched too."""
        text = f"expected {self._text()}, got {count} of those that are kept"
        return printable_lines(
            "\n".join([text, *self.lost(lost), "search since a later moment, or let the server keep more"])
        )

    def lost(self, number: int) -> Sequence[str]:
        """Says how many older ones were dropped, where some of them may have matched."""
        text = f"older {self.what} that are no longer kept (serve --keep), and may have matched: {number}"
        return [text] if number else []

    def interrupted(self) -> str:
        """The text when the environment was reset or closed during the wait."""
        return printable_lines(f"expected {self._text()}, but the environment was reset or closed meanwhile")

    def _text(self) -> str:
        """`exactly 2 requests method=PATCH path=*/toggle within 3 s`."""
        given = "".join(f" {key}={shown(value)}" for key, value in self.filters.items())
        return f"{self._number()}{given}" + (f" within {self.wait:g} s" if self.wait else "")

    def _number(self) -> str:
        """`exactly 2 requests`, `at least 1 request`, `at most 3 requests`, `1 to 3 requests`, `no requests`."""
        what, least, most = self.what, self.least, self.most
        if most == 0:
            return f"no {what}"
        counted = _SINGULARS[what] if (most or least) == 1 else what
        if least == most:
            return f"exactly {least} {counted}"
        if most is None:
            return f"at least {least} {counted}"
        return f"{least} to {most} {counted}" if least else f"at most {most} {counted}"

    def _nearest(self, items: Sequence[Mapping[str, Any]]) -> str:
        """The exchanges or deliveries nearest to the filters, the best first."""
        if not items:
            other = "; calls with another token than this environment's are not among them"
            return f"there are no {self.what} at all{other if self.what == 'requests' else ''}"
        lines = gathered(line(each, self.filters) for each in items)
        which = f"all {self.what}" if len(lines) <= _COMPARED else f"the latest {self.what}"
        more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
        return "\n  ".join([f"the nearest of {which}:", *self._most_alike_first(lines[-_COMPARED:])[:_SHOWN], *more])

    def _most_alike_first(self, lines: Sequence[str]) -> list[str]:
        """The lines by how many pairs of characters they share with the filters' values, without reasons and errors;
        among equals the older first. What difflib finds alike takes minutes for long texts.
        """
        wanted = set(pairwise(" ".join(map(shown, self.filters.values()))))
        return sorted(lines, key=lambda text: len(wanted.intersection(pairwise(text.partition(" (")[0]))), reverse=True)
