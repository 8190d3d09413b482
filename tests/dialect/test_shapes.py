"""What differs between an answer and its shape: keys, order, types, texts; values do not."""

from typing import Any

from talkover_mock.dialect.shapes import differences
from tests.support.rows import each_row

SHAPES = {"one": {"id": "<text>", "at": "<seconds>"}, "other": {"id": "<text>", "error": "<text|null>"}}
ONE, OTHER = {"id": "1", "at": "2024-01-15T11:00:01Z"}, {"id": "1", "error": None}
AGREE: list[tuple[Any, Any]] = [
    ("<text>", "any"),
    ("<integer>", 5),
    ("<number>", 5),
    ("<number>", 5.5),
    ("<boolean>", False),
    ("<null>", None),
    ("<object>", {}),
    ("<list>", [1]),
    ("<any>", {"a": [None]}),
    ("<text|null>", None),
    ("<uuid>", "9fcafbf2-7593-44d6-8cd7-1b221beba62a"),
    ("<seconds>", "2024-01-15T11:00:01Z"),
    ("<milliseconds>", "2024-01-15T11:00:01.123Z"),
    ("<microseconds>", "2024-01-15T11:00:01.000000Z"),
    ("<one>", ONE),
    ("<one|other>", OTHER),
    (["<one|other>"], [ONE, OTHER, ONE]),
    (["<one>"], []),
    ([], []),
    (["a text.", "and another."], ["a text.", "and another."]),
    ("Webhook enabled", "Webhook enabled"),
    (True, True),
    ({"a": "<text>", "...": ""}, {"a": "x", "b": 1}),
    ({"a": "<text>", "...": ""}, {"a": "x"}),
    ({}, {}),
]


@each_row(("shape", "value"), AGREE)
def test_what_agrees(shape: Any, value: Any) -> None:
    assert differences(shape, value, SHAPES) == []


DIFFER: list[tuple[Any, Any, list[str]]] = [
    ("<text>", 5, ["body: expected text, came integer"]),
    ("<integer>", True, ["body: expected integer, came boolean"]),
    ("<integer>", 5.0, ["body: expected integer, came number"]),
    ("<number>", "5", ["body: expected number, came text"]),
    ("<text|null>", [], ["body: expected text or null, came list"]),
    ("<uuid>", "9fcafbf2-7593-14d6-8cd7-1b221beba62a", ["body: expected uuid, came text"]),
    ("<seconds>", "2024-01-15T11:00:01.000Z", ["body: expected seconds, came text"]),
    ("<microseconds>", "2024-01-15T11:00:01.000001Z", ["body: expected microseconds, came text"]),
    ("<one>", {**ONE, "at": "now"}, ["body.at: expected seconds, came text"]),
    ("<one|other>", {"id": 1}, ["body: expected one or other, came object"]),
    (["<one>"], [ONE, {"id": "1"}], ["body[1]: expected the keys id, at, came id"]),
    (["<one>"], {}, ["body: expected list, came object"]),
    ([], [1], ["body: expected 0 in the list, came 1"]),
    (["a.", "b."], ["a."], ["body: expected 2 in the list, came 1"]),
    (["a.", "b."], ["b.", "a."], ['body[0]: expected "a.", came "b."', 'body[1]: expected "b.", came "a."']),
    ("Webhook enabled", "Webhook disabled", ['body: expected "Webhook enabled", came "Webhook disabled"']),
    ("Webhook enabled", 1, ['body: expected "Webhook enabled", came integer']),
    (True, False, ["body: expected true, came false"]),
    (True, 1, ["body: expected true, came integer"]),
    ({"a": "<text>", "b": "<text>"}, {"b": "", "a": ""}, ["body: expected the keys a, b, came b, a"]),
    ({"a": "<text>"}, {"a": "", "b": ""}, ["body: expected the keys a, came a, b"]),
    ({"a": "<text>", "...": ""}, {"b": 1, "a": ""}, ["body: expected the keys a, came b"]),
    ({"a": "<text>"}, {}, ["body: expected the keys a, came none"]),
    ({"a": "<text>"}, [], ["body: expected object, came list"]),
    (
        {"a": {"b": "<text>"}, "c": "<text>"},
        {"a": {"b": 1}, "c": None},
        ["body.a.b: expected text, came integer", "body.c: expected text, came null"],
    ),
]


@each_row(("shape", "value", "expected"), DIFFER)
def test_what_differs(shape: Any, value: Any, expected: list[str]) -> None:
    assert [str(each) for each in differences(shape, value, SHAPES)] == expected


def test_no_value_is_told_where_a_type_was_expected() -> None:
    secret = "talq_secret"
    for shape in ("<integer>", "<one>", ["<text>"], {"a": "<text>"}, True):
        assert secret not in str(differences(shape, secret, SHAPES))
