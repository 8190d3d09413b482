"""`talkover-mock health`: whom it asks, what it prints, how it ends. See test_remote_urls.py for what is no URL."""

import errno
import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Timer
from time import monotonic

import pytest
from click.testing import Result
from flask import Flask

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.cli import health
from talkover_mock.environments.call_faults import CallFault
from talkover_mock.environments.faults import Limits
from talkover_mock.environments.world import World
from talkover_mock.web.server import Server
from tests.doors.test_cli import WAIT, outcome, run
from tests.support.peers import Peer, ok
from tests.support.rows import each_row
from tests.support.systems import can_listen_on

HEALTHY = b'{"status": "ok", "version": "0.1.0"}'
REMEDY = "start it with `talkover-mock serve`, or name it with --url"


def assert_healthy(result: Result) -> None:
    """The command ended well, and printed the answer of the server's own health route."""
    assert (result.exit_code, result.stderr) == (0, "")
    assert list(json.loads(result.stdout)) == ["status", "version", "uptime_seconds"]


def test_health_prints_the_answer_of_a_healthy_server(server: Server) -> None:
    assert_healthy(run("health", "--url", f"{server.url}/"))


def test_health_is_no_call_of_the_api_and_needs_no_admin_token(world: World, serve: Callable[[Flask], Server]) -> None:
    world.default.faults.add(CallFault(preset="maintenance"), Limits(times=1))
    for guard in (Guard(token="secret"), None):
        assert_healthy(run("health", "--url", serve(create_app(world, guard)).url))
    assert [each.struck for each in world.default.faults.all()] == [0]
    assert world.default.journal.log.watch(lambda _: True).items == []


HOSTS = [each for each in ("127.0.0.1", "127.0.0.2", "::1", "localhost", "0.0.0.0", "::") if can_listen_on(each)]


@pytest.mark.parametrize("host", HOSTS)
def test_health_asks_the_host_and_the_port_that_the_server_was_given(host: str, app: Flask, world: World) -> None:
    server = Server(app.wsgi_app, host)
    try:
        server.start()
        assert_healthy(run("health", TALKOVER_MOCK_HOST=host, TALKOVER_MOCK_PORT=str(server.port)))
    finally:
        world.stop()
        server.stop()


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of ours on which nobody answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["--url", "{up}"], {"TALKOVER_MOCK_URL": "{down}", "TALKOVER_MOCK_PORT": "{down_port}"}),
        ([], {"TALKOVER_MOCK_URL": "{up}", "TALKOVER_MOCK_PORT": "{down_port}"}),
        ([], {"TALKOVER_MOCK_URL": "", "TALKOVER_MOCK_HOST": "", "TALKOVER_MOCK_PORT": "{up_port}"}),
    ],
)
def test_health_takes_its_flag_over_its_variable_over_the_port(
    arguments: Sequence[str], variables: Mapping[str, str], server: Server, closed_port: int
) -> None:
    places = {"up": server.url, "up_port": server.port, "down": f"http://127.0.0.1:{closed_port}"}
    places["down_port"] = closed_port
    given = {name: value.format(**places) for name, value in variables.items()}
    result = run("health", *(argument.format(**places) for argument in arguments), **given)
    assert_healthy(result)


def test_health_fails_when_nobody_answers(closed_port: int) -> None:
    url = f"http://127.0.0.1:{closed_port}"
    result = run("health", "--url", url)
    assert (result.exit_code, result.stdout) == (1, "")
    reason = f"[Errno {errno.ECONNREFUSED}] {os.strerror(errno.ECONNREFUSED)}"
    assert result.stderr == f"Error: {url}/__admin/health does not answer ({reason}); {REMEDY}\n"


def test_health_waits_for_no_negative_time() -> None:
    result = run("health", "--wait", "-1")
    assert result.exit_code == 2
    assert 'expected a number of seconds, 0 or more (got "-1")' in result.stderr


def test_health_waits_for_a_server_that_starts(app: Flask, world: World) -> None:
    server = Server(app.wsgi_app)
    starting = Timer(0.05, server.start)  # until then its port takes connections and answers none
    starting.start()
    try:
        assert_healthy(run("health", "--wait", str(WAIT), "--url", server.url))
        starting.join()
    finally:
        world.stop()
        server.stop()


