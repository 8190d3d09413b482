"""Finds the lines of values in a document for error messages, without a copy of the document in memory."""

import re
from collections.abc import Sequence
from typing import Any

import yaml
from yaml.reader import Reader

from talkover_mock.dialect.reasons import Path
from talkover_mock.loading.yaml_builder import LOADER

_MOST_PASSES = 10
"""Passes over a document: each one after the first follows one more alias."""


def lines(text: str, paths: Sequence[Path], loader: Any = LOADER) -> list[int | None]:
    """The line of each path, from 1, or of the closest value around it. Costs about as much as reading the text."""
    for readable in (text, json_as_yaml(text)):
        try:
            return _Finder(paths).find(readable, loader)
        except (yaml.YAMLError, RecursionError, ValueError):
            continue
    return [None] * len(paths)


def json_as_yaml(text: str) -> str:
    """JSON with its lines kept, but surrogate pairs, tabs and other characters that YAML can't read replaced."""
    not_in_yaml = "[\t\x7f\x85\u2028\u2029]|" + Reader.NON_PRINTABLE.pattern
    return re.sub(not_in_yaml, " ", re.sub(r"(\\\\)|\\u", r"\1", text))


class _Steps:
    """A tree of paths: `paths` are the numbers of the paths that lead here, `below` holds their next steps."""

    __slots__ = ("below", "paths")

    def __init__(self) -> None:
        self.paths: list[int] = []
        self.below: dict[str, _Steps] = {}

    def add(self, number: int, path: Path) -> None:
        steps = self
        for step in path:
            steps = steps.below.setdefault(str(step), _Steps())
            steps.paths.append(number)


class _Finder:
    """Walks the events of a document along the wanted paths, and skips everything else.

    Behind an alias, the rest of a path leads into the alias's anchor, which stands earlier: another pass finds it.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._root = _Steps()
        for number, path in enumerate(paths):
            self._root.add(number, path)
        self._lines: list[int | None] = [None] * len(paths)
        self._anchored: dict[str, list[_Steps]] = {}
        self._pending: dict[str, list[_Steps]] = {}

    def find(self, text: str, loader_class: Any) -> list[int | None]:
        self._pass(text, loader_class, [self._root])
        for _ in range(_MOST_PASSES):
            if not self._pending:
                break
            self._anchored, self._pending = self._pending, {}
            self._pass(text, loader_class, [])
        return self._lines

    def _pass(self, text: str, loader_class: Any, wanted: list[_Steps]) -> None:
        loader = loader_class(text)
        try:
            self._next = loader.get_event
            self._next()  # the stream's start
            if type(self._next()) is yaml.StreamEndEvent:
                return
            event = self._next()
            if wanted:
                self._lines = [event.start_mark.line + 1] * len(self._lines)
            self._value(event, wanted)
            self._next()  # reads to the document's end: an error there makes all lines doubtful
        finally:
            loader.dispose()

    def _value(self, event: Any, wanted: list[_Steps]) -> None:
        kind = type(event)
        if kind is yaml.AliasEvent:
            if wanted:
                self._pending.setdefault(event.anchor, []).extend(wanted)
            return
        if event.anchor in self._anchored:
            wanted = [*wanted, *self._anchored[event.anchor]]
        if kind is yaml.ScalarEvent:
            return
        wanted = [steps for steps in wanted if steps.below]
        if not wanted and not self._anchored:
            self._skip()
        elif kind is yaml.MappingStartEvent:
            self._mapping(wanted)
        else:
            self._sequence(wanted)

    def _skip(self) -> None:
        """Reads to the end of a mapping or list that holds nothing wanted."""
        starts, ends = (yaml.MappingStartEvent, yaml.SequenceStartEvent), (yaml.MappingEndEvent, yaml.SequenceEndEvent)
        depth, following = 1, self._next
        while depth:
            kind = type(following())
            if kind in ends:
                depth -= 1
            elif kind in starts:
                depth += 1

    def _sequence(self, wanted: list[_Steps]) -> None:
        index = 0
        while type(event := self._next()) is not yaml.SequenceEndEvent:
            self._value(event, self._step(wanted, str(index), event))
            index += 1

    def _mapping(self, wanted: list[_Steps]) -> None:
        own: set[str] = set()
        merged: list[str] = []
        while type(key := self._next()) is not yaml.MappingEndEvent:
            if type(key) is not yaml.ScalarEvent:
                self._value(key, [])
                self._value(self._next(), [])
            elif key.value == "<<" and key.implicit[0]:
                self._merge(self._next(), merged)
            else:
                own.add(key.value)
                self._value(self._next(), self._step(wanted, key.value, key))
        for anchor in merged:  # a key that is not the mapping's own comes from a merged one
            self._pending.setdefault(anchor, []).extend(_without(steps, own) for steps in wanted)

    def _merge(self, event: Any, merged: list[str]) -> None:
        if isinstance(event, yaml.AliasEvent) and event.anchor:
            merged.append(event.anchor)
        elif type(event) is yaml.SequenceStartEvent:
            while type(each := self._next()) is not yaml.SequenceEndEvent:
                self._merge(each, merged)
        else:
            self._value(event, [])

    def _step(self, wanted: list[_Steps], step: str, event: Any) -> list[_Steps]:
        """One step along the wanted paths; `event` is the key, or the item of a list, that stands there."""
        found = [steps.below[step] for steps in wanted if step in steps.below]
        for steps in found:
            for number in steps.paths:
                self._lines[number] = event.start_mark.line + 1
        return found


def _without(steps: _Steps, own: set[str]) -> _Steps:
    rest = _Steps()
    rest.below = {step: below for step, below in steps.below.items() if step not in own}
    return rest
