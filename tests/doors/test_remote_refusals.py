"""How the commands against a running server fail: an expectation with 1, all else with 2 and one message."""

import errno
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from threading import Event, Thread, Timer
from time import monotonic
from typing import IO, Any

import click
import pytest

from talkover_mock.base.contents import A_JSON_VALUE
from talkover_mock.cli import main
from talkover_mock.cli import requests as requests_command
from talkover_mock.cli._remote import Remote
from talkover_mock.cli.requests import _follow
from talkover_mock.client import MockServer, MockServerError
from talkover_mock.environments.world import World
from tests.doors.test_remote_commands import MOMENT, STARTED, VERBS, Screen, run, toggle
from tests.support.documented import AGENT, OTHER_AGENT, TOGGLE, UNKNOWN, WEBHOOK
from tests.support.peers import OK, Peer, closed_port, ok, peers
from tests.support.rows import each_row

WAIT = 20
"""Seconds after which something that should have happened did not."""


def arguments_of(verb: str) -> list[str]:
    more = {
        "verify": ["requests"],
        "emit": [AGENT, STARTED],
        "redeliver": ["any"],
        "play": ["answered", "--agent", AGENT],
    }
    return [verb, *more.get(verb, [])]


UNSENDABLE = ("talq_mine\n", " talq_mine", "talq\0mine", "talq_mine\udcff")
TOKENS = {
    "TALKOVER_MOCK_TOKEN": "the token: {} (commands have it from --token or TALKOVER_MOCK_TOKEN)",
    "TALKOVER_MOCK_ADMIN_TOKEN": "the admin token: {} "
    "(commands and the pytest plugin have it from TALKOVER_MOCK_ADMIN_TOKEN)",
    "--token": "the token: {} (commands have it from --token or TALKOVER_MOCK_TOKEN)",
}


@each_row("source, token", [(source, token) for source in TOKENS for token in UNSENDABLE if "\0" not in token])
def test_a_token_that_cannot_be_sent_is_not_printed(source: str, token: str) -> None:
    is_option = source.startswith("--")
    with pytest.MonkeyPatch.context() as patch, closed_port() as url:
        if not is_option:
            patch.setenv(source, token)
        done = run("state", "--url", url, *([source, token] if is_option else []))
    text = TOKENS[source].format("it must be text on one line, without control characters, and begin with no space")
    assert (done.exit_code, done.stdout, done.stderr) == (2, "", f"Error: no header can carry {text}\n")


@each_row("token", [*UNSENDABLE, b"talq_mine", 5])
def test_a_client_refuses_a_token_that_cannot_be_sent(token: Any) -> None:
    for tokens in ({"token": token}, {"admin_token": token}):
        with pytest.raises(ValueError, match=r"^no header can carry the (admin )?token: it must be ") as caught:
            MockServer("http://127.0.0.1:1", **tokens)
        assert "talq" not in str(caught.value)


@pytest.mark.parametrize(("count", "code"), [("2", 0), ("1", 1), ("0", 1), ("3", 1)])
@pytest.mark.parametrize("what", ["requests", "deliveries"])
def test_another_count_than_expected_is_shown_and_ends_with_1(
    what: str, count: str, code: int, mock: MockServer
) -> None:
    toggle(mock)
    for _ in range(2):
        toggle(mock, UNKNOWN)
        mock.emit(AGENT, STARTED)
    filters = {"requests": "status=404", "deliveries": f"event={STARTED}"}
    result = run(what, filters[what], "--expect-count", count, "--url", mock.url)
    assert result.exit_code == code
    assert len(json.loads(result.stdout)) == 2
    one = {"requests": "request", "deliveries": "delivery"}[what]
    wanted = {"0": f"no {what}", "1": f"exactly 1 {one}"}.get(count, f"exactly {count} {what}")
    message = f"Error: expected {wanted} {filters[what]}, got 2; the nearest of all {what}:\n  "
    assert result.stderr.startswith(message) if code else result.stderr == ""


