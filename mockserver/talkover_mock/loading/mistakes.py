"""Mistakes in fixtures: collected while they are read, reported all at once with their lines."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from talkover_mock.base.words import brief, near_or_all, near_word, nearest, printable
from talkover_mock.dialect.reasons import MISSING, Path, steps_of, value_at
from talkover_mock.dialect.rules import Field, Invalid
from talkover_mock.loading.lines import lines

MOST_MISTAKES = 100
"""Mistakes that are listed; the others are only counted."""
_MOST_OPTIONS = 10
_UNQUOTED = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    date: "a date",
    datetime: "a date",
}


class Mistake(NamedTuple):
    """One mistake in a fixture: its place (`file:line: path`), and a text with the value found.

    `steps` is the path for programs: a key may have a dot in it.
    """

    file: str
    path: str
    text: str
    line: int | None = None
    steps: Path = ()

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return printable(f"{place}: {self.path}: {self.text}" if self.path else f"{place}: {self.text}")

    def to_json(self) -> Mapping[str, object]:
        return {"path": self.path, "line": self.line, "message": self.text}


class FixtureError(Exception):
    """The mistakes of all fixture files; no part of the files was used.

    `mistakes` are the first 100; `count` is the number of all.
    """

    def __init__(self, mistakes: Sequence[Mistake], count: int | None = None) -> None:
        self.mistakes = list(mistakes[:MOST_MISTAKES])
        self.count = len(mistakes) if count is None else count
        rest = self.count - len(self.mistakes)
        super().__init__("\n".join([*map(str, self.mistakes), *([f"and {rest} more"] if rest else [])]))


class Source(NamedTuple):
    """One fixture: `file` names it in messages, `text` gives the lines, `data` is the parsed text."""

    file: str
    text: str
    data: Any
    is_yaml: bool = False


class Mistakes:
    """Collects mistakes. `source` is the fixture being read."""

    def __init__(self) -> None:
        self.source = Source("", "", None)
        self._found: list[tuple[Source, Path, str]] = []
        self._count = 0

    def add(self, path: Path, text: str, value: object = MISSING, hint: str = "") -> None:
        """Adds a mistake; `hint` continues the sentence of `text`, and so begins with a semicolon."""
        self._count += 1
        if self._count > MOST_MISTAKES:
            return
        got = "" if value is MISSING else f" (got {brief(value)})"
        self._found.append((self.source, path, (text.removesuffix(".") + hint if hint else text) + got))

    def add_invalid(self, path: Path, data: Mapping[str, Any], invalid: Invalid, fields: Sequence[Field]) -> None:
        """Adds the first text of each field's rules at its place, with a hint at valid values."""
        for name, texts in invalid.entries.items():
            steps = steps_of(name)
            value = value_at(data, steps)
            hint = self._hint(schema_at(fields, steps), value)
            self.add((*path, *steps), texts[0], value, hint)

    def _hint(self, schema: Mapping[str, Any], value: object) -> str:
        if "enum" in schema:
            return near_or_listed(value, schema["enum"])
        if schema.get("type") == "array":
            return in_brackets(value, schema["items"])
        if schema.get("format") == "uri" and isinstance(value, str):
            return _with_scheme(value, schema["pattern"])
        if schema.get("type") == "string":
            return self.unquoted(value, re.compile(schema.get("pattern", "")).search)
        return ""

    def unquoted(self, value: object, fits: Callable[[str], object] = bool) -> str:
        """A hint at quotes, when they would turn the value into a text that fits."""
        kind = _UNQUOTED.get(type(value))
        if kind is None or not fits(str(value)) or not (self.source.is_yaml or isinstance(value, date)):
            return ""
        return f"; YAML reads this as {kind}: put it in quotes"

    def raise_if_any(self) -> None:
        """Raises FixtureError with the mistakes and their lines; finding the lines costs a second look at the text."""
        mistakes: list[Mistake] = []
        for source in {id(source): source for source, _, _ in self._found}.values():
            mine = [(path, text) for origin, path, text in self._found if origin is source]
            places = lines(source.text, [path for path, _ in mine])
            mistakes += [
                Mistake(source.file, shown(path), text, line, path)
                for (path, text), line in zip(mine, places, strict=True)
            ]
        if mistakes:
            raise FixtureError(mistakes, self._count)

    def is_mapping(
        self,
        path: Path,
        value: object,
        keys: Sequence[str],
        misplaced: Mapping[str, str] | None = None,
        extensible: bool = False,
    ) -> bool:
        """Whether the value is a mapping; adds a mistake if not, and for each key that is not among `keys`.

        `misplaced` holds the messages for keys that belong elsewhere; with `extensible`, `x-` keys are ignored.
        """
        if not isinstance(value, dict):
            self.add(path, f"must be a mapping with {', '.join(keys)}" if keys else "must be a mapping", value)
            return False
        for key in value:
            if key not in keys and not (extensible and is_extension(key)):
                self.add((*path, key), (misplaced or {}).get(key) or f"unknown key{nearest(key, keys)}")
        return True

    def list_at(self, path: Path, body: Mapping[str, Any], key: str) -> list[Any]:
        """The list under `key`; empty when it is absent or, with a mistake, when it is not a list."""
        value = body.get(key)
        if value is None or isinstance(value, list):
            return value or []
        self.add((*path, key), "must be a list", value, in_brackets(value, {}) if key.endswith("tokens") else "")
        return []


def is_extension(key: object) -> bool:
    """Whether a key, such as `x-hook`, is ignored: its value is there for the aliases that use it."""
    return isinstance(key, str) and key.startswith("x-")


def shown(path: Path) -> str:
    """A path in the usual notation: `agents[0].webhooks[2].timeout`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def near_or_listed(value: object, options: Sequence[object]) -> str:
    """Like `near_or_all`, but refers to the schema when there are too many options for a message."""
    known = [str(option) for option in options]
    if len(known) <= _MOST_OPTIONS:
        return near_or_all(value, known)
    return nearest(value, known) or f"; expected one of the {len(known)} values in `talkover-mock schema`"


def in_brackets(value: object, items: Mapping[str, Any]) -> str:
    """A hint at a list for a single value that stands where a list of such values is expected."""
    options = items.get("enum", ())
    if isinstance(value, str) and value:
        return f"; did you mean [{near_word(value, options) or value}]?"
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"; did you mean [{value}]?" if is_number and items.get("type") == "number" else ""


def _with_scheme(value: str, pattern: str) -> str:
    """A hint at a URL for a host without its scheme."""
    url = "http://" + value.strip().lstrip("/")
    fits = re.search(pattern, url) and not re.match("[a-z]+:/", value, re.IGNORECASE)
    return f"; did you mean {brief(url)[1:-1]}?" if fits else ""


def schema_at(fields: Sequence[Field], steps: Path) -> Mapping[str, Any]:
    """The schema of the value at a path; empty when the fields' schemas have no such path."""
    found: Mapping[str, Any] = {"properties": {field.name: field.schema for field in fields}}
    for step in steps:
        found = found.get("items", {}) if isinstance(step, int) else found.get("properties", {}).get(step, {})
    return found
