"""The tables of the command line hold no character that changes the lines around it."""

import pytest

from talkover_mock.cli._remote import cell, table


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("abc\u202egpj", "abc\\u202egpj"),
        ("a\u2066b\u2069", "a\\u2066b\\u2069"),
        ("a\u200fb\u061cc", "a\\u200fb\\u061cc"),
        ("a\nb\tc\x1b[31m", "a\\nb\\tc\\u001b[31m"),
        ("a\x9bb\x00", "a\\u009bb\\u0000"),
        ("\u2028\ufeff", "\\u2028\\ufeff"),
        ("\ud800", "\\ud800"),
        ("büro 漢 🙂", "büro 漢 🙂"),
    ],
)
def test_control_and_direction_characters_are_escaped(text: str, shown: str) -> None:
    assert cell(text) == shown
    assert table(["NAME", "AGE"], [[text, 1]]).splitlines()[1].split("  ")[0] == shown