@pytest.mark.slow
def test_a_count_that_is_not_met_is_told_with_the_nearest_calls(mock: MockServer) -> None:
    filters = {"method": "PATCH", "path": "*/toggel"}
    arguments = [f"{key}={value}" for key, value in filters.items()]
    for calls in ([], [WEBHOOK], [WEBHOOK, UNKNOWN]):
        for webhook in calls[-1:]:
            toggle(mock, webhook)
        result = run("requests", *arguments, "--expect-count", "1", "--wait", "0.1", "--url", mock.url)
        with pytest.raises(AssertionError) as caught:
            mock.verify("requests", filters, 0.1, times=1)
        assert result.stderr == f"Error: {caught.value}\n"
        assert result.stderr.startswith(
            "Error: expected exactly 1 request method=PATCH path=*/toggel within 0.1 s, got 0;"
        )
        assert len(mock.requests()) == len(calls)


@pytest.mark.slow
def test_a_count_is_waited_for(mock: MockServer) -> None:
    later = Timer(0.1, toggle, [mock])
    later.start()
    result = run("requests", "--expect-count", "1", "--wait", str(WAIT), "--url", mock.url)
    later.join()
    assert (result.exit_code, len(json.loads(result.stdout))) == (0, 1)


@pytest.mark.slow
def test_none_is_what_comes_until_the_time_is_up(mock: MockServer) -> None:
    arguments = ["requests", "--expect-count", "0", "--wait", "0.1", "--url", mock.url]
    assert run(*arguments).exit_code == 0
    toggle(mock)
    assert run(*arguments).exit_code == 1


ONE_OWNER = "give AGENT_ID and EVENT, or --campaign CAMPAIGN_ID and EVENT"
KINDS = (
    "missing_token, invalid_token, expired_token, agent_not_found, webhook_not_found, rate_limited, server_error, "
    "maintenance, insufficient_credits, hang, connection_reset, truncated_body, malformed_json, hold, stale, delay"
)

ON_DELIVERIES = (
    "lose_answer, timeout, refused, unresolved, repeat, overlap, delay, drop, bad_signature, tampered, skewed"
)


def contradiction(one: str, other: str) -> str:
    return f"{one} and {other} contradict each other; give one, or run the command twice"


TOO_DEEP = "[" * 100_000
NOT_JSON = f'expected {A_JSON_VALUE} (got "{"[" * 76}...)'

