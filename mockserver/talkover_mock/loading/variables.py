"""Replaces `${NAME}` in the strings of fixture files by environment variables of the process."""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from talkover_mock.dialect.reasons import Path
from talkover_mock.loading.mistakes import Mistakes, Source, is_extension
from talkover_mock.loading.schema import is_simple, schema_of

_VARIABLE = re.compile(r"\$(?:\$|\{(?:([A-Za-z_][A-Za-z0-9_]*)(:-[^}]*)?\})?)")
"""`$$`, `${NAME}`, `${NAME:-default}`, or a `${` that begins neither."""
VARIABLES = "variables"
"""The key, at the top of a file, that says whether its variables are replaced."""
DEEPEST = 150
"""Levels of nesting that are searched; the rules of fixtures allow fewer."""


def filled(source: Source, variables: Mapping[str, str]) -> Source:
    """The source with the variables in its strings replaced. Raises FixtureError for a variable without a value.

    `$$` stands for `$`. Keys stay as they are, and so do the values of `x-` keys: they are replaced where an alias uses
    them. With `variables: false` everything stays as it is, `$$` too.
    """
    if "$" not in source.text or (isinstance(source.data, dict) and source.data.get(VARIABLES) is False):
        return source
    filling = _Filling(source, variables)
    data = filling.value((), source.data)
    filling.mistakes.raise_if_any()
    return source._replace(data=data)


class _Filling:
    def __init__(self, source: Source, variables: Mapping[str, str]) -> None:
        self.mistakes = Mistakes()
        self.mistakes.source = source
        self._variables = variables
        self._done: dict[int, Any] = {}
        """By the id of a mapping or list: its copy. Aliases share their value, and go on sharing it."""

    def value(self, path: Path, value: Any) -> Any:
        if type(value) is str:
            return self._text(path, value) if "$" in value else value
        if type(value) not in (dict, list) or len(path) > DEEPEST:
            return value
        if id(value) not in self._done:
            self._done[id(value)] = self._copy(path, value)
        return self._done[id(value)]

    def _text(self, path: Path, value: str) -> Any:
        """The text, or true, false or the number that it stands for, where no text is expected."""
        text = _VARIABLE.sub(lambda found: self._replaced(path, found), value)
        if is_simple(schema_of(path)):
            with suppress(ValueError):
                found = json.loads(text)
                return found if type(found) in (bool, int, float) else text
        return text

    def _copy(self, path: Path, value: dict[Any, Any] | list[Any]) -> Any:
        if isinstance(value, list):
            return [self.value((*path, i), each) for i, each in enumerate(value)]
        extends = _may_be_extended(path)
        return {
            key: each if extends and (is_extension(key) or key == VARIABLES) else self.value((*path, key), each)
            for key, each in value.items()
        }

    def _replaced(self, path: Path, found: re.Match[str]) -> str:
        name, default = found[1], found[2]
        if found[0] == "$$":
            return "$"
        if name is None:
            self.mistakes.add(
                path, "${ must begin ${NAME} or ${NAME:-default}; write $${ for the characters themselves"
            )
            return ""
        value = self._variables.get(name)
        if default is not None:
            return value or str(default).removeprefix(":-")
        if value is None:
            text = f"the environment variable {name} is not set; set it, or give a default: ${{{name}:-default}}"
            self.mistakes.add(path, text)
        return value or ""


def _may_be_extended(path: Path) -> bool:
    """Whether the mapping at the path is a whole fixture or an environment, which may have `x-` keys."""
    return not path or (len(path) == 2 and path[0] == "environments")
