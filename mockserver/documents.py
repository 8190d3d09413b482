"""Text to plain data and back: YAML and JSON, quickly, and the line of a value when something is wrong."""

import gc
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import yaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SafeDumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_MAP, _SEQ, _STR = "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:str"
_MOST_NODES = 20_000_000
"""What aliases may expand to; a file that refers to itself over and over would fill the memory."""

Path = tuple[str | int, ...]


class _Dumper(_SafeDumper):  # type: ignore[misc]
    """Writes a value that stands twice twice, where the library would write an alias."""

    def ignore_aliases(self, data: object) -> bool:
        return True


class DocumentError(Exception):
    """Text that is not the YAML or JSON it should be. `line` counts from 1."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


def parse(text: str, json_only: bool = False) -> Any:
    """The data in `text`: YAML as `yaml.safe_load` reads it, or JSON. Raises DocumentError.

    Stricter than both libraries in one thing: a key that stands twice in a mapping is an error.
    """
    with _collector_paused():
        try:
            return _parse_json(text) if json_only else _parse_yaml(text)
        except RecursionError:
            raise DocumentError("is nested too deeply") from None


def to_yaml(data: object) -> str:
    return str(yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000))


def lines(text: str, paths: Sequence[Path]) -> list[int | None]:
    """The line of each path, from 1, or of the nearest thing around it. Slow: for error messages."""
    plain = re.sub(r"\\u[0-9a-fA-F]{4}", "", text)  # JSON's surrogate pairs are not YAML
    try:
        root = yaml.compose(plain, Loader=_Loader)
    except (yaml.YAMLError, RecursionError):
        return [None] * len(paths)
    return [None if root is None else _line(root, path) for path in paths]


def _line(node: Any, path: Path) -> int:
    line: int = node.start_mark.line
    for step in path:
        key, found = _child(node, step)
        if found is None:
            break
        line, node = key.start_mark.line, found
    return line + 1


def _child(node: Any, step: str | int) -> tuple[Any, Any]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if getattr(key, "value", None) == str(step):
                return key, value
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None, None


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Without the garbage collector: it would walk the growing data again and again (twice the time)."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except DocumentError:
        _parse_yaml(text)  # knows the line of a key that stands twice
        raise
    except json.JSONDecodeError as error:
        raise DocumentError(f"is not JSON: {error.msg}", error.lineno) from None
    except ValueError as error:
        raise DocumentError(f"is not JSON: {error}") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise DocumentError(f"the key {twice!r} stands twice in one object")
    return found


def _no_constant(name: str) -> NoReturn:
    raise DocumentError(f"is not JSON: {name} is not a JSON value")


def _parse_yaml(text: str) -> Any:
    loader = _Loader(text)
    try:
        return _Builder(loader).document()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise DocumentError(f"is not YAML: {error.problem or error.context}", line) from None
    except yaml.YAMLError as error:
        raise DocumentError(f"is not YAML: {error}".replace("\n", " ")) from None
    finally:
        loader.dispose()


class _Builder:
    """Builds plain data straight from the parser's events: several times faster than through nodes.

    What a scalar means is still the library's to say; the answers for plain ones are remembered.
    """

    def __init__(self, loader: Any) -> None:
        self._loader = loader
        self._next = loader.get_event
        self._first_characters = loader.yaml_implicit_resolvers
        self._plain: dict[str, Any] = {}
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._nodes = 0

    def document(self) -> Any:
        self._next()  # the stream's start
        event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            return None
        data = self._value(self._next())
        self._next()  # the document's end
        event = self._next()
        if not isinstance(event, yaml.StreamEndEvent):
            self._fail("holds more than one document (---); expected one", event)
        return data

    def _value(self, event: Any) -> Any:
        kind = type(event)
        self._nodes += 1
        if kind is yaml.AliasEvent:
            return self._alias(event)
        before = self._nodes
        if kind is yaml.ScalarEvent:
            data = self._scalar(event)
        elif kind is yaml.MappingStartEvent:
            data = self._mapping(event)
        else:
            data = self._sequence(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = (data, self._nodes - before + 1)
        return data

    def _alias(self, event: Any) -> Any:
        if event.anchor not in self._anchors:
            self._fail(f"the alias *{event.anchor} stands before its anchor is complete", event)
        data, size = self._anchors[event.anchor]
        self._nodes += size
        if self._nodes > _MOST_NODES:
            self._fail("its aliases expand to too much data", event)
        return data

    def _scalar(self, event: Any) -> Any:
        value = event.value
        if event.tag is None or event.tag == "!":
            if not event.implicit[0] or value[:1] not in self._first_characters:
                return value
            if value in self._plain:
                return self._plain[value]
            tag = self._loader.resolve(yaml.ScalarNode, value, (True, False))
            data = self._plain[value] = self._construct(tag, event)
            return data
        return self._construct(event.tag, event)

    def _construct(self, tag: str, event: Any) -> Any:
        if tag == _STR:
            return event.value
        node = yaml.ScalarNode(tag, event.value, event.start_mark, event.end_mark)
        try:
            return self._loader.construct_object(node)
        except ValueError as error:
            self._fail(f"{event.value!r}: {error}", event)

    def _sequence(self, event: Any) -> list[Any]:
        self._check_tag(event, _SEQ)
        data: list[Any] = []
        end, value, following = yaml.SequenceEndEvent, self._value, self._next
        while type(event := following()) is not end:
            data.append(value(event))
        return data

    def _mapping(self, event: Any) -> dict[Any, Any]:
        self._check_tag(event, _MAP)
        data: dict[Any, Any] = {}
        merged: list[dict[Any, Any]] = []
        end, value, following = yaml.MappingEndEvent, self._value, self._next
        while type(key_event := following()) is not end:
            key = value(key_event)
            if key == "<<" and key_event.implicit[0]:
                merged += self._merged(value(event := following()), event)
                continue
            if isinstance(key, (dict, list)):
                self._fail("a mapping or a list can't be a key", key_event)
            if key in data:
                self._fail(f"the key {key!r} stands twice in one mapping", key_event)
            data[key] = value(following())
        for other in merged:  # what stands first wins, and the mapping's own keys before all
            data = {**other, **data}
        return data

    def _merged(self, value: Any, event: Any) -> list[dict[Any, Any]]:
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(each, dict) for each in values):
            self._fail("<< takes a mapping, or a list of mappings", event)
        return values

    def _check_tag(self, event: Any, expected: str) -> None:
        if event.tag not in (None, "!", expected):
            self._fail(f"the tag {event.tag!r} is not allowed in a fixture", event)

    def _fail(self, message: str, event: Any) -> NoReturn:
        raise DocumentError(message, event.start_mark.line + 1)


def read(content: bytes, json_only: bool = False) -> tuple[str, Any]:
    """The text (UTF-8) of a document and its data. Raises DocumentError."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DocumentError(f"is not UTF-8: {error.reason}", line) from None
    return text, parse(text, json_only)


def is_json(name: str) -> bool:
    """Whether a file's name or a media type says JSON."""
    return name.lower().endswith((".json", "/json", "+json"))
