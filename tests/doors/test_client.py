"""The harness's client, against a running server."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any, get_args

import pytest
import requests
from flask import Flask

from talkover_mock import __version__
from talkover_mock.admin.contents import KEYS
from talkover_mock.admin.guard import Guard
from talkover_mock.admin.routes import deliveries as delivery_routes
from talkover_mock.admin.routes import requests as requests_routes
from talkover_mock.admin.routes.faults import KEYS as FAULT_KEYS
from talkover_mock.app import create_app
from talkover_mock.base.shapes import values
from talkover_mock.client import MockServer, MockServerError, types
from talkover_mock.deliveries.faults import ACTIONS as ON_DELIVERIES
from talkover_mock.deliveries.faults import DETAILS, MATCH
from talkover_mock.environments.call_faults import ACTIONS, PRESETS
from talkover_mock.environments.world import World
from talkover_mock.loading.reader import WEBHOOK_KEYS
from talkover_mock.web.server import Server
from tests.support.documented import AGENT, OTHER_AGENT, TOGGLE, UNKNOWN, WEBHOOK
from tests.support.rows import each_row

PATH = TOGGLE.removeprefix("/api/v1")
ONE_AGENT = {"agents": [{"id": "one", "name": "One"}]}
ONE_AGENT_SERVED = {"agents": [{"id": "one", "name": "One", "cache_clears": 0, "webhooks": []}]}


def toggle(mock: MockServer) -> str:
    """Toggles the documented webhook through the API, and returns the answer's message."""
    with requests.Session() as session:
        session.trust_env = False
        return str(session.patch(mock.api_url + PATH, headers=mock.headers, timeout=5).json()["message"])


@pytest.fixture
def environment(mock: MockServer) -> Iterator[MockServer]:
    """An opened environment."""
    with mock.open_environment() as environment:
        yield environment


def test_where_it_is_and_how_to_get_in(server: Server) -> None:
    with MockServer(server.url + "/", "talq_mine", "mine") as mock:
        assert (mock.url, mock.api_url) == (server.url, f"{server.url}/api/v1")
        assert (mock.token, mock.name) == ("talq_mine", "mine")
        assert mock.headers == {"Authorization": "Bearer talq_mine"}


def test_without_a_token_it_is_the_default_environment(mock: MockServer, world: World) -> None:
    assert (mock.name, mock.headers) == ("default", {"Authorization": "Bearer talq_default"})
    assert toggle(mock) == "Webhook enabled"
    assert mock.state() == world.default.documents.whole()


def test_the_headers_are_the_callers_own(mock: MockServer) -> None:
    headers = mock.headers
    headers["X-More"] = "1"
    assert mock.headers == {"Authorization": f"Bearer {mock.token}"}


def test_health(mock: MockServer) -> None:
    health = mock.health()
    assert (health["status"], health["version"]) == ("ok", __version__)


def test_the_state_is_that_of_the_tokens_environment(server: Server, world: World) -> None:
    with MockServer(server.url, "talq_staging") as mock:
        assert mock.state() == world.by_name("staging").documents.whole() != world.default.documents.whole()


def test_another_state(environment: MockServer, mock: MockServer) -> None:
    before = mock.state()
    assert environment.replace_state(ONE_AGENT) == ONE_AGENT_SERVED
    assert environment.state() == ONE_AGENT_SERVED
    assert mock.state() == before
    environment.reset()
    assert environment.state() == before


def test_a_fixture_laid_over_the_state(environment: MockServer) -> None:
    before = environment.state()
    after = environment.merge_state({"agents": [{"id": AGENT, "webhooks": [{"id": WEBHOOK, "timeout": 60}]}]})
    assert after == environment.state()
    before["agents"][0]["webhooks"][0]["timeout"] = 60
    assert after == before
    environment.reset()
    assert environment.webhook(WEBHOOK)["timeout"] == 30


def test_an_agent_and_a_webhook_by_their_ids(mock: MockServer) -> None:
    state = mock.state()
    assert mock.agent(OTHER_AGENT) == state["agents"][1]
    assert mock.webhook(WEBHOOK) == state["agents"][0]["webhooks"][0]
    assert mock.webhook(state["agents"][1]["webhooks"][1]["id"]) == state["agents"][1]["webhooks"][1]


