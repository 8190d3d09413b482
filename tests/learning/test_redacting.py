"""Stand-ins: what is replaced, what stays, and that shape and types are kept."""

import time
from typing import Any

import pytest

from talkover_mock.learning.hiding import TEXT
from talkover_mock.learning.redacting import EMAIL, URL, cleaned, cleaned_url, key_stand_in, stand_in, without_secrets
from tests.support.documented import AGENT
from tests.support.rows import each_row

BOUND = 10
"""Seconds; a time that grows with the square of the length is minutes."""


@each_row(
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
        ("pin", 482913, 0),
        ("cvv", 123, 0),
        ("birth_date", "1984-05-12", TEXT),
        ("first", "Alice", TEXT),
        ("security_code", "1234", TEXT),
        ("delivery_code", "hunter", TEXT),
        ("event_type", "pw-hunter2", TEXT),
        ("country", "4155", TEXT),
        ("phone", "+1_415_555_0195", "+12025550100"),
        ("phone", "+\u0661\u0664\u0661\u0665\u0665\u0665\u0665\u0660\u0661\u0669\u0669", "+12025550100"),
    ],
)
def test_what_is_replaced_by_a_value_of_its_type(key: str, value: Any, expected: Any) -> None:
    found = stand_in(key, value)
    assert (found, type(found)) == (expected, type(value))


@each_row(
    ("key", "value"),
    [
        ("account_id", AGENT),
        ("at", "2025-09-03T23:19:51.000Z"),
        ("end_reason", "no-answer"),
        ("language", "en-US"),
        ("version", "2.1"),
        ("error_code", "busy"),
        ("who_speaks_first", "agent"),
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


@each_row(
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
        ("or x4155550198", "or x12025550100"),
        ("+1,415,555,0193 of 1,000,000", "+12025550100 of 1,000,000"),
        ("4155550197@sip", "12025550100@sip"),
        ("on 2025-09-03 at 10:00", "on 2025-09-03 at 10:00"),
        (f"agent {AGENT}", f"agent {AGENT}"),
        ("expected the keys id, name", "expected the keys id, name"),
    ],
)
def test_the_words_of_a_text_stay(text: str, expected: str) -> None:
    assert without_secrets(text) == expected


def test_all_that_stands_under_a_key_of_secrets_is_replaced() -> None:
    given = {"authorization": {"type": "basic", "code": 77, "ok": True}, "tokens": [{"type": "hunter"}]}
    redacted = {"authorization": {"type": TEXT, "code": 0, "ok": True}, "tokens": [{"type": TEXT}]}
    assert stand_in("", given) == redacted
    assert cleaned("", given) == redacted


def test_keys_that_are_phone_numbers_are_replaced_and_none_gets_lost() -> None:
    given = {"key_2": 1, "x_4155550196": 2, "tel:+14155550196": 3, "key_3": 4}
    assert stand_in("", given) == {"key_2": 1, "key_2_2": 2, "key_3_3": 3, "key_3": 4}


@each_row(
    ("key", "value", "expected"),
    [
        ("id", "4155550191", "4155550191"),
        ("id", "+14155550191", "+12025550100"),
        ("caller_id", "+1 415 555 0199", "+12025550100"),
        ("caller_id", "4155550199", "12025550100"),
        ("external_id", "talq_live_zzz999", TEXT),
        ("voice_id", "21m00Tcm4TlvDq8ikWAM", "21m00Tcm4TlvDq8ikWAM"),
        ("note", "see https://u:p@a.example/x?k=v.", "see https://a.example/x?k=redacted"),
        ("pin", 1234, 0),
    ],
)
def test_what_is_replaced_where_words_stay(key: str, value: Any, expected: Any) -> None:
    assert cleaned(key, value) == expected


@each_row(
    ("url", "expected"),
    [
        ("https://a.example/h?sk_live_abcdef123456", "https://a.example/h?redacted"),
        ("https://a.example/h?+14155550192&a=b", "https://a.example/h?redacted&a=redacted"),
        ("https://a.example/h?sk_live_1=b", "https://a.example/h?redacted=redacted"),
        ("https://a.example/h;tok=abc/x", "https://a.example/h;redacted/x"),
    ],
)
def test_a_url_keeps_its_host_and_path(url: str, expected: str) -> None:
    assert cleaned_url(url) == expected


@pytest.mark.slow
@pytest.mark.parametrize("text", ["x" * 300_000, "a/" * 150_000, "1" * 300_000, "1 " * 150_000, "@" * 300_000])
def test_a_long_text_takes_no_long_time(text: str) -> None:
    began = time.monotonic()
    assert cleaned("note", text)
    assert time.monotonic() - began < BOUND
