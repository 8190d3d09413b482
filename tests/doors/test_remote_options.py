"""What the commands against a running server share: their options, their variables, completion."""

import json
import re
from collections.abc import Callable, Mapping, Sequence

import click
import pytest
from flask import Flask

from talkover_mock.admin.guard import Guard
from talkover_mock.admin.routes import deliveries as delivery_routes
from talkover_mock.admin.routes import requests as request_routes
from talkover_mock.app import create_app
from talkover_mock.cli import deliveries, main, requests, serve
from talkover_mock.client import MockServer
from talkover_mock.environments.world import World
from talkover_mock.web.server import Server
from tests.conftest import ROOT
from tests.doors.test_remote_commands import VERBS, run
from tests.support.documented import WEBHOOK
from tests.support.peers import closed_port


def test_these_are_all_commands_against_a_server() -> None:
    takes_a_token = []
    for name in main.list_commands(click.Context(main)):
        found = main.get_command(click.Context(main), name)
        assert found
        takes_a_token += [name for each in found.params if "--token" in each.opts]
    assert takes_a_token == sorted([*VERBS, "conformance", "import"])  # which ask any server, not only a mock


def test_the_page_of_the_commands_names_every_command_once() -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    first, _, rest = page.partition("\n## serve\n")
    others = re.findall(r"`(\w+)(?: PATH\.\.\.)?`", "".join(re.findall(r"^\| (`.*?) \|", first, re.MULTILINE)))
    remote = re.findall(r"^\| `talkover-mock (\w+)", rest, re.MULTILINE)
    assert sorted(remote) == sorted([*VERBS, "probe"])
    assert sorted([*others, *remote]) == main.list_commands(click.Context(main))


def test_the_page_of_the_commands_names_every_option_of_serve() -> None:
    _, _, section = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8").partition("\n## serve\n")
    rows = re.findall(r"^\| (`--.*?) \|", section.partition("\n## ")[0], re.MULTILINE)
    options = [each.opts[0] for each in serve.command.params if isinstance(each, click.Option)]
    assert sorted(re.findall(r"--[\w-]+", "".join(rows))) == sorted(options)


@pytest.mark.parametrize(
    ("known", "filters"),
    [(requests.FILTERS, request_routes.FILTERS), (deliveries.FILTERS, delivery_routes.FILTERS)],
)
def test_the_filters_that_a_command_knows_are_those_of_the_server(
    known: Sequence[str], filters: Mapping[str, object]
) -> None:
    assert [each.split()[0] for each in known] == list(filters)


@pytest.mark.parametrize(
    ("typed", "offered"), [("re", ["redeliver", "report", "requests", "reset"]), ("clock --f", ["--freeze"])]
)
def test_a_shell_completes_commands_and_options(typed: str, offered: list[str]) -> None:
    words = f"talkover-mock {typed}"
    found = run(_TALKOVER_MOCK_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(len(typed.split())))
    assert found.stdout.splitlines() == [f"plain,{word}" for word in offered]


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["--url", "{up}/"], {"TALKOVER_MOCK_URL": "{down}"}),
        ([], {"TALKOVER_MOCK_URL": "{up}", "TALKOVER_MOCK_PORT": "9"}),
        ([], {"TALKOVER_MOCK_URL": "", "TALKOVER_MOCK_PORT": "{port}"}),
        (["--url", "{up}"], {"TALKOVER_MOCK_TOKEN": ""}),
    ],
)
def test_the_server_is_that_of_the_flag_or_a_variable(
    arguments: Sequence[str], variables: dict[str, str], server: Server
) -> None:
    with closed_port() as down:
        places = {"up": server.url, "down": down, "port": server.port}
        given = {name: value.format(**places) for name, value in variables.items()}
        result = run("clock", *(each.format(**places) for each in arguments), **given)
    assert (result.exit_code, list(json.loads(result.stdout))) == (0, ["now", "frozen"])


def test_the_admin_token_comes_from_its_variable(world: World, serve: Callable[[Flask], Server]) -> None:
    url = serve(create_app(world, Guard(token="secret"))).url
    refused = run("reset", "--url", url)
    assert (refused.exit_code, refused.stdout, refused.stderr) == (
        2,
        "",
        "Error: 401 Admin token needed: the header X-Mockserver-Admin-Token is missing "
        "(see serve's --admin-token; commands and the pytest plugin send TALKOVER_MOCK_ADMIN_TOKEN)\n",
    )
    assert run("reset", "--url", url, TALKOVER_MOCK_ADMIN_TOKEN="secret").exit_code == 0


def test_a_token_that_no_environment_has_resets_nothing(mock: MockServer) -> None:
    mock.set_webhook(WEBHOOK, enabled=True)
    result = run("reset", "--url", mock.url, "--token", "talq_stagin")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no environment has this token; nearest: the token of environment staging" in result.stderr
    assert mock.webhook(WEBHOOK)["enabled"] is True
