"""Where a request ends and the next one begins: what the server takes, what it refuses, and that nothing slips by."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import pytest
from flask import Flask

from talkover_mock.environments.world import World
from talkover_mock.web.parser import MOST_BODY_BYTES, MOST_HEADER_BYTES
from talkover_mock.web.server import Server
from tests.support.documented import AGENT, API_HEADERS, TOGGLE, WEBHOOK, WEBHOOK_PATH
from tests.support.raw import (
    HEALTH,
    HOST,
    LAST,
    OK,
    TOKEN_LINE,
    RawAnswer,
    answers_in,
    asked,
    connect,
    request,
    rest_of,
    some_of,
    toggle,
)
from tests.support.rows import each_row

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


@pytest.fixture
def server(app: Flask, log: list[str]) -> Iterator[Server]:
    """A server whose refusals are in the log too."""
    server = Server(app.wsgi_app, log=log.append)
    server.start()
    yield server
    server.stop()


POST = b"POST /api/v1/agents HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n"
GET = b"GET /api/v1/health HTTP/1.1\r\n"
A_MEGABYTE = b"x" * 1_000_000
HEAD_LIMIT = f"a head has at most {MOST_HEADER_BYTES} bytes"
BODY_LIMIT = f"a body has at most {MOST_BODY_BYTES} bytes"
EMPTY = b"\r\n0\r\n\r\n"
REFUSED: dict[str, tuple[bytes, int, str]] = {
    "a length and chunks": (
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" + EMPTY,
        400,
        "Transfer-Encoding can't be present with Content-Length",
    ),
    "chunks and a length": (
        CHUNKED + b"Content-Length: 5\r\n" + EMPTY,
        400,
        "Content-Length can't be present with Transfer-Encoding",
    ),
    "two lengths": (POST + b"Content-Length: 3\r\n" * 2 + b"\r\nabc", 400, "Duplicate Content-Length"),
    "a list of lengths": (POST + b"Content-Length: 3, 3\r\n\r\nabc", 400, "Invalid character in Content-Length"),
    "a length with a sign": (POST + b"Content-Length: +3\r\n\r\nabc", 400, "Invalid character in Content-Length"),
    "no length": (POST + b"Content-Length:\r\n\r\n", 400, "Empty Content-Length"),
    "chunked twice": (
        POST + b"Transfer-Encoding: chunked, chunked\r\n" + EMPTY,
        400,
        "Invalid `Transfer-Encoding` header value",
    ),
    "chunked in two headers": (
        CHUNKED + b"Transfer-Encoding: chunked\r\n" + EMPTY,
        400,
        "Invalid `Transfer-Encoding` header value",
    ),
    "gzip and chunked": (
        POST + b"Transfer-Encoding: gzip, chunked\r\n" + EMPTY,
        501,
        "the only transfer coding is chunked",
    ),
    "another coding": (POST + b"Transfer-Encoding: identity\r\n" + EMPTY, 501, "the only transfer coding is chunked"),
    "chunks in HTTP/1.0": (
        CHUNKED.replace(b"1.1", b"1.0", 1) + EMPTY,
        400,
        "HTTP/1.0 has no Transfer-Encoding",
    ),
    "a bare line feed": (GET.replace(b"\r", b"") + HOST + b"\r\n", 400, "Expected CRLF after version"),
    "a line feed in a head": (GET + b"Host: x\nA: b\r\n\r\n", 400, "Missing expected CR after header value"),
    "a carriage return": (GET + b"Host: x\rA: b\r\n\r\n", 400, "Missing expected LF after header value"),
    "a folded line": (GET + HOST + b"A: b\r\n c\r\n\r\n", 400, "Unexpected whitespace after header value"),
    "a space before the colon": (GET + b"Host : x\r\n\r\n", 400, "Invalid header token"),
    "no name of a header": (GET + HOST + b": b\r\n\r\n", 400, "Invalid header token"),
    "a NUL in a header": (GET + HOST + b"A: b\0c\r\n\r\n", 400, "Invalid header value char"),
    "a NUL in the path": (b"GET /\0 HTTP/1.1\r\n" + HOST + b"\r\n", 400, "Invalid char in url path; percent-encode it"),
    "raw bytes in the path": (
        b"GET /\xc3\xa9 HTTP/1.1\r\n" + HOST + b"\r\n",
        400,
        "Invalid char in url path; percent-encode it",
    ),
    "raw bytes in the query": (
        b"GET /?\xc3\xa9 HTTP/1.1\r\n" + HOST + b"\r\n",
        400,
        "Invalid char in url query; percent-encode it",
    ),
    "no scheme": (b"GET http:/x HTTP/1.1\r\n" + HOST + b"\r\n", 400, "Unexpected char in url schema"),
    "a negative chunk": (CHUNKED + b"\r\n-1\r\n\r\n", 400, "Invalid character in chunk size"),
    "a prefix of a chunk": (CHUNKED + b"\r\n0x3\r\nabc\r\n", 400, "Invalid character in chunk size"),
    "a space after a chunk's size": (CHUNKED + b"\r\n3 \r\nabc\r\n", 400, "Invalid character in chunk size"),
    "a chunk without end": (CHUNKED + b"\r\n" + b"F" * 17 + b"\r\n", 400, "Chunk size overflow"),
    "a chunk that is longer": (CHUNKED + b"\r\n3\r\nabcd\r\n0\r\n\r\n", 400, "Expected LF after chunk data"),
    "a line feed after a size": (CHUNKED + b"\r\n3\nabc\r\n", 400, "Missing expected CR after chunk size"),
    "no host": (GET + b"\r\n", 400, "a request has one Host header"),
    "two hosts": (GET + HOST * 2 + b"\r\n", 400, "a request has one Host header"),
    "HTTP/2.0": (
        b"GET / HTTP/2.0\r\n" + HOST + b"\r\n",
        505,
        "the server speaks HTTP/1.1 and HTTP/1.0",
    ),
    "HTTP/2 begun": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "Pause on PRI/Upgrade"),
    "HTTP/0.9": (b"GET /\r\n\r\n", 505, "the server speaks HTTP/1.1 and HTTP/1.0"),
    "HTTP/1.2": (b"GET / HTTP/1.2\r\n" + HOST + b"\r\n", 400, "Invalid HTTP version"),
    "99 GB": (POST + b"Content-Length: 99000000000\r\n\r\n", 413, BODY_LIMIT),
    "99 GB, if told so": (
        POST + b"Expect: 100-continue\r\nContent-Length: 99000000000\r\n\r\n",
        413,
        BODY_LIMIT,
    ),
    "a header of 1 MB": (GET + HOST + b"A: " + A_MEGABYTE + b"\r\n\r\n", 431, HEAD_LIMIT),
    "a target of 1 MB": (b"GET /" + A_MEGABYTE + b" HTTP/1.1\r\n" + HOST + b"\r\n", 431, HEAD_LIMIT),
    "20,000 headers": (
        GET + HOST + b"".join(b"A%d: b\r\n" % number for number in range(20_000)) + b"\r\n",
        431,
        "a head has at most 1000 headers",
    ),
    "an extension of 1 MB": (CHUNKED + b"\r\n3;a=" + A_MEGABYTE + b"\r\nabc\r\n0\r\n\r\n", 431, HEAD_LIMIT),
    "a trailer of 1 MB": (CHUNKED + b"\r\n3\r\nabc\r\n0\r\nA: " + A_MEGABYTE + b"\r\n\r\n", 431, HEAD_LIMIT),
    "CONNECT": (b"CONNECT localhost:80 HTTP/1.1\r\n" + HOST + b"\r\n", 405, "the server is no proxy"),
    "BREW": (b"BREW /api/v1/health HTTP/1.1\r\n" + HOST + b"\r\n", 400, "Invalid method encountered"),
    "a method in lower case": (b"get / HTTP/1.1\r\n" + HOST + b"\r\n", 400, "Invalid method encountered"),
    "a target of another kind": (
        b"GET ftp://x/y HTTP/1.1\r\n" + HOST + b"\r\n",
        400,
        "the request's target is no path",
    ),
    "half an address": (b"GET http://[::1/x HTTP/1.1\r\n" + HOST + b"\r\n", 400, "the request's target is no path"),
    "a target that is no URL": (b"GET api HTTP/1.1\r\n" + HOST + b"\r\n", 400, "Invalid characters in url"),
}
"""What is sent, and the status and the reason of the refusal."""


def is_refusal(answer: RawAnswer, status: int, reason: str) -> bool:
    """Whether the answer is one, in the JSON of the API and with its headers."""
    expected = {name.lower(): value for name, value in API_HEADERS.items()}
    expected |= {"x-mockserver-reason": reason, "content-length": str(len(answer.body)), "connection": "close"}
    date = answer.headers.pop("date")
    return (
        answer.status == status
        and list(json.loads(answer.body)) == ["message"]
        and answer.headers == expected
        and re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", date) is not None
    )


@each_row(("sent", "status", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_request_is_refused_and_nothing_after_it_is_taken_for_one(
    sent: bytes, status: int, reason: str, server: Server, log: list[str]
) -> None:
    log.clear()
    [answer] = asked(server, sent + HEALTH)
    assert is_refusal(answer, status, reason), answer
    assert len(log) == 1
    assert re.fullmatch(rf"\S+ \S+ {status} 0\.0ms - - \({re.escape(reason)}\)", log[0])


def test_a_refusal_names_the_request_and_not_the_one_after_it(server: Server, log: list[str]) -> None:
    assert asked(server, b"GET ftp://x/y HTTP/1.1\r\n" + HOST + b"\r\n" + HEALTH)
    assert log == ["GET ftp://x/y 400 0.0ms - - (the request's target is no path)"]


@pytest.mark.parametrize("first", [HEALTH, request(b"GET /api/v1/agents", TOKEN_LINE)], ids=["quick", "in a thread"])
def test_a_good_request_is_answered_before_the_refusal_that_follows(
    first: bytes, server: Server, log: list[str]
) -> None:
    good, refusal = asked(server, first + b"BREW / HTTP/1.1\r\n" + HOST + b"\r\n" + HEALTH)
    assert (good.status, "connection" in good.headers) == (200, False)
    assert is_refusal(refusal, 400, "Invalid method encountered")
    assert len(log) == 2


def test_what_follows_a_refused_head_is_not_read_while_another_request_is_answered(
    server: Server, log: list[str], world: World
) -> None:
    environment = world.default
    with connect(server) as client:
        with environment.lock:  # so that the first answer takes as long as is needed
            client.sendall(request(b"GET /api/v1/agents", TOKEN_LINE) + GET + b"A: " + b"x" * 2 * MOST_HEADER_BYTES)
            client.sendall(b"\r\n" + HOST + b"\r\n" + HEALTH)
        first, refusal = answers_in(rest_of(client))
    assert (first.status, refusal.status) == (200, 431)
    assert len(log) == 2


ANSWER_LINES = b"".join([b"X-A: b\r\n", b"x-lower: c\r\n", b"X-EMPTY:\r\n"])
H2C = b"Connection: Upgrade, HTTP2-Settings%s\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"
LENGTH = b"Content-Length: 2\r\n"
ACCEPTED: dict[str, tuple[bytes, list[int]]] = {
    "chunks": (toggle(b"Transfer-Encoding: chunked\r\n", body=b"1\r\n{\r\n1;a=b\r\n}\r\n0\r\n\r\n"), [200, 200]),
    "a trailer with a token": (
        request(
            b"PATCH " + TOGGLE.encode(),
            b"Transfer-Encoding: Chunked\r\nTrailer: Authorization\r\n",
            body=b"2\r\n{}\r\n0\r\n" + TOKEN_LINE + b"\r\n",
        ),
        [401, 200],
    ),
    "a target in absolute form": (b"GET http://localhost/api/v1/health?a=b HTTP/1.1\r\n" + HOST + b"\r\n", [200, 200]),
    "an address in absolute form": (b"GET HTTP://[::1]:80/api/v1/health HTTP/1.1\r\n" + HOST + b"\r\n", [200, 200]),
    "an absolute form without a path": (b"GET http://localhost?a=b HTTP/1.1\r\n" + HOST + b"\r\n", [404, 200]),
    "all of the server": (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", [404, 200]),
    "HTTP/1.0": (b"GET /api/v1/health HTTP/1.0\r\n\r\n", [200]),
    "HTTP/1.0 that goes on": (b"GET /api/v1/health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", [200, 200]),
    "an upgrade to HTTP/2": (toggle(H2C % b"", LENGTH, body=b"{}"), [200, 200]),
    "an upgrade, then the end": (toggle(H2C % b", close", LENGTH, body=b"{}"), [200]),
    "an upgrade of HTTP/1.0": (b"GET /api/v1/health HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", [200]),
    "an upgrade with chunks": (
        toggle(H2C % b"", b"Transfer-Encoding: chunked\r\n", body=b"2\r\n{}\r\n0\r\n\r\n"),
        [200, 200],
    ),
    "a websocket": (request(b"GET /api/v1/health", b"Connection: Upgrade\r\nUpgrade: websocket\r\n"), [200, 200]),
    "gzip as a transfer coding of the answer": (request(b"GET /api/v1/health", b"TE: gzip\r\n"), [200, 200]),
    "the same for this connection": (request(b"GET /api/v1/health", b"TE: gzip\r\nConnection: TE\r\n"), [200, 200]),
    "data after the last request": (LAST, [200]),
    "a line after the last request": (LAST + b"\r\n", [200]),
    "lines before a request": (b"\r\n\r\n" + HEALTH, [200, 200]),
    "names in lower case": (request(b"GET /api/v1/agents", TOKEN_LINE.replace(b"A", b"a", 1)), [200, 200]),
    "names in upper case": (b"GET /api/v1/agents HTTP/1.1\r\nHOST: x\r\nAUTHORIZATION: BEARER t\r\n\r\n", [200, 200]),
    "empty headers": (request(b"GET /api/v1/agents", ANSWER_LINES, TOKEN_LINE, ANSWER_LINES), [200, 200]),
    "a percent sign": (request(b"GET /api/v1/%68ealth"), [200, 200]),
    "what is no UTF-8": (request(b"GET /api/v1/%ff%fe"), [404, 200]),
    "a header with an underscore": (
        request(b"GET /api/v1/agents", b"Authorization_: Bearer t\r\nCONTENT_LENGTH: 9\r\n"),
        [401, 200],
    ),
    "a head of 60 kB": (request(b"GET /api/v1/health", b"A: " + b"x" * 60_000 + b"\r\n"), [200, 200]),
    "an empty host": (GET + b"Host:\r\n\r\n", [200, 200]),
    "no answer has a body": (
        request(b"OPTIONS /api/v1/agents", b"Access-Control-Request-Method: GET\r\n"),
        [204, 200],
    ),
}
"""What is sent, and the statuses of its answer and of the next request's, where the connection goes on."""


