"""Sending one request: names and addresses, TLS, and being stopped at each stage."""

import errno
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from time import monotonic
from typing import Any

import pytest

from talkover_mock.deliveries import sender as sender_module
from talkover_mock.deliveries.records import Outcome
from talkover_mock.deliveries.sender import Sending, outgoing
from tests.support.peers import (
    BOUND,
    CERTIFICATE,
    OK,
    Peer,
    StartPeer,
    answering,
    closed_port,
    dribbling,
    full_backlog,
    peers,
    secured,
    silent,
)
from tests.support.rows import each_row
from tests.support.turns import every_turn


def sending(url: str, body: bytes = b"{}") -> Sending:
    return Sending(outgoing("POST", url, [], body, BOUND))


@pytest.fixture(autouse=True)
def _idle_threads_end_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The threads that look up names belong to no environment here, which would stop them."""
    monkeypatch.setattr("talkover_mock.base.workers._IDLE_SECONDS", 0.01)


@pytest.fixture
def peer() -> Iterator[StartPeer]:
    with peers() as start:
        yield start


@pytest.fixture
def resolving(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets the addresses that every name has."""

    def install(*addresses: str) -> None:
        def getaddrinfo(_: str, port: int, **__: Any) -> list[Any]:
            if not addresses:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    return install


def test_a_name_without_an_address_cannot_be_resolved(resolving: Callable[..., None]) -> None:
    resolving()
    assert sending("http://receiver:9000/").run().error == "Could not resolve host"


def test_the_next_address_is_tried_when_one_refuses(peer: StartPeer, resolving: Callable[..., None]) -> None:
    receiver = peer(answering(OK))
    resolving("127.0.0.2", "127.0.0.1", "127.0.0.3")
    assert sending(f"http://receiver:{receiver.port}/").run().status == 200
    assert f"\r\nHost: receiver:{receiver.port}\r\n".encode() in receiver.received


