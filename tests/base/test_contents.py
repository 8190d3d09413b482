"""The content that a request must have sent: a part of its JSON, headers, fields of the query."""

import json
from typing import Any

from talkover_mock.base.contents import ANY, Content, Sent, is_part
from tests.support.rows import each_row

WHOLE = {
    "name": "W",
    "enabled": True,
    "events": ["a", "b"],
    "timeout": 30,
    "more": {"x": None, "y": [{"z": 1, "q": 2}]},
}


@each_row(
    "part",
    [
        WHOLE,
        {},
        {"enabled": True},
        {"timeout": 30.0},
        {"more": {"x": None}},
        {"more": {"y": [{"z": 1}]}},
        {"events": ["a", "b"]},
    ],
)
def test_a_part(part: Any) -> None:
    assert is_part(part, WHOLE)


@each_row(
    "part",
    [
        {"enabled": 1},
        {"timeout": "30"},
        {"timeout": True},
        {"none": None},
        {"more": None},
        {"more": {"y": []}},
        {"more": {"y": [{"z": 1}, {}]}},
        {"more": {"y": {"z": 1}}},
        {"events": ["b", "a"]},
        {"events": {"a": "b"}},
        ["name"],
        "W",
        {"name": {}},
    ],
)
def test_no_part(part: Any) -> None:
    assert not is_part(part, WHOLE)


def test_true_and_one_are_two_values() -> None:
    assert [is_part(True, 1), is_part(1, True), is_part(0, False), is_part(False, False)] == [False] * 3 + [True]


SENT = Sent(
    [("X-Team", "blue"), ("Authorization", "Bearer talq_test"), ("x-team", "red"), ("X-Empty", "")],
    "page=2&tag=a&tag=b&q=a%20b&none=&rate=1.0&id=9007199254740993&part=1e2",
    json.dumps({"enabled": True, "name": "W"}).encode(),
)


@each_row(
    "content",
    [
        ANY,
        Content(json={"enabled": True}),
        Content(headers={"x-TEAM": "blue, red"}),
        Content(headers={"X-Team": "blue*", "AUTHORIZATION": "Bearer *"}),
        Content(headers={"X-Empty": ""}),
        Content(headers={"X-Empty": "*"}),
        Content(query={"page": "2", "q": "a b"}),
        Content(query={"tag": "b", "none": ""}),
        Content(query={"tag": "*"}),
        Content(query={"page": 2, "rate": 1, "id": 9007199254740993, "part": 100}),
        Content(query={"page": 2.0, "rate": 1.0, "part": 1e2}),
        Content({"name": "W"}, {"X-Team": "*"}, {"page": "*"}),
    ],
)
def test_what_was_sent(content: Content) -> None:
    assert content.is_in(SENT)


@each_row(
    "content",
    [
        Content(json={"enabled": False}),
        Content(headers={"X-Team": "blue"}),
        Content(headers={"X-None": "*"}),
        Content(headers={"X-None": ""}),
        Content(query={"page": "22"}),
        Content(query={"Page": "2"}),
        Content(query={"nope": "*"}),
        Content(query={"tag": 2}),
        Content(query={"rate": "1"}),
        Content(query={"id": 9007199254740992}),
        Content(query={"none": 0}),
        Content({"name": "W"}, {"X-Team": "*"}, {"page": "3"}),
        Content({"name": "W"}, {"X-Nope": "*"}, {"page": "2"}),
        Content({"name": "X"}, {"X-Team": "*"}, {"page": "2"}),
    ],
)
def test_what_was_not_sent(content: Content) -> None:
    assert not content.is_in(SENT)


@each_row("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json_has_no_part(body: bytes) -> None:
    assert not Content(json={}).is_in(SENT._replace(body=body))