@pytest.mark.slow
def test_health_says_how_long_it_has_waited_and_for_what(closed_port: int) -> None:
    url = f"http://127.0.0.1:{closed_port}"
    began = monotonic()
    result = run("health", "--wait", "0.1", "--url", url)
    assert 0.1 <= monotonic() - began < WAIT
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: waited 0.1 s for an answer: {url}/__admin/health does not answer (")


@pytest.mark.slow
@each_row("start", [b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Long: "])
def test_health_waits_no_longer_where_the_answer_comes_drop_by_drop(start: bytes) -> None:
    def drip(peer: Peer, connection: socket.socket) -> None:
        connection.recv(9_999)
        connection.sendall(start)
        while not peer.done.wait(0.01) and monotonic() < began + WAIT / 2:  # or it never ended without a limit
            connection.sendall(b" ")

    began = monotonic()
    with pytest.MonkeyPatch.context() as patch, Peer(drip) as peer:
        patch.setattr(health, "_ANSWER_SECONDS", 0.1)
        result = run("health", "--url", peer.url)
    expected = f"{peer.url}/__admin/health does not answer (no whole answer in 0.1 seconds); {REMEDY}"
    assert outcome(result) == (1, "", f"Error: {expected}\n")


@pytest.mark.slow
def test_health_goes_on_waiting_while_a_proxy_answers() -> None:
    answers = [b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", ok(b"<p>starting"), ok(HEALTHY)]

    def answer(_: Peer, connection: socket.socket) -> None:
        if connection.recv(9_999):
            connection.sendall(answers.pop(0))

    with Peer(answer) as peer:
        result = run("health", "--wait", str(WAIT), "--url", peer.url)
    assert (result.exit_code, result.stdout, answers) == (0, HEALTHY.decode(), [])


def test_health_ignores_an_address_that_kubernetes_puts_into_the_port_s_variable() -> None:
    result = run("health", TALKOVER_MOCK_PORT="tcp://10.0.0.1:7357", TALKOVER_MOCK_HOST="127.0.0.3")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: http://127.0.0.3:7357/__admin/health does not answer (")


def answering(status: bytes) -> Peer:
    """A program that is no mock server, or stands before one that is gone."""
    return Peer(
        lambda _, it: it.sendall(b"HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n" % status) if it.recv(9_999) else None
    )


@pytest.mark.parametrize("status", ["404 Not Found", "503 Service Unavailable"])
def test_health_fails_when_something_else_answers(status: str) -> None:
    with answering(status.encode()) as peer:
        result = run("health", "--url", peer.url)
    expected = f"{peer.url}/__admin/health answers {status}, which a mock server never does; is it the right --url?"
    assert outcome(result) == (1, "", f"Error: {expected}\n")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_health_follows_no_redirect(status: int, server: Server) -> None:
    with answering(b"%d Moved\r\nLocation: %s/__admin/health" % (status, server.url.encode())) as peer:
        result = run("health", "--url", peer.url)
    expected = f"{peer.url}/__admin/health answers {status} Moved, which a mock server never does"
    assert outcome(result) == (1, "", f"Error: {expected}; is it the right --url?\n")


OTHERS = (b'{"status": true}', b'{"status": "ok"}', b'{"status": "ok", "version": null}', b'{"version": "0.1.0"}')


@each_row("body", [b"<html>spa</html>", b"", b"[]", b"null", b"{}", *OTHERS, b"\xff", b"[" * 100_000])
def test_health_fails_when_the_answer_is_not_that_of_a_mock_server(body: bytes) -> None:
    with Peer(lambda _, it: it.sendall(ok(body)) if it.recv(9_999) else None) as peer:
        result = run("health", "--url", peer.url)
    expected = f"{peer.url}/__admin/health answers, but not as a mock server does; is it the right --url?"
    assert outcome(result) == (1, "", f"Error: {expected}\n")


def test_health_fails_when_the_answer_is_not_http() -> None:
    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(b"220 mail at your service\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        listener.settimeout(WAIT)
        answered = pool.submit(answer)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        result = run("health", "--url", url)
        answered.result(WAIT)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.strip() == f"Error: {url}/__admin/health does not answer (220 mail at your service); {REMEDY}"
