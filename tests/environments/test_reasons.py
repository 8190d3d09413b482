"""`X-Mockserver-Reason` of what is not found and of who may not come in: one row for each cause."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from talkover_mock.app import create_app
from talkover_mock.dialect.call_errors import CallNotFound
from talkover_mock.dialect.errors import AgentNotFound, CampaignNotFound, NotFound, WebhookNotFound
from talkover_mock.environments.explain import explain
from talkover_mock.environments.world import World
from talkover_mock.loading.fixture import read_fixture, to_baseline
from talkover_mock.loading.mistakes import Source
from talkover_mock.state.records import CampaignId
from tests.support.documented import AGENT, OTHER_AGENT, TOGGLE, TOKEN, WEBHOOK, WEBHOOK_IN_ERROR
from tests.support.reasons import AGENTS, WEBHOOKS, reason_of
from tests.support.rows import each_row

QUIET_AGENT = "9fd4b0e2-57aa-4d0c-9c3f-e81d6f2a7b14"
SHARED_AGENT = "9fe0c3d4-1b6f-4a52-8e97-d05c4b3a2f18"
STAGING_WEBHOOK = "9fe0c4a9-72d1-4c8e-b350-6f1e9a8d7c42"
PRODUCTION_WEBHOOK = "9fe0d1f6-38b2-4e0a-a7c9-15d3e6f4b820"
STAGING = {"Authorization": "Bearer talq_staging"}
SEND = "send Authorization: Bearer <token>"
NO_BEARER = "the Authorization header holds no bearer token, since"


def slip(id: str) -> str:
    """The id with its last character mistyped."""
    return id[:-1] + ("0" if id[-1] != "0" else "1")


@each_row(
    ("path", "reason"),
    [
        (
            f"/{slip(AGENT)}",
            f'no agent in environment default has the id "{slip(AGENT)}"; nearest: {AGENT}',
        ),
        (
            f"/{AGENT.upper()}/webhooks",
            f'no agent in environment default has the id "{AGENT.upper()}"; nearest: {AGENT}',
        ),
        (
            "/undefined/webhooks",
            f'no agent in environment default has the id "undefined"; there are 3, such as {AGENT}',
        ),
        (
            f"/{WEBHOOK}/webhooks/{AGENT}",
            f"{WEBHOOK} is the id of a webhook (of agent {AGENT}), not of an agent",
        ),
        (
            f"/{SHARED_AGENT}",
            f"agent {SHARED_AGENT} is in environments staging and production; the token selects default",
        ),
        (
            f"/{AGENT}/webhooks/{slip(WEBHOOK)}",
            f'agent {AGENT} has no webhook with the id "{slip(WEBHOOK)}"; nearest: {WEBHOOK}',
        ),
        (
            f"/{AGENT}/webhooks/1",
            f'agent {AGENT} has no webhook with the id "1"; there are 2, such as {WEBHOOK}',
        ),
        (
            f"/{QUIET_AGENT}/webhooks/1",
            f'agent {QUIET_AGENT} has no webhook with the id "1"; there are none',
        ),
        (
            f"/{AGENT}/webhooks/{WEBHOOK_IN_ERROR}",
            f"webhook {WEBHOOK_IN_ERROR} belongs to agent {OTHER_AGENT}, not to agent {AGENT}",
        ),
        (
            f"/{AGENT}/webhooks/{OTHER_AGENT}",
            f"{OTHER_AGENT} is the id of an agent, not of a webhook",
        ),
        (
            f"/{AGENT}/webhooks/{STAGING_WEBHOOK}",
            f"webhook {STAGING_WEBHOOK} is in environment staging; the token selects default",
        ),
    ],
)
def test_an_id_that_is_not_found(http: FlaskClient, path: str, reason: str) -> None:
    assert reason_of(http, f"GET {AGENTS}{path}", 404, headers=TOKEN) == reason


def test_a_webhook_of_the_same_agent_in_another_environment(http: FlaskClient) -> None:
    call = f"PATCH {AGENTS}/{SHARED_AGENT}/webhooks/{PRODUCTION_WEBHOOK}/toggle"
    expected = f"webhook {PRODUCTION_WEBHOOK} is in environment production; the token selects staging"
    assert reason_of(http, call, 404, headers=STAGING) == expected


def test_an_agent_that_is_the_only_one_is_named(http: FlaskClient) -> None:
    expected = f'no agent in environment staging has the id "1"; the only one is {SHARED_AGENT}'
    assert reason_of(http, f"GET {AGENTS}/1", 404, headers=STAGING) == expected


def test_of_many_environments_some_are_named(http: FlaskClient, world: World) -> None:
    for _ in range(3):
        world.open(world.by_name("staging"))
    expected = f"agent {SHARED_AGENT} is in environments staging, production and 3 more; the token selects default"
    assert reason_of(http, f"GET {AGENTS}/{SHARED_AGENT}", 404, headers=TOKEN) == expected


def test_a_webhook_that_has_been_deleted(http: FlaskClient) -> None:
    created = http.post(
        WEBHOOKS, headers=TOKEN, json={"name": "N", "webhook_url": "http://xy", "events": ["event_action"]}
    )
    for id, reset in ((WEBHOOK, "; a reset brings it back"), (created.get_json()["data"]["id"], "")):
        assert http.delete(f"{WEBHOOKS}/{id}", headers=TOKEN).status_code == 200
        expected = f"webhook {id} has been deleted{reset}"
        assert reason_of(http, f"GET {WEBHOOKS}/{id}", 404, headers=TOKEN) == expected
        assert reason_of(http, f"DELETE {WEBHOOKS}/{id}", 404, headers=TOKEN) == expected


def test_a_deleted_webhook_is_not_sought_in_an_environment_with_the_same_baseline(
    http: FlaskClient, world: World
) -> None:
    token = {"Authorization": f"Bearer {world.open(world.default).tokens[0]}"}
    assert http.delete(f"{WEBHOOKS}/{WEBHOOK}", headers=token).status_code == 200
    expected = f"webhook {WEBHOOK} has been deleted; a reset brings it back"
    assert reason_of(http, f"PATCH {TOGGLE}", 404, headers=token) == expected


def test_only_the_last_deletions_are_remembered(http: FlaskClient, world: World) -> None:
    ids = [
        world.default.webhooks.create(AGENT, {"name": "N", "webhook_url": "http://xy", "events": ["event_action"]}).id
        for _ in range(1_001)
    ]
    for id in ids:
        world.default.webhooks.delete(AGENT, id)
    assert "has no webhook with the id" in reason_of(http, f"GET {WEBHOOKS}/{ids[0]}", 404, headers=TOKEN)
    assert "has been deleted" in reason_of(http, f"GET {WEBHOOKS}/{ids[1]}", 404, headers=TOKEN)


def test_a_record_that_went_when_the_state_was_replaced(http: FlaskClient) -> None:
    agents = {"agents": [{"id": AGENT, "name": "Another"}]}
    assert http.put("/__admin/state", json=agents).status_code == 200
    gone = "is in the fixture, but not in the current state; a reset brings it back"
    assert reason_of(http, f"PATCH {TOGGLE}", 404, headers=TOKEN) == f"webhook {WEBHOOK} {gone}"
    assert reason_of(http, f"GET {AGENTS}/{OTHER_AGENT}", 404, headers=TOKEN) == f"agent {OTHER_AGENT} {gone}"


@each_row(
    ("header", "reason"),
    [
        (None, f"the request has no Authorization header; {SEND}"),
        ("Basic dXNlcjpwYXNz", f"{NO_BEARER} its scheme is Basic; {SEND}"),
        ("Bearer", f"{NO_BEARER} nothing follows Bearer; {SEND}"),
        ("Basic Bearer ,x", f"{NO_BEARER} nothing follows Bearer; {SEND}"),
        ("bearer  ", f"{NO_BEARER} nothing follows Bearer; {SEND}"),
        ("talq_secret", f"{NO_BEARER} it does not begin with Bearer; {SEND}"),
        ("talq_secret talq_secret", f"{NO_BEARER} it does not begin with Bearer; {SEND}"),
        ("Bearer talq_staging_2024", "the fixture lists the token under expired_tokens of staging"),
    ],
)
@each_row("call", [f"PATCH {TOGGLE}", f"GET {AGENTS}", f"GET {AGENTS}/{AGENT}"])
def test_a_token_that_is_missing_or_expired(http: FlaskClient, call: str, header: str | None, reason: str) -> None:
    headers = {"Authorization": header} if header is not None else {}
    assert reason_of(http, call, 401, headers=headers) == reason


def test_a_token_that_no_environment_has() -> None:
    http = create_app(World(read_fixture([Source("fixture", "", {"tokens": ["talq_mine"]})]))).test_client()
    expected = "no environment has this token; the default environment has other tokens"
    assert reason_of(http, f"PATCH {TOGGLE}", 401, headers=TOKEN) == expected


def test_a_token_whose_environment_was_closed(http: FlaskClient, world: World) -> None:
    token = world.open(world.default, "mine").tokens[0]
    world.close("mine")
    headers = {"Authorization": f"Bearer {token}"}
    expected = "the token belonged to environment mine, which has been closed"
    assert reason_of(http, f"PATCH {TOGGLE}", 401, headers=headers) == expected


def test_a_rate_limit_that_is_used_up(world: World, app: Flask) -> None:
    fixture = {"settings": {"rate_limit": 1, "enforce_rate_limit": True}, "agents": [{"name": "A"}]}
    token = world.open(to_baseline(Source("fixture", "", fixture))).tokens[0]
    http, headers = app.test_client(), {"Authorization": f"Bearer {token}"}
    assert http.get(AGENTS, headers=headers).status_code == 200
    reason = reason_of(http, f"GET {AGENTS}", 429, headers=headers)
    assert re.fullmatch(r"the token has used its 1 calls of this minute; wait (60|59) s", reason)


@each_row(
    ("error", "kind", "id"),
    [
        (AgentNotFound("a"), "agent", "a"),
        (CampaignNotFound("c"), "campaign", "c"),
        (WebhookNotFound("w", "a"), "webhook", "w"),
        (WebhookNotFound("cw", CampaignId("c")), "webhook", "cw"),
        (CallNotFound("1", "a"), "call", "1"),
    ],
)
def test_a_record_that_came_after_the_refusal_is_not_said_to_be_of_another_owner(
    error: NotFound, kind: str, id: str
) -> None:
    hook = {"name": "W", "webhook_url": "http://localhost", "events": ["event_action"]}
    campaign_hook = {"id": "cw", "name": "W", "webhook_url": "http://localhost", "events": ["campaign.started"]}
    fixture = {
        "agents": [{"id": "a", "name": "A", "webhooks": [{"id": "w", **hook}]}],
        "campaigns": [{"id": "c", "name": "C", "agent_id": "a", "webhooks": [campaign_hook]}],
        "calls": [{"id": "1", "agent_id": "a", "to": "+12025550123"}],
    }
    world = World(read_fixture([Source("f", "", fixture)]))
    said = f"{kind} {id} was not there when the API looked for it, but is there now"
    assert explain(error, world.default, world) == said
    world.stop()


@pytest.mark.parametrize(
    ("segment", "shown"),
    [
        ("%0A%0D%09", r'"\n\r\t"'),
        ("%00%1B%7F", r'"\u0000\u001b\u007f"'),
        ("%C3%A9%E2%82%AC", r'"\xe9\u20ac"'),
        ("%22%5C", r'"\"\\"'),
        ("%FF", r'"\ufffd"'),
        ("x" * 5_000, '"' + "x" * 76 + "..."),
    ],
    ids=["white space", "controls", "not ASCII", "quotes", "not UTF-8", "long"],
)
def test_an_id_of_any_characters_stays_within_one_clean_line(
    http: FlaskClient, log: list[str], segment: str, shown: str
) -> None:
    for path in (f"{AGENTS}/{segment}", f"{WEBHOOKS}/{segment}"):
        reason = reason_of(http, f"GET {path}", 404, headers=TOKEN)
        assert f"the id {shown}; there are " in reason
        assert re.fullmatch("[ -~]+", reason)
        assert re.fullmatch("[ -~]+", log[-1])
        assert re.search(r" 404 [0-9.]+ms default ta\*\*\* ", log[-1])
        assert log[-1].endswith(f"({reason})")