@pytest.mark.parametrize("number", [errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL])
def test_the_next_address_is_tried_when_one_is_out_of_reach(
    number: int, peer: StartPeer, resolving: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = peer(answering(OK))
    resolving("fd00::1", "127.0.0.1", "fd00::2")
    out_of_reach(monkeypatch, number)
    assert sending(f"http://receiver:{receiver.port}/").run().status == 200


def test_when_no_address_can_be_reached_the_system_s_reason_is_told(
    resolving: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving("fd00::1", "fd00::2")
    out_of_reach(monkeypatch, errno.ENETUNREACH)
    expected = f"Connection failed: [Errno {errno.ENETUNREACH}] {os.strerror(errno.ENETUNREACH)}"
    assert sending("http://receiver/").run().error == expected


def out_of_reach(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """No connection over IPv6."""
    connect = socket.socket.connect_ex

    def connect_ex(self: socket.socket, address: tuple[str, int]) -> int:
        return number if ":" in address[0] else connect(self, address)

    monkeypatch.setattr(socket.socket, "connect_ex", connect_ex)


def test_when_every_address_refuses_so_does_the_host(resolving: Callable[..., None]) -> None:
    with closed_port() as url:
        resolving("127.0.0.1", "127.0.0.1")
        assert sending(url.replace("127.0.0.1", "receiver")).run().error == "Connection refused"


@each_row(
    ("url", "error"),
    [
        ("ftp://127.0.0.1/", "Unsupported protocol: ftp"),
        ("file:///etc/passwd", "Unsupported protocol: file"),
        ("http://127.0.0.1:65536/", "Port out of range 0-65535"),
        ("http://[::1/", "Invalid IPv6 URL"),
        ("http://" + "ü" * 64 + "/", "Could not resolve host"),
    ],
)
def test_what_is_no_target_is_a_failure(url: str, error: str) -> None:
    outcome = sending(url).run()
    assert outcome == Outcome(error=error, duration_ms=outcome.duration_ms)


def test_an_international_name_is_sent_in_ascii(peer: StartPeer, resolving: Callable[..., None]) -> None:
    receiver = peer(answering(OK))
    resolving("127.0.0.1")
    assert sending(f"http://büro:{receiver.port}/").run().successful
    assert f"\r\nHost: xn--bro-hoa:{receiver.port}\r\n".encode() in receiver.received


@pytest.fixture
def _trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's certificate is one that this machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))


def secure_url(receiver: Peer, host: str = "localhost") -> str:
    return f"https://{host}:{receiver.port}/"


@pytest.mark.usefixtures("_trusted")
def test_a_trusted_receiver_is_sent_to_over_tls(peer: StartPeer) -> None:
    receiver = peer(secured(answering(OK)))
    outcome = sending(secure_url(receiver), b"x" * 100_000).run()
    assert (outcome.status, outcome.body) == (200, "ok")
    assert receiver.received.endswith(b"\r\n\r\n" + b"x" * 100_000)


def test_a_self_signed_certificate_is_refused(peer: StartPeer) -> None:
    receiver = peer(secured(answering(OK)))
    assert sending(secure_url(receiver)).run().error == "SSL certificate problem"
    assert receiver.received == b""


@pytest.mark.usefixtures("_trusted")
def test_a_certificate_of_another_name_is_refused(peer: StartPeer) -> None:
    receiver = peer(secured(answering(OK)))
    assert sending(secure_url(receiver, "127.0.0.1")).run().error == "SSL certificate problem"
    assert receiver.received == b""


def test_a_receiver_that_speaks_no_tls_is_a_failure(peer: StartPeer) -> None:
    def plain(_: Peer, connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    assert sending(secure_url(peer(plain))).run().error == "SSL error"


@contextmanager
def under_way(request: Sending) -> Iterator[list[Outcome]]:
    """The request is sent in a thread, which must end within a second of the end of the block."""
    outcomes: list[Outcome] = []
    thread = Thread(target=lambda: outcomes.append(request.run()))
    thread.start()
    yield outcomes
    thread.join(1)
    assert not thread.is_alive()


STAGES = {
    "before it is answered": ("http://127.0.0.1:{port}/", silent, b"{}"),
    "while it sends": ("http://127.0.0.1:{port}/", silent, b"x" * 16_000_000),
    "in a head that does not end": ("http://127.0.0.1:{port}/", dribbling(b"HTTP/1.1 200 OK\r\n", b"X"), b"{}"),
    "in a body that does not end": ("http://127.0.0.1:{port}/", dribbling(b"HTTP/1.1 200 OK\r\n\r\n", b"x"), b"{}"),
    "in the handshake": ("https://127.0.0.1:{port}/", silent, b"{}"),
    "before it is answered over TLS": ("https://localhost:{port}/", secured(silent), b"{}"),
    "while it sends over TLS": ("https://localhost:{port}/", secured(silent), b"x" * 16_000_000),
    "in a body over TLS": ("https://localhost:{port}/", secured(dribbling(b"HTTP/1.1 200 OK\r\n\r\n", b"x")), b"{}"),
}


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("later", [0.0, 0.03])
@pytest.mark.usefixtures("_trusted")
def test_stopping_ends_a_send_at_once(stage: str, later: float, peer: StartPeer) -> None:
    url, script, body = STAGES[stage]
    receiver = peer(script)
    request = sending(url.format(port=receiver.port), body)
    with under_way(request) as outcomes:
        assert receiver.connected.wait(BOUND)
        receiver.done.wait(later)  # so that it is well within the stage
        request.stop()
    assert outcomes == [Outcome(error="Connection reset", duration_ms=outcomes[0].duration_ms)]


@pytest.mark.slow
@pytest.mark.parametrize("later", [0.0, 0.03])
def test_stopping_ends_a_connection_that_is_not_accepted(later: float) -> None:
    with full_backlog() as url:
        request = sending(url)
        with under_way(request) as outcomes, Peer(silent) as clock:
            clock.done.wait(later)
            request.stop()
    assert outcomes[0].error == "Connection reset"


class Stoppable:
    """A request that nobody answers, and the moments at which it began, was stopped and ended."""

    def __init__(self, url: str) -> None:
        self.sending = Sending(outgoing("POST", url, [], b"{}", timeout=2.0))
        self.began = self.stopped = self.ended = 0.0

    def run(self) -> Outcome | None:
        self.began = monotonic()
        outcome = self.sending.run()
        self.ended = monotonic()
        return outcome

    def stop(self) -> Outcome | None:
        self.sending.stop()
        self.stopped = monotonic()
        return None


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_stopping_at_any_line_ends_a_send(scheme: str, peer: StartPeer) -> None:
    """Also between two steps, where no call of the system is there to be woken."""
    receiver, ends = peer(silent), list[tuple[str | None, bool]]()
    url = receiver.url.replace("http", scheme)
    for request, (outcome, _) in every_turn(lambda: Stoppable(url), Stoppable.run, Stoppable.stop, sender_module):
        if request.stopped > request.began + 1:
            break  # in all further turns the time is up before it is stopped
        assert isinstance(outcome, Outcome)
        ends.append((outcome.error, request.ended < request.stopped + 1))
    assert len(ends) > 30
    assert set(ends) == {("Connection reset", True)}


def test_a_stop_right_before_it_connects_is_not_lost(peer: StartPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    """On some systems, shutting down a socket that is not connected yet does nothing to it."""
    receiver = peer(silent)
    request, connect = sending(receiver.url), socket.socket.connect_ex

    def shutdown(*_: object) -> None:
        raise OSError(errno.ENOTCONN, "not connected")

    def connect_ex(self: socket.socket, address: tuple[str, int]) -> int:
        request.stop()
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "shutdown", shutdown)
    monkeypatch.setattr(socket.socket, "connect_ex", connect_ex)
    with under_way(request) as outcomes:
        pass
    assert outcomes[0].error == "Connection reset"
    assert receiver.received == b""


def test_a_send_that_is_stopped_before_it_starts_sends_nothing(peer: StartPeer) -> None:
    receiver = peer(answering(OK))
    request = sending(receiver.url)
    request.stop()
    assert request.run().error == "Connection reset"
    assert receiver.connections == 0


def test_stopping_after_the_end_does_nothing(peer: StartPeer) -> None:
    request = sending(peer(answering(OK)).url)
    assert request.run().successful
    request.stop()
