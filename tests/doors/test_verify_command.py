"""`talkover-mock verify` and `report`: an expectation and its text for shells, and what has happened."""

import json
from collections.abc import Callable
from threading import Timer

import pytest

from talkover_mock.client import MockServer
from tests.doors.test_remote_commands import STARTED, lines_in_terminal, run, toggle
from tests.support.documented import AGENT, TOGGLE, WEBHOOK
from tests.support.peers import closed_port
from tests.support.rows import each_row

PATCHES = ["method=PATCH", "path=*/toggle"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], 0),
        (["--times", "2"], 0),
        (["--min", "1", "--max", "2"], 0),
        (["--max", "2"], 0),
        (["--times", "1"], 1),
        (["--min", "3"], 1),
        (["--max", "1"], 1),
        (["--times", "0", "--wait", "0.01"], 1),
        (['headers={"authorization": "Bearer *"}'], 0),
        (['json={"a": 1}'], 1),
    ],
)
def test_the_exit_code_says_whether_it_is_so(arguments: list[str], code: int, mock: MockServer) -> None:
    toggle(mock)
    toggle(mock)
    result = run("verify", "requests", *PATCHES, *arguments, "--url", mock.url)
    assert result.exit_code == code
    if code:
        assert result.stdout == ""
        assert result.stderr.startswith("Error: expected ")
        assert f"; the nearest of all requests:\n  #1 PATCH {TOGGLE} -> 200" in result.stderr
    else:
        assert (len(json.loads(result.stdout)), result.stderr) == (2, "")


def test_deliveries_are_a_table_in_a_terminal(mock: MockServer) -> None:
    mock.set_webhook(WEBHOOK, enabled=True)
    mock.emit(AGENT, STARTED)
    arguments = ["verify", "deliveries", f"event={STARTED}", "--times", "1", "--url", mock.url]
    head, row = lines_in_terminal(*arguments)
    assert (head.split()[:3], row.split()[1:3]) == (["AT", "EVENT", "WEBHOOK"], [STARTED, WEBHOOK])
    assert lines_in_terminal("verify", "deliveries", "event=event_action", "--max", "0", "--url", mock.url) == [
        "no deliveries"
    ]


@pytest.mark.slow
def test_it_waits(mock: MockServer) -> None:
    later = Timer(0.1, toggle, [mock])
    later.start()
    result = run("verify", "requests", "--times", "1", "--wait", "20", "--url", mock.url)
    later.join()
    assert (result.exit_code, len(json.loads(result.stdout))) == (0, 1)


MISUSE = {
    ("calls",): "Invalid value for '{requests|deliveries}': 'calls' is not one of 'requests', 'deliveries'.",
    ("requests", "--times", "1", "--max", "2"): "--times and --max contradict each other; give one, or run the command "
    "twice",
    ("requests", "event=x"): 'unknown filter "event"; expected one of method, path,',
    ("deliveries", "min=1"): "min is no filter here; use --times, --min, --max and --wait",
    ("requests", "json={"): "Invalid value for json: expected JSON",
}


@each_row("arguments", MISUSE)
def test_wrong_use_is_told_before_anything_is_asked(arguments: tuple[str, ...]) -> None:
    with closed_port() as url:
        result = run("verify", *arguments, "--url", url)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines()[-1].startswith(f"Error: {MISUSE[arguments]}")


@pytest.mark.parametrize("show", [lambda *given: run(*given).stdout.splitlines(), lines_in_terminal])
def test_a_report_is_a_text_also_in_a_pipe(show: Callable[..., list[str]], mock: MockServer) -> None:
    toggle(mock)
    text = mock.report().splitlines()
    assert text == ["API calls to the mock server:", f"  #1 PATCH {TOGGLE} -> 200"]
    assert show("report", "--url", mock.url) == text


def test_a_report_as_json_has_titles_and_texts(mock: MockServer) -> None:
    found = json.loads(run("report", "--json", "--url", mock.url).stdout)
    assert found == [{"title": "API calls to the mock server", "text": "none"}]
