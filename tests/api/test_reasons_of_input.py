"""`X-Mockserver-Reason` of input that was ignored or refused, and of paths and methods: one row for each cause."""

import gzip
import json
import re
import tracemalloc
import zlib
from typing import Any

import pytest
from flask.testing import FlaskClient

from talkover_mock.dialect.inputs import MOST_BYTES, MOST_VALUES
from talkover_mock.environments.world import World
from tests.support.documented import AGENT, TOGGLE, TOKEN, WEBHOOK
from tests.support.reasons import AGENTS, API, REASON, WEBHOOKS, reason_of
from tests.support.rows import each_row
from tests.support.watching import BUSY_SECONDS, watched

SEND_JSON = "send Content-Type: application/json"
A_WEBHOOK = f"{AGENTS}/{{agent_id}}/webhooks/{{webhook_id}}"
STANDS = f"API paths begin with {API}"
NO_ROUTE = f"no route has this path; {STANDS}, admin paths with /__admin"
BODY = json.dumps({"name": "New", "webhook_url": "http://xy", "events": ["event_action"]})
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (BODY, None, f"the body was sent without a Content-Type and was ignored; {SEND_JSON}"),
        (BODY, "text/plain", f"the body was sent with Content-Type text/plain and was ignored; {SEND_JSON}"),
        (BODY, FORM, f"the body looks like JSON but was sent, and so read, as a form; {SEND_JSON}"),
        ("[1]", JSON, "the body is a list, not a JSON object, and was ignored; send a JSON object"),
        ('"x"', JSON, "the body is a string, not a JSON object, and was ignored; send a JSON object"),
        ("null", JSON, "the body is null, not a JSON object, and was ignored; send a JSON object"),
        ("7", JSON, "the body is a number, not a JSON object, and was ignored; send a JSON object"),
        (
            '{"name": "New",',
            JSON,
            "the body is not JSON (Expecting property name enclosed in double quotes: line 1 column 16 (char 15)) "
            "and was ignored; send a JSON object",
        ),
    ],
)
def test_a_body_that_is_ignored_is_the_reason_with_every_status(
    http: FlaskClient, body: str, content_type: str | None, reason: str
) -> None:
    request = {"data": body, "content_type": content_type, "headers": TOKEN}
    assert reason_of(http, f"POST {WEBHOOKS}", 422, **request) == reason
    assert reason_of(http, f"PUT {WEBHOOKS}/{WEBHOOK}", 200, **request) == reason


@each_row(
    ("body", "encoding", "how"),
    [
        (gzip.compress(b"{}"), "gzip", "gzip"),
        (gzip.compress(b"{}"), None, "gzip"),
        (zlib.compress(b"{}"), "deflate", "deflate"),
        (zlib.compress(b"{}", 1), None, "deflate"),
        (b"\x28\xb5\x2f\xfd\x00", "zstd", "zstd"),
        (b"\x0b\x01\x80{}\x03", "br", "br"),
    ],
    ids=["gzip", "gzip unsaid", "deflate", "deflate unsaid", "zstd", "br"],
)
@each_row("kind", [JSON, None])
def test_a_compressed_body_is_named_as_such(
    http: FlaskClient, body: bytes, encoding: str | None, how: str, kind: str | None
) -> None:
    headers = {**TOKEN, **({"Content-Encoding": encoding} if encoding else {})}
    assert reason_of(http, f"POST {WEBHOOKS}", 422, data=body, content_type=kind, headers=headers) == (
        f"the body is compressed ({how}) and was ignored; send it plain, without Content-Encoding"
    )


