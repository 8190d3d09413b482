"""The token of an Authorization header: a row for each form."""

from collections.abc import Sequence

from talkover_mock.base.headers import bearer_token, masked
from tests.support.rows import each_row

HEADERS: Sequence[tuple[str, str | None]] = [
    ("Bearer x", "x"),
    ("bearer x", "x"),
    ("BEARER x", "x"),
    ("Bearer a,b", "a"),
    ("Bearer a, Bearer b", "b"),
    ("Basic Bearer x", "x"),
    ("Bearer x Bearer y", "y"),
    ("Bearer  x", " x"),
    (" Bearer x ", "x"),
    ("xBearer x", "x"),
    ("", None),
    ("Bearer", None),
    ("Bearer  ", None),
    ("Bearer ,x", None),
    ("Bearer x Bearer", "x Bearer"),
    ("Token x", None),
    ("x", None),
]


@each_row(("header", "token"), HEADERS)
def test_the_token_of_a_header(header: str, token: str | None) -> None:
    assert bearer_token(header) == token


MASKED: Sequence[tuple[str | None, str]] = [
    (None, "-"),
    ("", "-"),
    ("ab", "***"),
    ("abcde", "***"),
    ("abcdef", "ab***"),
    ("talq_secret_2024", "talq_***24"),
]


@each_row(("token", "shown"), MASKED)
def test_a_masked_token(token: str | None, shown: str) -> None:
    assert masked(token) == shown
