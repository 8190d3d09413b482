"""The server in this process: where it is, what it refuses by itself, and that stopping leaves nothing."""

import errno
import json
import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
import requests
from flask import Flask

from talkover_mock.web.parser import MOST_BODY_BYTES, MOST_HEADER_BYTES
from talkover_mock.web.server import Server
from tests.support.documented import API_HEADERS, TOGGLE, TOKEN, WEBHOOK
from tests.support.rows import each_row
from tests.support.systems import can_listen_on
from tests.support.threads import threads_left

Serve = Callable[[Flask], Server]

WAIT = 10
"""Seconds after which something that should have happened did not."""
HEALTH = b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
OK = '{"status":"ok"}'


def health(server: Server) -> str:
    return requests.get(f"{server.url}/api/v1/health", timeout=WAIT).text


def connected(server: Server) -> socket.socket:
    """A connection that stays open after its first answer."""
    client = socket.create_connection(("127.0.0.1", server.port), WAIT)
    client.sendall(HEALTH)
    answer = client.recv(1000)
    while answer and not answer.endswith(OK.encode()):
        answer += client.recv(1000)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    return client


HOSTS = {"127.0.0.1": "127.0.0.1", "0.0.0.0": "127.0.0.1", "localhost": "localhost"}
HOSTS |= {"::1": "[::1]", "::": "[::1]"} if can_listen_on("::1") else {}


@pytest.mark.parametrize(("host", "shown"), HOSTS.items())
def test_the_url_leads_to_the_server(host: str, shown: str, app: Flask) -> None:
    server = Server(app, host)
    try:
        server.start()
        assert server.url == f"http://{shown}:{server.port}"
        assert health(server) == OK
    finally:
        server.stop()


def test_a_taken_port_is_an_error_until_its_server_stops(app: Flask) -> None:
    first = Server(app)
    first.start()
    with connected(first):
        with pytest.raises(OSError, match="Address already in use") as error:
            Server(app, port=first.port)
        assert error.value.errno == errno.EADDRINUSE
        first.stop()
        second = Server(app, port=first.port)
    second.start()
    assert health(second) == OK
    second.stop()


@pytest.mark.parametrize("host", ["...", "a" * 64])
def test_what_is_no_host_name_is_an_error(host: str, app: Flask) -> None:
    with pytest.raises(OSError, match="is not a host name"):
        Server(app, host)


def test_stopping_closes_an_idle_connection_at_once(server: Server) -> None:
    with connected(server) as client:
        server.stop()
        assert client.recv(1000) == b""


def test_after_stopping_nobody_answers(server: Server) -> None:
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), WAIT)


def test_stopping_twice_is_stopping_once(server: Server) -> None:
    server.stop()
    server.stop()
    assert threads_left() == []


def test_a_server_that_never_started_stops_and_frees_its_port(app: Flask) -> None:
    server = Server(app)
    server.stop()
    Server(app, port=server.port).stop()


def test_a_server_in_front_ends_when_another_thread_stops_it(app: Flask) -> None:
    server = Server(app)
    with ThreadPoolExecutor(1) as pool:
        front = pool.submit(server.serve)
        try:
            assert health(server) == OK
            server.stop_soon()
            assert front.result(WAIT) is None
        finally:
            server.stop()


def test_a_server_that_was_stopped_before_it_serves_ends_at_once(app: Flask) -> None:
    server = Server(app)
    server.stop_soon()
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(server.serve).result(WAIT) is None
    server.stop()


def free_descriptor() -> int:
    """The lowest number that the next file would get; it rises when one is left open."""
    with open(os.devnull) as file:  # noqa: PTH123
        return file.fileno()


@pytest.mark.slow
def test_many_starts_and_stops_leave_no_thread_and_no_descriptor(app: Flask) -> None:
    before = free_descriptor()
    for _ in range(200):
        server = Server(app)
        server.start()
        with connected(server):
            server.stop()
    assert threads_left() == []
    assert free_descriptor() == before


