"""Sending one request: the exact bytes that arrive, and what becomes of each answer and of none."""

import base64
import socket
from collections.abc import Iterator, Sequence

import pytest

from talkover_mock.deliveries.answers import MOST_ANSWER_BYTES
from talkover_mock.deliveries.records import Outcome
from talkover_mock.deliveries.sender import Sending, outgoing
from tests.support.peers import (
    BOUND,
    OK,
    Peer,
    Script,
    StartPeer,
    answering,
    closed_port,
    dribbling,
    full_backlog,
    peers,
    pouring,
    resetting,
    silent,
)
from tests.support.rows import each_row

SHORT = 0.05
HOSTS = ("127.0.0.1", "::1") if socket.has_dualstack_ipv6() else ("127.0.0.1",)


@pytest.fixture
def peer() -> Iterator[StartPeer]:
    with peers() as start:
        yield start


def send(url: str, timeout: float = BOUND, headers: Sequence[tuple[str, str]] = (), body: bytes = b"{}") -> Outcome:
    return Sending(outgoing("POST", url, headers, body, timeout)).run()


@pytest.mark.parametrize("host", HOSTS)
def test_the_exact_bytes_that_arrive(host: str) -> None:
    with Peer(answering(OK), host) as receiver:
        request = outgoing(
            "PATCH", f"{receiver.url}/hook?a=1#there", [("X-A", "1"), ("X-A", "2")], b'{"a":"\xc3\xa9"}', BOUND
        )
        assert Sending(request).run().successful
    assert receiver.received.decode() == (
        "PATCH /hook?a=1 HTTP/1.1\r\n"
        f"Host: {receiver.url.removeprefix('http://')}\r\n"
        "User-Agent: Talkover-Webhooks\r\n"
        "Content-Length: 10\r\n"
        "Connection: close\r\n"
        "X-A: 1\r\n"
        "X-A: 2\r\n"
        '\r\n{"a":"é"}'
    )


@each_row(
    ("given", "target"),
    [
        ("", "/"),
        ("?a=1", "/?a=1"),
        ("/?", "/"),
        ("#part", "/"),
        ("/a//b/../c;p=1", "/a//b/../c;p=1"),
        ("/%41/100%", "/%41/100%"),
        ("/ünï/漢", "/%C3%BCn%C3%AF/%E6%BC%A2"),
        ("/a b", "/a%20b"),
        ("/:@!$&'()*+,;=~", "/:@!$&'()*+,;=~"),
        ("/?x[]=1&y='z'&q=/?:@~", "/?x[]=1&y='z'&q=/?:@~"),
        ("/?q=ä b%20c", "/?q=%C3%A4%20b%20c"),
        ("/a\r\nX-Evil: 1", "/aX-Evil:%201"),
    ],
)
def test_odd_characters_of_a_url_are_sent_escaped(given: str, target: str, peer: StartPeer) -> None:
    receiver = peer(answering(OK))
    assert send(receiver.url + given).successful
    assert receiver.received.split(b"\r\n")[0].decode() == f"POST {target} HTTP/1.1"


@pytest.mark.parametrize(
    ("userinfo", "credentials"),
    [("me:secret", "me:secret"), ("me", "me:"), ("m%40e:a%3Ab%2F", "m@e:a:b/"), (":x", ":x")],
)
def test_userinfo_is_sent_as_basic_authorization(userinfo: str, credentials: str, peer: StartPeer) -> None:
    receiver = peer(answering(OK))
    send(receiver.url.replace("//", f"//{userinfo}@"))
    expected = base64.b64encode(credentials.encode()).decode()
    assert receiver.received.decode().split("\r\n")[1:3] == [
        f"Host: 127.0.0.1:{receiver.port}",
        f"Authorization: Basic {expected}",
    ]


def test_a_given_authorization_stands_in_the_place_of_userinfo(peer: StartPeer) -> None:
    receiver = peer(answering(OK))
    send(receiver.url.replace("//", "//me:secret@"), headers=[("authorization", "Bearer x")])
    assert [line for line in receiver.received.split(b"\r\n") if b"uthorization" in line] == [
        b"authorization: Bearer x"
    ]


def test_a_header_s_value_is_sent_as_utf_8(peer: StartPeer) -> None:
    receiver = peer(answering(OK))
    assert send(receiver.url, headers=[("X-Name", "Zoë\t漢")]).successful
    assert "\r\nX-Name: Zoë\t漢\r\n".encode() in receiver.received


