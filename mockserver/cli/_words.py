"""Words that several messages need: numbers of things, and the known word that is near."""

from collections.abc import Iterable
from difflib import get_close_matches


def number_of(count: int, what: str) -> str:
    """`1 agent`, `2 agents`."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def near(word: str, known: Iterable[str]) -> str:
    """`; did you mean check?`, or nothing.

    Every command has this at hand, and `mistakes.nearest` would have each of them load YAML, also `health`.
    """
    found = get_close_matches(word, list(known), n=1)
    return f"; did you mean {found[0]}?" if found else ""


def near_or_all(word: str, known: Iterable[str]) -> str:
    """The known word that is near, or else all of them."""
    return near(word, known) or f"; expected one of {', '.join(known)}"