def test_a_plain_body_that_is_said_to_be_compressed_is_read(http: FlaskClient) -> None:
    headers = {**TOKEN, "Content-Encoding": "gzip"}
    answer = http.put(f"{WEBHOOKS}/{WEBHOOK}", json={"name": "New"}, headers=headers)
    assert (answer.status_code, REASON in answer.headers) == (200, False)


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        (b'{"name": "' + b"x" * MOST_BYTES + b'"}', JSON, f"is larger than {MOST_BYTES} bytes"),
        (b"name=" + b"x" * MOST_BYTES, FORM, f"is larger than {MOST_BYTES} bytes"),
        (b'{"events": [' + b"0," * MOST_VALUES + b"0]}", JSON, f"has more than {MOST_VALUES} values"),
        (b'{"events": [' + b"{}," * MOST_VALUES + b"{}]}", JSON, f"has more than {MOST_VALUES} values"),
    ],
    ids=["JSON", "a form", "numbers", "objects"],
)
def test_a_body_that_is_too_large_is_ignored_with_the_reason(
    http: FlaskClient, body: bytes, kind: str, reason: str
) -> None:
    request = {"data": body, "content_type": kind, "headers": TOKEN}
    told = reason_of(http, f"POST {WEBHOOKS}", 422, **request)
    assert told.startswith(f"the body {reason}, the limit of this mock, and was ignored")


def test_a_toggle_takes_a_body_of_any_size(http: FlaskClient) -> None:
    answer = http.patch(f"{WEBHOOKS}/{WEBHOOK}/toggle", data=b"x" * (MOST_BYTES + 1), headers=TOKEN)
    assert (answer.status_code, REASON in answer.headers) == (200, False)


def test_the_fields_of_a_form_beyond_the_limit_are_not_parsed(http: FlaskClient) -> None:
    body = b"name=New&" + b"a&" * (MOST_BYTES // 2 - 10)
    tracemalloc.start()
    try:
        answer = http.put(f"{WEBHOOKS}/{WEBHOOK}", data=body, content_type=FORM, headers=TOKEN)
        grown = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert answer.get_json()["data"]["name"] == "New"
    assert grown < 10 * len(body)


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["POST", "PUT"])
def test_many_mistakes_are_found_outside_of_the_lock_and_the_first_are_explained(
    http: FlaskClient, world: World, verb: str
) -> None:
    """100,000 unknown events once made every call of their environment wait for 5 s."""
    body = {"name": "New", "webhook_url": "http://xy/", "events": [f"event_no_{n}" for n in range(100_000)]}
    path = WEBHOOKS if verb == "POST" else f"{WEBHOOKS}/{WEBHOOK}"
    answer, waited = watched(world.default, lambda: http.open(path, method=verb, json=body, headers=TOKEN))
    assert (answer.status_code, len(answer.get_json()["errors"])) == (422, 100_000)
    assert answer.headers[REASON].count("The selected events.") <= 20
    assert answer.headers[REASON].isprintable()
    assert waited < BUSY_SECONDS


@pytest.mark.parametrize(
    ("call", "status", "before"),
    [("PUT /__admin/state", 422, "1 mistake, so nothing was changed: "), ("POST /__admin/events", 400, "")],
)
def test_a_compressed_body_of_an_admin_route_is_named_as_such(
    http: FlaskClient, call: str, status: int, before: str
) -> None:
    assert reason_of(http, call, status, data=gzip.compress(b"{}"), content_type=JSON) == (
        f"{before}body: is compressed (gzip); it must be plain text"
    )


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"name=New", "multipart/form-data"), (b"--x\r\nContent-Dis", "multipart/form-data; boundary=x")],
)
def test_a_multipart_form_that_can_not_be_read_is_told(http: FlaskClient, body: bytes, kind: str) -> None:
    request = {"data": body, "content_type": kind, "headers": TOKEN}
    assert reason_of(http, f"POST {WEBHOOKS}", 422, **request) == (
        "the body can't be read as multipart/form-data and was ignored; check its boundary and that it is complete"
    )


def test_a_field_of_a_multipart_form_may_be_as_large_as_any_other(http: FlaskClient) -> None:
    name = "x" * 600_000
    multipart = f'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\n{name}\r\n--x--\r\n'
    bodies = {FORM: f"name={name}", "multipart/form-data; boundary=x": multipart}
    answers = [http.post(WEBHOOKS, data=body, content_type=kind, headers=TOKEN) for kind, body in bodies.items()]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert answers[0].get_json() == answers[1].get_json()


