"""What people do to servers: none of it stops the others, gets in, or is told more than it should be."""

import json
import selectors
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event
from time import monotonic

import pytest
import requests
from flask.testing import FlaskClient

from talkover_mock.client import MockServer
from talkover_mock.deliveries import backlog
from talkover_mock.environments.world import World
from talkover_mock.receiver import Answer, WebhookReceiver
from talkover_mock.web import server as serving
from talkover_mock.web import writer
from talkover_mock.web.server import Server
from tests.support.documented import AGENT, TOGGLE, WEBHOOK
from tests.support.faulty import add_fault_at, until_held_up, until_struck
from tests.support.stories import STARTED, hook, world_of

WAIT = 10.0


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def until(holds: Callable[[], object]) -> None:
    end = monotonic() + WAIT
    while not holds():
        assert monotonic() < end
        Event().wait(0.01)


def answered(server: Server, sent: bytes) -> bytes:
    """All that comes back before the connection ends."""
    with socket.create_connection(("127.0.0.1", server.port), WAIT) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(65_536), b""))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "127.0.0.2", "[::ffff:127.0.0.1]"])
@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/api/v1/x", "the target is the mock server itself, and it never delivers to itself"),
        (
            "/__admin/snapshots/x",
            "the path is /__admin or below it; the admin routes of a mock server are never called",
        ),
    ],
)
def test_the_mock_delivers_nothing_to_itself(
    host: str, path: str, reason: str, mock: MockServer, server: Server
) -> None:
    """A web page may create webhooks; through one it would drive the admin routes as nobody's page."""
    mock.set_webhook(WEBHOOK, webhook_url=f"http://{host}:{server.port}{path}", http_method="PUT")
    mock.set_webhook(WEBHOOK, enabled=True)
    [delivery] = mock.emit(AGENT, STARTED)
    assert delivery["captured_because"] == reason
    test = requests.post(mock.url + TOGGLE.replace("toggle", "test"), headers=mock.headers, timeout=WAIT)
    assert (test.json()["success"], mock.snapshots()) == (True, [])


@pytest.mark.slow
def test_clients_that_never_read_keep_no_thread(
    server: Server, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "READING_SECONDS", 0.1)
    request = b"GET /__admin/state HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for _ in range(8):
        client = stack.enter_context(socket.socket())
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        client.connect(("127.0.0.1", server.port))
        client.sendall(request * 2_000)
    assert requests.get(f"{server.url}/api/v1/health", timeout=WAIT).ok


@pytest.mark.parametrize(
    "sent",
    [
        b"GET http://[::1/x HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n",
    ],
)
def test_what_no_parser_expects_is_a_bad_request(sent: bytes, server: Server) -> None:
    head, _, body = answered(server, sent).partition(b"\r\n\r\n")
    assert head.split(b" ")[1] == b"400"
    assert json.loads(body) == {"message": "Bad Request"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("OPTIONS", "/api/v1/agents", {"Access-Control-Request-Method": "\xff"}, 204),
        ("GET", "/__admin/state", {"Authorization": "Basic \xff\xff"}, 200),
        ("GET", "/__admin/state", {"Authorization": "Basic !"}, 200),
    ],
)
def test_headers_of_any_bytes_are_no_crash(
    http: FlaskClient, world: World, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    assert http.open(path, method=method, headers=headers).status_code == status
    assert world.default.errors == []


def test_a_malformed_header_is_not_quoted(server: Server) -> None:
    sent = b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer talq_verysecret\nX: y\r\n\r\n"
    answer = answered(server, sent)
    assert answer.split(b" ")[1] == b"400"
    assert b"verysecret" not in answer


def test_a_hang_ends_with_its_client_whatever_that_has_sent_since(server: Server) -> None:
    add_fault_at(server, action="hang", match={"path": "*/toggle"})
    with socket.create_connection(("127.0.0.1", server.port), WAIT) as client:
        client.sendall(f"PATCH {TOGGLE} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n\r\n".encode())
        until_struck(server, 1)
        client.sendall(b"G")
    until_held_up(server, 0)


def test_an_advance_that_a_reset_has_overtaken_moves_no_clock(
    mock: MockServer, server: Server, receiver: WebhookReceiver
) -> None:
    mock.set_webhook(WEBHOOK, webhook_url=receiver.url, enabled=True)
    receiver.answer_always(Answer(delay_seconds=1_800))
    mock.freeze()
    mock.emit(AGENT, STARTED, wait=0)
    receiver.wait_for(1)

    def advance(seconds: float) -> None:
        with MockServer(mock.url) as other:
            other.advance(seconds)

    with ThreadPoolExecutor(2) as pool:
        moves = [pool.submit(advance, seconds) for seconds in (1, 86_400)]
        until(lambda: server.waiting == len(moves))
        Event().wait(0.05)  # until both have begun: one advances, and the other waits for it
        mock.reset()
        mock.freeze("2026-01-01T00:00:00Z")
        for each in moves:
            each.result(WAIT)
    assert mock.clock()["now"] <= "2026-01-02T00:00:00.000Z"


def test_the_receivers_of_one_environment_delay_no_other(
    receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "_MOST_BUSY", 3)
    receiver.answer_always(Answer(delay_seconds=1_800))
    world = world_of(*(hook(receiver.url, f"w{number}") for number in range(6)))
    try:
        world.default.deliveries.emit(AGENT, STARTED)
        receiver.wait_for(3)
        Event().wait(0.05)
        assert len(receiver.requests) == 3
        receiver.answer_always(200)
        mine = world.open(world.default)
        emitted = mine.deliveries.emit(AGENT, STARTED)
        found = emitted.log.watch(lambda each: each.outcome is not None and each.outcome.successful, 6, None, WAIT)
        assert found.satisfied
    finally:
        world.stop()


@pytest.mark.parametrize(("soft", "most"), [(-1, 4_000), (1_000_000, 4_000), (1_024, 924), (100, 50), (32, 16)])
def test_no_more_connections_than_descriptors(soft: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (soft, soft))
    assert serving.most_connections() == most


def test_no_more_connections_than_select_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has nothing better; a loop with more ends with ValueError."""
    monkeypatch.setattr(selectors, "DefaultSelector", selectors.SelectSelector)
    assert serving.most_connections() == 412


def test_too_few_descriptors_for_a_server_are_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (31, 31))
    with pytest.raises(OSError, match=r"lets this process open 31 files, and a server needs 32 \(ulimit -n\)"):
        serving.most_connections()


@pytest.mark.slow
def test_an_empty_id_in_a_form_removes_nothing_else(http: FlaskClient) -> None:
    http.post("/__admin/faults", json={"preset": "maintenance"})
    answer = http.post("/__admin/", data={"action": "remove_fault", "id": ""})
    page = http.get(answer.headers["Location"]).text
    assert "the form has no field" in page
    assert len(http.get("/__admin/faults").get_json()["faults"]) == 1
