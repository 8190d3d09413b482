"""Parts of messages: counts with their nouns, hints at similar words, values in short."""

import difflib
import json
from collections.abc import Iterable, Sequence
from itertools import islice

_MOST_SHOWN = 80
_MOST_COMPARED = 500
"""Known words that a word is compared with: comparing takes some 20 µs a word, often under a lock."""
_MOST_LISTED = 20
_MOST_DIGITS = 15


def number_of(count: int, noun: str) -> str:
    """A count with its noun: `1 agent`, `2 agents`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def status_word(status: str, captured: object) -> str:
    """The status of a delivery for people, where `captured` is a success without a request."""
    return "captured" if captured and status == "success" else status


def digits(text: str) -> int | None:
    """The whole number that a text of ASCII digits is; None for any other text, and for more than 15 digits.

    `str.isdigit` and `int` do not agree on other digits, nor on thousands of them.
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else None


def near_word(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """The most similar of the first 500 known words, or the empty text.

    Case is ignored; with `cutoff` 1 only the case may differ.
    """
    by_lower = {each.lower(): each for each in islice(known, _MOST_COMPARED)}
    near = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[near[0]] if near else ""


def nearest(word: object, known: Iterable[str], cutoff: float = 0.6) -> str:
    """A hint such as `; did you mean timeout?`, or the empty text when no known word is similar."""
    near = near_word(word, known, cutoff) if isinstance(word, str) else ""
    return f"; did you mean {near}?" if near else ""


def printable(text: str) -> str:
    """The text on one line: control characters and those that change the direction of writing are escaped."""
    return text if text.isprintable() else "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def printable_lines(text: str) -> str:
    """The text with each of its lines printable."""
    return "\n".join(map(printable, text.split("\n")))


def cut(text: str, most: int) -> str:
    """The text, or its beginning and `...` where it has more than `most` characters."""
    return text if len(text) <= most else text[: most - 3] + "..."


def brief(value: object) -> str:
    """The value as printable JSON of at most 80 characters; it may have any size, depth and type."""
    text = ""
    for part in json.JSONEncoder(default=str, ensure_ascii=False, skipkeys=True).iterencode(value):
        shown = part[: _MOST_SHOWN + 1]
        text += printable(shown)
        if len(text) > _MOST_SHOWN:
            return cut(text, _MOST_SHOWN)
    return text


def there_are(names: Sequence[str]) -> str:
    """A hint at the names that there are, of many the first 20: `; there are one, two`."""
    more = f" and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
    return f"; there are {', '.join(names[:_MOST_LISTED]) or 'none'}{more}"


def near_or_all(word: object, known: Sequence[str]) -> str:
    """A hint for an unknown word: the most similar known word, or else all known words."""
    return nearest(word, known) or f"; expected {'one of ' if len(known) > 1 else ''}{', '.join(known)}"