def test_a_body_that_is_ignored_does_not_hide_what_else_was_refused(http: FlaskClient) -> None:
    request = {"data": BODY, "headers": TOKEN}
    assert "no agent in environment default" in reason_of(http, f"POST {AGENTS}/1/webhooks", 404, **request)
    assert "has no webhook with the id" in reason_of(http, f"PUT {WEBHOOKS}/1", 404, **request)


@pytest.mark.parametrize("body", [BODY.encode(), b"{broken", b"[1]"])
def test_toggle_takes_no_body_so_it_ignores_one_without_a_word(http: FlaskClient, body: bytes) -> None:
    assert REASON not in http.patch(TOGGLE, headers=TOKEN, data=body, content_type=JSON).headers


def test_fields_that_are_invalid_with_their_values_and_the_nearest_event(http: FlaskClient) -> None:
    body = {"name": " ", "webhook_url": "x", "events": ["event_phone_call_startd", "é"], "timeout": "abc"}
    assert reason_of(http, f"POST {WEBHOOKS}", 422, headers=TOKEN, json=body) == (
        "name: The name field is required (got null); "
        'webhook_url: The webhook url must be a valid URL (got "x"); '
        'timeout: The timeout must be an integer. The timeout must be between 5 and 120 (got "abc"); '
        'events.0: The selected events.0 is invalid (got "event_phone_call_startd"; '
        "did you mean event_phone_call_started?); "
        r'events.1: The selected events.1 is invalid (got "\xe9")'
    )


@pytest.mark.parametrize("key", ["²", "9" * 5000])
def test_a_key_of_other_digits_is_a_key(http: FlaskClient, key: str) -> None:
    body = {"name": "N", "webhook_url": "http://xy", "events": {key: "nope"}}
    assert reason_of(http, f"POST {WEBHOOKS}", 422, headers=TOKEN, json=body).startswith("events.")


def test_a_secret_is_never_shown(http: FlaskClient) -> None:
    body = {"webhook_secret": ["supersecret"]}
    reason = reason_of(http, f"PUT {WEBHOOKS}/{WEBHOOK}", 422, headers=TOKEN, json=body)
    assert reason == "webhook_secret: The webhook secret must be a string"


def test_fields_that_are_missing(http: FlaskClient) -> None:
    expected = (
        "name: The name field is required; webhook_url: The webhook url field is required; "
        "events: The events field is required"
    )
    assert reason_of(http, f"POST {WEBHOOKS}", 422, headers=TOKEN, json={}) == expected


def test_filters_that_are_invalid(http: FlaskClient) -> None:
    call = f"GET {AGENTS}?status=live&direction=up&per_page=0"
    assert reason_of(http, call, 422, headers=TOKEN) == (
        'status: The selected status is invalid (got "live"); '
        'direction: The selected direction is invalid (got "up"); '
        'per_page: The per page must be between 1 and 100 (got "0")'
    )


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (f"DELETE {WEBHOOKS}", "this path answers GET, HEAD, POST only"),
        (f"PATCH {WEBHOOKS}/{WEBHOOK}", "this path answers GET, HEAD, PUT, DELETE only"),
        (f"POST {TOGGLE}", "this path answers PATCH only"),
        (f"PUT {AGENTS}", "this path answers GET, HEAD, POST only"),
        (f"POST {API}/health", "this path answers GET, HEAD only"),
    ],
)
def test_a_method_that_the_path_does_not_answer(http: FlaskClient, call: str, reason: str) -> None:
    assert reason_of(http, call, 405) == reason


