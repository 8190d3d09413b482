"""Faults that end or hold up a connection, as clients of several languages see them over real sockets."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection, RemoteDisconnected
from logging import LogRecord
from socket import create_connection, socket

import pytest
import requests

from talkover_mock.web.server import Server
from tests.support.documented import AGENT, TOGGLE, TOKEN
from tests.support.faulty import FAULTS, WAIT, add_fault_at, journal_at

AGENTS = "/api/v1/agents"
UNTOUCHED = '{"success":true,"message":"A fault answered: nothing was done","data":{}}'
HALF = UNTOUCHED[: len(UNTOUCHED) // 2]
ENDS = {"connection_reset": b"", "truncated_body": HALF.encode()}
"""What comes last, before the connection ends."""
FETCH = """
fetch(process.argv[1]).then(answer => answer.json()).then(
    () => console.log('fine'), error => console.log(error.cause ? error.cause.code : error.name))
"""
GET = """
require('http').get(process.argv[1], answer => {
    answer.on('error', error => console.log('body', error.code))
    answer.on('end', () => console.log('fine'))
    answer.resume()
}).on('error', error => console.log('request', error.code))
"""


def asked(server: Server, path: str = AGENTS) -> socket:
    """A connection on which a request has been sent."""
    client = create_connection(("127.0.0.1", server.port), WAIT)
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer talq_test\r\n\r\n".encode())
    return client


def received(server: Server, path: str) -> bytes:
    """All that comes on a connection, until it ends in any way."""
    found = b""
    with asked(server, path) as client, suppress(ConnectionResetError):
        while part := client.recv(65_536):
            found += part
    return found


def listed(connection: HTTPConnection) -> bool:
    """Whether the API answers on this connection."""
    connection.request("GET", AGENTS, headers=TOKEN)
    return json.loads(connection.getresponse().read())["success"] is True


def curl(server: Server) -> tuple[int, str]:
    """The exit code and what came."""
    done = subprocess.run(
        ["curl", "-sS", "--max-time", str(WAIT), server.url + AGENTS], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout


def node(server: Server, program: str) -> str:
    """What a program prints that calls the API."""
    command = ["node", "-e", program, server.url + AGENTS]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=6 * WAIT).stdout.strip()


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error and all that is in it."""
    yield error
    for inner in (*error.args, error.__context__):
        if isinstance(inner, BaseException):
            yield from causes(inner)


def test_a_reset_is_one_of_tcp_before_any_byte(server: Server) -> None:
    add_fault_at(server, action="connection_reset")
    with asked(server) as client, pytest.raises(ConnectionResetError):
        client.recv(1)


def test_requests_sees_a_reset(server: Server) -> None:
    add_fault_at(server, action="connection_reset")
    with pytest.raises(requests.ConnectionError) as error:
        requests.patch(server.url + TOGGLE, headers=TOKEN, timeout=WAIT)
    found = [type(cause) for cause in causes(error.value)]
    assert ConnectionResetError in found
    assert RemoteDisconnected not in found
    del error


@pytest.mark.slow
def test_curl_sees_a_reset(server: Server) -> None:
    add_fault_at(server, action="connection_reset")
    assert curl(server) == (56, ""), "56 is a failure to receive, 52 would be an empty reply"


@pytest.mark.slow
@pytest.mark.parametrize(("program", "seen"), [(FETCH, "ECONNRESET"), (GET, "request ECONNRESET")])
def test_node_sees_a_reset(server: Server, program: str, seen: str) -> None:
    add_fault_at(server, action="connection_reset", times=1)
    assert node(server, program) == seen
    requests.delete(server.url + FAULTS, timeout=WAIT)


def test_a_truncated_body_is_half_of_what_its_length_says_and_then_the_end(server: Server) -> None:
    add_fault_at(server, action="truncated_body")
    head, _, body = received(server, AGENTS).decode().partition("\r\n\r\n")
    assert body == HALF
    assert head.startswith("HTTP/1.1 200 OK\r\n")
    assert f"Content-Length: {len(UNTOUCHED)}" in head.split("\r\n")


def test_with_apply_it_is_the_apis_own_answer_that_is_truncated(server: Server) -> None:
    whole = requests.get(f"{server.url}/api/v1/agents/{AGENT}", headers=TOKEN, timeout=WAIT).content
    add_fault_at(server, action="truncated_body", apply=True)
    answer = received(server, f"/api/v1/agents/{AGENT}").partition(b"\r\n\r\n")
    assert answer[2] == whole[: len(whole) // 2]
    assert f"Content-Length: {len(whole)}" in answer[0].decode().split("\r\n")


@pytest.mark.slow
def test_clients_see_a_truncated_body(server: Server) -> None:
    add_fault_at(server, action="truncated_body")
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        requests.get(server.url + AGENTS, headers=TOKEN, timeout=WAIT)
    assert curl(server) == (18, HALF), "18 is a partial file"
    assert [node(server, program) for program in (FETCH, GET)] == ["UND_ERR_SOCKET", "body ECONNRESET"]


@pytest.mark.slow
def test_clients_see_malformed_json_and_the_connection_lives_on(server: Server) -> None:
    add_fault_at(server, action="malformed_json", times=3)
    with requests.Session() as session:
        answer = session.get(server.url + AGENTS, headers=TOKEN, timeout=WAIT)
        assert (answer.status_code, answer.text, answer.headers.get("Connection")) == (200, HALF, None)
        with pytest.raises(requests.exceptions.JSONDecodeError):
            answer.json()
        assert curl(server) == (0, HALF)
        assert node(server, FETCH) == "SyntaxError"
        assert session.get(server.url + AGENTS, headers=TOKEN, timeout=WAIT).ok


@pytest.mark.parametrize("action", ["connection_reset", "truncated_body"])
def test_the_connections_of_others_live_on(server: Server, action: str) -> None:
    other = HTTPConnection("127.0.0.1", server.port, timeout=WAIT)
    with closing(other):
        assert listed(other)
        kept = other.sock
        add_fault_at(server, match={"path": f"{AGENTS}/*"}, action=action)
        for _ in range(20):
            assert received(server, f"{AGENTS}/{AGENT}").rpartition(b"\r\n\r\n")[2] == ENDS[action]
            assert listed(other)
        assert other.sock is kept


@pytest.mark.parametrize("action", ENDS)
def test_the_journal_tells_of_calls_that_got_half_an_answer_or_none(server: Server, action: str) -> None:
    add_fault_at(server, match={"path": AGENTS}, action=action)
    received(server, AGENTS)
    (exchange,) = journal_at(server)["requests"]
    assert (exchange["fault"], exchange["operation"]) == (f"fault-1 ({action})", "GET /api/v1/agents")
    assert exchange["reason"] == (f"fault-1 ({action}) struck")
    answer = exchange["response"]
    if action == "connection_reset":
        assert (exchange["status"], answer) == (None, None)
    else:
        assert (exchange["status"], answer["body"], answer["body_size"]) == (200, HALF, len(HALF))


def test_what_clients_do_when_a_connection_ends_is_no_error_of_the_mock(
    server: Server, log: list[str], logged: list[LogRecord]
) -> None:
    for action in ENDS:
        add_fault_at(server, match={"path": AGENTS}, action=action, times=1)
        received(server, AGENTS)
    environment = requests.get(f"{server.url}/__admin/environments/default", timeout=WAIT).json()
    assert (environment["errors"], logged) == (0, [])
    assert [line.split(" ")[2] for line in log if AGENTS in line] == ["-", "200"]