def test_an_agent_and_a_webhook_with_a_dollar(environment: MockServer) -> None:
    """What is served of them then begins with a key more."""
    changed = environment.set_webhook(WEBHOOK, webhook_secret="pa$$word")
    assert environment.webhook(WEBHOOK) == environment.agent(AGENT)["webhooks"][0] == changed
    assert environment.state()["variables"] is False


@each_row(
    "url",
    ["localhost:7357", "", "ftp://x", "http://x:7357/api/v1", "https://x/__admin/state", "http:///x", "http://x?a"],
)
def test_what_is_no_root_of_a_server_is_an_error(url: str) -> None:
    with pytest.raises(ValueError, match=r"^expected the root of a server, such as ") as error:
        MockServer(url)
    assert str(error.value).endswith(f"(got {url!r})")


def test_an_unknown_id_is_a_key_error_that_names_the_known_ones(environment: MockServer) -> None:
    with pytest.raises(KeyError) as agent:
        environment.agent(UNKNOWN)
    [text] = agent.value.args
    assert text.startswith(f'no agent in environment {environment.name} has the id "{UNKNOWN}"; there are ')
    with pytest.raises(KeyError) as near:
        environment.webhook(WEBHOOK[:-1])
    [text] = near.value.args
    assert text.endswith(f'has the id "{WEBHOOK[:-1]}"; nearest: {WEBHOOK}')
    environment.replace_state(ONE_AGENT)
    with pytest.raises(KeyError) as webhook:
        environment.webhook(WEBHOOK)
    [text] = webhook.value.args
    assert text.endswith(f'has the id "{WEBHOOK}"; there are none')


def test_an_environment_is_opened_on_this_ones_baseline(mock: MockServer, server: Server) -> None:
    before = mock.state()
    toggle(mock)
    with mock.open_environment() as opened:
        assert (opened.name, opened.url) == ("environment-1", server.url)
        assert opened.state() == before
        assert [toggle(opened), toggle(mock)] == ["Webhook enabled", "Webhook disabled"]
        with opened.open_environment() as another:
            assert (another.name, another.state()) == ("environment-2", before)


def test_an_environment_is_opened_as_it_is_wished(mock: MockServer, world: World) -> None:
    with (
        mock.open_environment("mine", "talq_mine", fixture=ONE_AGENT) as mine,
        mock.open_environment(from_="staging") as other,
    ):
        assert (mine.name, mine.token, mine.state()) == ("mine", "talq_mine", ONE_AGENT_SERVED)
        assert other.state() == world.by_name("staging").documents.whole()