@each_row(
    ("path", "reason"),
    [
        (f"{API}//agents", f"the path has a double slash; did you mean {AGENTS}?"),
        (TOGGLE.replace("/toggle", "//toggle"), f"the path has a double slash; did you mean {TOGGLE}?"),
        (f"{AGENTS}//webhooks", "an id is missing where the path has a double slash"),
        (f"{WEBHOOKS}//toggle", "an id is missing where the path has a double slash"),
        (f"{API}/Agents", f"paths are case-sensitive; did you mean {AGENTS}?"),
        ("/API/V1/agents/My-Id", f"paths are case-sensitive; did you mean {AGENTS}/My-Id?"),
        ("/agents", f"{STANDS}; did you mean {AGENTS}?"),
        ("/health", f"{STANDS}; did you mean {API}/health?"),
        (TOGGLE.replace(API, ""), f"{STANDS}; did you mean {TOGGLE}?"),
        ("/api/agents", f"{STANDS}; did you mean {AGENTS}?"),
        ("/v1/agents", f"{STANDS}; did you mean {AGENTS}?"),
        ("/api/v2/agents", f"{STANDS}; did you mean {AGENTS}?"),
        (f"{API}{API}/agents", f"{STANDS}; did you mean {AGENTS}?"),
        ("/Agents/My-Id", f"{STANDS}; did you mean {AGENTS}/My-Id?"),
        (f"{AGENTS}/{AGENT}/webhook", f"no route has this path; did you mean {WEBHOOKS}?"),
        (f"{TOGGLE}s", f"no route has this path; did you mean {TOGGLE}?"),
        ("/admin/state", "no route has this path; did you mean /__admin/state?"),
        (f"{API}/webhooks", f"no route has this path; did you mean {AGENTS}/{{agent_id}}/webhooks?"),
        (f"{API}/webhooks/{WEBHOOK}/", f"no route has this path; did you mean {A_WEBHOOK}?"),
        (f"{AGENTS}/{AGENT}/toggle", f"no route has this path; did you mean {A_WEBHOOK}/toggle?"),
        ("/toggle", f"no route has this path; did you mean {A_WEBHOOK}/toggle?"),
        (f"{API}/logs", f"no route has this path; did you mean {A_WEBHOOK}/logs?"),
        (f"{API}/nope", NO_ROUTE),
        (f"{API}/nope/toggle", NO_ROUTE),
        (f"{WEBHOOKS}/{WEBHOOK}/enable", NO_ROUTE),
        ("/", NO_ROUTE),
        (f"{API}{'/Agents' * 5_000}", NO_ROUTE),
    ],
)
def test_a_path_that_no_route_has(http: FlaskClient, path: str, reason: str) -> None:
    assert reason_of(http, f"PATCH {path}", 404) == reason


@pytest.mark.parametrize(
    ("call", "request_", "status"),
    [
        (f"PATCH {TOGGLE}", {}, 401),
        (f"GET {WEBHOOKS}/1", {"headers": TOKEN}, 404),
        (f"POST {WEBHOOKS}", {"headers": TOKEN, "json": {"events": ["é\n" * 30] * 30}}, 422),
        (f"PUT {WEBHOOKS}/{WEBHOOK}", {"headers": TOKEN, "data": "{}", "content_type": "text/\x7fé"}, 200),
        (f"DELETE {AGENTS}", {}, 405),
        ("GET /nope?é=%0A", {}, 404),
    ],
)
def test_the_log_line_ends_with_the_same_sentence(
    http: FlaskClient, log: list[str], call: str, request_: dict[str, Any], status: int
) -> None:
    reason = reason_of(http, call, status, **request_)
    assert re.fullmatch("[ -~]{1,1000}", reason)
    assert re.fullmatch("[ -~]+", log[-1])
    assert re.search(rf" {status} [0-9.]+ms \S+ \S+ \(", log[-1])
    assert log[-1].endswith(f" ({reason})")


def test_an_answer_as_asked_for_has_no_reason(http: FlaskClient, log: list[str]) -> None:
    answer = http.get(WEBHOOKS, headers=TOKEN)
    assert (answer.status_code, REASON in answer.headers) == (200, False)
    assert log[-1].endswith("ms default ta***")
