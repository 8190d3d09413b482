"""Patterns with stars against the regular expressions that they stand for."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talkover_mock.base.patterns import matches
from tests.support.rows import each_row


@pytest.mark.slow
@given(st.text("ab", max_size=8), st.text("ab*", max_size=8))
def test_a_star_stands_for_anything(text: str, pattern: str) -> None:
    expression = ".*".join(map(re.escape, pattern.split("*")))
    assert matches(text, pattern) is (re.fullmatch(expression, text, re.DOTALL) is not None)


@each_row(
    ("text", "pattern", "expected"),
    [
        ("/a/b", "/a/b", True),
        ("/a/b", "/a", False),
        ("/a/b", "/A/b", False),
        ("/a/b", "*", True),
        ("", "*", True),
        ("/a\nb", "/*b", True),
        ("/a/b/c", "/*/c", True),
        ("/a.c", "/a?c", False),
        ("/a.c", "/a[.]c", False),
        ("aba", "ab*ba", False),
    ],
)
def test_nothing_else_is_special(text: str, pattern: str, expected: bool) -> None:
    assert matches(text, pattern) is expected


def test_many_stars_take_no_time() -> None:
    assert not matches("a" * 5_000, "*a" * 500 + "*b")
    assert matches("a" * 5_000, "*a" * 500 + "*")
