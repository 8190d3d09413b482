"""The API's field rules: a row for every rule, coercion and text of the contract."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from talkover_mock.dialect.events import EVENTS
from talkover_mock.dialect.fields import WEBHOOK_FIELDS
from talkover_mock.dialect.rules import Field, Invalid, fields_of, label, required_text
from tests.support.rows import each_row

REQUIRED: dict[str, Any] = {"name": "N", "webhook_url": "http://xy", "events": ["event_action"]}
HEADER = {"key": "X-A", "value": "b"}
OTHERS: dict[str, Any] = {
    **REQUIRED,
    "webhook_secret": "s",
    "timeout": 60,
    "max_retries": 1,
    "enabled": False,
    "http_method": "PUT",
    "authorization_scheme": "basic",
    "custom_headers": (("X-A", "b"),),
    "payload_templates": {"event_action": {"id": 1}},
}
"""The stored values of a webhook of which no optional field has its default."""
NOTHING: Sequence[Any] = (None, "", " \n ")


def stored(**fields: Any) -> dict[str, Any]:
    return fields_of({**REQUIRED, **fields}, WEBHOOK_FIELDS)


def errors_of(body: Mapping[str, Any], over: Mapping[str, Any] | None = None) -> list[tuple[str, list[str]]]:
    """Field and texts, in their order."""
    with pytest.raises(Invalid) as caught:
        fields_of(body, WEBHOOK_FIELDS, over)
    return [(name, list(texts)) for name, texts in caught.value.entries.items()]


def test_the_defaults() -> None:
    assert stored() == {
        "name": "N",
        "webhook_url": "http://xy",
        "webhook_secret": None,
        "events": ("event_action",),
        "timeout": 30,
        "max_retries": 3,
        "enabled": True,
        "http_method": "POST",
        "authorization_scheme": "none",
        "custom_headers": (),
        "payload_templates": {},
    }


@pytest.mark.parametrize("nothing", NOTHING, ids=["null", "empty", "spaces"])
@pytest.mark.parametrize("field", [field for field in WEBHOOK_FIELDS if not field.required], ids=lambda f: f.name)
def test_null_in_an_optional_field_is_its_default(field: Field, nothing: str | None) -> None:
    assert stored(**{field.name: nothing})[field.name] == field.default
    assert fields_of({field.name: nothing}, WEBHOOK_FIELDS, OTHERS) == {**OTHERS, field.name: field.default}


TEMPLATES = {"event_action": {"id": "{{call.id}}", "more": [1, None, {"deep": True}]}}
ACCEPTED: Sequence[tuple[str, Any, Any]] = [
    ("name", "  My Webhook\n", "My Webhook"),
    ("name", "é" * 255, "é" * 255),
    ("name", "030", "030"),
    ("webhook_url", " http://xy ", "http://xy"),
    ("webhook_url", "http://xy/" + "a" * 490, "http://xy/" + "a" * 490),
    ("webhook_secret", "s" * 255, "s" * 255),
    ("webhook_secret", " s ", "s"),
    ("events", list(EVENTS), tuple(EVENTS)),
    ("events", [" event_recording ", "event_action"], ("event_recording", "event_action")),
    ("events", ["event_action", "event_action"], ("event_action", "event_action")),
    ("events", {"a": "event_action"}, ("event_action",)),
    ("events", {"1": "event_recording", "0": " event_action "}, ("event_recording", "event_action")),
    *[("timeout", value, 30) for value in (30, "30", " 30 ", "+30", 30.0)],
    *[("timeout", value, int(value)) for value in (5, 120, 5.0, "5", "120")],
    *[("max_retries", value, int(value)) for value in (True, 0, 10, "0", "-0", "+1", 5.0)],
    *[("enabled", value, True) for value in (True, 1, "1", " 1 ")],
    *[("enabled", value, False) for value in (False, 0, "0")],
    *[("http_method", method, method) for method in ("POST", "PUT", "PATCH")],
    *[("authorization_scheme", name, name) for name in ("none", "bearer", "basic", "api_key", "custom")],
    ("custom_headers", [], ()),
    ("custom_headers", {}, ()),
    ("custom_headers", {"a": HEADER, "b": {"value": "v", "key": "k"}}, (("X-A", "b"), ("k", "v"))),
    ("custom_headers", [HEADER, {"key": " k ", "value": " v ", "more": 1}], (("X-A", "b"), ("k", "v"))),
    ("payload_templates", TEMPLATES, TEMPLATES),
    ("payload_templates", {}, {}),
    ("payload_templates", [], {}),
    ("payload_templates", [{"id": 1}], {}),
    ("payload_templates", {"event_action": [], "nope": {}}, {"event_action": []}),
]


@each_row(("field", "value", "expected"), ACCEPTED)
def test_what_is_stored(field: str, value: Any, expected: Any) -> None:
    for found in (stored(**{field: value}), fields_of({field: value}, WEBHOOK_FIELDS, OTHERS)):
        assert found[field] == expected
        assert type(found[field]) is type(expected)


INTEGER = "The timeout must be an integer."
BETWEEN = "The timeout must be between 5 and 120."
RETRIES_INTEGER = "The max retries must be an integer."
RETRIES_BETWEEN = "The max retries must be between 0 and 10."
BOOLEAN = "The enabled field must be true or false."
NAME_TOO_LONG = "The name must not be greater than 255 characters."
URL = "The webhook url must be a valid URL."
URL_TOO_LONG = "The webhook url must not be greater than 500 characters."
REFUSED: Mapping[str, Sequence[tuple[Sequence[Any], list[str]]]] = {
    "name": [
        (NOTHING, ["The name field is required."]),
        ([[], {}], ["The name field is required."]),
        ([5, 0, ["N"], {"a": []}, True, False], ["The name must be a string."]),
        (["é" * 256], [NAME_TOO_LONG]),
        ([["N"] * 256], ["The name must be a string.", NAME_TOO_LONG]),
    ],
    "webhook_url": [
        (NOTHING, ["The webhook url field is required."]),
        ([[], {}], ["The webhook url field is required."]),
        ([5, ["http://xy"], {"a": "http://xy"}, False, "x"], [URL]),
        (["http://xy/" + "a" * 491], [URL_TOO_LONG]),
        (["x" * 501, ["http://xy"] * 501], [URL, URL_TOO_LONG]),
    ],
    "webhook_secret": [
        ([5, [], {}, ["s"], False], ["The webhook secret must be a string."]),
        (["s" * 256], ["The webhook secret must not be greater than 255 characters."]),
    ],
    "events": [
        (NOTHING, ["The events field is required."]),
        ([[], {}], ["The events field must contain at least 1 items."]),
        (["event_action", 5, 0, True], ["The events must be an array."]),
        ([False], ["The events must be an array.", "The events field must contain at least 1 items."]),
    ],
    "timeout": [
        ([4, 121, "4", "121", 0, -30, True, 4.0, -1e9], [BETWEEN]),
        ([5.5, "5.5", "5.0", "030", "3e1", "abcdef", [1] * 5], [INTEGER]),
        (["abc", False, [], [30], {}, 4.5, "4.5", "nan", "1_0"], [INTEGER, BETWEEN]),
        ([float("inf"), 10**30, 1e300, 10**400, "9" * 30], [INTEGER, BETWEEN]),
    ],
    "max_retries": [
        ([11, -1, "11", "-1"], [RETRIES_BETWEEN]),
        ([5.5, "5.0", "03", "abc", False, [], [1], {}, "nan", "inf", "٣", "1_0"], [RETRIES_INTEGER]),
        (["eleven chars", 10.5, "10.5"], [RETRIES_INTEGER, RETRIES_BETWEEN]),
    ],
    "enabled": [(["true", "false", "yes", "on", "01", 2, -1, 1.0, 0.0, [], {}], [BOOLEAN])],
    "http_method": [(["GET", "DELETE", "post", 1, True, ["POST"]], ["The selected http method is invalid."])],
    "authorization_scheme": [(["Bearer", "x", 1, {}], ["The selected authorization scheme is invalid."])],
    "custom_headers": [(["X-A: b", 1, True, False], ["The custom headers must be an array."])],
    "payload_templates": [(["x", 1, True, False], ["The payload templates must be an array."])],
}
REFUSED_ROWS = [
    pytest.param(field, value, texts, id=f"{field} {str(value)[:20]!r} {len(texts)}")
    for field, cases in REFUSED.items()
    for values, texts in cases
    for value in values
]


@each_row(("field", "value", "texts"), REFUSED_ROWS)
def test_what_is_refused(field: str, value: Any, texts: list[str]) -> None:
    assert errors_of({**REQUIRED, field: value}) == errors_of({field: value}, OTHERS) == [(field, texts)]


PARTS = ("key", "value")
ENDS = ("0.key", "1.key", "0.value", "1.value")
ENTRIES: Sequence[tuple[str, Any, list[tuple[str, str]]]] = [
    (
        "events",
        ["event_action", "nope", None, "", 5, ["event_action"]],
        [(f"events.{i}", f"The selected events.{i} is invalid.") for i in (1, 2, 3, 4, 5)],
    ),
    ("events", ["Event_Action", "event_action"], [("events.0", "The selected events.0 is invalid.")]),
    ("custom_headers", [{"value": "b"}], [("custom_headers.0.key", "The custom_headers.0.key field is required.")]),
    (
        "custom_headers",
        [HEADER, {"key": " ", "value": ""}, "X-A: b", {"key": 5, "value": ["b"]}],
        [
            ("custom_headers.1.key", "The custom_headers.1.key field is required."),
            ("custom_headers.2.key", "The custom_headers.2.key field is required."),
            ("custom_headers.3.key", "The custom_headers.3.key must be a string."),
            ("custom_headers.1.value", "The custom_headers.1.value field is required."),
            ("custom_headers.2.value", "The custom_headers.2.value field is required."),
            ("custom_headers.3.value", "The custom_headers.3.value must be a string."),
        ],
    ),
    (
        "custom_headers",
        [{}, {}],
        [(path, f"The {path} field is required.") for path in map("custom_headers.{}".format, ENDS)],
    ),
    (
        "custom_headers",
        [{"key": [], "value": {}}],
        [(path, f"The {path} field is required.") for path in ("custom_headers.0.key", "custom_headers.0.value")],
    ),
    (
        "custom_headers",
        {"X-Team": "blue"},
        [(f"custom_headers.X-Team.{part}", f"The custom_headers.X-Team.{part} field is required.") for part in PARTS],
    ),
    ("events", {"a": "nope", "b": "event_action"}, [("events.a", "The selected events.a is invalid.")]),
]


@each_row(("field", "value", "expected"), ENTRIES)
def test_the_entries_of_a_list_are_reported_by_path(field: str, value: Any, expected: list[tuple[str, str]]) -> None:
    errors = [(path, [text]) for path, text in expected]
    assert errors_of({**REQUIRED, field: value}) == errors_of({field: value}, OTHERS) == errors


def test_all_that_is_wrong_in_the_order_of_the_fields_and_entries_last() -> None:
    wrong = {
        "payload_templates": 1,
        "custom_headers": [{}],
        "authorization_scheme": 1,
        "http_method": 1,
        "enabled": "x",
        "max_retries": "x",
        "timeout": "x",
        "events": ["x"],
        "webhook_secret": 1,
        "name": 1,
    }
    assert [name for name, _ in errors_of(wrong)] == [
        *("name", "webhook_url", "webhook_secret", "timeout", "max_retries", "enabled", "http_method"),
        *("authorization_scheme", "payload_templates", "events.0", "custom_headers.0.key", "custom_headers.0.value"),
    ]


def test_the_documented_errors_of_an_empty_create() -> None:
    assert errors_of({"name": "N", "events": []}) == [
        ("webhook_url", ["The webhook url field is required."]),
        ("events", ["The events field must contain at least 1 items."]),
    ]


def test_what_is_right_is_told_with_what_is_wrong() -> None:
    with pytest.raises(Invalid) as caught:
        stored(timeout="x", max_retries="5")
    assert caught.value.values == {**stored(), "max_retries": 5}


def test_unknown_keys_are_ignored() -> None:
    assert stored(events_count=5, nope=1) == stored()


URLS = {
    True: [
        *("http://localhost", "http://app:8080/hooks", "http://my_app/hooks", "https://127.0.0.1:9000", "http://ab"),
        *("https://user:password@example.com/x", "http://us%20er@app", "HTTPS://EXAMPLE.COM", "http://app:99999"),
        *("ftp://example.com", "ws://app", "redis://app:6379", "mailto://app", "coap+tcp://app", "soap.beep://app"),
        *("http://app?a[]=1&b=%20#part", "http://app#x", "http://app/a;b,c(d)'e'", "http://app//x", "http://app?a?b"),
        *("https://exämple.com/ä", "http://😀.com", "http://a~b", "http://a=b", "http://a|b", "http://$a", "http://.b"),
        *("http://app.", "http://a..b", "http://xn--80ak6aa92e.com", "http://a.xn--b-", "http://١٢", "http://a²"),
        *("http://[::1]:80/", "http://[::]", "http://[1:2:3:4:5:6:7:8]", "http://[::ffff:1.2.3.4]"),
    ],
    False: [
        *("http://", "//x", "javascript:alert(1)", "mailto:a@b", "x", "example.com", "http:///x", "http:x", "://x"),
        *("tcp://h:1", "tcp://host:1", "foo://a.b", "javascript://app", "soapxbeep://app", "1http://app"),
        *("http://a", "http://1", "http://a.", "http://app..", "http://b_", "http://b-", "http://a$", "http://😀😀"),
        *("http://a!b", "http://a,b", "http://a&b", "http://a*b", "http://a(b", "http://a{b", "http://e\u0301x"),
        *("http://a b", "http://app/a b", "http://ap\n.y", "http://app:port", "http://app:", "http://app/%zz"),
        *("http://app/<a>", 'http://app/"', "http://app/[x]", "http://app#[x]", "http://app?a|b", "http://app/e\u0301"),
        *("http://@app", "http://:p@app", "http://us~er@app", "http://@"),
        *("http://[1:2]", "http://[12345::1]", "http://[::01.2.3.4]", "http://[fe80::1%25eth0]", "http://[1.2.3.4]"),
    ],
}
"""Compared with the pattern of Laravel 8.83 itself, under PHP 8.2."""


@each_row("url", URLS[True])
def test_a_url(url: str) -> None:
    assert stored(webhook_url=url)["webhook_url"] == url


@each_row("url", URLS[False])
def test_no_url(url: str) -> None:
    assert errors_of({**REQUIRED, "webhook_url": url}) == [("webhook_url", [URL])]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("max_retries", "max retries"), ("events.1", "events.1"), ("custom_headers.0.key", "custom_headers.0.key")],
)
def test_a_label_has_spaces_except_in_a_path(name: str, expected: str) -> None:
    assert label(name) == expected
    assert required_text(name) == f"The {expected} field is required."


def test_the_available_events_are_the_documented_22() -> None:
    assert len(EVENTS) == 22
    assert next(iter(EVENTS.items())) == ("event_phone_call_started", "Phone call has started")
    assert list(EVENTS.items()).pop() == ("event_client_disconnected", "Client disconnected from the call")
