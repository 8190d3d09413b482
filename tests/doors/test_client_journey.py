"""A client written only from the vendor's public pages, over a real socket, with nothing changed but the base URL."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from talkover_mock.app import create_app
from talkover_mock.dialect.events import EVENTS
from talkover_mock.environments.world import World
from talkover_mock.loading.fixture import read_fixture
from talkover_mock.loading.mistakes import Source
from talkover_mock.web.server import Server
from tests.support.documented import AGENT, UNKNOWN
from tests.support.rows import each_row

TOKEN = "talq_live"
FIXTURE = {
    "tokens": [TOKEN],
    "expired_tokens": ["talq_expired"],
    "settings": {"rate_limit": 100, "enforce_rate_limit": True},
    "agents": [
        {"id": AGENT, "name": "My Agent", "label": "Support", "direction": "inbound", "current_status": "published"},
        {"id": "9fbef0b8-0000-4a08-9207-66c22155721d", "name": "Outbound", "direction": "outbound"},
    ],
}
FIELDS = {
    "name": "My Webhook",
    "webhook_url": "https://example.com/webhook",
    "webhook_secret": "optional_secret_for_hmac",
    "events": ["event_phone_call_started", "event_phone_call_ended"],
    "timeout": 30,
    "max_retries": 3,
    "enabled": True,
}
KEYS = [
    *("id", "agent_id", "name", "webhook_url", "events", "timeout", "max_retries", "enabled"),
    *("created_at", "updated_at", "events_count", "status"),
]
AGENT_KEYS = [
    *("id", "name", "label", "description", "language", "voice", "initial_message", "interrupt_sensitivity"),
    *("conversation_speed", "initial_message_delay", "ask_if_human_present_on_idle", "direction"),
    *("who_speaks_first", "current_status", "is_sandbox", "is_ready_to_publish", "created_at", "updated_at"),
    *("trainings", "actions", "phone_numbers"),
]


class Client:
    """What an integrator writes: a base URL, a token, and the paths of the documentation."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers.update({"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"})

    def call(self, method: str, path: str, **request: Any) -> tuple[int, Any]:
        answer = self.session.request(method, self._base_url + path, timeout=10, **request)
        assert answer.headers["Content-Type"] == "application/json"
        return answer.status_code, answer.json()


@pytest.fixture
def client(serve: Callable[..., Server]) -> Iterator[Client]:
    server = serve(create_app(World(read_fixture([Source("fixture", "", FIXTURE)]))))
    client = Client(f"{server.url}/api/v1")
    yield client
    client.session.close()


HOOKS = f"/agents/{AGENT}/webhooks"


def test_a_webhook_from_its_creation_to_its_end(client: Client) -> None:
    status, created = client.call("POST", HOOKS, json=FIELDS)
    webhook = created["data"]
    assert (status, created["success"], created["message"]) == (200, True, "Webhook created successfully")
    assert list(webhook) == KEYS
    given = {key: value for key, value in FIELDS.items() if key != "webhook_secret"}
    assert {key: webhook[key] for key in given} == given
    assert (webhook["agent_id"], webhook["events_count"], webhook["status"]) == (AGENT, 2, "active")
    assert webhook["created_at"] == webhook["updated_at"]
    one = f"{HOOKS}/{webhook['id']}"

    assert client.call("GET", one) == (200, {"success": True, "data": webhook})
    listed = {"webhooks": [webhook], "available_events": dict(EVENTS)}
    assert client.call("GET", HOOKS) == (200, {"success": True, "data": listed})

    status, updated = client.call("PUT", one, json={"name": "Renamed", "events": ["event_recording"], "timeout": 60})
    assert (status, updated["success"], updated["message"]) == (200, True, "Webhook updated successfully")
    changes = {"name": "Renamed", "events": ["event_recording"], "timeout": 60, "events_count": 1}
    assert updated["data"] == {**webhook, **changes, "updated_at": updated["data"]["updated_at"]}

    for enabled, message, state in ((False, "Webhook disabled", "disabled"), (True, "Webhook enabled", "active")):
        status, toggled = client.call("PATCH", f"{one}/toggle")
        expected = {**updated["data"], "enabled": enabled, "status": state, "updated_at": toggled["data"]["updated_at"]}
        assert (status, toggled) == (200, {"success": True, "message": message, "data": expected})
        assert client.call("GET", one)[1]["data"] == expected

    assert client.call("DELETE", one) == (200, {"success": True, "message": "Webhook deleted successfully"})
    gone = (404, {"success": False, "message": "Webhook not found."})
    assert [client.call(*call) for call in (("GET", one), ("PATCH", f"{one}/toggle"), ("DELETE", one))] == [gone] * 3
    assert client.call("GET", HOOKS)[1]["data"]["webhooks"] == []


