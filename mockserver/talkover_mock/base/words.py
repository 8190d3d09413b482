"""Words that messages share: numbers of things, and the known word that is near."""

import difflib
import json
from collections.abc import Iterable, Sequence

_MOST_SHOWN = 80


def number_of(count: int, what: str) -> str:
    """`1 agent`, `2 agents`."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def near_word(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """The known word that is nearest, in any case; nothing when none is near. 1 is the same word but for case."""
    by_lower = {each.lower(): each for each in known}
    near = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[near[0]] if near else ""


def nearest(word: object, known: Iterable[str], cutoff: float = 0.6) -> str:
    """`; did you mean timeout?`, or nothing when no known word is near."""
    near = near_word(word, known, cutoff) if isinstance(word, str) else ""
    return f"; did you mean {near}?" if near else ""


def brief(value: object) -> str:
    """A value in a message: printable JSON, at most 80 characters. The value may be of any size, depth and type."""
    text = ""
    for part in json.JSONEncoder(default=str, ensure_ascii=False, skipkeys=True).iterencode(value):
        shown = part[: _MOST_SHOWN + 1]
        text += "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in shown)
        if len(text) > _MOST_SHOWN:
            return text[: _MOST_SHOWN - 3] + "..."
    return text


def near_or_all(word: object, known: Sequence[str]) -> str:
    """The end of a sentence about an unknown word: the known one that is near, or else all of them."""
    return nearest(word, known) or f"; expected {'one of ' if len(known) > 1 else ''}{', '.join(known)}"
