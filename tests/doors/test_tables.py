"""No table, mistake, error or report holds a character that changes the lines around it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from talkover_mock.admin.lines import lines
from talkover_mock.cli._remote import Failed, Unexpected, cell, table
from talkover_mock.cli.check import command
from tests.support.rows import each_row


@each_row(
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


@pytest.mark.parametrize("kind", [Failed, Unexpected])
def test_so_are_those_of_errors(kind: Callable[[str], Failed | Unexpected]) -> None:
    assert kind("one\n  two \u202e\x1b[31m").format_message() == "one\n  two \\u202e\\u001b[31m"


def test_so_are_those_of_mistakes_in_fixtures(tmp_path: Path) -> None:
    path = tmp_path / "a\u202e\x1b[31m.yaml"
    path.write_text('agents: [{id: a, name: A, webhooks: [{"b\\u202e\\e[31m": 1}]}]')
    told = CliRunner().invoke(command, [str(path)], color=True).output
    assert "a\\u202e\\u001b[31m.yaml" in told
    assert "b\\u202e\\u001b[31m" in told
    assert told.replace("\n", "").isprintable()


def test_so_are_those_of_the_report_of_a_failing_test() -> None:
    delivery = {"event": "e", "webhook_id": "w", "attempt": 1, "status": "failed"}
    [told] = lines([{**delivery, "captured_because": None, "fault": None, "error": "No\x1b[2J \u202e"}])
    assert told.endswith("(No\\u001b[2J \\u202e)")