MISUSE = {
    ("requests", "toggle"): 'expected key=value, such as status=404 (got "toggle")',
    ("requests", "=404"): 'expected key=value, such as status=404 (got "=404")',
    ("requests", "status=404", "status=500"): "status is given twice",
    ("requests", "statsu=404"): 'unknown filter "statsu"; did you mean status?',
    ("requests", "foo=bar"): 'unknown filter "foo"; expected one of '
    "method, path, status, operation, unmatched, fault, by, since, after, json, headers, query",
    ("requests", "json={"): 'Invalid value for json: expected JSON, such as \'{"id": "call-1"}\': '
    "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
    ("deliveries", "foo=bar"): 'unknown filter "foo"; expected one of '
    "agent_id, campaign_id, webhook_id, event, event_id, status, attempt, url, fault, since, json, headers, query",
    ("deliveries", "min=1"): "min is no filter here; use --expect-count and --wait",
    ("deliveries", "wait=1"): "wait is no filter here; use --expect-count and --wait",
    ("requests", "--wait", "1"): "--wait needs --expect-count, the number to wait for",
    ("requests", "--expect-count", "x"): "Invalid value for '--expect-count': "
    'expected a whole number, 0 or more (got "x")',
    ("deliveries", "--wait", "x"): "Invalid value for '--wait': expected a number of seconds (got \"x\")",
    ("deliveries", "--wait", "inf"): "Invalid value for '--wait': expected a number of seconds (got \"inf\")",
    ("clock", "--advance", "x"): "Invalid value for '--advance': expected a number of seconds (got \"x\")",
    ("fault", "hang", "--times", "0"): "Invalid value for '--times': expected a whole number, 1 or more (got \"0\")",
    ("requests", "--follow", "--expect-count", "0"): "--follow runs until Ctrl-C and does not count; "
    "give either --follow or --expect-count",
    ("fault", "hang", "maintenance"): 'expected key=value, such as delay_seconds=0.5 (got "maintenance")',
    ("fault", "drop", "x", "--on", "deliveries"): 'expected key=value, such as event=*_ended (got "x")',
    ("fault", "--times", "2"): "name the KIND of the fault, such as maintenance; see --help",
    ("fault", "hang", "times=2"): "times is an option: --times 2",
    ("fault", "maintenance", "path=*/toggle"): "path is an option: --path '*/toggle'",
    ("fault", "maintenance", "method=GET"): "method is an option: --method GET",
    ("fault", "hang", "afer=2"): 'unknown detail "afer"; did you mean after?',
    (
        "fault",
        "hang",
        "x=2",
    ): 'unknown detail "x"; expected one of json, query, headers, delay_seconds, apply, after, probability, seed',
    ("fault", "hangs"): f'KIND must be one of {KINDS}; did you mean hang? (got "hangs")',
    ("fault", "maintenanc"): f'KIND must be one of {KINDS}; did you mean maintenance? (got "maintenanc")',
    ("fault", "delay=5"): f'KIND must be one of {KINDS}; did you mean delay? (got "delay=5")',
    ("fault", "drop"): f'KIND must be one of {KINDS}; add --on deliveries (got "drop")',
    ("fault", "hang", "--on", "deliveries"): f'KIND must be one of {ON_DELIVERIES} (got "hang")',
    ("fault", "drop", "--on", "both"): "Invalid value for '--on': 'both' is not one of 'calls', 'deliveries'.",
    ("fault", "drop", "--on", "deliveries", "apply=true"): 'unknown detail "apply"; expected one of event, webhook_id, '
    "agent_id, url, attempt, json, query, sent, copies, delay_seconds, together, replay, though_disabled, seconds, "
    "after, probability, seed",
    ("fault", "--on", "deliveries"): "name the KIND of the fault, such as maintenance; see --help",
    ("fault", "500"): f'KIND must be one of {KINDS} (got "500")',
    ("fault", "delay"): "say for how long: `talkover-mock fault delay delay_seconds=0.5`",
    ("fault", "delay", "delay_seconds=0"): "say for how long: `talkover-mock fault delay delay_seconds=0.5`",
    ("fault", "hang", "--remove"): contradiction("--remove", "KIND"),
    ("fault", "--remove", "fault-1", "--times", "2"): contradiction("--remove", "--times"),
    ("clock", "--freeze", "--unfreeze"): contradiction("--unfreeze", "--freeze"),
    ("clock", "--unfreeze", "--advance", "0"): contradiction("--unfreeze", "--advance"),
    ("environments", "--close", "mine", "--open", "other"): contradiction("--close", "--open"),
    ("environments", "--close", "mine", "--find", "x"): contradiction("--close", "--find"),
    ("environments", "--open", "mine", "--find", "x"): contradiction("--open", "--find"),
    ("deliveries", "--expect-count", "1", "--wait", "-99"): "Invalid value for '--wait': "
    'expected a number of seconds, 0 or more (got "-99")',
    ("deliveries", 'headers={"a": "1", "a": "2"}'): "Invalid value for headers: expected JSON, such as "
    '\'{"id": "call-1"}\': the key "a" is given twice',
    ("emit", AGENT, STARTED, "--data", TOO_DEEP): f"Invalid value for --data: {NOT_JSON}",
    ("emit", AGENT, STARTED, "--context", f"{'[' * 101}{']' * 101}"): f"Invalid value for --context: {NOT_JSON}",
    ("requests", f"json={'[' * 5_000}{']' * 5_000}"): f"Invalid value for json: {NOT_JSON}",
    ("play", "answered", "--agent", AGENT, "--call", TOO_DEEP): f"Invalid value for --call: {NOT_JSON}",
    ("fault", "maintenance", f"json={TOO_DEEP}"): f"Invalid value for json: {NOT_JSON}",
    ("fault", "maintenance", "json={"): 'Invalid value for json: expected JSON, such as \'{"id": "call-1"}\': '
    "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
    ("emit", STARTED): ONE_OWNER,
    ("emit", AGENT, STARTED, "--campaign", "c"): ONE_OWNER,
    ("emit", AGENT, STARTED, "--call", "{"): "Invalid value for --call: expected JSON, such as "
    '\'{"id": "call-1"}\': Expecting property name enclosed in double quotes: line 1 column 2 (char 1)',
    ("emit", AGENT, STARTED, "--data", '{"a": NaN}'): "Invalid value for --data: expected JSON, such as "
    '\'{"id": "call-1"}\': JSON has no NaN',
    ("reset", "--token", ""): "Invalid value for '--token' (env var: 'TALKOVER_MOCK_TOKEN'): "
    'expected a token; without the option, the default environment is meant (got "")',
    (
        "conformance",
        "--token",
        "",
    ): "Invalid value for '--token' (env var: 'TALKOVER_MOCK_TOKEN'): expected a token (got \"\")",
    ("environments", "--open", ""): "Invalid value for '--open': expected a name (got \"\")",
    ("env", "--open", ""): "Invalid value for '--open': expected a name (got \"\")",
}