def test_a_closed_environment_is_gone_and_tells_the_servers_crashes(
    mock: MockServer, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert mock.open_environment("quiet").close()["errors"] == []
    environment = mock.open_environment("mine")
    with monkeypatch.context() as patch:
        patch.setattr("talkover_mock.state.webhooks.Webhooks.toggle", lambda *_: 1 / 0)
        assert toggle(environment) == "Server Error"
    errors = environment.close()["errors"]
    assert [text.splitlines()[-1] for text in errors] == ["ZeroDivisionError: division by zero"]
    assert set(world.environments) == {"default", "staging", "production"}


def test_what_can_not_be_closed_is_an_error(mock: MockServer) -> None:
    with pytest.raises(
        MockServerError, match='409 The environment stays: environment "default" comes from the fixture'
    ):
        mock.close()


def test_the_connection_ends_and_the_environment_stays(mock: MockServer, world: World) -> None:
    with mock.open_environment("mine", "talq_mine") as mine:
        mine.disconnect()
    assert world.by_token("talq_mine").name == "mine"


def test_an_error_carries_the_whole_problem(mock: MockServer) -> None:
    wrong = {"agents": [{"id": AGENT, "webhooks": [{"id": WEBHOOK, "timeout": 3, "evnts": []}]}]}
    with pytest.raises(MockServerError) as caught:
        mock.merge_state(wrong)
    assert str(caught.value) == (
        "422 The fixture has mistakes: 2 mistakes, so nothing was changed; the first: "
        "agents[0].webhooks[0].evnts: unknown key; did you mean events?\n"
        "  agents[0].webhooks[0].timeout: The timeout must be between 5 and 120. (got 3)"
    )
    assert (caught.value.status, caught.value.problem["status"]) == (422, 422)
    assert [each["line"] for each in caught.value.problem["errors"]] == [1, 1]


def refusals() -> list[tuple[str, Callable[[MockServer], Any], str]]:
    expired = "401 Unknown token: the fixture lists the token under expired_tokens of staging"
    return [
        ("state", MockServer.state, expired),
        ("replace_state", lambda mock: mock.replace_state({}), expired),
        ("merge_state", lambda mock: mock.merge_state({}), expired),
        ("reset", MockServer.reset, expired),
        ("agent", lambda mock: mock.agent(AGENT), expired),
        ("webhook", lambda mock: mock.webhook(WEBHOOK), expired),
        ("open_environment", MockServer.open_environment, expired),
        (
            "open_environment from",
            lambda mock: mock.open_environment(from_="nope"),
            '404 No such environment: no environment is named "nope"; GET environments lists them',
        ),
        (
            "open_environment name",
            lambda mock: mock.open_environment("staging"),
            expired,
        ),
        (
            "close",
            MockServer.close,
            '404 No such environment: no environment is named "nowhere"; GET environments lists them',
        ),
    ]


@each_row(("call", "text"), [row[1:] for row in refusals()], ids=[row[0] for row in refusals()])
def test_every_method_raises_what_the_server_refuses(
    server: Server, call: Callable[[MockServer], Any], text: str
) -> None:
    with MockServer(server.url, "talq_staging_2024", "nowhere") as mock:
        with pytest.raises(MockServerError) as caught:
            call(mock)
        assert str(caught.value) == text


def test_the_admin_token_is_sent_and_handed_on(world: World, serve: Callable[[Flask], Server]) -> None:
    url = serve(create_app(world, Guard(token="secret"))).url
    with MockServer(url, admin_token="secret") as mock, mock.open_environment() as environment:
        environment.reset()
        assert environment.state() == mock.state()
    with MockServer(url) as mock, pytest.raises(MockServerError) as caught:
        mock.state()
    assert str(caught.value) == (
        "401 Admin token needed: the header X-Mockserver-Admin-Token is missing "
        "(see serve's --admin-token; commands and the pytest plugin send TALKOVER_MOCK_ADMIN_TOKEN)"
    )


def test_a_server_without_admin_routes_is_an_error_too(world: World, serve: Callable[[Flask], Server]) -> None:
    with MockServer(serve(create_app(world)).url) as mock, pytest.raises(MockServerError) as caught:
        mock.state()
    assert str(caught.value) == '404 Not Found: { "message": "The route __admin/state could not be found." }'


class _Gateway(BaseHTTPRequestHandler):
    """A proxy between that answers with a page of its own."""

    def do_GET(self) -> None:
        page = b"<h1>no</h1>" if self.path.endswith("state") else b"[]"
        self.send_response(502, "Bad Gateway")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture
def gateway() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Gateway) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_what_is_no_problem_document_is_shown_as_it_is(gateway: str) -> None:
    with MockServer(gateway) as mock:
        with pytest.raises(MockServerError) as page:
            mock.state()
        with pytest.raises(MockServerError) as other:
            mock.health()
    assert (str(page.value), str(other.value)) == ("502 Bad Gateway: <h1>no</h1>", "502 Bad Gateway: []")


def test_a_proxy_of_the_machine_is_not_used(mock: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert mock.health()["status"] == "ok"


def test_types_name_what_there_is() -> None:
    assert get_args(values.Preset) == tuple(PRESETS)
    assert get_args(values.Action) == ACTIONS
    assert set(types.WebhookFields.__annotations__) == {*WEBHOOK_KEYS, "include_call_events"} - {"id", "logs"}
    assert get_args(values.DeliveryAction) == tuple(ON_DELIVERIES)
    assert set(types.Match.__annotations__) == {"method", "path", *MATCH, *KEYS}
    of_a_fault = {"preset", "action", "on"} | set(types.FaultDetails.__annotations__)
    assert of_a_fault == {*FAULT_KEYS, *DETAILS, *types.OtherMatch.__annotations__}
    assert set(types.CallFilters.__annotations__) == set(requests_routes.FILTERS)
    assert set(types.DeliveryFilters.__annotations__) == set(delivery_routes.FILTERS)
