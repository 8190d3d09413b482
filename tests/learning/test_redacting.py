"""Stand-ins: what is replaced, what stays, and that shape and types are kept."""

from typing import Any

import pytest

from talkover_mock.learning.redacting import EMAIL, TEXT, URL, key_stand_in, stand_in, without_secrets
from tests.support.documented import AGENT


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("note", "Please call Ann", TEXT),
        ("name", "ann", TEXT),
        ("phone", "+4930123456", "+12025550100"),
        ("phone", "(030) 123-4567", "12025550100"),
        ("number", 4930123456, 0),
        ("amount", 1234567.5, 0.0),
        ("email", "ann@example.org", EMAIL),
        ("recording", "https://cdn.example.org/rec/1?sig=abc", URL),
        ("api_token", AGENT, TEXT),
        ("pin", "1234", TEXT),
        ("status", "talq_mine", TEXT),
        ("status", "+4930123456", "+12025550100"),
        ("reason", "Ann hung up", TEXT),
    ],
)
def test_what_is_replaced_by_a_value_of_its_type(key: str, value: Any, expected: Any) -> None:
    found = stand_in(key, value)
    assert (found, type(found)) == (expected, type(value))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("account_id", AGENT),
        ("at", "2025-09-03T23:19:51.000Z"),
        ("end_reason", "no-answer"),
        ("language", "en-US"),
        ("version", "2.1"),
        ("attempt", 3),
        ("rate", 0.5),
        ("flag", True),
        ("nothing", None),
        ("empty", ""),
    ],
)
def test_what_stays(key: str, value: Any) -> None:
    assert stand_in(key, value) == value


def test_shapes_stay_and_keys_that_are_data_do_not() -> None:
    given = {"+4930123456": [{"note": "a b"}], "ok": {"status": "busy"}, "Ann Meier": {}}
    assert stand_in("", given) == {"key_1": [{"note": TEXT}], "ok": {"status": "busy"}, "key_3": {}}
    assert key_stand_in("talq_mine", 2) == "key_2"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Call +49 30 1234567 now", "Call +12025550100 now"),
        ("at /active-call/%2B4930123456", "at /active-call/%2B12025550100"[:-11] + "12025550100"),
        ("card 4111 1111 1111 1111", "card 12025550100"),
        ("+49 (0) 30 / 123\u2011456", "+12025550100"),
        ("Bearer abc was refused", f"{TEXT} was refused"),
        ("whsec_abcdef", TEXT),
        ("key a1b2c3d4e5f6a7b8c9d0", f"key {TEXT}"),
        ("mail ann@example.org", f"mail {EMAIL}"),
        (f"agent {AGENT}", f"agent {AGENT}"),
        ("expected the keys id, name", "expected the keys id, name"),
    ],
)
def test_the_words_of_a_text_stay(text: str, expected: str) -> None:
    assert without_secrets(text) == expected
