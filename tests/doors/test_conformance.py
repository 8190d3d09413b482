"""`talkover-mock conformance`: what it asks, what it prints, what it leaves behind, how it ends."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from flask import Flask

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.client import MockServer
from talkover_mock.environments.world import World
from talkover_mock.learning.asking import AskedServer
from talkover_mock.learning.probing import look_around
from talkover_mock.loading.files import default_fixture, read_file
from talkover_mock.loading.fixture import read_fixture
from talkover_mock.web.server import Server
from tests.doors.test_cli import run
from tests.support.documented import AGENT, OTHER_AGENT, UNKNOWN, WEBHOOK
from tests.support.fixture_documents import source
from tests.support.peers import ok, peers
from tests.support.rows import each_row

Start = Callable[..., MockServer]
_OWN = "/webhooks/{campaignwebhook}"
OF_CAMPAIGN = ("", "/webhooks", _OWN, "/webhooks/{unknown}", f"{_OWN}/logs?per_page=1")
"""What the probes ask of a campaign."""


@pytest.fixture
def start(serve: Callable[[Flask], Server]) -> Iterator[Start]:
    """Starts a server of the built-in fixture and of what a test lays over it, and gives the client of it."""
    with ExitStack() as stack:

        def started(**more: Any) -> MockServer:
            world = World(read_fixture([read_file(default_fixture()), source(more)]))
            url = serve(create_app(world, Guard())).url
            return stack.enter_context(MockServer(url, "talq_mine" if "tokens" in more else None))

        yield started


def asked(mock: MockServer) -> set[str]:
    return {each["method"] for each in mock.requests()}


@pytest.mark.slow
def test_the_probes_that_read_change_nothing_and_agree(start: Start) -> None:
    mock = start()
    before = mock.state()
    done = run("conformance", "--url", mock.url)
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        f"agent {AGENT}, of GET /agents",
        f"webhook {WEBHOOK}, of its webhooks: the first; no log of 4 webhooks has an entry",
        "left out: GET /agents/{agent}/webhooks, since this server takes any token",
        *(f"left out: GET /campaigns/{{campaign}}{rest}, since there is no campaign" for rest in OF_CAMPAIGN),
        "left out: GET /agents/{agent}/webhooks/{webhook}/logs?per_page=1, since no log has an entry",
        "73 of 80 probes agree, 0 differ, 7 were left out",
        "61 were not asked, since they write: --write-to AGENT_ID asks them",
    ]
    assert (mock.state(), asked(mock)) == (before, {"GET", "HEAD", "OPTIONS"})


@pytest.mark.slow
def test_a_campaign_is_found_to_read_from(start: Start) -> None:
    webhook = {"id": "spring-1", "name": "W", "webhook_url": "http://xy", "events": ["campaign.started"]}
    own = [{"id": "empty", "name": "E", "agent_id": AGENT}, {"id": "spring", "name": "S", "agent_id": AGENT}]
    mock = start(campaigns=own)
    said = run("conformance", "--url", mock.url).stdout
    assert "campaign empty: the first of GET /campaigns; none has a webhook" in said
    assert "left out: GET /campaigns/{campaign}/webhooks/{campaignwebhook}, since no campaign has a webhook" in said
    mock.merge_state({"campaigns": [{"id": "spring", "webhooks": [webhook]}]})
    before = mock.state()
    done = run("conformance", "--url", mock.url)
    assert "campaign spring, of GET /campaigns, with webhook spring-1" in done.stdout
    assert (done.exit_code, done.stdout.splitlines()[-2]) == (0, "78 of 80 probes agree, 0 differ, 2 were left out")
    assert mock.state() == before


@pytest.mark.slow
def test_the_probes_that_write_leave_no_webhook_behind(start: Start) -> None:
    mock = start(tokens=["talq_mine"])
    before = mock.state()
    done = run("conformance", "--url", mock.url, "--token", "talq_mine", "--write-to", OTHER_AGENT)
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "135 of 141 probes agree, 0 differ, 6 were left out")
    assert f"made at agent {OTHER_AGENT} to write to, and deleted at the end" in done.stdout
    assert "talq_mine" not in done.stdout
    after = mock.state()
    assert [agent["webhooks"] for agent in after["agents"]] == [agent["webhooks"] for agent in before["agents"]]
    written = [each["path"] for each in mock.requests() if each["method"] in ("PUT", "PATCH", "DELETE")]
    assert [path for path in written if f"/agents/{AGENT}/webhooks/{WEBHOOK}" in path] == []


@pytest.mark.slow
def test_an_answer_that_differs_is_told_with_its_behaviour(start: Start) -> None:
    mock = start(settings={"create_status": 201, "failed_test_status": 502})
    done = run("conformance", "--url", mock.url, "--write-to", AGENT)
    create = "differs: POST /agents/{agent}/webhooks: status: expected 200, came 201"
    assert done.exit_code == 1
    assert [line for line in done.stdout.splitlines() if line.startswith("differs")] == [
        create,
        create,
        "differs: POST /agents/{agent}/webhooks: status: expected 200, came 201",
    ]
    behaviour = "  Create answers 200, not 201, which the vendor's OpenAPI file alone says (inferred from a sample)"
    assert f"{create}\n{behaviour}\n" in done.stdout
    assert "3 differ" in done.stdout.splitlines()[-2]


@pytest.mark.slow
def test_a_fault_is_what_the_probe_says_it_is(start: Start) -> None:
    mock = start()
    mock.add_fault(match={"path": "*/health"}, respond={"status": 200, "body": {"status": True, "secret": "x"}})
    done = run("conformance", "--url", mock.url)
    assert done.exit_code == 1
    assert "differs: GET /health: body: expected the keys status, came status, secret" in done.stdout


@pytest.mark.slow
def test_a_server_without_agents_is_asked_what_needs_none(start: Start) -> None:
    mock = start()
    mock.replace_state({"agents": []})
    done = run("conformance", "--url", mock.url)
    assert done.exit_code == 0
    assert done.stdout.startswith("GET /agents has none\n")
    assert "left out: GET /agents/{agent}, since there is no agent" in done.stdout
    mock.replace_state({"agents": [{"id": "alone", "name": "A"}]})
    done = run("conformance", "--url", mock.url)
    assert done.stdout.startswith("agent alone: the first of GET /agents; none has a webhook\n")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--token", "talq_wrong"], "GET /agents is answered 401: give the token of an environment"),
        (
            ["--token", "talq_mine", "--write-to", UNKNOWN],
            f"no webhook can be made at agent {UNKNOWN}: its webhooks are answered 404",
        ),
        (
            ["--token", "talq_mine", "--write-to", "\udcff"],
            "no webhook can be made at agent \\udcff: its webhooks are answered 404",
        ),
    ],
)
def test_what_it_cannot_do(start: Start, options: list[str], text: str) -> None:
    done = run("conformance", "--url", start(tokens=["talq_mine"]).url, *options)
    assert (done.exit_code, done.stderr) == (2, f"Error: {text}\n")
    assert "left out: " not in done.stdout, "no probe is asked in vain"


@each_row("body", [b"<html>spa</html>", b"[]", b"null", b"", b"{}", b'{"data": {}}'])
def test_a_server_of_something_else(body: bytes) -> None:
    with peers() as begin:
        url = begin(lambda _, it: it.sendall(ok(body)) if it.recv(1 << 16) else None).url
        done = run("conformance", "--url", url)
    expected = "GET /agents is answered 200 without a list as data: is it the root of a server of this API?"
    assert (done.exit_code, done.stdout, done.stderr) == (2, "", f"Error: {expected}\n")


@pytest.mark.parametrize("status", [404, 500])
def test_another_refusal_than_that_of_the_token_says_nothing_of_tokens(start: Start, status: int) -> None:
    mock = start()
    mock.add_fault(match={"path": "*/agents"}, respond={"status": status, "body": {}})
    done = run("conformance", "--url", mock.url)
    expected = f"GET /agents is answered {status}: is it the root of a server of this API?"
    assert (done.exit_code, done.stderr) == (2, f"Error: {expected}\n")


def test_a_server_that_does_not_answer() -> None:
    done = run("conformance", "--url", "http://127.0.0.1:1")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: http://127.0.0.1:1/api/v1/agents?per_page=100 can't be asked (")


def test_a_limit_that_is_used_up_is_waited_for(start: Start) -> None:
    mock = start()
    mock.add_fault("rate_limited", times=1)
    pauses: list[float] = []
    with closing(AskedServer(mock.url, "talq_x", pauses.append)) as server:
        assert look_around(server).ids == {"agent": AGENT, "webhook": WEBHOOK}
    assert pauses == [60]