@pytest.mark.slow
@each_row("piece", [0, 1, 7])
@each_row(("sent", "statuses"), ACCEPTED.values(), ids=ACCEPTED)
def test_what_is_a_request_is_answered_and_the_connection_goes_on(
    sent: bytes, statuses: list[int], piece: int, server: Server, log: list[str]
) -> None:
    log.clear()
    piece = 5_000 * piece if len(sent) > 5_000 else piece
    follows = LAST if len(statuses) > 1 or not piece else b""  # what came after the end would reset the connection
    found = asked(server, sent + follows, piece)
    assert [answer.status for answer in found] == statuses
    assert [answer.headers.get("connection") for answer in found[1:]] == ["close"] * (len(statuses) - 1)
    assert len(log) == len(statuses)


def test_what_is_empty_has_no_length(server: Server) -> None:
    sent = request(b"OPTIONS /api/v1/agents", b"Access-Control-Request-Method: GET\r\n")
    answer, last = asked(server, sent + LAST)
    assert ("content-length" in answer.headers, "content-type" in answer.headers, last.body) == (False, False, OK)


@each_row(("status", "length"), [(204, None), (205, "0"), (304, None)])
def test_a_status_without_a_body_sends_none_whoever_asks_for_it(
    status: int, length: str | None, app: Flask, server: Server
) -> None:
    webhook = {"id": WEBHOOK, "webhook_url": "http://localhost:9/"}
    settings = {"failed_test_status": status}
    body = {"settings": settings, "agents": [{"id": AGENT, "webhooks": [webhook]}]}
    http = app.test_client()
    http.post("/__admin/reset")
    assert http.patch("/__admin/state", json=body).status_code == 200
    answer = {"status": status, "body": {"a": 1}}
    http.post("/__admin/stubs", json={"method": "GET", "path": "/api/v1/stubbed", **answer})
    http.post("/__admin/faults", json={"respond": answer, "match": {"path": "*/toggle"}})
    test = request(b"POST " + f"{WEBHOOK_PATH}/test".encode(), TOKEN_LINE)
    sent = [test, request(b"GET /api/v1/stubbed", TOKEN_LINE), toggle()]
    *found, last = asked(server, b"".join(sent) + LAST)
    assert [(each.status, each.headers.get("content-length"), each.body) for each in found] == [
        (status, length, b"")
    ] * 3
    assert (last.status, last.body) == (200, OK)
    kept = http.get(f"/__admin/requests?status={status}").get_json()["requests"]
    assert [each["response"]["body"] for each in kept[-3:]] == [""] * 3