@each_row("arguments", MISUSE)
def test_wrong_use_is_told_before_anything_is_asked(arguments: tuple[str, ...]) -> None:
    with closed_port() as url:
        result = run(*arguments, "--url", url)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines()[-1] == f"Error: {MISUSE[arguments]}"


REFUSALS = {
    ("requests", "--follow", "after=x"): '422 Bad count: after must be a whole number, 0 or more (got "x")',
    ("requests", "--expect-count", "1", "--wait", "301"): "422 Bad time to wait: "
    "wait must be a number of seconds from 0 to 300 (got 301.0)",
    ("emit", AGENT, "event_recordin"): "422 Unknown event: "
    'event must be one of the 22 events (got "event_recordin"); did you mean event_recording?',
    ("emit", AGENT[:-1] + "x", STARTED): "404 No such agent: "
    f'no agent in environment default has the id "{AGENT[:-1]}x"; nearest: {AGENT}',
    ("emit", OTHER_AGENT, STARTED, "--call", "[]"): "422 Bad value: call must be an object (got [])",
    ("fault", "hang", "probability=2"): "422 Bad value: probability must be a number from 0 to 1 (got 2)",
    ("fault", "--remove", "fault-9"): '404 No such fault: no fault has the id "fault-9"; there are none',
    ("clock", "--freeze", "soon"): "422 Bad value: "
    'now must be a moment such as 2025-09-03T23:19:51Z, from 1970 to 2499 (got "soon")',
    ("clock", "--freeze", ""): "422 Bad value: "
    'now must be a moment such as 2025-09-03T23:19:51Z, from 1970 to 2499 (got "")',
    ("clock", "--advance", "-1"): "422 Bad value: seconds must be a number from 0 to 316224000 (got -1.0)",
    ("environments", "--open", "staging"): "409 The name is taken: "
    'an environment is already named "staging"; close it first',
    ("environments", "--close", "nope"): 'no environment is named "nope"; `talkover-mock environments` lists them',
    ("state", "--token", "talq_staging_2024"): "401 Unknown token: "
    "the fixture lists the token under expired_tokens of staging",
}


@each_row("arguments", REFUSALS)
def test_a_refusal_is_the_servers_words(arguments: tuple[str, ...], mock: MockServer) -> None:
    result = run(*arguments, "--url", mock.url)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"Error: {REFUSALS[arguments]}\n")


@each_row("verb", VERBS)
def test_a_server_that_does_not_answer_is_one_message(verb: str) -> None:
    with closed_port() as url:
        result = run(*arguments_of(verb), "--url", url)
    reason = f"[Errno {errno.ECONNREFUSED}] {os.strerror(errno.ECONNREFUSED)}"
    hint = "start it with `talkover-mock serve`, or name it with --url"
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"Error: {url} does not answer ({reason}); {hint}\n"


