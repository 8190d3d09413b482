"""A server in the process of a script or of a test suite of another kind."""

import re
from pathlib import Path
from typing import Any

import pytest
import requests

from talkover_mock import local
from talkover_mock.client import MockServer
from talkover_mock.environments.world import World
from talkover_mock.loading.mistakes import FixtureError
from talkover_mock.local import Fixtures, Local, fixture_of, running_mockserver, serving
from talkover_mock.pytest_watching import AtOwnServer
from talkover_mock.receiver import WebhookReceiver
from talkover_mock.state.webhooks import Webhooks
from tests.support.documented import AGENT, TOGGLE, WEBHOOK
from tests.support.rows import each_row
from tests.support.threads import threads_left
from tests.support.turns import errors_in, every_turn

WAIT = 10


def toggle(url: str, headers: dict[str, str]) -> int:
    return requests.patch(url + TOGGLE, headers=headers, timeout=WAIT).status_code


def test_it_serves_the_built_in_fixture_as_long_as_it_runs() -> None:
    with running_mockserver() as mock:
        assert toggle(mock.url, mock.headers) == 200
        assert mock.webhook(WEBHOOK)["enabled"]
    with pytest.raises(requests.ConnectionError):
        toggle(mock.url, mock.headers)
    assert threads_left() == []


def test_only_its_tokens_open_anything() -> None:
    with running_mockserver() as mock:
        mine = mock.open_environment()
        statuses = [toggle(mock.url, each) for each in (mine.headers, {"Authorization": "Bearer typo"}, {})]
        assert statuses == [200, 401, 401]
        assert (mine.webhook(WEBHOOK)["enabled"], mock.webhook(WEBHOOK)["enabled"]) == (True, False)
        mine.close()


@pytest.mark.parametrize("kind", [str, Path, lambda path: [path], lambda path: (str(path),)])
def test_fixtures_are_a_path_or_several(kind: type[str], tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("tokens: [talq_mine]\nagents: [{name: Mine}]\n")
    fixtures: Fixtures = kind(file)
    with running_mockserver(fixtures) as mock:
        assert [agent["name"] for agent in mock.state()["agents"]] == ["Mine"]
        assert mock.token == "talq_mine"


def test_mistakes_are_told_before_anything_runs(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("agent: []\n")
    with pytest.raises(FixtureError, match="unknown key; did you mean agents"), running_mockserver(bad):
        pytest.fail("it runs")
    assert threads_left() == []


NO_PATHS = [(5, "5"), (b"x", "b'x'"), ({"agents": []}, "{'agents': []}"), ([["x"]], "['x']"), ([None], "None")]


@each_row("fixtures, shown", NO_PATHS)
def test_what_is_no_path_is_a_mistake(fixtures: Any, shown: str) -> None:
    text = re.escape(f"{shown}: expected the path of a fixture file or folder")
    with pytest.raises(FixtureError, match=f"^{text}$"), running_mockserver(fixtures):
        pytest.fail("it runs")


def test_a_port_may_be_given_once() -> None:
    with running_mockserver() as first:
        port = int(first.url.rpartition(":")[2])
        with pytest.raises(OSError, match="Address already in use"), running_mockserver(port=port):
            pytest.fail("it runs")
    with running_mockserver(port=port) as again:
        assert again.url == first.url


@each_row("port", [99999, 65536, -1, "x", "7357", 1.5, None, True])
def test_what_is_no_port_is_refused(port: Any) -> None:
    text = re.escape(f"a port is a number from 0 to 65535, 0 for a free one (got {port!r})")
    with pytest.raises(ValueError, match=f"^{text}$"), running_mockserver(port=port):
        pytest.fail("it runs")
    with pytest.raises(ValueError, match=f"^{text}$"):
        WebhookReceiver(port=port)


@each_row("host", ["", 5, None, b"127.0.0.1"])
def test_what_is_no_host_is_refused(host: Any) -> None:
    text = "a host to listen on is a name or an address, such as 127.0.0.1, or 0.0.0.0 for every address"
    with pytest.raises(ValueError, match=f"^{re.escape(f'{text} (got {host!r})')}$"):
        WebhookReceiver(host=host)


@each_row("hosts", ["example.com", 5, None, [5], b"example.com"])
def test_hosts_to_deliver_to_are_several(hosts: Any) -> None:
    text = re.escape(f'deliver_to is a list of hosts, such as ["example.com"] (got {hosts!r})')
    with pytest.raises(ValueError, match=f"^{text}$"), running_mockserver(deliver_to=hosts):
        pytest.fail("it runs")


def test_deliveries_go_out(receiver: WebhookReceiver) -> None:
    with running_mockserver(deliver_to=["127.0.0.1"]) as mock:
        mock.set_webhook(WEBHOOK, webhook_url=receiver.url, enabled=True)
        mock.emit(AGENT, "event_phone_call_started")
    assert receiver.events == ["event_phone_call_started"]


def test_strays_are_told_whatever_is_reset_and_crashes_wherever_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "mine.yaml"
    agents = f"agents: [{{id: {AGENT}, name: A}}]"
    file.write_text(f"{agents}\nenvironments: {{staging: {{tokens: [talq_staging], {agents}}}}}\n")
    with serving(fixture_of(file)) as local:
        toggle(local.client.url, {})
        meanwhile = AtOwnServer(local)
        local.client.reset()
        toggle(local.client.url, {})
        toggle(local.client.url, local.client.headers)
        assert [(each["number"], each["status"]) for each in meanwhile.strays()] == [(1, 401)]
        assert [(each["environment"], each["number"]) for each in meanwhile.elsewhere(())] == [("default", 2)]
        assert meanwhile.elsewhere(["default"]) == []
        monkeypatch.setattr(Webhooks, "toggle", lambda *_: 1 / 0)
        assert toggle(local.client.url, {"Authorization": "Bearer talq_staging"}) == 500
        [crash] = local.crashes()
        assert crash.endswith("ZeroDivisionError: division by zero\n")
        assert local.crashes() == []


def crashed() -> Local:
    """A server without a client, whose default environment has crashed twice."""
    found = Local(MockServer("http://127.0.0.1"), World(fixture_of(())))
    for crash in ("first", "second"):
        found.world.default.report(crash)
    return found


def test_a_crash_that_comes_while_others_are_taken_is_not_lost() -> None:
    def crash(server: Local) -> list[str]:
        server.world.default.report("third")
        return []

    for server, (taken, _) in every_turn(crashed, Local.crashes, crash, local):
        assert isinstance(taken, list)
        assert [*taken, *server.crashes()] == ["first", "second", "third"]


def test_each_crash_is_taken_by_one_of_two() -> None:
    for _, results in every_turn(crashed, Local.crashes, Local.crashes, local):
        assert sorted(crash for taken in results if isinstance(taken, list) for crash in taken) == ["first", "second"]
        assert not errors_in(results)