def test_agents_are_listed_filtered_and_read(client: Client) -> None:
    status, listed = client.call("GET", "/agents")
    assert (status, list(listed), listed["success"]) == (200, ["success", "data", "meta"], True)
    assert [list(agent) for agent in listed["data"]] == [AGENT_KEYS, AGENT_KEYS]
    assert listed["meta"] == {"current_page": 1, "per_page": 20, "total": 2, "last_page": 1}
    first, second = listed["data"]
    for query, found in (
        ("direction=outbound", [second]),
        ("direction=inbound&status=published&search=supp", [first]),
        ("status=draft", []),
        ("per_page=1&page=2", [second]),
    ):
        assert client.call("GET", f"/agents?{query}")[1]["data"] == found
    assert client.call("GET", f"/agents/{AGENT}") == (200, {"success": True, "data": first})
    assert client.call("GET", "/health") == (200, {"status": "ok"})


NO_AGENT = {"success": False, "message": "Agent not found in this environment."}
NO_WEBHOOK = {"success": False, "message": "Webhook not found."}
INVALID = {"message": "The given data was invalid."}


@each_row(
    ("call", "body", "status", "expected"),
    [
        *[
            (f"{call.split(' ')[0]} /agents/{UNKNOWN}/webhooks{call.split(' ')[1]}", None, 404, NO_AGENT)
            for call in ("GET ", "POST ", "GET /1", "PUT /1", "DELETE /1", "PATCH /1/toggle")
        ],
        *[
            (f"{call.split(' ')[0]} {HOOKS}{call.split(' ')[1]}", None, 404, NO_WEBHOOK)
            for call in (f"GET /{UNKNOWN}", f"PUT /{UNKNOWN}", f"DELETE /{UNKNOWN}", f"PATCH /{UNKNOWN}/toggle")
        ],
        (f"GET /agents/{UNKNOWN}", None, 404, {"success": False, "message": "Agent not found"}),
        (
            f"POST {HOOKS}",
            {"name": "My Webhook", "events": []},
            422,
            {
                **INVALID,
                "errors": {
                    "webhook_url": ["The webhook url field is required."],
                    "events": ["The events field must contain at least 1 items."],
                },
            },
        ),
        (
            "GET /agents?status=live&direction=up&per_page=101",
            None,
            422,
            {
                "success": False,
                **INVALID,
                "errors": {
                    "status": ["The selected status is invalid."],
                    "direction": ["The selected direction is invalid."],
                    "per_page": ["The per page must be between 1 and 100."],
                },
            },
        ),
    ],
)
def test_a_documented_refusal(client: Client, call: str, body: Any, status: int, expected: Any) -> None:
    method, path = call.split(" ")
    assert client.call(method, path, json=body) == (status, expected)


def test_an_update_with_a_bad_url_is_refused_and_changes_nothing(client: Client) -> None:
    webhook = client.call("POST", HOOKS, json=FIELDS)[1]["data"]
    refused = {**INVALID, "errors": {"webhook_url": ["The webhook url must be a valid URL."]}}
    path = f"{HOOKS}/{webhook['id']}"
    assert client.call("PUT", path, json={"name": "New", "webhook_url": "not-a-url"}) == (422, refused)
    assert client.call("GET", path)[1]["data"] == webhook


def unauthorized(error: str, message: str) -> dict[str, Any]:
    return {"error": error, "message": message, "status_code": 401}


@pytest.mark.parametrize(
    ("token", "of_webhooks", "of_agents"),
    [
        (None, {"message": "Missing Bearer Token"}, {"success": False, "message": "Unauthenticated."}),
        ("talq_nobody", *(unauthorized("UNAUTHORIZED", "Invalid or missing authentication token"),) * 2),
        ("talq_expired", *(unauthorized("TOKEN_EXPIRED", "Authentication token has expired"),) * 2),
    ],
)
def test_a_documented_401(client: Client, token: str | None, of_webhooks: Any, of_agents: Any) -> None:
    headers = {"Authorization": f"Bearer {token}" if token else None}
    one = f"{HOOKS}/{UNKNOWN}"
    for call in (f"GET {HOOKS}", f"POST {HOOKS}", f"GET {one}", f"PUT {one}", f"DELETE {one}", f"PATCH {one}/toggle"):
        assert client.call(*call.split(" "), headers=headers) == (401, of_webhooks)
    for path in ("/agents", f"/agents/{AGENT}"):
        assert client.call("GET", path, headers=headers) == (401, of_agents)


@pytest.mark.slow
def test_the_rate_limit_of_the_standard_plan(client: Client) -> None:
    assert [client.call("GET", HOOKS)[0] for _ in range(101)] == [200] * 100 + [429]
    refused = {"success": False, "message": "Too many requests. Please try again later."}
    assert client.call("PATCH", f"{HOOKS}/{UNKNOWN}/toggle") == (429, refused)
    assert client.call("GET", "/health")[0] == 200
