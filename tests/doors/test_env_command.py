"""`talkover-mock env`: where a server is, for shells and as JSON."""

import json
import os
import subprocess
from collections.abc import Callable

from flask import Flask

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.cli.env import command
from talkover_mock.client import MockServer
from talkover_mock.environments.world import World
from talkover_mock.loading.fixture import read_fixture
from talkover_mock.web.server import Server
from tests.doors.test_remote_commands import run
from tests.support.fixture_documents import source


def evaluated(exports: str) -> dict[str, str]:
    """The variables that a shell has after it has read the lines."""
    names = [line.split("=")[0].removeprefix("export ") for line in exports.splitlines()]
    script = exports + "".join(f"printf '%s\\0' \"${name}\"\n" for name in names)
    shown = subprocess.run(["sh", "-ec", script], env={"PATH": os.environ["PATH"]}, capture_output=True, check=True)
    return dict(zip(names, shown.stdout.decode().split("\0"), strict=False))


def test_a_shell_learns_where_the_server_is(mock: MockServer) -> None:
    result = run("env", "--url", mock.url)
    assert (result.exit_code, result.stderr) == (0, "")
    assert evaluated(result.stdout) == {
        "TALKOVER_URL": mock.api_url,
        "TALKOVER_TOKEN": "talq_default",
        "TALKOVER_MOCK_URL": mock.url,
        "TALKOVER_MOCK_ADMIN_URL": f"{mock.url}/__admin",
    }


def test_a_token_is_that_of_the_commands_that_follow(mock: MockServer) -> None:
    found = evaluated(run("env", "--url", mock.url, "--token", "talq_staging").stdout)
    assert found["TALKOVER_MOCK_TOKEN"] == found["TALKOVER_TOKEN"] == "talq_staging"
    opened = evaluated(run("env", "--open", "mine", "--url", mock.url).stdout)
    assert json.loads(run("clock", **opened).stdout)["frozen"] is False
    with MockServer(mock.url, opened["TALKOVER_TOKEN"]) as mine:
        mine.freeze()
    assert json.loads(run("clock", **opened).stdout)["frozen"] is True
    assert mock.clock()["frozen"] is False


def test_nothing_in_a_token_is_a_command(mock: MockServer) -> None:
    token = "talq_'$(exit)`exit`;exit\"&|>"
    mock.open_environment("odd", token).disconnect()
    assert evaluated(run("env", "--url", mock.url, "--token", token).stdout)["TALKOVER_TOKEN"] == token


def test_as_json_it_is_an_object(mock: MockServer) -> None:
    found = json.loads(run("env", "--json", "--url", mock.url).stdout)
    admin_url = f"{mock.url}/__admin"
    assert found == {"url": mock.url, "api_url": mock.api_url, "admin_url": admin_url, "token": "talq_default"}


def test_a_token_that_opens_nothing_is_refused(mock: MockServer) -> None:
    result = run("env", "--url", mock.url, "--token", "talq_nope")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no environment has this token" in result.stderr


def test_a_default_environment_with_tokens_needs_one(serve: Callable[[Flask], Server]) -> None:
    world = World(read_fixture([source({"tokens": ["talq_own"], "agents": []})]))
    server = serve(create_app(world, Guard()))
    result = run("env", "--url", server.url)
    assert (result.exit_code, result.stdout) == (2, "")
    remedy = "give one with --token, or open a copy with --open NAME"
    assert result.stderr == f"Error: the default environment has its own tokens; {remedy}\n"
    assert evaluated(run("env", "--url", server.url, "--token", "talq_own").stdout)["TALKOVER_TOKEN"] == "talq_own"


def test_what_it_prints_is_what_its_help_names(mock: MockServer) -> None:
    printed = evaluated(run("env", "--open", "mine", "--url", mock.url).stdout)
    assert [name for name in printed if name not in (command.help or "")] == []
