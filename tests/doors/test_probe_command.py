"""`talkover-mock probe`: what it prints, how it ends, and that it takes every option of the examination."""

import json
from contextlib import redirect_stdout

import pytest

from talkover_mock.base.contents import A_JSON_VALUE
from talkover_mock.cli import main
from talkover_mock.cli._remote import Unexpected
from talkover_mock.cli.probe import command
from talkover_mock.client.types import ProbeOptions
from talkover_mock.deliveries.probes import PROBES
from tests.doors.test_remote_commands import Screen, lines_in_terminal, run
from tests.support.peers import closed_port
from tests.support.receivers import (
    SECRET,
    Request,
    careful,
    listening,
    signed_with_time,
    verifying_what_it_has_parsed,
)
from tests.support.rows import each_row

OPTIONS = ["--secret", SECRET]


def test_a_pipe_gets_json() -> None:
    with listening(careful()) as place:
        result = run("probe", place.url, *OPTIONS)
    assert (result.exit_code, result.stderr) == (0, "")
    first, *others = json.loads(result.stdout)
    assert first == {
        "name": "genuine",
        "expected": "2xx",
        "statuses": [200],
        "error": None,
        "passed": True,
        "why": PROBES[0].why,
    }
    assert [each["name"] for each in others if not each["passed"]] == []


@pytest.mark.slow
def test_a_failed_probe_ends_with_1_and_is_named() -> None:
    with listening(verifying_what_it_has_parsed()) as place:
        result = run("probe", place.url, *OPTIONS)
        expecting = run("probe", place.url, *OPTIONS, "--expect", "escapes=401")
    assert (result.exit_code, result.stderr) == (1, "Error: 1 of 16 probes failed: escapes\n")
    assert [each["name"] for each in json.loads(result.stdout) if not each["passed"]] == ["escapes"]
    assert (expecting.exit_code, expecting.stderr) == (0, "")


def test_a_terminal_gets_a_table() -> None:
    def receive(request: Request) -> int | None:
        return careful()(request) if request.body else None

    with listening(receive) as place, redirect_stdout(Screen()) as screen, pytest.raises(Unexpected):
        main.main(["probe", place.url, *OPTIONS], standalone_mode=False)
    head, first, *others = screen.getvalue().splitlines()
    assert head == "PROBE           EXPECTED  GOT               PASSED  WHY"
    assert first == f"genuine         2xx       200               yes     {PROBES[0].why}"
    assert [line.split("  ")[0] for line in others] == [each.name for each in PROBES[1:] if not each.needs_time]
    assert others[-1].startswith("twice_at_once   not-5xx   200 and 200       yes     A copy")
    assert others[-3].startswith("no_body         4xx       Connection reset  no      A 2xx")


def test_a_terminal_that_asks_for_it_gets_json() -> None:
    with listening(careful()) as place:
        lines = lines_in_terminal("probe", place.url, *OPTIONS, "--json")
    assert json.loads("\n".join(lines))[0]["name"] == "genuine"


def test_the_secret_comes_from_its_variable_too() -> None:
    with listening(careful()) as place:
        assert run("probe", place.url, TALKOVER_MOCK_SECRET=SECRET).exit_code == 0


def test_every_option_of_the_examination_is_one_of_the_command() -> None:
    given = {each.name for each in command.params} - {"url", "secret", "as_json"}
    assert given == {*ProbeOptions.__annotations__} - {"now"}


def test_options_reach_the_receiver() -> None:
    options = ["--signature-scheme", "stripe", "--http-method", "PATCH", "--custom-header", "X-Team=calls"]
    with listening(careful(signed_with_time)) as place:
        result = run("probe", place.url, *OPTIONS, *options, "--data", '{"order": 7}')
    assert (result.exit_code, len(json.loads(result.stdout))) == (0, 18)
    request = place.requests[0]
    assert (request.method, request.header("X-Team"), json.loads(request.body)["order"]) == ("PATCH", "calls", 7)


MISUSE = {
    (): "Missing option '--secret' (env var: 'TALKOVER_MOCK_SECRET').",
    ("--secret", ""): "expected the secret with which deliveries to this receiver are signed",
    ("--secret", "\udcff"): "Invalid value for '--secret' (env var: 'TALKOVER_MOCK_SECRET'): the secret is not UTF-8",
    (*OPTIONS, "--data", f'{{"a": {"[" * 900 + "]" * 900}}}'): "Invalid value for --data: "
    f'expected {A_JSON_VALUE} (got "{{\\"a\\": {"[" * 68}...)',
    (*OPTIONS, "--custom-header", "a=\udcff"): 'custom_headers must be UTF-8 (got [{"key": "a", "value": "\\udcff"}])',
    (*OPTIONS, "--expect", "large"): 'expected key=value, such as escapes=401 (got "large")',
    (*OPTIONS, "--custom-header", "foo"): 'expected key=value, such as X-Tenant=7 (got "foo")',
    (*OPTIONS, "--event", "event_recordin"): "event must be one of the 22 events "
    '(got "event_recordin"); did you mean event_recording?',
    (*OPTIONS, "--expect", "large=big"): 'large can be expected to be "2xx", "not-5xx" or "409", for example '
    '(got "big")',
    (*OPTIONS, "--expect", "larg=4xx"): 'no probe is named "larg"; did you mean large?',
    (*OPTIONS, "--timeout", "3"): "timeout: The timeout must be between 5 and 120 (got 3)",
    (*OPTIONS, "--http-method", "GET"): 'http_method: The selected http method is invalid (got "GET")',
    (*OPTIONS, "--data", "[]"): "data must be an object (got [])",
    (*OPTIONS, "--deliver-to", "http://example.com"): "Invalid value for '--deliver-to' "
    "(env var: 'TALKOVER_MOCK_DELIVER_TO'): "
    '"http://example.com" is no host; give a name or an address alone, such as example.com',
}


@each_row("arguments", MISUSE)
def test_wrong_use_is_told_before_anything_is_sent(arguments: tuple[str, ...]) -> None:
    with listening(careful()) as place:
        result = run("probe", place.url, *arguments)
    assert (result.exit_code, result.stdout, place.requests) == (2, "", [])
    assert result.stderr.splitlines()[-1] == f"Error: {MISUSE[arguments]}"


def test_an_unknown_event_has_to_be_meant() -> None:
    with listening(careful()) as place:
        run("probe", place.url, *OPTIONS, "--event", "nope", "--unknown")
    assert json.loads(place.requests[0].body)["event"] == "nope"


def test_a_target_that_may_not_be_called_is_refused_with_the_remedy() -> None:
    result = run("probe", "https://example.com/hook", *OPTIONS)
    reason = "example.com is not on this machine or network; start with --deliver-to example.com to deliver there"
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"Error: https://example.com/hook may not be called: {reason}\n"


def test_a_receiver_that_does_not_answer_is_one_message() -> None:
    with closed_port() as url:
        result = run("probe", url, *OPTIONS)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"Error: {url} does not answer a genuine delivery: Connection refused\n"