@each_row(
    ("name", "value"),
    [
        *(("X-A", value) for value in ("1\r\nX-Evil: 1", "1\nX-Evil: 1", "1\r", "\x00", "\x7f", "\x1b[0m", "\udcff")),
        *((name, "1") for name in ("", "X A", "X-A:", "X-A\r\nX-Evil", "X-A\n", "Zoë", "X(A)")),
        ("Host", "127.0.0.1\r\nX-Evil: 1"),
    ],
)
def test_a_header_that_would_inject_another_is_not_sent(name: str, value: str, peer: StartPeer) -> None:
    receiver = peer(answering(OK))
    assert send(receiver.url, headers=[(name, value)]).error == f"Invalid header: {name}"
    assert receiver.connections == 0


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@each_row(
    ("answer", "expected"),
    [
        (OK, Outcome(200, None, [("content-length", "2")], "ok")),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", Outcome(200, None, [], "until the end")),
        (b"HTTP/1.1 204 No Content\r\nX-A: 1\r\nX-A: 2\r\n\r\n", Outcome(204, None, [("x-a", "1"), ("x-a", "2")])),
        (b"HTTP/1.1 299 Fine\r\n\r\n", Outcome(299)),
        (OK + b"more than was announced", Outcome(200, None, [("content-length", "2")], "ok")),
        (
            CHUNKED + b"2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\n",
            Outcome(200, None, [("transfer-encoding", "chunked")], "abc"),
        ),
        (CHUNKED + b"0\r\nX-Trailer: 1\r\n\r\n", Outcome(200, None, [("transfer-encoding", "chunked")])),
        (b"HTTP/1.1 200 OK\r\n\r\n\xff\xc3\xa9", Outcome(200, None, [], "\ufffdé")),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, Outcome(200, None, [("content-length", "2")], "ok")),
        (
            b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK,
            Outcome(200, None, [("content-length", "2")], "ok"),
        ),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", Outcome(101, "Switching Protocols")),
        (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nx",
            Outcome(101, "Switching Protocols", [("upgrade", "x"), ("connection", "upgrade")]),
        ),
        (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", Outcome(200, None, [("content-length", "2")], "ok")),
        (b"HTTP/1.1 200 OK\nX: 1\n\nok", Outcome(200, None, [("x", "1")], "ok")),
        (b"HTTP/1.1 200 OK\r\nX: %b\r\n\r\n" % (b"x" * 70_000), Outcome(200, None, [("x", "x" * 70_000)])),
        (b"HTTP/1.1 200 OK\r\n%b\r\n" % (b"X: 1\r\n" * 200), Outcome(200, None, [("x", "1")] * 200)),
        (b"HTTP/1.1 200 \xe9\r\nX: \xe9\r\n\r\n", Outcome(200, None, [("x", "\xe9")])),
        (b"HTTP/1.1 500 Internal Server Error\r\n\r\nno", Outcome(500, "Internal Server Error", [], "no")),
        (b"HTTP/1.1 500 Sorry\r\n\r\n", Outcome(500, "Sorry")),
        (b"HTTP/1.1 503\r\n\r\n", Outcome(503, "Service Unavailable")),
        (b"HTTP/1.1 599 \r\n\r\n", Outcome(599, "Unknown Status")),
        (
            b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
            Outcome(304, "Not Modified", [("content-length", "5")]),
        ),
    ],
)
def test_an_answer_is_read_whole(answer: bytes, expected: Outcome, peer: StartPeer) -> None:
    outcome = send(peer(answering(answer)).url)
    assert 0 <= outcome.duration_ms < BOUND * 1000
    assert outcome == expected._replace(headers=list(expected.headers), duration_ms=outcome.duration_ms)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_and_is_not_followed(status: int, peer: StartPeer) -> None:
    receiver = peer(answering(b"HTTP/1.1 %d Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n" % status))
    outcome = send(receiver.url)
    assert (outcome.status, outcome.error, outcome.successful) == (status, "Moved", False)
    assert receiver.connections == 1


SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
MOST = MOST_ANSWER_BYTES
TOO_LARGE = "Connection failed: the answer is larger than 1048576 bytes, the limit of this mock"


