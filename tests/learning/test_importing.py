"""`talkover-mock import`: what it asks, what the fixture has and what it leaves out, and how it ends."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from talkover_mock.client import MockServer
from talkover_mock.learning.asking import AskedServer, CannotRun
from talkover_mock.learning.importing import NOT_TOLD, Account
from talkover_mock.loading.files import load
from talkover_mock.loading.fixture import read_fixture
from talkover_mock.local import serving
from tests.doors.test_cli import run
from tests.support.fixture_documents import source

TOKEN, PHONE = "talq_of_the_account", "+4930123456"
HOOK = {
    "id": "w-1",
    "name": "Bills of $ {Ann}",
    "webhook_url": f"https://ann:pass@app.example.org:8443/hooks/a1b2c3d4e5f6a7b8c9d0?key={TOKEN}",
    "webhook_secret": "the secret of the account",
    "events": ["event_action", "event_recording"],
    "timeout": 10,
    "enabled": False,
    "custom_headers": [{"key": "X-Key", "value": "the key of the account"}],
    "created_at": "2025-09-03T23:19:51Z",
    "status": "error",
}
ACCOUNT: dict[str, Any] = {
    "tokens": [TOKEN],
    "agents": [
        {
            "id": "a-1",
            "name": "Ann's ${HOME}",
            "label": f"call {PHONE}",
            "voice": {"id": "21m00Tcm4TlvDq8ikWAM", "name": "Rachel"},
            "phone_numbers": [PHONE, 4930123456],
            "api_token": "short",
            "further": {"note": "Ann's note"},
            "created_at": "2024-05-01T10:00:00Z",
            "webhooks": [HOOK],
        },
        {"id": "a/2", "name": "B", "language": "de-DE"} | {"id": "a-2"},
    ],
    "campaigns": [
        {
            "id": "c-1",
            "name": "Spring",
            "agent_id": "a-2",
            "status": "paused",
            "webhooks": [
                {
                    "id": "w-2",
                    "name": "Progress",
                    "webhook_url": "https://app.example.org/c",
                    "events": ["campaign.started"],
                    "timeout": 7,
                    "include_call_events": True,
                }
            ],
        }
    ],
}


@contextmanager
def account(**more: Any) -> Iterator[MockServer]:
    with serving(read_fixture([source({**ACCOUNT, **more})])) as local:
        yield local.client


def imported(mock: MockServer, *, redacts: bool = False) -> tuple[dict[str, Any], Account]:
    with closing(AskedServer(mock.url, TOKEN)) as server:
        reading = Account(server, redacts=redacts)
        return reading.read(), reading


def test_agents_campaigns_and_webhooks_come_with_what_the_api_tells() -> None:
    with account() as mock:
        document, reading = imported(mock)
        asked = {each["method"] for each in mock.requests()}
    assert asked == {"GET"}
    first, second = document["agents"]
    assert (first["id"], first["created_at"], second["language"]) == ("a-1", "2024-05-01T10:00:00Z", "de-DE")
    assert first["voice"] == {"id": "21m00Tcm4TlvDq8ikWAM", "name": "Rachel"}
    assert first["further"] == {"note": "Ann's note"}
    assert first["webhooks"] == [
        {
            "id": "w-1",
            "name": "Bills of $$ {Ann}",
            "webhook_url": "https://app.example.org:8443/hooks/redacted?key=redacted",
            "events": ["event_action", "event_recording"],
            "timeout": 10,
            "max_retries": 3,
            "enabled": False,
            "created_at": "2025-09-03T23:19:51.000000Z",
            "updated_at": "2025-09-03T23:19:51.000000Z",
            "status": "error",
        }
    ]
    [campaign] = document["campaigns"]
    assert (campaign["status"], campaign["agent_id"]) == ("paused", "a-2")
    [hook] = campaign["webhooks"]
    assert (hook["timeout"], hook["include_call_events"], hook["events"]) == (7, True, ["campaign.started"])
    assert reading.notes == [*NOT_TOLD]


def test_the_fixture_serves_what_the_account_served(tmp_path: Path) -> None:
    with account() as mock:
        done = run("import", mock.url, "--token", TOKEN, "--out", str(tmp_path / "a.yaml"))
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr.splitlines()[-2:] == [f"written to {tmp_path / 'a.yaml'}", "2 agents, 1 campaign, 2 webhooks"]
    assert run("check", str(tmp_path / "a.yaml")).exit_code == 0
    baseline = load([tmp_path / "a.yaml"])["default"].baseline
    assert baseline.agents["a-1"].name == "Ann's ${HOME}"
    assert baseline.webhooks["w-1"].in_error
    text = (tmp_path / "a.yaml").read_text()
    assert f"# {NOT_TOLD[0]}\n" in text
    for secret in (TOKEN, PHONE, PHONE[1:], "pass", "a1b2c3", "short", "the secret", "the key"):
        assert secret not in text + done.output


def test_names_urls_and_texts_are_replaced_where_that_is_wanted() -> None:
    with account() as mock:
        done = run("import", mock.url, "--token", TOKEN, "--redact")
    document = yaml.safe_load(done.stdout)
    assert [agent["name"] for agent in document["agents"]] == ["Agent 1", "Agent 2"]
    hooks = [hook for owner in (*document["agents"], *document["campaigns"]) for hook in owner["webhooks"]]
    assert [(hook["id"], hook["name"], hook["webhook_url"]) for hook in hooks] == [
        ("w-1", "Webhook 1", "https://example.com/redacted/1"),
        ("w-2", "Webhook 2", "https://example.com/redacted/2"),
    ]
    assert document["campaigns"][0]["name"] == "Campaign 1"
    assert document["agents"][0]["further"] == {"note": "redacted"}
    assert document["agents"][1]["language"] == "de-DE"
    for word in ("Ann", "Spring", "Progress", "Bills", "example.org", "Rachel"):
        assert word not in done.output


@pytest.mark.slow
def test_every_page_is_read() -> None:
    agents = [{"id": f"a-{i}", "name": "A"} for i in range(205)]
    with account(agents=agents, campaigns=[], settings={"rate_limit": 10_000}) as mock:
        document, _ = imported(mock)
        pages = mock.requests(path="*/agents")
    assert [agent["id"] for agent in document["agents"]] == [agent["id"] for agent in agents]
    assert len(pages) == 3
    assert "campaigns" not in document


def test_the_rate_limit_is_obeyed_before_it_refuses() -> None:
    pauses: list[float] = []
    with account(settings={"rate_limit": 2, "enforce_rate_limit": True}) as mock:
        mock.freeze("2025-09-03T23:50:15Z")
        began = 1756943415.0

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            mock.advance(seconds)

        with closing(AskedServer(mock.url, TOKEN, pause, lambda: began + sum(pauses), paces=True)) as server:
            assert Account(server).read()["agents"]
        assert {each["status"] for each in mock.requests()} == {200}
    assert pauses == [60, 60]


def test_a_refusal_is_waited_for_as_long_as_it_says() -> None:
    pauses: list[float] = []
    with account() as mock:
        mock.add_fault("rate_limited", times=2, headers={"Retry-After": "7"})
        mock.add_fault("maintenance", times=1, after=2, headers={"Retry-After": "3"})
        with closing(AskedServer(mock.url, TOKEN, pauses.append)) as server:
            assert Account(server).read()["agents"]
    assert pauses == [7, 7, 3]


def test_a_pause_that_is_too_long_ends_it() -> None:
    with account() as mock:
        mock.add_fault("rate_limited", headers={"Retry-After": "3600"})
        done = run("import", mock.url, "--token", TOKEN)
    expected = "Error: the server wants a pause of 3600 seconds; try again after that\n"
    assert (done.exit_code, done.stdout, done.stderr) == (2, "", expected)


@pytest.mark.parametrize("status", [404, 501, 403])
def test_an_api_without_campaigns_has_none(status: int) -> None:
    with account() as mock:
        mock.add_fault(match={"path": "*/campaigns"}, respond={"status": status, "body": {}})
        document, reading = imported(mock)
    assert "campaigns" not in document
    assert reading.notes[-1] == f"GET /campaigns is answered {status}: there are none."


def test_what_a_fixture_cannot_have_is_left_out_and_named_without_its_value() -> None:
    hooks = [
        {"id": "w-3", "name": "New", "webhook_url": "https://a.example", "events": ["event_new"], "new": "the value"},
        {"id": "w-4", "name": "Old", "webhook_url": "https://a.example", "events": ["event_new", "event_action"]},
        {"id": "w-4", "name": "Twice", "webhook_url": "https://a.example", "events": ["event_action"]},
    ]
    agents = [
        {"id": "a-1", "name": "A", "language": "xx-the value", "phone_number": PHONE},
        {"id": "a-2", "name": ""},
        {"id": "spaces in it", "name": "C"},
    ]
    with account(campaigns=[]) as mock:
        mock.add_fault(match={"path": "*/agents"}, respond={"status": 200, "body": {"success": True, "data": agents}})
        body = {"success": True, "data": {"webhooks": hooks}}
        mock.add_fault(match={"path": "*/agents/a-1/webhooks"}, respond={"status": 200, "body": body})
        empty = {"success": True, "data": {"webhooks": []}}
        mock.add_fault(match={"path": "*/webhooks"}, respond={"status": 200, "body": empty})
        document, reading = imported(mock)
    [agent] = document["agents"]
    assert (agent["id"], "language" in agent, "phone_number" in agent) == ("a-1", False, False)
    assert [(hook["id"], hook["events"]) for hook in agent["webhooks"]] == [("w-4", ["event_action"])]
    left_out = [note for note in reading.notes if note.startswith("Left out:")]
    assert left_out[1:] == [
        'Left out: language of agent "a-1", since a fixture can\'t have what the API tells there.',
        'Left out: events[0] of webhook "w-3" of agent "a-1", since a fixture can\'t have what the API tells there.',
        'Left out: webhook "w-3" of agent "a-1", since a fixture can\'t have what the API tells of it under events.',
        'Left out: events[0] of webhook "w-4" of agent "a-1", since a fixture can\'t have what the API tells there.',
        'Left out: webhook "w-4" of agent "a-1", since another record has its id.',
        'Left out: agent "a-2", since a fixture can\'t have what the API tells of it under name.',
        'Left out: agent "spaces in it", since a fixture can\'t have what the API tells of it under id.',
    ]
    assert "the value" not in " ".join(left_out)
    read_fixture([source(document)])


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--token", "talq_wrong"], "GET /agents is answered 401: give the token of an environment"),
        ([], "Missing option '--token'"),
        (["--token", ""], 'expected a token (got "")'),
    ],
)
def test_what_it_cannot_do(options: list[str], text: str) -> None:
    with account() as mock:
        done = run("import", mock.url, *options)
    assert (done.exit_code, done.stdout) == (2, "")
    assert text in done.stderr
    assert "talq_wrong" not in done.stderr


def test_something_else_is_no_account() -> None:
    with account() as mock:
        mock.add_fault(respond={"status": 200, "body": {"data": {}}})
        with pytest.raises(CannotRun, match="is it the root of a server of this API"):
            imported(mock)


def test_secrets_that_the_api_does_tell_are_left_out_and_named() -> None:
    told = {"key": "X-Key", "value": "the key of the account"}
    hooks = [
        {
            **HOOK,
            "id": "w-9",
            "custom_headers": [told],
            "payload_templates": {"event_action": {"pin": "short"}},
        },
        {**HOOK, "id": "w-8", "webhook_secret": None, "custom_headers": []},
    ]
    with account(campaigns=[]) as mock:
        body = {"success": True, "data": {"webhooks": hooks}}
        mock.add_fault(match={"path": "*/agents/*/webhooks"}, respond={"status": 200, "body": body}, times=1)
        for redacts in (False, True):
            document, reading = imported(mock, redacts=redacts)
            mock.add_fault(match={"path": "*/agents/*/webhooks"}, respond={"status": 200, "body": body}, times=1)
            text = str(document)
            for secret in ("the secret", "the key", "short"):
                assert secret not in text
            expected = "Webhook w-9: webhook_secret and custom_headers, which the API tells, are left out."
            assert [note for note in reading.notes if "which the API tells" in note] == [expected]
    assert document["agents"][0]["webhooks"][0]["payload_templates"] == {"event_action": {"pin": "redacted"}}
