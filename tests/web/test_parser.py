"""The parser alone: the same requests however the bytes are cut, its limits, and what it keeps meanwhile."""

import tracemalloc

import pytest

from talkover_mock.dialect.errors import Refused
from talkover_mock.web.parser import MOST_BODY_BYTES, Incoming, Parser, environ_of
from tests.support.raw import CLOSE, HEALTH, request, toggle
from tests.support.rows import each_row

CHUNKED = b"Transfer-Encoding: chunked\r\n"
MIXED = b"".join(
    [
        HEALTH,
        toggle(b"Content-Length: 5\r\n", body=b"hello"),
        toggle(CHUNKED, body=b"3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nAuthorization: Bearer other\r\n\r\n"),
        request(b"POST /a", b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n", body=b"{}"),
        request(b"GET /last", CLOSE),
    ]
)


def parser() -> Parser:
    return Parser(lambda _: None)


def parsed(sent: bytes, piece: int) -> list[Incoming]:
    found = parser()
    for start in range(0, len(sent), piece):
        found.feed(sent[start : start + piece])
    assert not found.is_within
    return list(found.whole)


@each_row("piece", [1, 2, 3, 5, 64, 1_000])
def test_requests_are_the_same_however_their_bytes_are_cut(piece: int) -> None:
    found = parsed(MIXED, piece)
    assert [(each.method, each.body, each.keep_alive) for each in found] == [
        ("GET", b"", True),
        ("PATCH", b"hello", True),
        ("PATCH", b"abcde", True),
        ("POST", b"{}", True),
        ("GET", b"", False),
    ]
    assert [dict(each.head.headers).get(b"authorization") for each in found[1:3]] == [b"Bearer talq_test"] * 2
    names = [name for name, _ in found[3].head.headers]
    assert names == [b"host", b"content-length"]


@each_row(
    ("target", "path", "query"),
    [
        (b"/a?b=c?d#e", "/a", "b=c?d"),
        (b"//a//b", "//a//b", ""),
        (b"/%41%ff%2F", "/A\xff/", ""),
        (b"http://localhost:1//a?b", "//a", "b"),
        (b"https://[::1]?b", "/", "b"),
        (b"http://localhost", "/", ""),
        (b"*", "/*", ""),
    ],
)
def test_the_path_and_the_query_of_a_target(target: bytes, path: str, query: str) -> None:
    [incoming] = parsed(request(b"GET /"), 100)
    environ = environ_of(incoming._replace(target=target), {})
    assert (environ["PATH_INFO"], environ["QUERY_STRING"]) == (path, query)


def test_the_target_is_also_there_as_it_came() -> None:
    [incoming] = parsed(request(b"GET /"), 100)
    assert environ_of(incoming._replace(target=b"/%41%0a?b=%20"), {})["REQUEST_URI"] == "/%41%0a?b=%20"
    assert environ_of(incoming._replace(target=b"http://me/%7e"), {})["REQUEST_URI"] == "/%7e"


def test_headers_with_an_underscore_pass_for_no_other() -> None:
    sent = request(b"GET /", b"X-A: 1\r\nX_A: 2\r\nContent_Type: x\r\nX-A: 3\r\nauthorization: Bearer t\r\n")
    environ = environ_of(parsed(sent, 1_000)[0], {})
    assert (environ["HTTP_X_A"], environ["HTTP_AUTHORIZATION"], "CONTENT_TYPE" in environ) == (
        "1, 3",
        "Bearer t",
        False,
    )


def test_what_is_kept_of_an_unfinished_body_is_told_and_given_back() -> None:
    held: list[int] = []
    parser = Parser(held.append)
    parser.feed(toggle(CHUNKED, body=b"3\r\nabc\r\n2\r\nde\r\n"))
    assert (sum(held), parser.held, parser.is_within) == (5, 5, True)
    parser.feed(b"0\r\n\r\n")
    assert (sum(held), parser.held, parser.is_within) == (0, 0, False)


@pytest.mark.parametrize("bad", [b"no size\r\n", b"3;" + b"x" * 140_000])
def test_a_refused_request_gives_back_what_it_kept(bad: bytes) -> None:
    held: list[int] = []
    parser = Parser(held.append)
    with pytest.raises(Refused):
        parser.feed(toggle(CHUNKED, body=b"3\r\nabc\r\n" + bad))
    assert (sum(held), parser.held) == (0, 0)


@pytest.mark.slow
def test_a_body_grows_to_its_limit_and_no_further() -> None:
    parser = Parser(lambda _: None)
    parser.feed(toggle(CHUNKED))
    part = b"100000\r\n" + bytes(0x100000) + b"\r\n"
    for _ in range(MOST_BODY_BYTES // 0x100000):
        parser.feed(part)
    assert parser.held == MOST_BODY_BYTES
    with pytest.raises(Refused) as refused:
        parser.feed(part)
    assert (refused.value.status, parser.held, len(parser.whole)) == (413, 0, 0)


@pytest.mark.slow
def test_a_body_of_tiny_chunks_takes_no_more_memory_than_its_bytes() -> None:
    part, parser = b"2\r\nab\r\n" * 5_000, Parser(lambda _: None)
    parser.feed(toggle(CHUNKED))
    tracemalloc.start()
    try:
        for _ in range(20):
            parser.feed(part)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert parser.held == 200_000
    assert kept < 2 * parser.held


def test_a_trailer_that_never_ends_keeps_nothing_and_is_refused() -> None:
    parser = Parser(lambda _: None)
    parser.feed(toggle(CHUNKED, body=b"0\r\n"))
    lines = (b"A: " + b"x" * 1_000 + b"\r\n" for _ in range(100))
    with pytest.raises(Refused):
        list(map(parser.feed, lines))
    assert not parser.whole


def test_the_refusals_of_two_connections_are_two_errors() -> None:
    """An error that is raised again keeps the frames of every time."""
    found = []
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            Parser(lambda _: None).feed(toggle(b"Content-Length: 99000000000\r\n"))
        found.append(refused.value)
    assert found[0] is not found[1]
