"""The admin route `webhooks`: one webhook, changed by the keys of a fixture."""

import json
from typing import Any

from flask.testing import FlaskClient

from tests.support import campaigning
from tests.support.documented import TOGGLE, TOKEN, UNKNOWN, WEBHOOK
from tests.support.rows import each_row

PATH = f"/__admin/webhooks/{WEBHOOK}"
STATE = "/__admin/state"
CHANGE = {
    "name": "Ours",
    "webhook_url": "http://localhost:9000/hooks",
    "webhook_secret": "our secret",
    "events": ["event_action"],
    "timeout": 60,
    "max_retries": 0,
    "enabled": True,
    "http_method": "PUT",
    "authorization_scheme": "bearer",
    "custom_headers": [{"key": "X-Team", "value": "blue"}],
    "payload_templates": {"event_action": {"id": "{{call.id}}"}},
    "created_at": "2025-01-01T00:00:00Z",
    "updated_at": "2025-01-02T00:00:00Z",
    "status": "error",
}


def test_any_key_of_a_fixtures_webhook_is_changed(http: FlaskClient) -> None:
    answer = http.patch(PATH, json={"id": WEBHOOK, **CHANGE})
    assert (answer.status_code, answer.get_json()) == (200, {"id": WEBHOOK, **CHANGE})
    assert http.get(f"{STATE}?webhook_id={WEBHOOK}").get_json()["agents"][0]["webhooks"] == [{"id": WEBHOOK, **CHANGE}]


def test_a_key_that_is_left_out_keeps_its_value_and_so_does_all_else(http: FlaskClient) -> None:
    before = http.get(STATE).get_json()
    changed = http.patch(PATH, data="enabled: true", content_type="application/yaml").get_json()
    before["agents"][0]["webhooks"][0]["enabled"] = True
    assert changed == before["agents"][0]["webhooks"][0]
    assert http.get(STATE).get_json() == before
    assert http.patch(TOGGLE, headers=TOKEN).get_json()["message"] == "Webhook disabled"


def test_null_stands_for_the_default(http: FlaskClient) -> None:
    http.patch(PATH, json={"enabled": False, "timeout": 60})
    changed = http.patch(PATH, json={"id": None, "enabled": None, "timeout": None}).get_json()
    assert (changed["id"], changed["enabled"], changed["timeout"]) == (WEBHOOK, True, 30)


def test_a_campaigns_webhook_has_keys_of_its_own() -> None:
    world = campaigning.world_with()
    http, path = campaigning.client(world), f"/__admin/webhooks/{campaigning.WEBHOOK}"
    changed = http.patch(path, json={"include_call_events": True, "events": ["campaign.started"]}).get_json()
    world.stop()
    assert (changed["include_call_events"], changed["events"]) == (True, ["campaign.started"])


TIMEOUT = "The timeout must be between 5 and 120. (got 3)"
DERIVED = "is derived from other keys; leave it out"
LOGS = "is not part of a state; give it in a fixture file, or in the fixture of an opened environment"


@each_row(
    ("body", "mistakes"),
    [
        ({"enabled": True, "timeout": 3, "nmae": "x"}, {"timeout": TIMEOUT, "nmae": "unknown key; did you mean name?"}),
        ({"agent_id": "one"}, {"agent_id": DERIVED}),
        ({"include_call_events": True}, {"include_call_events": "unknown key"}),
        ({"logs": [{"event": "event_action"}]}, {"logs": LOGS}),
        ({"id": UNKNOWN}, {"id": f'must be left out, or {WEBHOOK} (got "{UNKNOWN}")'}),
        ([1], {"": "must be a mapping with keys of a webhook (got [1])"}),
    ],
    ids=["two", "derived", "a campaign's", "logs", "another id", "a list"],
)
def test_every_mistake_is_told_and_nothing_is_changed(http: FlaskClient, body: Any, mistakes: dict[str, str]) -> None:
    before = http.get(STATE).data
    answer = http.patch(PATH, data=json.dumps(body))
    assert (answer.status_code, answer.get_json()["title"]) == (422, "The fixture has mistakes")
    assert {each["path"]: each["message"] for each in answer.get_json()["errors"]} == mistakes
    assert http.get(STATE).data == before


def test_an_unknown_webhook_and_a_query_are_refused(http: FlaskClient) -> None:
    unknown = http.patch(f"/__admin/webhooks/{UNKNOWN}", json={"enabled": True})
    assert (unknown.status_code, unknown.get_json()["title"]) == (404, "No such webhook")
    assert f'has the id "{UNKNOWN}"' in unknown.get_json()["detail"]
    assert http.patch(f"{PATH}?enabled=true", json={}).status_code == 422