def test_an_answer_of_something_else_is_one_message() -> None:
    def answer(_: Peer, connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(OK)

    with peers() as start:
        result = run("state", "--url", start(answer).url)
    expected = "Error: 200 Not the answer of a mock server: ok\n"
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", expected)


@each_row("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed_on_which_the_token_would_be_lost(status: int, mock: MockServer) -> None:
    """`localhost` is another host: there the default environment would be meant."""
    elsewhere = mock.url.replace("127.0.0.1", "localhost").encode()

    def redirect(_: Peer, connection: socket.socket) -> None:
        path = connection.recv(1 << 16).split(b" ")[1:2]
        head = b"HTTP/1.1 %d Moved\r\nLocation: %s%s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        connection.sendall(head % (status, elsewhere, b"".join(path)))

    with peers() as start:
        url = start(redirect).url
        token = ("--token", "talq_staging", "--url", url)
        done = [run("clock", "--freeze", MOMENT, *token), run("state", *token), run("report", *token)]
    expected = f"Error: {status} Not the answer of a mock server: it redirects; give the URL to which it does\n"
    assert [(each.exit_code, each.stdout, each.stderr) for each in done] == [(2, "", expected)] * 3
    assert not mock.clock()["frozen"]


NO_REPORT = {  # and what is quoted of each
    "text/html; charset=utf-8": (b"<h1>Log in</h1>", "<h1>Log in</h1>"),
    "application/json": (b"null", "null"),
    "text/plainer": (b"ok", "ok"),
    "text/plain": (b"caf\xe9", "caf\xe9"),
    "text/plain; charset=utf-8": (b"caf\xe9", "caf\ufffd"),
}


@each_row("kind", NO_REPORT)
def test_a_report_is_a_text_in_utf_8(kind: str) -> None:
    body, shown = NO_REPORT[kind]
    answer = ok(body).replace(b"\r\n", b"\r\nContent-Type: %s\r\n" % kind.encode(), 1)

    def script(_: Peer, connection: socket.socket) -> None:
        if connection.recv(1 << 16):
            connection.sendall(answer)

    with Peer(script) as peer, MockServer(peer.url) as mock:
        result = run("report", "--url", mock.url)
        with pytest.raises(MockServerError) as caught:
            mock.report()
    said = f"200 Not the answer of a mock server: {shown}"
    assert str(caught.value) == said
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"Error: {said}\n")


@each_row("verb", [verb for verb in VERBS if verb != "report"])  # which is a text
def test_an_object_without_the_keys_of_a_mock_server_is_one_message(verb: str) -> None:
    with peers() as start:
        url = start(lambda _, connection: connection.sendall(ok(b"{}")) if connection.recv(1 << 16) else None).url
        result = run(*arguments_of(verb), "--url", url)
    assert (result.exit_code, result.stdout) == (2, "")
    assert re.fullmatch(
        rf"Error: Not the answer of a mock server: {url}/__admin/\S+ answers without the key '\w+'\n", result.stderr
    )


@contextmanager
def following(*arguments: str) -> Iterator[tuple["subprocess.Popen[str]", IO[str]]]:
    """The command in a process of its own, which is killed if it hangs."""
    command = [sys.executable, "-m", "talkover_mock", "requests", "--follow", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        bound = Timer(WAIT, process.kill)
        bound.start()
        try:
            assert process.stdout
            yield process, process.stdout
        finally:
            process.kill()
            bound.cancel()
            bound.join()


@pytest.mark.slow
def test_following_shows_requests_as_they_come_until_ctrl_c(mock: MockServer) -> None:
    toggle(mock)
    with following("path=*/toggle", "--url", mock.url) as (process, output):
        seen = [json.loads(output.readline())]
        toggle(mock, UNKNOWN)
        seen.append(json.loads(output.readline()))
        mock.reset()  # numbers begin again
        toggle(mock)
        seen.append(json.loads(output.readline()))
        process.send_signal(signal.SIGINT)
        rest, problems = process.communicate(timeout=WAIT)
    assert [(each["number"], each["status"]) for each in seen] == [(1, 200), (2, 404), (1, 200)]
    assert seen[0]["path"] == TOGGLE
    assert (process.returncode, rest, problems) == (0, "", "")


class Meanwhile(MockServer):
    """A client that does one thing after each of its searches; then comes Ctrl-C."""

    def __init__(self, url: str, *things: Callable[[], object]) -> None:
        super().__init__(url)
        self._things = list(things)

    def search(self, *arguments: Any, **waiting: Any) -> Any:
        if not self._things:
            raise KeyboardInterrupt
        found = super().search(*arguments, **waiting)
        self._things.pop(0)()
        return found


def nothing() -> None:
    """Nothing happens after a search."""


def followed(mock: MockServer, *things: Callable[[], object]) -> list[tuple[int, int]]:
    """The number and the status of each request that is shown, where one is there at first."""
    toggle(mock)
    with redirect_stdout(StringIO()) as shown, Meanwhile(mock.url, *things) as client:
        _follow(Remote(True, mock.url, None), client, {})
    found = [json.loads(line) for line in shown.getvalue().splitlines()]
    return [(each["number"], each["status"]) for each in found]


def begin_again(mock: MockServer, *webhooks: str) -> None:
    """A reset, and the calls of the next test, all at one moment."""
    mock.reset()
    mock.freeze(MOMENT)
    for webhook in webhooks:
        toggle(mock, webhook)


def test_following_notices_a_reset_that_ends_its_wait(mock: MockServer, world: World) -> None:
    def reset() -> None:
        while not journal.log.waits:
            Event().wait(0.001)
        begin_again(mock, WEBHOOK)

    journal, resetting = world.default.journal, Thread(target=reset, daemon=True)
    begin_again(mock)
    shown = followed(mock, resetting.start, resetting.join, nothing, nothing)
    assert shown == [(1, 200), (1, 200)]


@pytest.mark.slow
@pytest.mark.parametrize("webhooks", [[UNKNOWN], [UNKNOWN, WEBHOOK, UNKNOWN]])
def test_following_notices_a_reset_before_its_wait(
    webhooks: Sequence[str], mock: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new journal has as many requests as were shown of the old one, or more."""
    monkeypatch.setattr(requests_command, "_FOLLOW_SECONDS", 0.1)
    begin_again(mock)
    shown = followed(mock, lambda: begin_again(mock, *webhooks), *[nothing] * 3)
    statuses = [404 if webhook == UNKNOWN else 200 for webhook in webhooks]
    assert shown == [(1, 200), *enumerate(statuses, 1)]


def test_following_shows_a_request_that_was_reset_since(mock: MockServer) -> None:
    begin_again(mock)
    shown = followed(mock, lambda: toggle(mock, UNKNOWN), lambda: begin_again(mock, UNKNOWN), nothing, nothing)
    assert shown == [(1, 200), (2, 404), (1, 404)]


def test_following_shows_no_request_twice(mock: MockServer) -> None:
    def call() -> None:
        toggle(mock, UNKNOWN)

    shown = followed(mock, call, nothing, call, nothing, nothing)
    assert shown == [(1, 200), (2, 404), (3, 404)]


@pytest.mark.slow
@pytest.mark.parametrize("command", [["schema"], ["requests", "--follow"], ["conformance"], ["state"]])
def test_a_reader_that_has_gone_is_no_failed_check(command: list[str], mock: MockServer) -> None:
    toggle(mock)
    reading, writing = os.pipe()
    os.close(reading)
    line = [sys.executable, "-m", "talkover_mock", *command, *(["--url", mock.url] if command != ["schema"] else [])]
    done = subprocess.run(line, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=WAIT, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (2, "")


def close_when_something_is_shown(environment: MockServer, screen: Screen) -> None:
    deadline = monotonic() + WAIT
    while not screen.getvalue() and monotonic() < deadline:
        Event().wait(0.01)
    environment.close()


def test_following_in_a_terminal_is_lines_and_ends_with_2_when_the_environment_does(mock: MockServer) -> None:
    with mock.open_environment("mine", "talq_mine") as mine:
        mine.freeze(MOMENT)
        toggle(mine, UNKNOWN)
        arguments = ["requests", "--follow", "--url", mock.url, "--token", "talq_mine"]
        screen = Screen()
        closing = Thread(target=close_when_something_is_shown, args=(mine, screen))
        closing.start()
        with redirect_stdout(screen), pytest.raises(click.ClickException) as caught:
            main.main(arguments, "talkover-mock", standalone_mode=False)
        closing.join()
    path = TOGGLE.replace(WEBHOOK, UNKNOWN)
    reason = f'agent {AGENT} has no webhook with the id "{UNKNOWN}"; there are 2'
    expected = rf"1      00:00:00\.000  PATCH    404     \d+\.\d +{path}  {reason}, such as {WEBHOOK}\n"
    assert re.fullmatch(expected, screen.getvalue())
    closed = "the token belonged to environment mine, which has been closed"
    assert (caught.value.exit_code, str(caught.value)) == (2, f"401 Unknown token: {closed}")
