"""The command line: what each command prints, its exit code, and where its options come from."""

import io
import json
import os
import sys
from pathlib import Path

import click
import pytest
import requests
from click.testing import CliRunner, Result

from talkover_mock.__main__ import run as run_program
from talkover_mock.cli import main
from talkover_mock.cli.serve import command as serve_command
from talkover_mock.dialect.endpoints import ENDPOINTS
from talkover_mock.loading.schema import fixture_schema
from tests.conftest import FIXTURES
from tests.support.installed import serving
from tests.support.rows import each_row

GOOD = "agents: [{name: A, webhooks: [{name: W, webhook_url: http://xy, events: [event_action]}]}]\n"
NO_PATH = 'expected a path; "." is the current folder (got "")'
COMMANDS = {"check", "conformance", "health", "routes", "schema", "serve"}
REMOTE_COMMANDS = {
    *(
        "clock",
        "deliveries",
        "emit",
        "env",
        "environments",
        "fault",
        "play",
        "probe",
        "redeliver",
        "report",
        "requests",
        "reset",
        "state",
        "verify",
    ),
}
"""See test_remote_commands.py and test_probe_command.py."""
LEARNING_COMMANDS = {"import", "listen"}
"""See tests/learning/. Without a server, the variables of the server's host and port say nothing."""
EVERY_COMMAND = COMMANDS | REMOTE_COMMANDS | LEARNING_COMMANDS
WAIT = 10
"""Seconds after which something that should have happened did not."""


def run(*arguments: str, **variables: str) -> Result:
    """Runs the program in this process; a traceback fails the test."""
    return CliRunner(env=variables).invoke(main, arguments, catch_exceptions=False, prog_name="talkover-mock")


def outcome(result: Result) -> tuple[int, str, str]:
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, in which the program runs."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_check_counts_what_each_environment_holds() -> None:
    expected = "default: 3 agents, 4 webhooks\nstaging: 1 agent, 1 webhook\nproduction: 1 agent, 2 webhooks\n"
    assert outcome(run("check", str(FIXTURES))) == (0, expected, "")


def test_routes_lists_what_is_emulated_stubbed_and_known(folder: Path) -> None:
    lines = run("routes").stdout.splitlines()
    assert [" ".join(line.split()) for line in lines[:4]] == [
        "METHOD PATH STATE",
        "GET /api/v1/health emulated",
        "GET /api/v1/agents emulated",
        "POST /api/v1/agents known",
    ]
    assert len(lines) == len(ENDPOINTS) + 1
    call = "{method: POST, path: '/api/v1/agents/{id}/callback'}"
    other = "{method: GET, path: /api/v1/other}"
    calendar = "{method: GET, path: '/api/v1/calendars/{id}/events'}"
    (folder / "f.yaml").write_text(f"stubs: [{call}, {other}, {calendar}]\nenvironments: {{b: {{stubs: [{call}]}}}}\n")
    stubbed = [" ".join(line.split()) for line in run("routes", "f.yaml").stdout.splitlines() if "stubbed" in line]
    assert stubbed == [
        "POST /api/v1/agents/{agent_id}/callback stubbed in default, b",
        "GET /api/v1/calendars/* stubbed in default",
        "GET /api/v1/other stubbed in default, not documented",
    ]


