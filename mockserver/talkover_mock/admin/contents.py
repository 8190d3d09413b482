"""What searches and faults ask of the content of requests: `json`, `headers` and `query`, and how they are read."""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from talkover_mock.admin.checks import value_of
from talkover_mock.admin.problems import Problem
from talkover_mock.admin.search import Filter
from talkover_mock.base.contents import A_JSON_VALUE, Content, GivenTwice, Sent, each_once, is_json
from talkover_mock.base.headers import HEADER_NAME
from talkover_mock.base.shapes.faults import AskedContent
from talkover_mock.base.words import brief

T = TypeVar("T")
KEYS = Content._fields
_HEADERS = 'an object of names and values of headers, such as {"X-Team": "blue"}; * matches anything'
_FIELDS = 'an object of fields of the query, such as {"page": "2"}; * matches anything'
_EXAMPLES: Mapping[str, str] = {"json": '{"enabled": true}', "headers": '{"X-Team": "blue"}', "query": '{"page": "2"}'}


def content_of(given: Mapping[str, Any], where: str = "") -> Content:
    """The content that an object asks for; `where` is the path of the object, with a dot at its end.

    Raises Problem 422.
    """
    headers = value_of(given, f"{where}headers", {}, _are_headers, _HEADERS)
    query = value_of(given, f"{where}query", {}, _are_values, _FIELDS)
    return Content(value_of(given, f"{where}json", None, is_json, A_JSON_VALUE), _texts(headers), _patterns(query))


def present(content: Content) -> AskedContent:
    """The content that was asked for."""
    asked = {"json": content.json, "headers": dict(content.headers) or None, "query": _texts(content.query) or None}
    return cast(AskedContent, {key: value for key, value in asked.items() if value is not None})


def filters_for(read: Callable[[T], Sent | None]) -> Mapping[str, Filter[T]]:
    """The filters of items whose request `read` gives; None before the request has been sent."""
    return {key: _filter_of(key, read) for key in KEYS}


def _filter_of(key: str, read: Callable[[T], Sent | None]) -> Filter[T]:
    def parse(text: str) -> Callable[[T], bool]:
        wanted = content_of({key: _value(key, text)})
        return lambda item: (sent := read(item)) is not None and wanted.is_in(sent)

    return parse


def _value(key: str, text: str) -> Any:
    try:
        value, why = json.loads(text, object_pairs_hook=each_once), "; null can't be searched for"
    except GivenTwice as error:
        value, why = None, f"; {error}"
    except (ValueError, RecursionError):
        value, why = None, ""
    if value is None:
        raise Problem(422, "Bad value", f"{key} must be JSON, such as {_EXAMPLES[key]} (got {brief(text)}){why}")
    return value


def _are_headers(value: Any) -> bool:
    return _are_values(value) and all(HEADER_NAME.fullmatch(name) for name in value)


def _are_values(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(name, str) and isinstance(each, str | int | float) and is_json(each) for name, each in value.items()
    )


def _patterns(values: Mapping[str, Any]) -> Mapping[str, str | float]:
    """The values as patterns; true and false as JSON writes them, and numbers as they are."""
    return {name: json.dumps(each) if isinstance(each, bool) else each for name, each in values.items()}


def _texts(values: Mapping[str, Any]) -> Mapping[str, str]:
    """The values as texts: numbers, true and false as JSON writes them."""
    return {name: each if isinstance(each, str) else json.dumps(each) for name, each in values.items()}