@pytest.mark.slow
def test_stopping_does_not_wait_for_a_request_that_never_ends(serve: Serve) -> None:
    app, running, released = Flask(__name__), Event(), Event()

    @app.get("/")
    def slow() -> str:
        running.set()
        released.wait(WAIT)
        return "late"

    server = serve(app)
    with socket.create_connection(("127.0.0.1", server.port), WAIT) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert running.wait(WAIT)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(server.stop).result(5)
        assert client.recv(1000) == b""
        released.set()


@pytest.mark.slow
def test_stopping_ends_an_answer_that_nobody_reads(serve: Serve) -> None:
    app, running = Flask(__name__), Event()

    @app.get("/")
    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield bytes(1_000_000)  # more in all than is kept for a slow reader
            running.set()

    server = serve(app)
    with socket.create_connection(("127.0.0.1", server.port), WAIT) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert running.wait(WAIT)
        server.stop()
    assert threads_left() == []


HEAD = b" HTTP/1.1\r\nHost: localhost\r\n"
TOO_LARGE = f"Content-Length: {MOST_BODY_BYTES + 1}\r\n\r\n".encode()
REFUSED: dict[bytes, tuple[str, str, str]] = {
    b"\x01 garbage\r\n\r\n": ("400 Bad Request", "Invalid method encountered", "- -"),
    b"GET / HTTP/1.1\r\nnonsense\r\n\r\n": ("400 Bad Request", "Invalid header token", "- -"),
    (b"GET /x" + HEAD + b"X: ").ljust(MOST_HEADER_BYTES, b"x"): (
        "431 Request Header Fields Too Large",
        f"a head has at most {MOST_HEADER_BYTES} bytes",
        "- -",
    ),
    b"PATCH /x" + HEAD + TOO_LARGE: (
        "413 Request Entity Too Large",
        f"a body has at most {MOST_BODY_BYTES} bytes",
        "PATCH /x",
    ),
    b"PATCH /x" + HEAD + b"Transfer-Encoding: zip\r\n\r\n": (
        "501 Not Implemented",
        "the only transfer coding is chunked",
        "PATCH /x",
    ),
    b"PATCH /x" + HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n": (
        "400 Bad Request",
        "Invalid character in chunk size",
        "PATCH /x",
    ),
}
"""Of what is sent: the status, the reason, and the request as far as it was read."""


@each_row("sent", REFUSED)
def test_what_is_no_request_is_refused_in_json_and_logged(sent: bytes, app: Flask) -> None:
    status, reason, request_line = REFUSED[sent]
    lines: list[str] = []
    server = Server(app, log=lines.append)
    server.start()
    try:
        with socket.create_connection(("127.0.0.1", server.port), WAIT) as client:
            client.sendall(sent)
            answer = b"".join(iter(lambda: client.recv(65_536), b"")).decode()
        assert health(server) == OK
    finally:
        server.stop()
    head, _, body = answer.partition("\r\n\r\n")
    first, *headers = head.split("\r\n")
    assert first.partition(" ")[2] == status
    assert json.loads(body) == {"message": status[4:]}
    expected = {**API_HEADERS, "X-Mockserver-Reason": reason, "Content-Length": str(len(body)), "Connection": "close"}
    assert dict(line.split(": ", 1) for line in headers if not line.startswith("Date: ")) == expected
    assert lines == [f"{request_line} {status[:3]} 0.0ms - - ({reason})"]


@pytest.mark.slow
def test_large_bodies_need_no_file_system(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container, whose own is read-only."""

    def refuse(*_: object, **__: object) -> None:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    toggle, admin = server.url + TOGGLE, f"{server.url}/__admin/state"
    large = 2_000_000
    assert requests.patch(toggle, b"x" * large, headers=TOKEN, timeout=WAIT).status_code == 200
    assert requests.patch(toggle, iter([b"x" * large]), headers=TOKEN, timeout=WAIT).status_code == 200
    webhooks = toggle.removesuffix(f"/{WEBHOOK}/toggle")
    assert requests.post(webhooks, files={"name": b"x" * large}, headers=TOKEN, timeout=WAIT).status_code == 422
    agent = {"name": "A", "description": "x" * large}
    answer = requests.put(admin, json={"agents": [agent]}, timeout=WAIT)
    assert answer.json()["agents"][0]["description"] == agent["description"]
