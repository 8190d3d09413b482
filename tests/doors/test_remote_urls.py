"""Where the commands look for a server, and what they say of a place that can't be one's."""

from collections.abc import Callable

import pytest
from flask import Flask

from talkover_mock.app import create_app
from talkover_mock.base.words import printable
from talkover_mock.environments.world import World
from talkover_mock.web.server import Server
from tests.doors.test_remote_commands import run
from tests.support.rows import each_row

ASKING = ("health", "state")
"""Commands that ask a server: the one that asks the API, and one of those that ask the admin routes."""
NO_URL = 'the URL needs http:// and a host, such as http://127.0.0.1:7357 (got "{url}")'


def error_of(*arguments: str, **variables: str) -> str:
    """What is said of wrong use."""
    result = run(*arguments, **variables)
    assert (result.exit_code, result.stdout) == (2, "")
    return result.stderr.splitlines()[-1]


@each_row("command", ASKING)
@each_row(
    "url",
    [
        "",
        "foo",
        "7357",
        "localhost:7357",
        "http://",
        "http://127.0.0.1:port",
        "http://127.0.0.1:0",
        "http://[::1",
        "http://a/\udcff",
    ],
)
def test_what_is_no_url_is_wrong_use(url: str, command: str) -> None:
    option = "Invalid value for '--url' (env var: 'TALKOVER_MOCK_URL')"
    assert error_of(command, "--url", url) == f"Error: {option}: {NO_URL.format(url=printable(url))}"


def test_a_variable_that_is_no_url_is_named() -> None:
    assert "(env var: 'TALKOVER_MOCK_URL')" in error_of("state", TALKOVER_MOCK_URL="localhost:7357")


@each_row("command", ASKING)
@each_row("port", ["abc", "-1", "65536"])
def test_a_variable_that_is_no_port_is_named(port: str, command: str) -> None:
    expected = f'Error: Invalid value for TALKOVER_MOCK_PORT: expected a number from 0 to 65535 (got "{port}")'
    assert error_of(command, TALKOVER_MOCK_PORT=port) == expected


@pytest.mark.parametrize("command", ASKING)
@pytest.mark.parametrize(
    ("below", "route"), {"/api/v1": "/api/v1", "/api/v1/": "/api/v1", "/__admin/?tab=1": "/__admin"}.items()
)
def test_a_url_below_the_root_is_told_the_root(below: str, route: str, command: str, server: Server) -> None:
    url = server.url + below
    said, shown = error_of(command, "--url", url), url.replace("tab=1", "…")
    assert said.endswith(f': give the server\'s root, {server.url}, without {route} (got "{shown}")')


@each_row("command", ASKING)
@each_row(("more", "shown"), {"?": "?", "?page=1": "?…", "/?token=abc?d": "/?…", "#top": "#…"}.items())
def test_a_url_with_a_query_is_told_the_root(more: str, shown: str, command: str, server: Server) -> None:
    said = error_of(command, "--url", server.url + more)
    assert said.endswith(f': give the server\'s root, {server.url}, alone (got "{server.url}{shown}")')


def test_a_path_before_the_root_is_the_url_of_a_gateway(server: Server) -> None:
    result = run("state", "--url", f"{server.url}/elsewhere")
    assert result.stderr.startswith(f"Error: {server.url}/elsewhere has no admin routes: ")


@pytest.mark.parametrize("command", [["state"], ["reset"], ["environments", "--close", "mine"]])
def test_a_server_without_admin_routes_is_said_to_have_none(
    command: list[str], world: World, serve: Callable[[Flask], Server]
) -> None:
    url = serve(create_app(world, None)).url
    why = "it runs with --no-admin, or this is not the root of a mock server"
    assert error_of(*command, "--url", url).startswith(f"Error: {url} has no admin routes: {why} (404 Not Found: ")
