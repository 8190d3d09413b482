"""What the mock tells about a request beside the vendor's answer: reasons, tracebacks and the log."""

import re
from dataclasses import replace
from socket import create_connection
from typing import NoReturn, cast

import pytest
from flask import Flask
from flask.testing import FlaskClient

from talkover_mock.api.app import ApiApplication
from talkover_mock.environments.world import World
from talkover_mock.state.webhooks import Webhooks
from talkover_mock.web.parser import MOST_BODY_BYTES, MOST_HEADER_BYTES
from talkover_mock.web.routes import Route
from talkover_mock.web.server import Server
from tests.support.documented import AGENT, API_HEADERS, TOGGLE, TOKEN
from tests.support.routes import REASON, every_call, filled
from tests.support.rows import each_row

CRASHED = '{\n    "message": "Server Error"\n}'


@every_call
def test_a_crash_of_the_mock_is_a_server_error(
    app: Flask, log: list[str], monkeypatch: pytest.MonkeyPatch, verb: str, rule: str
) -> None:
    def crash(*_: object, **__: str) -> NoReturn:
        raise RuntimeError("a bug\nwith two lines")

    log.clear()
    match = cast(ApiApplication, app.wsgi_app).routes.match(filled(rule))
    assert match
    monkeypatch.setitem(cast(dict[str, Route], match.routes), verb, replace(match.routes[verb], view=crash))
    answer = app.test_client().open(filled(rule), method=verb, headers=TOKEN)
    assert (answer.status_code, answer.text) == (500, CRASHED)
    assert {name: answer.headers[name] for name in API_HEADERS} == API_HEADERS
    assert answer.headers[REASON] == r"the mock itself failed: RuntimeError('a bug\nwith two lines')"
    assert log[0].startswith("Traceback (most recent call last):")
    assert log[0].endswith("RuntimeError: a bug\nwith two lines")
    assert f"{verb} {filled(rule)} 500 " in log[1]


@pytest.mark.slow
def test_a_traceback_is_kept_by_the_environment_where_it_happened(
    world: World, http: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Webhooks, "toggle", lambda *_: 1 / 0)
    for _ in range(150):
        assert http.patch(TOGGLE, headers={"Authorization": "Bearer talq_staging"}).status_code == 500
    kept = world.by_name("staging").errors
    assert len(kept) == 100, "they are bounded"
    assert all("ZeroDivisionError: division by zero" in text for text in kept)
    assert world.default.errors == world.by_name("production").errors == []


@each_row(
    ("request_bytes", "status", "message", "reason"),
    [
        (
            b"PATCH / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (MOST_BODY_BYTES + 1),
            413,
            "Request Entity Too Large",
            f"a body has at most {MOST_BODY_BYTES} bytes",
        ),
        (
            b"GET / HTTP/1.1\r\nX: ".ljust(MOST_HEADER_BYTES, b"x"),
            431,
            "Request Header Fields Too Large",
            f"a head has at most {MOST_HEADER_BYTES} bytes",
        ),
        (b"nonsense\r\n\r\n", 400, "Bad Request", "Invalid method encountered"),
        (
            b"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
            400,
            "Bad Request",
            "Invalid character in chunk size",
        ),
    ],
    ids=["too large a body", "too large headers", "no HTTP", "a broken chunk"],
)
def test_what_never_becomes_a_request_is_refused_in_json(
    server: Server, request_bytes: bytes, status: int, message: str, reason: str
) -> None:
    with create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(request_bytes)
        received = b"".join(iter(lambda: connection.recv(65_536), b"")).decode()
    head, _, body = received.partition("\r\n\r\n")
    lines = head.split("\r\n")
    assert lines[0].split(" ", 2)[1:] == [str(status), message]
    assert body == f'{{"message":"{message}"}}'
    assert {f"{name}: {value}" for name, value in API_HEADERS.items()} <= set(lines)
    assert {f"{REASON}: {reason}", "Connection: close"} <= set(lines)


NOWHERE = "no route has this path; API paths begin with /api/v1, admin paths with /__admin"


@each_row(
    ("path", "reason"),
    [
        ("/health", "API paths begin with /api/v1; did you mean /api/v1/health?"),
        (TOGGLE.removeprefix("/api/v1"), f"API paths begin with /api/v1; did you mean {TOGGLE}?"),
        ("/api/health", "API paths begin with /api/v1; did you mean /api/v1/health?"),
        ("/api//v1/health", "the path has a double slash; did you mean /api/v1/health?"),
        (f"/api{18 * '/'}v1/health", "the path has a double slash; did you mean /api/v1/health?"),
        (f"/api{19 * '/'}v1/health", NOWHERE),  # of more than twenty steps
        ("/API/V1/Health", "paths are case-sensitive; did you mean /api/v1/health?"),
        ("/api/v1/nope", NOWHERE),
        ("/", NOWHERE),
    ],
)
def test_a_near_route_is_named(http: FlaskClient, path: str, reason: str) -> None:
    assert http.get(path).headers[REASON] == reason


@every_call
def test_every_request_is_one_line_of_the_log(http: FlaskClient, log: list[str], verb: str, rule: str) -> None:
    secret = "talq_a_secret_of_somebody"
    for method in (verb, "OPTIONS", "BREW"):
        answer = http.open(filled(rule), method=method, headers={"Authorization": f"Bearer {secret}"})
        line = re.escape(f"{method} {filled(rule)} {answer.status_code} ")
        assert re.fullmatch(line + r"\d+\.\dms (default|-) talq_\*\*\*dy( \(.+\))?", log.pop())
        assert log == []


LINE = r"\d+\.\dms"


@pytest.mark.parametrize(
    ("path", "headers", "expected"),
    [
        (TOGGLE + "?a=b", TOKEN, rf"\?a=b 200 {LINE} default ta\*\*\*"),
        (TOGGLE, {}, rf" 401 {LINE} - - \(the request has no Authorization header; send .+\)"),
        (TOGGLE, {"Authorization": "Basic secret"}, rf" 401 {LINE} - - \(the Authorization header holds no .+\)"),
        (TOGGLE, {"Authorization": "Bearer talq_staging"}, rf" 404 {LINE} staging ta\*\*\* \(agent {AGENT} is in .+\)"),
        (TOGGLE + "/%C3%A9", {}, rf"/\\xe9 404 {LINE} - - \({re.escape(NOWHERE)}\)"),
        (TOGGLE + "/%0A", {}, rf"/ 404 {LINE} - - \({re.escape(NOWHERE)}\)"),
    ],
    ids=["success", "no token", "basic", "not found", "a letter beyond ASCII", "a line end in the path"],
)
def test_a_line_of_the_log_says_how_it_went(
    http: FlaskClient, log: list[str], path: str, headers: dict[str, str], expected: str
) -> None:
    http.patch(path, headers=headers)
    assert len(log) == 1
    assert re.fullmatch(f"PATCH {TOGGLE}{expected}", log[0])