@pytest.mark.parametrize(
    ("script", "cut"),
    [
        (answering(SIZED % MOST, b"x" * MOST), False),
        (answering(SIZED % (MOST + 1), b"x" * (MOST + 1)), True),
        (answering(SIZED % 1_000_000, b"x" * 1_000_000), True),
        (answering(CHUNKED, b"F0000\r\n", b"x" * 0xF0000, b"\r\n0\r\n\r\n"), True),
        (answering(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 1_000_000), True),
    ],
)
def test_a_huge_answer_is_cut_and_that_is_noted(script: Script, cut: bool, peer: StartPeer) -> None:
    outcome = send(peer(script).url)
    assert (outcome.status, outcome.error, outcome.cut) == (200, None, cut)
    assert outcome.body == "x" * MOST


@each_row(
    ("script", "error"),
    [
        (answering(), "Connection reset"),
        (resetting(), "Connection reset"),
        (resetting(SIZED % 10, b"half"), "Connection reset"),
        (answering(SIZED % 10), "Connection reset"),
        (answering(SIZED % 10, b"half"), "Connection reset"),
        (answering(CHUNKED, b"5\r\nab"), "Connection reset"),
        (answering(CHUNKED, b"2\r\nab\r\n"), "Connection reset"),
        (answering(b"HTTP/1.1 200 O"), "Connection reset"),
        (answering(b"HTTP/1.1 200 OK\r\nContent-Le"), "Connection reset"),
        (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"), "Connection reset"),
        (answering(b"HTTP/1.1 100 Continue\r\n\r\n"), "Connection reset"),
        (answering(b"SSH-2.0-OpenSSH_9.6\r\n"), "Malformed answer"),
        (answering(b"HTTP/1.1 abc\r\n\r\n"), "Malformed answer"),
        (answering(b"HTTP/1.1 20 Low\r\n\r\n"), "Malformed answer"),
        (answering(b"HTTP/2 200 OK\r\n\r\n"), "Malformed answer"),
        (answering(b"\x00\xff" * 1000, b"\r\n\r\n"), "Malformed answer"),
        (answering(SIZED % 200_000, b"x" * 70_000), "Connection reset"),
        (answering(CHUNKED, b"FFFFFFF\r\n", b"x" * 70_000), "Connection reset"),
        (answering(CHUNKED, b"-1\r\n", b"x" * 70_000), "Malformed answer"),
        (answering(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 2_000_000), TOO_LARGE),
        (answering(SIZED % 3_000_000, b"x" * 3_000_000), TOO_LARGE),
        (answering(CHUNKED, b"2DC6C0\r\n", b"x" * 3_000_000, b"\r\n0\r\n\r\n"), TOO_LARGE),
        (pouring, TOO_LARGE),
    ],
)
def test_what_is_no_whole_answer_is_a_failure(script: Script, error: str, peer: StartPeer) -> None:
    outcome = send(peer(script).url)
    assert outcome == Outcome(error=error, duration_ms=outcome.duration_ms)


@pytest.mark.parametrize(
    ("scheme", "script", "body"),
    [
        ("http", silent, b"{}"),
        ("http", silent, b"x" * 16_000_000),  # more than the system buffers
        ("http", dribbling(b"HTTP/1.1 200 ", b"O"), b"{}"),
        ("http", dribbling(b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n"), b"{}"),
        ("http", dribbling(b"HTTP/1.1 200 OK\r\n\r\n", b"x"), b"{}"),
        ("http", dribbling(SIZED % 1000, b"x"), b"{}"),
        ("http", dribbling(SIZED % 200_000 + b"x" * 70_000, b""), b"{}"),
        ("http", dribbling(CHUNKED, b"1\r\nx\r\n"), b"{}"),
        ("http", dribbling(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), b"{}"),
        ("https", silent, b"{}"),
    ],
)
def test_the_timeout_is_the_limit_of_all_of_it(scheme: str, script: Script, body: bytes, peer: StartPeer) -> None:
    outcome = send(peer(script).url.replace("http", scheme), SHORT, body=body)
    assert outcome == Outcome(error="Connection timeout", duration_ms=outcome.duration_ms)
    assert outcome.duration_ms < 2000


@pytest.mark.slow
def test_a_connection_that_is_not_accepted_times_out() -> None:
    with full_backlog() as url:
        outcome = send(url, SHORT)
    assert outcome == Outcome(error="Connection timeout", duration_ms=outcome.duration_ms)
    assert outcome.duration_ms < 2000


def test_a_closed_port_refuses() -> None:
    with closed_port() as url:
        assert send(url).error == "Connection refused"