def test_routes_reports_mistakes_of_a_fixture(folder: Path) -> None:
    (folder / "f.yaml").write_text("stubs: [{method: GET, path: /api/v1/agents}]\n")
    result = run("routes", "f.yaml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "f.yaml:1: stubs[0].path: is a route that the mock emulates" in result.stderr


def test_check_takes_files_and_folders_together(folder: Path) -> None:
    (folder / "more").mkdir()
    (folder / "one.yaml").write_text(GOOD)
    (folder / "more" / "two.json").write_text('{"agents": [{"name": "B"}]}')
    assert outcome(run("check", "one.yaml", "more")) == (0, "default: 2 agents, 1 webhook\n", "")


def test_check_prints_one_mistake_at_its_place(folder: Path) -> None:
    (folder / "bad.yaml").write_text("agents: []\nenviroments: {}\n")
    expected = "bad.yaml:2: enviroments: unknown key; did you mean environments?\n1 mistake in the fixtures\n"
    assert outcome(run("check", "bad.yaml")) == (2, "", expected)


def test_check_prints_every_mistake_of_every_path(folder: Path) -> None:
    (folder / "bad.yaml").write_text("agents:\n  - name: A\n    webhooks:\n      - name: W\n        timeout: 3\n")
    (folder / "good.yaml").write_text(GOOD)
    (folder / "empty").mkdir()
    expected = [
        "nowhere.yaml: can't be read: No such file or directory",
        "empty: the folder holds no fixture (*.yaml, *.yml, *.json)",
        "bad.yaml:4: agents[0].webhooks[0].webhook_url: The webhook url field is required.",
        "bad.yaml:4: agents[0].webhooks[0].events: The events field is required.",
        "bad.yaml:5: agents[0].webhooks[0].timeout: The timeout must be between 5 and 120. (got 3)",
        "5 mistakes in the fixtures",
    ]
    result = run("check", "nowhere.yaml", "empty", "good.yaml", "bad.yaml")
    assert (result.exit_code, result.stdout, result.stderr.splitlines()) == (2, "", expected)


def test_schema_prints_the_schema_of_fixtures() -> None:
    result = run("schema")
    assert (result.exit_code, json.loads(result.stdout), result.stderr) == (0, fixture_schema(), "")


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_lists_the_commands(option: str) -> None:
    result = run(option)
    listed = result.stdout.partition("Commands:\n")[2].splitlines()
    assert (result.exit_code, {line.split()[0] for line in listed}) == (0, EVERY_COMMAND)
    assert [line for line in listed if not line.endswith(".") or line.endswith("...")] == []


@each_row("name", sorted(EVERY_COMMAND))
def test_help_of_a_command_names_every_option(name: str) -> None:
    result = run(name, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: talkover-mock {name} ")
    context = click.Context(subcommand(name))
    for parameter in subcommand(name).params:
        shown = parameter.opts[0] if isinstance(parameter, click.Option) else parameter.make_metavar(context)
        assert f" {shown}" in result.stdout
        if isinstance(parameter, click.Option) and parameter.envvar:
            assert f"[env var: {parameter.envvar}" in " ".join(result.stdout.split())


@each_row(
    "text",
    [
        f"replace the variable, in which '{os.pathsep}' separates several paths. [env var: TALKOVER_MOCK_FIXTURES;",
        "In the variable, spaces separate several names. [env var: TALKOVER_MOCK_ALLOW_HOST]",
        "In the variable, spaces separate several origins. [env var: TALKOVER_MOCK_ALLOW_ORIGIN]",
        "In the variable, spaces separate several hosts. [env var: TALKOVER_MOCK_DELIVER_TO]",
        "The number of requests, and of deliveries, that each environment keeps.",
        "An empty variable counts as unset. [env var: TALKOVER_MOCK_ADMIN_TOKEN]",
    ],
)
def test_the_help_of_serve_says_what_is_not_seen_from_a_name(text: str) -> None:
    assert text in " ".join(run("serve", "--help").stdout.split())


@each_row(
    ("arguments", "named"),
    {
        ("nope",): 'no command is named "nope"; expected one of check, clock, ',
        ("chek",): 'no command is named "chek"; did you mean check?',
        ("--", "--chek"): 'no command is named "--chek"; did you mean check?',
        ("_options",): '"_options"',
        ("schema", "more"): "(more)",
        ("check",): "'PATH...'",
        ("serve", "--prot", "1"): "--prot",
        (
            "serve",
            "--port",
            "x",
        ): "'--port' (env var: 'TALKOVER_MOCK_PORT'): expected a number from 0 to 65535 (got \"x\")",
        ("serve", "--port", "65536"): 'expected a number from 0 to 65535 (got "65536")',
        ("serve", "--port-file", "."): "'--port-file' (env var: 'TALKOVER_MOCK_PORT_FILE'): File '.' is a directory.",
        ("serve", "--port-file", ""): 'TALKOVER_MOCK_PORT_FILE\'): expected the path of a file (got "")',
        ("serve", "--fixtures", ""): f"'--fixtures' (env var: 'TALKOVER_MOCK_FIXTURES'): {NO_PATH}",
        ("serve", "fixtures", ""): f"'[PATH]...': {NO_PATH}",
        ("check", "fixtures", ""): f"'PATH...': {NO_PATH}",
        ("routes", ""): f"'[PATH]...': {NO_PATH}",
        ("listen", "--out", ""): 'TALKOVER_MOCK_OUT\'): expected the path of a file (got "")',
        ("serve", "--deliver-to", "https://a.test"): '"https://a.test" is no host; give a name or an address alone',
        ("serve", "--deliver-to", "a.test:443"): '"a.test:443" is no host',
        ("serve", "--deliver-to", "*"): "'--deliver-to' (env var: 'TALKOVER_MOCK_DELIVER_TO'): \"*\" is no host",
        ("serve", "--keep", "0"): 'expected a whole number, 1 or more (got "0")',
    }.items(),
)
def test_wrong_use_is_one_message_that_names_it_and_exit_code_2(arguments: tuple[str, ...], named: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    *usage, message = result.stderr.splitlines()
    assert usage[0].startswith("Usage: talkover-mock ")
    assert message.startswith("Error: ")
    assert named in message


def subcommand(name: str) -> click.Command:
    found = main.get_command(click.Context(main), name)
    assert found
    return found


def test_an_interrupted_command_has_not_the_code_of_a_check_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("talkover_mock.cli.check.load", interrupted)
    done = run("check", "fixtures")
    assert (done.exit_code, done.output) == (130, "")


@each_row("name", sorted(COMMANDS))
def test_every_flag_has_its_variable(name: str) -> None:
    options = [each for each in subcommand(name).params if isinstance(each, click.Option) and each.name != "wait"]
    expected = ["TALKOVER_MOCK_" + option.opts[0].removeprefix("--").replace("-", "_").upper() for option in options]
    assert [option.envvar for option in options] == expected


OPTIONS: dict[str, tuple[object, str, object, list[str], object]] = {
    "fixtures": ((), f"a b{os.pathsep}c", ("a b", "c"), ["--fixtures", "d", "--fixtures", "e"], ("d", "e")),
    "watch": (False, "1", True, ["--watch"], True),
    "host": ("127.0.0.1", "0.0.0.0", "0.0.0.0", ["--host", "::1"], "::1"),
    "port": (7357, "8000", 8000, ["--port", "0"], 0),
    "port_file": (None, "a", Path("a"), ["--port-file", "b"], Path("b")),
    "admin_token": (None, "a", "a", ["--admin-token", "b"], "b"),
    "no_admin": (False, "0", False, ["--no-admin"], True),
    "allow_host": (
        (),
        "a B.test",
        ("a", "b.test"),
        ["--allow-host", "*", "--allow-host", "[2001:DB8::1]"],
        ("*", "2001:db8::1"),
    ),
    "allow_origin": (
        (),
        "https://a.test null",
        ("https://a.test", "null"),
        ["--allow-origin", "*", "--allow-origin", "http://B.test:8080/"],
        ("*", "http://B.test:8080"),
    ),
    "deliver_to": (
        (),
        "a.test B.test.",
        ("a.test", "b.test"),
        ["--deliver-to", "203.0.113.1", "--deliver-to", "[2001:DB8::1]"],
        ("203.0.113.1", "2001:db8::1"),
    ),
    "mask_tokens": (False, "1", True, ["--mask-tokens"], True),
    "keep": (5000, "7", 7, ["--keep", "1"], 1),
}
"""Of each option of serve: the default; a variable's text and value; arguments and their value."""


def value(name: str, *arguments: str) -> object:
    return serve_command.make_context("serve", list(arguments)).params[name]


def test_the_table_has_every_option_of_serve() -> None:
    options = [each.name for each in serve_command.params if isinstance(each, click.Option)]
    assert options == list(OPTIONS)


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_is_its_flag_or_its_variable_or_its_default(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    default, text, from_variable, arguments, from_flag = OPTIONS[name]
    variable = f"TALKOVER_MOCK_{name.upper()}"
    assert value(name) == default
    monkeypatch.setenv(variable, "")
    assert value(name) == default
    monkeypatch.setenv(variable, text)
    assert value(name) == from_variable
    assert value(name, *arguments) == from_flag


@pytest.mark.parametrize("address", ["tcp://10.0.0.1:7357", "udp://[fd00::1]:53"])
def test_an_address_that_kubernetes_puts_into_the_port_s_variable_counts_as_unset(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does so for a service named talkover-mock."""
    monkeypatch.setenv("TALKOVER_MOCK_PORT", address)
    assert (value("port"), value("port", "--port", "1")) == (7357, 1)
    with pytest.raises(click.BadParameter, match="expected a number from 0 to 65535"):
        value("port", "--port", address)


UNSENDABLE = "a header can't carry this token; give visible ASCII, without a space at its ends"
SEVERAL = "for several, repeat the option, or put spaces between them in the variable"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("port", "abc", 'expected a number from 0 to 65535 (got "abc")'),
        ("keep", "many", 'expected a whole number, 1 or more (got "many")'),
        ("allow_host", "a,b", f'"a,b" is no host; give a name or an address alone, such as example.com; {SEVERAL}'),
        ("deliver_to", "a,b", f'"a,b" is no host; give a name or an address alone, such as example.com; {SEVERAL}'),
        ("allow_host", "http://a", '"http://a" is no host; give a name or an address alone, such as example.com'),
        ("admin_token", " ", 'expected a token; without the option none is asked for (got " ")'),
        *(("admin_token", token, UNSENDABLE) for token in (" abc ", "abc ", "é", "a\tb", "a\nb")),
    ],
)
def test_what_an_option_can_not_be_is_told_with_its_variable(
    name: str, text: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    flag, variable = f"--{name.replace('_', '-')}", f"TALKOVER_MOCK_{name.upper()}"
    with pytest.raises(click.BadParameter) as by_flag:
        value(name, flag, text)
    monkeypatch.setenv(variable, text)
    with pytest.raises(click.BadParameter) as by_variable:
        value(name)
    expected = f"Invalid value for '{flag}' (env var: '{variable}'): {said}"
    assert by_flag.value.format_message() == by_variable.value.format_message() == expected


def test_an_empty_path_among_those_of_the_variable_is_not_the_current_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALKOVER_MOCK_FIXTURES", f"fixtures{os.pathsep}")
    with pytest.raises(click.BadParameter) as refused:
        value("fixtures")
    assert refused.value.message == NO_PATH


def test_an_admin_token_that_is_given_is_not_empty() -> None:
    """An empty variable is none, see OPTIONS."""
    with pytest.raises(click.BadParameter, match="expected a token; without the option none is asked for"):
        value("admin_token", "--admin-token", "")


def test_the_admin_routes_go_by_variable_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALKOVER_MOCK_NO_ADMIN", "true")
    assert value("no_admin") is True


@pytest.mark.slow
def test_deliveries_go_out_and_are_kept_as_the_flags_say(folder: Path) -> None:
    webhook = "{name: W, webhook_url: 'http://127.1:1', events: [event_action], max_retries: 0}"
    (folder / "mine.yaml").write_text(f"agents: [{{id: a, name: A, webhooks: [{webhook}]}}]\n")
    flags = ["--fixtures", "mine.yaml", "--port", "0", "--deliver-to", "127.1", "--keep", "1", "--mask-tokens"]
    with serving([sys.executable, "-m", "talkover_mock", "serve", *flags], folder, os.environ) as url:
        for _ in range(2):
            emit = {"agent_id": "a", "event": "event_action", "wait": WAIT}
            delivery = requests.post(f"{url}/__admin/events", json=emit, timeout=2 * WAIT).json()["deliveries"][0]
            assert (delivery["captured"], delivery["error"]) == (False, "Connection refused")
        found = requests.get(f"{url}/__admin/deliveries", timeout=WAIT).json()
        requests.get(f"{url}/api/v1/agents", headers={"Authorization": "Bearer talq_test"}, timeout=WAIT)
        [call] = requests.get(f"{url}/__admin/requests", timeout=WAIT).json()["requests"]
    assert (len(found["deliveries"]), found["dropped"]) == (1, 1)
    assert call["request"]["headers"]["Authorization"] == "Bearer ta***"


def test_a_variable_that_is_no_option_changes_nothing() -> None:
    result = run("schema", TALKOVER_MOCK_VERSION="1", TALKOVER_MOCK_HELP="1", TALKOVER_MOCK_SCHEMA_HELP="1")
    assert (result.exit_code, json.loads(result.stdout)) == (0, fixture_schema())


def test_a_name_that_standard_output_cannot_encode_is_printed_as_an_escape(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a pipe on Windows, or in a terminal of another language; in tables, names are as they came."""
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="cp1252"))
    monkeypatch.setattr(sys, "argv", ["talkover-mock", "--version"])
    with pytest.raises(SystemExit):
        run_program()
    print("Zoë 日本", end="", flush=True)  # noqa: T201
    assert written.getvalue().splitlines()[1:] == ["Zoë ".encode("cp1252") + rb"\u65e5\u672c"]
