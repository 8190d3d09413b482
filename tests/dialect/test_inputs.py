"""A request's input: what counts as JSON, as a form and as nothing, and what is said of it."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from talkover_mock.dialect.inputs import Input, from_form, from_json, ignored, is_form, is_json
from tests.support.documented import AGENT, TOKEN, UNKNOWN, WEBHOOK
from tests.support.rows import each_row

WEBHOOKS = f"/api/v1/agents/{AGENT}/webhooks"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
NOTHING: Mapping[str, Any] = {}


@each_row(
    ("value", "expected"),
    [
        ("  a b\t\r\n", "a b"),
        ("", None),
        (" \n ", None),
        ("\u00a0\u3000\ufeff\u200bx\u2028", "x"),
        (["", " a ", 5, [" "]], [None, "a", 5, [None]]),
        ({"k ": " v ", "e": ""}, {"k ": "v", "e": None}),
        (True, True),
        (1.5, 1.5),
        (None, None),
    ],
)
def test_strings_are_trimmed_and_the_empty_one_is_null_at_any_depth(value: object, expected: object) -> None:
    assert from_json(json.dumps({"x": value}).encode()) == Input({"x": expected})


@pytest.mark.parametrize("body", [b"", b"{}", b" { } "])
def test_an_empty_body_and_an_empty_object_are_no_input_and_nothing_to_speak_of(body: bytes) -> None:
    assert from_json(body) == Input(NOTHING, "")


DEEPEST = b'{"a":' * 100 + b"1" + b"}" * 100


@each_row(
    ("body", "what"),
    [
        (b"[]", "is a list, not a JSON object,"),
        (b'[{"name":"N"}]', "is a list, not a JSON object,"),
        (b'"name"', "is a string, not a JSON object,"),
        (b"5", "is a number, not a JSON object,"),
        (b"1.5", "is a number, not a JSON object,"),
        (b"true", "is a boolean, not a JSON object,"),
        (b"null", "is null, not a JSON object,"),
        (b"{broken", "is not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))"),
        (b'{"a":NaN}', "is not JSON (NaN is not a JSON value)"),
        (b'{"a":-Infinity}', "is not JSON (-Infinity is not a JSON value)"),
        (b'{"a":' + DEEPEST + b"}", "is nested more than 100 levels deep"),
    ],
)
def test_what_is_no_json_object_is_no_input_and_the_note_says_why(body: bytes, what: str) -> None:
    assert from_json(body) == Input(NOTHING, f"the body {what} and was ignored; send a JSON object")


@each_row(
    "body",
    [
        *(b"\xff{}", b"\xef\xbb\xbf{}", b'{"a":"\\ud800"}', b'{"a":1e999}', b'{"a":' * 100_000, b"[" * 100_000),
        *(b'{"a":' + b"9" * 5000 + b"}", b"{}{}", b"name=N"),
    ],
    ids=["no UTF-8", "byte order mark", "half a pair", "too large a float", "deep", "lists", "digits", "two", "form"],
)
def test_what_no_json_parser_can_use_is_no_input(body: bytes) -> None:
    found = from_json(body)
    assert found.fields == NOTHING
    assert found.note.startswith("the body is not JSON (")
    assert found.note.endswith(") and was ignored; send a JSON object")


def test_a_hundred_levels_are_read() -> None:
    assert from_json(DEEPEST) == Input(json.loads(DEEPEST))


@each_row(
    ("query", "expected"),
    [
        ("a=1&b= x &c=", {"a": "1", "b": "x", "c": None}),
        ("a=1&a=2", {"a": "2"}),
        ("e[]=a&e[]=b", {"e": ["a", "b"]}),
        ("e[0]=a&e[1]=b", {"e": ["a", "b"]}),
        ("e[5]=a", {"e": {"5": "a"}}),
        ("e[1]=b&e[0]=a", {"e": {"1": "b", "0": "a"}}),
        ("e[1]=a&e[]=b", {"e": {"1": "a", "2": "b"}}),
        ("e[7]=a&e[]=b&e[0]=c", {"e": {"7": "a", "8": "b", "0": "c"}}),
        ("e[0]=a&e[2]=b", {"e": {"0": "a", "2": "b"}}),
        ("e[01]=a&e[]=b", {"e": {"01": "a", "0": "b"}}),
        ("h[a][3]=b&h[a][]=c", {"h": {"a": {"3": "b", "4": "c"}}}),
        ("e[x]=a&e[]=b", {"e": {"x": "a", "0": "b"}}),
        ("e[]=a&e[0]=b&e[]=", {"e": ["b", None]}),
        ("h[0][key]=X-A&h[0][value]=b&h[1][key]=c", {"h": [{"key": "X-A", "value": "b"}, {"key": "c"}]}),
        ("h[][key]=a&h[][value]=b", {"h": [{"key": "a"}, {"value": "b"}]}),
        ("p[event_action][call][id]=5", {"p": {"event_action": {"call": {"id": "5"}}}}),
        ("a=1&a[b]=2", {"a": {"b": "2"}}),
        ("a[b]=2&a=1", {"a": "1"}),
        ("webhook.url=1&  a b[c.d]=2", {"webhook_url": "1", "a_b": {"c.d": "2"}}),
        ("", {}),
    ],
)
def test_a_form_as_php_reads_it(query: str, expected: Mapping[str, Any]) -> None:
    assert from_form(parse_qsl(query, keep_blank_values=True)) == Input(expected)


@each_row(
    ("key", "expected"),
    [
        # What PHP 8.2 made of each of these.
        *[(key, {}) for key in ("", " ", "[x]", " [x]", "[]", "[", "[x", "\0a")],
        *[(key, {"a_": "1"}) for key in ("a[", "a.", "a ", "  a_", "a[\0]")],
        *[(key, {"a_b": "1"}) for key in ("a[b", "a.b", "a b", "  a.b", "a[b\0c]")],
        *[(key, {"a": ["1"]}) for key in ("a[]", "a[ ]", "a[\t]", "a[\n]", "a[]]", "a[][", "a[][b", "a[]b")],
        *[(key, {"a": {"b": "1"}}) for key in ("a[b]c", "a[b]c[d]", "a[b]c[d", "a[b][c", "a[b] [c]", "a[b]]")],
        *[(key, {key: "1"}) for key in ("a]", "a]b", "\ta", "\u00a0a", "é")],
        *[(key, {"a": "1"}) for key in ("  a", "a\0b", "a\0[b]")],
        ("a[[", {"a__": "1"}),
        ("a.b[c.d[e", {"a_b_c_d_e": "1"}),
        ("a[b.c][d", {"a": {"b.c": "1"}}),
        ("a.[b c][d.e]", {"a_": {"b c": {"d.e": "1"}}}),
        ("a][b]", {"a]": {"b": "1"}}),
        ("a[[]", {"a": {"[": "1"}}),
        ("a[[b]]", {"a": {"[b": "1"}}),
        ("a[b[c]d]", {"a": {"b[c": "1"}}),
        ("a[  ]", {"a": {"  ": "1"}}),
        ("a[ b ]", {"a": {" b ": "1"}}),
        ("a[\u00a0]", {"a": {"\u00a0": "1"}}),
        ("a[b][]c", {"a": {"b": ["1"]}}),
        ("a" + "[]" * 64, {"a": json.loads("[" * 64 + '"1"' + "]" * 64)}),
        ("a" + "[]" * 65, {}),
    ],
)
def test_a_key_of_a_form_as_php_reads_it(key: str, expected: Mapping[str, Any]) -> None:
    assert from_form([(key, "1")]) == Input(expected)


def test_a_field_with_a_bracket_that_is_not_closed_is_another_field(http: FlaskClient) -> None:
    for query, body in (("", "name[=N&webhook_url=http://xy&events[]=event_action"), ("?name[=N", "[name]=N")):
        answer = http.post(f"{WEBHOOKS}{query}", data=body, content_type=FORM, headers=TOKEN)
        assert answer.get_json()["errors"]["name"] == ["The name field is required."]


def test_a_form_that_holds_json_is_a_form_and_the_note_says_so() -> None:
    body = b' {"name":"N"}'
    note = "the body looks like JSON but was sent, and so read, as a form; send Content-Type: application/json"
    assert from_form([(body.decode(), "")], body) == Input({'{"name":"N"}': None}, note)
    assert from_form([("name", "N")], b"name=N") == Input({"name": "N"})


keys = st.text("ab[]01", max_size=12)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(keys, st.text(max_size=3)), max_size=8))
def test_any_form_is_read_as_what_json_can_carry(pairs: list[tuple[str, str]]) -> None:
    fields = from_form(pairs).fields
    assert json.loads(json.dumps(fields)) == fields


@each_row(
    ("kind", "expected"),
    [
        *[(kind, True) for kind in (JSON, "application/json; charset=utf-8", "Application/json", "text/json")],
        *[(kind, True) for kind in ("application/vnd.api+json", "application/problem+json;q=1")],
        *[(kind, False) for kind in ("", "text/plain", FORM, "json", "application/xml", "application/x-ndjson")],
        *[(kind, False) for kind in ("APPLICATION/JSON", "application/Json", "application/vnd.api+JSON")],
    ],
)
def test_a_json_content_type(kind: str, expected: bool) -> None:
    assert is_json(kind) is expected


@each_row(
    ("kind", "method", "expected"),
    [
        *[(FORM, method, True) for method in ("POST", "PUT", "PATCH", "DELETE")],
        *[(FORM, method, False) for method in ("GET", "HEAD")],
        (f"{FORM.upper()} ; charset=utf-8", "PUT", True),
        ("multipart/form-data; boundary=x", "POST", True),
        ("multipart/form-data; boundary=x", "PUT", False),
        ("multipart/mixed; boundary=x", "POST", False),
        ("", "POST", False),
    ],
)
def test_a_form_content_type(kind: str, method: str, expected: bool) -> None:
    assert is_form(kind, method) is expected


def test_a_body_of_another_type_is_ignored_with_a_note_and_no_body_without() -> None:
    end = " and was ignored; send Content-Type: application/json"
    assert ignored("text/plain", b"{}") == Input(NOTHING, f"the body was sent with Content-Type text/plain{end}")
    assert ignored("", b"{}") == Input(NOTHING, f"the body was sent without a Content-Type{end}")
    note = f"the body was sent with Content-Type application/JSON{end} in lower case"
    assert ignored("application/JSON", b"{}") == Input(NOTHING, note)
    assert ignored("", b"") == ignored("text/plain", b"") == Input()


ALL_REQUIRED = (
    '{"message":"The given data was invalid.","errors":{"name":["The name field is required."],'
    '"webhook_url":["The webhook url field is required."],"events":["The events field is required."]}}'
)
RIGHT = {"name": "N", "webhook_url": "http://xy", "events": ["event_action"]}
IGNORED: list[Any] = [
    (json.dumps(RIGHT), "text/plain", "the body was sent with Content-Type text/plain and was ignored"),
    (json.dumps(RIGHT), None, "the body was sent without a Content-Type and was ignored"),
    (json.dumps(RIGHT), "APPLICATION/JSON", "the body was sent with Content-Type APPLICATION/JSON and was ignored"),
    (json.dumps([RIGHT]), JSON, "the body is a list, not a JSON object, and was ignored"),
    ("{'name': 'N'}", JSON, "the body is not JSON (Expecting property name"),
    (json.dumps(RIGHT), FORM, "the body looks like JSON but was sent, and so read, as a form"),
]


@pytest.mark.parametrize(("body", "kind", "note"), IGNORED, ids=["plain", "no type", "case", "list", "broken", "form"])
def test_an_ignored_body_is_empty_input_and_said_in_the_header_and_in_the_log(
    http: FlaskClient, log: list[str], body: str, kind: str | None, note: str
) -> None:
    before = http.get(WEBHOOKS, headers=TOKEN).text
    created = http.post(WEBHOOKS, data=body, content_type=kind, headers=TOKEN)
    assert (created.status_code, created.text) == (422, ALL_REQUIRED)
    updated = http.put(f"{WEBHOOKS}/{WEBHOOK}", data=body, content_type=kind, headers=TOKEN)
    assert (updated.status_code, updated.get_json()["message"]) == (200, "Webhook updated successfully")
    for answer, line in zip((created, updated), log[-2:], strict=True):
        assert answer.headers["X-Mockserver-Reason"].startswith(note)
        assert f"({answer.headers['X-Mockserver-Reason']})" in line
    assert http.get(WEBHOOKS, headers=TOKEN).text == before


@pytest.mark.parametrize("body", [b"", b"{}"], ids=["none", "empty object"])
def test_no_body_is_empty_input_without_a_note(http: FlaskClient, body: bytes) -> None:
    created = http.post(WEBHOOKS, data=body, content_type=JSON, headers=TOKEN)
    assert (created.status_code, created.text) == (422, ALL_REQUIRED)
    assert created.headers["X-Mockserver-Reason"].startswith("name: The name field is required")
    updated = http.put(f"{WEBHOOKS}/{WEBHOOK}", data=body, content_type=JSON, headers=TOKEN)
    assert updated.status_code == 200
    assert "X-Mockserver-Reason" not in updated.headers


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (f"/api/v1/agents/{UNKNOWN}/webhooks/{WEBHOOK}", f'no agent in environment default has the id "{UNKNOWN}"'),
        (f"{WEBHOOKS}/{UNKNOWN}", f'agent {AGENT} has no webhook with the id "{UNKNOWN}"'),
    ],
)
def test_what_is_not_found_says_so_also_with_a_body_that_is_ignored(http: FlaskClient, path: str, reason: str) -> None:
    answer = http.put(path, data=b"x", content_type="text/plain", headers=TOKEN)
    assert answer.status_code == 404
    assert answer.headers["X-Mockserver-Reason"].startswith(reason)


FORM_BODY = (
    "name=+My+Form+&webhook_url=http://xy&webhook_secret=&events[]=event_action&events[]=event_recording&timeout=45"
    "&max_retries=0&enabled=0&http_method=PUT&custom_headers[0][key]=X-A&custom_headers[0][value]=b"
    "&payload_templates[event_action][id]=%7B%7Bcall.id%7D%7D"
)
STORED = {
    "name": "My Form",
    "webhook_url": "http://xy",
    "webhook_secret": None,
    "events": ["event_action", "event_recording"],
    "timeout": 45,
    "max_retries": 0,
    "enabled": False,
    "http_method": "PUT",
    "authorization_scheme": "none",
    "custom_headers": [{"key": "X-A", "value": "b"}],
    "payload_templates": {"event_action": {"id": "{{call.id}}"}},
}


def _found(app: Flask, id: str) -> dict[str, Any]:
    """A webhook as the state has it."""
    agents = app.test_client().get("/__admin/state").get_json()["agents"]
    found: dict[str, Any] = next(each for agent in agents for each in agent["webhooks"] if each["id"] == id)
    return found


def _stored(app: Flask, id: str) -> dict[str, Any]:
    found = _found(app, id)
    return {name: found[name] for name in STORED}


def test_a_form_creates_and_updates(app: Flask, http: FlaskClient) -> None:
    created = http.post(WEBHOOKS, data=FORM_BODY, content_type=FORM, headers=TOKEN)
    assert created.status_code == 200
    assert _stored(app, created.get_json()["data"]["id"]) == STORED
    updated = http.put(f"{WEBHOOKS}/{WEBHOOK}", data=FORM_BODY, content_type=FORM, headers=TOKEN)
    assert updated.status_code == 200
    assert _stored(app, WEBHOOK) == STORED


@each_row(
    ("body", "errors"),
    [
        ("events[5]=nope", {"events.5": ["The selected events.5 is invalid."]}),
        (
            "custom_headers[7][key]=X-A&events[1]=event_action",
            {"custom_headers.7.value": ["The custom_headers.7.value field is required."]},
        ),
    ],
)
def test_an_entry_of_a_form_is_named_by_the_key_it_was_sent_with(body: str, errors: object, http: FlaskClient) -> None:
    body = f"name=N&webhook_url=http://xy&{body}"
    answer = http.post(WEBHOOKS, data=body, content_type=FORM, headers=TOKEN)
    assert (answer.status_code, answer.get_json()["errors"]) == (422, errors)


def test_an_empty_field_of_a_form_clears_what_was_stored(app: Flask, http: FlaskClient) -> None:
    path = f"{WEBHOOKS}/{WEBHOOK}"
    assert http.put(path, json={"webhook_secret": "s"}, headers=TOKEN).status_code == 200
    assert _found(app, WEBHOOK)["webhook_secret"] == "s"
    answer = http.put(path, data="webhook_secret=&name=N", content_type=FORM, headers=TOKEN)
    assert answer.status_code == 200
    assert (_found(app, WEBHOOK)["webhook_secret"], _found(app, WEBHOOK)["name"]) == (None, "N")


def test_multipart_is_read_in_a_post_only(http: FlaskClient) -> None:
    data = {"name": " N ", "webhook_url": "http://xy", "events[]": ["event_action"], "enabled": "1"}
    created = http.post(WEBHOOKS, data=data, content_type="multipart/form-data", headers=TOKEN)
    assert (created.status_code, created.get_json()["data"]["name"]) == (200, "N")
    path = f"{WEBHOOKS}/{WEBHOOK}"
    updated = http.put(path, data=data, content_type="multipart/form-data", headers=TOKEN)
    assert (updated.status_code, updated.get_json()["data"]["name"]) == (200, "My Webhook")
    assert updated.headers["X-Mockserver-Reason"].startswith("the body was sent with Content-Type multipart/form-data")
