"""YAML and JSON to plain data and back, quickly."""

import json
import re
from collections import Counter
from typing import Any, NoReturn

import yaml
from yaml.reader import Reader, ReaderError

from talkover_mock.base.collector import collector_paused
from talkover_mock.base.words import brief
from talkover_mock.dialect.inputs import compression
from talkover_mock.loading.lines import json_as_yaml
from talkover_mock.loading.yaml_builder import LOADER, Builder, DocumentError, KeyTwice

_SafeDumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_HALF_A_PAIR = re.compile(r"\\u[dD][89a-fA-F]")

_RESERVED = ("@", "`", "%")
"""Characters that can't begin a plain text in YAML, though a user may expect it."""


class _Dumper(_SafeDumper):  # type: ignore[misc]
    """Writes a repeated value in full, where the library would write an alias."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def parse(text: str, json_only: bool = False, loader: Any = LOADER) -> Any:
    """The data in `text`: YAML as `yaml.safe_load` reads it, or JSON. Raises DocumentError.

    Stricter than both libraries: a repeated key in a mapping is an error, and so is text that UTF-8 can't carry.
    `loader` is PyYAML's loader class.
    """
    with collector_paused():
        try:
            data = _parse_json(text, loader) if json_only else _parse_yaml(text, loader)
            if _HALF_A_PAIR.search(text):
                _check_pairs(data)
        except RecursionError:
            raise DocumentError("is nested too deeply") from None
    return data


def read(content: bytes, json_only: bool = False) -> tuple[str, Any]:
    """The text (UTF-8) of a document and its data. Raises DocumentError."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        how = compression(content)
        if how:
            raise DocumentError(f"is compressed ({how}); it must be plain text") from None
        line = content.count(b"\n", 0, error.start) + 1
        message = f"is not UTF-8: the byte 0x{content[error.start]:02x} is not valid there; save it as UTF-8"
        raise DocumentError(message, line) from None
    return text, parse(text, json_only)


def is_json(name: str) -> bool:
    """Whether a file's name or a media type means JSON."""
    return name.lower().endswith((".json", "/json", "+json"))


def to_yaml(data: object) -> str:
    return str(yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000))


def _parse_json(text: str, loader: Any) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except KeyTwice as error:
        raise DocumentError(str(error), _line_of_key_twice(text, loader)) from None
    except json.JSONDecodeError as error:
        raise DocumentError(f"is not JSON: {error.msg} (column {error.colno})", error.lineno) from None
    except ValueError:
        raise DocumentError("is not JSON: a number has too many digits") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise KeyTwice(Counter(key for key, _ in pairs).most_common(1)[0][0])
    return found


def _no_constant(name: str) -> NoReturn:
    raise DocumentError(f"is not JSON: {name} is not a JSON value")


def _line_of_key_twice(text: str, loader: Any) -> int | None:
    """The line of a repeated key: the JSON parser does not tell it, the YAML parser does."""
    try:
        _parse_yaml(json_as_yaml(text), loader)
    except KeyTwice as error:
        return error.line
    except DocumentError:
        pass
    return None


def _parse_yaml(text: str, loader_class: Any) -> Any:
    loader = None
    try:
        loader = loader_class(text)
        return Builder(loader).document()
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(text, error, loader_class) from None
    except ReaderError as error:
        raise DocumentError("is not YAML: it holds a control character", _line_of_control(text)) from error
    except (ValueError, OverflowError):
        raise DocumentError("is not YAML: an escape sequence is not a character") from None
    finally:
        if loader:
            loader.dispose()


def _not_yaml(text: str, error: yaml.MarkedYAMLError, loader_class: Any) -> DocumentError:
    """An error in the library's words, with a hint for common problems."""
    problem, mark = error.problem or error.context or "", error.problem_mark
    if error.context == "while scanning a quoted scalar" and error.context_mark:
        return _unclosed("quote", error.context_mark)
    if mark is None:
        return DocumentError(f"is not YAML: {problem}")
    bracket, quoted = _open_at_error(text, loader_class)
    if bracket and not text[mark.index :].strip():
        return _unclosed("[" if isinstance(bracket, yaml.SequenceStartEvent) else "{", bracket.start_mark)
    line = text[text.rfind("\n", 0, mark.index) + 1 : mark.index]
    remedy = _remedy(problem, line, text[mark.index : mark.index + 1])
    if quoted and quoted.end_mark.line == mark.line:
        remedy = f"; is the quote closed that begins in line {quoted.start_mark.line + 1}?"
    return DocumentError(f"is not YAML: {problem} (column {mark.column + 1}){remedy}", mark.line + 1)


def _unclosed(what: str, mark: Any) -> DocumentError:
    """An error at the place where a quote or bracket begins: the library tells where it misses the end."""
    return DocumentError(
        f"is not YAML: the {what} that begins here is not closed (column {mark.column + 1})", mark.line + 1
    )


def _open_at_error(text: str, loader_class: Any) -> tuple[Any, Any]:
    """The events of the innermost open bracket and of a quoted text over several lines right before a syntax error."""
    loader = loader_class(text)
    brackets: list[Any] = []
    quoted = None
    try:
        while event := loader.get_event():
            begin, end, quoted = event.start_mark, event.end_mark, None
            if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                brackets.append(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                brackets.pop()
            elif isinstance(event, yaml.ScalarEvent) and event.style and event.style in "\"'":
                quoted = event if end.line > begin.line else None
    except yaml.YAMLError:
        pass
    finally:
        loader.dispose()
    return (brackets[-1] if brackets and brackets[-1].flow_style else None), quoted


def _remedy(problem: str, line: str, character: str) -> str:
    """A hint for a syntax error; `line` is the text before the character."""
    if character == "\t":
        return "; a tab can't indent, use spaces"
    if character in _RESERVED:
        return f"; a text that begins with {character} needs quotes"
    if character == ":" and ": " in line:
        return "; a text with ': ' in it needs quotes"
    if problem.startswith("mapping values"):
        return "; check the indentation of the line, and the line before"
    return ""


def _line_of_control(text: str) -> int | None:
    found = Reader.NON_PRINTABLE.search(text)
    return text.count("\n", 0, found.start()) + 1 if found else None


def _check_pairs(data: Any) -> None:
    """Raises DocumentError for half of a surrogate pair."""
    if isinstance(data, str):
        try:
            data.encode()
        except UnicodeEncodeError:
            raise DocumentError(f"{brief(data)} holds half of a surrogate pair (\\ud800 to \\udfff)") from None
    elif isinstance(data, dict):
        for key, value in data.items():
            _check_pairs(key)
            _check_pairs(value)
    elif isinstance(data, list):
        for each in data:
            _check_pairs(each)
