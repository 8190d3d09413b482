"""The rules that every route of the API keeps."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import pytest
from flask.testing import FlaskClient

from talkover_mock.app import create_app
from talkover_mock.environments.world import World
from talkover_mock.loading.fixture import read_fixture
from talkover_mock.loading.mistakes import Source
from talkover_mock.web.server import Server
from tests.support.documented import AGENT, API_HEADERS, TOGGLE, TOKEN, UNKNOWN
from tests.support.routes import (
    CALLS,
    GUARDED,
    PATHS,
    REASON,
    VERBS,
    allowed,
    every_call,
    every_guarded_call,
    every_path,
    filled,
    fresh,
)
from tests.support.rows import each_row

MISSING = '{"message":"Missing Bearer Token"}'
PLACE = "/api/v1/agents/<agent_id>/call"
INVALID_ON_PLACE = '{"error":{"code":"INVALID_TOKEN","message":"Invalid or missing authentication token"}}'
MISSING_ON = {
    "/api/v1/agents(/<agent_id>(/(un)?publish)?)?": '{"success":false,"message":"Unauthenticated."}',
    "/api/v1/(agents/<agent_id>/)?calls": '{"success":false,"message":"Unauthorized"}',
    PLACE: INVALID_ON_PLACE,
}
"""The routes where the vendor documents another text than elsewhere."""
INVALID = '{"error":"UNAUTHORIZED","message":"Invalid or missing authentication token","status_code":401}'
EXPIRED = '{"error":"TOKEN_EXPIRED","message":"Authentication token has expired","status_code":401}'


def not_found(path: str) -> str:
    return f'{{\n    "message": "The route {path.strip("/") or "/"} could not be found."\n}}'


def test_the_documented_routes_are_there() -> None:
    toggle = "/api/v1/agents/<agent_id>/webhooks/<webhook_id>/toggle"
    assert {("GET", "/api/v1/health"), ("PATCH", toggle)} <= set(CALLS)


@each_row("headers", [{}, TOKEN], ids=["no token", "token"])
@each_row("path", ["/", "/api/v1", "/api/v1/nope", "/api/v1/nope/", "/nope?a=b", "/h%C3%A9%20%22", TOGGLE + "/x"])
def test_an_unknown_path_is_404_before_the_token_is_looked_at(
    http: FlaskClient, path: str, headers: dict[str, str]
) -> None:
    for verb in VERBS:
        answer = http.open(path, method=verb, headers=headers)
        assert answer.status_code == 404
        assert answer.text == ("" if verb == "HEAD" else not_found(path.partition("?")[0]))


@pytest.mark.parametrize("path", ["/api/v1/nope%22%0a", "/%7e%2F%41?b=%20", "/h%c3%a9'!"])
def test_an_unknown_path_is_named_as_it_came(server: Server, path: str) -> None:
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=5)) as connection:
        connection.request("GET", path)
        assert connection.getresponse().read().decode() == not_found(path.partition("?")[0])


@each_row("headers", [{}, TOKEN], ids=["no token", "token"])
@every_path
def test_a_wrong_method_is_405_before_the_token_is_looked_at(
    http: FlaskClient, rule: str, headers: dict[str, str]
) -> None:
    supported = ", ".join(allowed(rule))
    for verb in {*VERBS, "BREW"} - set(allowed(rule)):
        answer = http.open(filled(rule), method=verb, headers=headers)
        text = f"The {verb} method is not supported for route {filled(rule)[1:]}. Supported methods: {supported}."
        assert (answer.status_code, answer.headers["Allow"]) == (405, supported)
        assert answer.text == ("" if verb == "HEAD" else f'{{\n    "message": "{text}"\n}}')


@each_row("rule", [rule for verb, rule in CALLS if verb == "GET"])
def test_head_answers_wherever_get_does(rule: str) -> None:
    get, head = (fresh().open(filled(rule), method=verb, headers=TOKEN) for verb in ("GET", "HEAD"))
    assert (head.status_code, head.data) == (get.status_code, b"")
    assert dict(head.headers) == dict(get.headers)


@every_path
def test_options_tells_the_methods(http: FlaskClient, rule: str) -> None:
    answer = http.options(filled(rule), headers={"Origin": "https://app.example.com"})
    assert (answer.status_code, answer.data, answer.headers["Allow"]) == (200, b"", ",".join(allowed(rule)))
    assert answer.headers["Content-Type"] == "text/html; charset=UTF-8"
    assert answer.headers["Vary"] == "Access-Control-Request-Method"


def test_options_and_a_preflight_leave_the_connection_open(server: Server) -> None:
    wanted = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "PATCH"}
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=5)) as connection:
        connection.connect()
        first = connection.sock
        for headers, status in (({}, 200), (wanted, 204), (wanted, 204), ({}, 200)):
            connection.request("OPTIONS", TOGGLE, headers=headers)
            with connection.getresponse() as answer:
                assert (answer.status, answer.read()) == (status, b"")
            assert connection.sock is first, "the server has closed the connection"


@each_row("rule", [*PATHS, "/api/v1/nope"])
def test_a_preflight_is_allowed(http: FlaskClient, rule: str) -> None:
    wanted = {"Access-Control-Request-Method": "patch", "Access-Control-Request-Headers": "authorization,x-other"}
    answer = http.options(filled(rule), headers={"Origin": "https://app.example.com", **wanted})
    assert (answer.status_code, answer.data) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Allow-Methods"] == "PATCH"
    assert answer.headers["Access-Control-Allow-Headers"] == "authorization,x-other"
    assert "Content-Type" not in answer.headers


@each_row("headers", [{}, TOKEN], ids=["no token", "token"])
@every_call
def test_a_trailing_slash_matches_without_a_redirect(verb: str, rule: str, headers: dict[str, str]) -> None:
    plain, slash = (fresh().open(filled(rule) + end, method=verb, headers=headers) for end in ("", "/"))
    assert (slash.status_code, slash.text) == (plain.status_code, plain.text)
    assert plain.status_code not in (301, 302, 307, 308, 405)
    assert "Location" not in slash.headers


@pytest.mark.slow
@every_call
def test_a_double_slash_matches_nothing(server: Server, verb: str, rule: str) -> None:
    path = filled(rule) + "/"
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=5)) as connection:
        for i in (i for i, letter in enumerate(path) if letter == "/"):
            wrong = f"{path[:i]}/{path[i:]}"
            connection.request(verb, wrong, headers=TOKEN)
            answer = connection.getresponse()
            assert (answer.status, answer.read().decode()) == (404, not_found(wrong))
            assert "double slash" in (answer.headers[REASON] or "")


@every_call
def test_another_case_matches_nothing(http: FlaskClient, verb: str, rule: str) -> None:
    parts = rule.split("/")
    for i in (i for i, part in enumerate(parts) if part and not part.startswith("<")):
        wrong = filled("/".join([*parts[:i], parts[i].upper(), *parts[i + 1 :]]))
        answer = http.open(wrong, method=verb, headers=TOKEN)
        assert (answer.status_code, answer.text) == (404, not_found(wrong))
        assert answer.headers[REASON] == f"paths are case-sensitive; did you mean {filled(rule)}?"


@every_guarded_call
def test_a_call_without_a_token_is_refused(http: FlaskClient, verb: str, rule: str) -> None:
    expected = next((text for pattern, text in MISSING_ON.items() if re.fullmatch(pattern, rule)), MISSING)
    for headers in ({}, {"Authorization": "Basic dXNlcjpwYXNz"}, {"Authorization": "Bearer"}):
        answer = http.open(filled(rule, agent_id=UNKNOWN), method=verb, headers=headers)
        assert (answer.status_code, answer.text) == (401, expected)


@every_guarded_call
def test_a_call_with_a_token_that_opens_nothing_is_refused(http: FlaskClient, verb: str, rule: str) -> None:
    old = {"Authorization": "Bearer talq_staging_2024"}
    expired = http.open(filled(rule), method=verb, headers=old)
    assert (expired.status_code, expired.text) == (401, INVALID_ON_PLACE if rule == PLACE else EXPIRED)
    only_mine = create_app(World(read_fixture([Source("fixture", "", {"tokens": ["talq_mine"]})]))).test_client()
    invalid = only_mine.open(filled(rule), method=verb, headers=TOKEN)
    assert (invalid.status_code, invalid.text) == (401, INVALID_ON_PLACE if rule == PLACE else INVALID)


def test_health_needs_no_token_and_minds_none(http: FlaskClient) -> None:
    for headers in ({}, TOKEN, {"Authorization": "Bearer talq_staging_2024"}):
        answer = http.get("/api/v1/health", headers=headers)
        assert (answer.status_code, answer.text) == (200, '{"status":"ok"}')


def answers(http: FlaskClient, rule: str) -> Iterator[Any]:
    """Everything that one path answers, to every method, with every kind of token and with unknown ids."""
    tokens: tuple[Mapping[str, str], ...] = (
        {},
        TOKEN,
        {"Authorization": "Bearer talq_staging"},
        {"Authorization": "x"},
    )
    for verb in (*VERBS, "OPTIONS", "BREW"):
        for headers in tokens:
            for path in (
                filled(rule),
                filled(rule, agent_id=UNKNOWN),
                filled(rule, webhook_id="x"),
                filled(rule) + "x",
            ):
                yield http.open(path, method=verb, headers={"Accept": "text/html", **headers})


@pytest.mark.slow
@every_path
def test_every_answer_is_json_with_the_headers_of_the_api_and_every_refusal_has_a_reason(
    http: FlaskClient, rule: str
) -> None:
    for answer in answers(http, rule):
        kind = {"Content-Type": "text/html; charset=UTF-8"} if "Vary" in answer.headers else {}
        assert {name: answer.headers[name] for name in API_HEADERS} == API_HEADERS | kind
        assert not answer.data or isinstance(json.loads(answer.data), dict)
        if answer.status_code >= 400:
            assert re.fullmatch(r"[ -~]{10,1000}", answer.headers[REASON])
        assert answer.status_code < 500 or answer.status_code == 501


MALFORMED = ("not-a-uuid", "1", "%00", "%0A", "%C3%A9", "%FF", "..", "'--", AGENT.upper(), "x" * 1000)


@pytest.mark.slow
@each_row(("verb", "rule"), [(verb, rule) for verb, rule in GUARDED if "<" in rule])
def test_a_malformed_id_is_simply_an_unknown_one(http: FlaskClient, verb: str, rule: str) -> None:
    for name in re.findall(r"<(?:\w+:)?(\w+)>", rule):
        unknown = http.open(filled(rule, **{name: UNKNOWN}), method=verb, headers=TOKEN)
        assert unknown.status_code == 404
        assert unknown.get_json().get("success", False) is False
        for id in MALFORMED:
            malformed = http.open(filled(rule, **{name: id}), method=verb, headers=TOKEN)
            text = malformed.text if rule == PLACE else unknown.text  # which quotes the id
            assert (malformed.status_code, malformed.text) == (404, text), id


@pytest.mark.slow
@each_row("headers", [{}, TOKEN], ids=["no token", "token"])
@each_row(("verb", "rule"), [*CALLS, ("POST", "/api/v1/nope"), ("PUT", "/api/v1/health")])
def test_a_body_never_breaks_a_connection(server: Server, verb: str, rule: str, headers: dict[str, str]) -> None:
    bodies: tuple[Any, ...] = (b"", b"{broken", b"\x00" * 100_000, iter([b'{"a":', b"x" * 20_000]))
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=5)) as connection:
        connection.connect()
        first = connection.sock
        for body in bodies:
            connection.request(verb, filled(rule), body, {"Content-Type": "application/json", **headers})
            with connection.getresponse() as answer:
                json.loads(answer.read())
            assert connection.sock is first, "the server has closed the connection"