def test_an_application_that_gives_such_a_status_a_body_does_not_break_the_connection() -> None:
    def careless(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        start_response("204 No Content" if environ["PATH_INFO"] == "/" else "200 OK", [])
        return [b"a body"]

    server = Server(careless)
    server.start()
    try:
        found = asked(server, request(b"GET /") + LAST)
    finally:
        server.stop()
    assert [(each.status, each.body) for each in found] == [(204, b""), (200, b"a body")]


def test_head_tells_the_length_of_the_body_that_it_leaves_out(server: Server) -> None:
    paths = [b"/api/v1/health", b"/api/v1/agents", b"/__admin/openapi.yaml", b"/nowhere"]
    with connect(server) as client:
        client.sendall(b"".join(request(b"HEAD " + path, TOKEN_LINE) for path in paths) + LAST)
        found = list(answers_in(rest_of(client), without_body=range(len(paths))))
    assert [answer.status for answer in found] == [200, 200, 200, 404, 200]
    bodies = asked(server, b"".join(request(b"GET " + path, TOKEN_LINE) for path in paths) + LAST)
    assert [each.headers["content-length"] for each in found] == [each.headers["content-length"] for each in bodies]


def test_http_1_0_is_told_whether_the_connection_goes_on(server: Server) -> None:
    sent = b"GET /api/v1/health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + b"GET /api/v1/health HTTP/1.0\r\n\r\n"
    assert [answer.headers["connection"] for answer in asked(server, sent)] == ["keep-alive", "close"]


@pytest.mark.slow
@pytest.mark.parametrize("piece", [0, 1])
def test_fifty_requests_at_once_are_fifty_answers_in_their_order(piece: int, server: Server) -> None:
    quick = [toggle(), HEALTH, request(b"GET /nowhere")]
    slow = [request(b"GET /api/v1/agents", TOKEN_LINE), request(b"GET /__admin/state")]
    sent = [*quick, *slow] * 10
    found = asked(server, b"".join([*sent[:-1], LAST]), piece)
    assert [answer.status for answer in found] == ([200, 200, 404, 200, 200] * 10)
    enabled = [json.loads(answer.body)["data"]["enabled"] for answer in found[::5]]
    assert enabled == [True, False] * 5


@pytest.mark.parametrize("before", [b"", HEALTH, request(b"GET /api/v1/agents", TOKEN_LINE)])
def test_a_client_that_waits_for_the_word_to_go_on_gets_it_when_it_is_its_turn(before: bytes, server: Server) -> None:
    """Also behind a request that is answered in a thread."""
    with connect(server) as client:
        client.sendall(before + toggle(b"Expect: 100-continue\r\n", LENGTH))
        received = some_of(client, b"HTTP/1.1 100 Continue\r\n\r\n")
        client.sendall(b"{}" + LAST)
        last = list(answers_in(rest_of(client)))
    assert received.count(b"HTTP/1.1 200 OK") == bool(before)
    assert [answer.status for answer in last] == [200, 200]


def test_a_client_that_does_not_wait_for_the_word_to_go_on_is_answered_all_the_same(server: Server) -> None:
    found = asked(server, toggle(b"Expect: 100-continue\r\n", LENGTH, body=b"{}") + LAST)
    assert [answer.status for answer in found] == [200, 200]


def test_a_thousand_upgrades_at_once_are_a_thousand_answers(server: Server) -> None:
    """Each of them needs a parser of its own."""
    upgrade = request(b"GET /api/v1/health", b"Connection: upgrade\r\nUpgrade: x\r\n")
    assert [answer.body for answer in asked(server, upgrade * 1_000 + LAST)] == [OK] * 1_001
