"""The campaigns of fixtures: what may stand there, what is a mistake and where, and that they are part of the state."""

from typing import Any

import pytest

from talkover_mock.loading.files import parse
from talkover_mock.loading.fixture import read_fixture, to_baseline
from talkover_mock.loading.mistakes import FixtureError
from talkover_mock.loading.writer import baseline_document, to_document
from talkover_mock.state.store import State
from tests.support.fixture_documents import baseline, served, source
from tests.support.rows import each_row

LEAST: dict[str, Any] = {"name": "Spring", "agent_id": "a"}
HOOK: dict[str, Any] = {"name": "W", "webhook_url": "http://xy", "events": ["campaign.started"]}
TIMES = {"created_at": "2025-09-03T10:00:00Z", "updated_at": "2025-09-03T10:00:05Z"}


def fixture(*campaigns: Any, **more: Any) -> dict[str, Any]:
    return {"agents": [{"id": "a", "name": "A"}, {"id": "b", "name": "B"}], "campaigns": list(campaigns), **more}


def state_of(*campaigns: Any) -> State:
    return State(to_baseline(source(fixture(*campaigns))))


def merged(state: State, *campaigns: Any) -> list[dict[str, Any]]:
    """The campaigns of the state after a merge."""
    state.merge(to_baseline(source({"campaigns": list(campaigns)}), over=state))
    return [{**each} for each in to_document(state)["campaigns"]]


def mistakes(*documents: object) -> list[str]:
    with pytest.raises(FixtureError) as caught:
        read_fixture([source(each, f"{i}.json") for i, each in enumerate(documents)])
    return [f"{each.path}: {each.text}" for each in caught.value.mistakes]


def test_a_campaign_needs_a_name_and_an_agent_and_has_defaults() -> None:
    [campaign] = served(fixture(LEAST))["campaigns"]
    id = campaign.pop("id")
    assert campaign == {**LEAST, "status": "draft", "webhooks": []}
    assert served(served(fixture(LEAST)))["campaigns"] == [{"id": id, **campaign}]


def test_a_campaign_is_served_as_it_was_given_with_its_own_keys_and_webhooks() -> None:
    hook = served(fixture({**LEAST, "webhooks": [{**HOOK, "include_call_events": True}]}))["campaigns"][0]["webhooks"][
        0
    ]
    assert hook["include_call_events"]
    full = {"id": "c", **LEAST, "status": "active", "description": "D", "budget": {"eur": 7}, **TIMES}
    [found] = served(fixture({**full, "webhooks": [hook]}))["campaigns"]
    assert found == {**full, "webhooks": [hook]}


def test_an_agents_webhook_has_no_key_of_campaigns() -> None:
    document = served({"agents": [{"id": "a", "name": "A", "webhooks": [{**HOOK, "events": ["event_action"]}]}]})
    assert "include_call_events" not in document["agents"][0]["webhooks"][0]


def test_without_campaigns_the_state_has_none() -> None:
    assert served(fixture()).keys() == {"agents"}


def test_an_environment_has_its_own_campaigns_and_a_file_may_hold_another_files_campaigns() -> None:
    staging = {"agents": [{"id": "s", "name": "S"}], "campaigns": [{**LEAST, "agent_id": "s"}]}
    found = read_fixture([source({"campaigns": [LEAST]}), source(fixture(environments={"staging": staging}))])
    assert [each.agent_id for each in found["default"].baseline.campaigns.values()] == ["a"]
    assert [each.agent_id for each in found["staging"].baseline.campaigns.values()] == ["s"]


def test_a_log_stands_under_a_webhook_of_a_campaign() -> None:
    given = fixture({**LEAST, "webhooks": [{**HOOK, "logs": [{"event": "event_recording"}]}]})
    [hook] = baseline_document(baseline(given))["campaigns"][0]["webhooks"]
    assert [entry["event"] for entry in hook["logs"]] == ["event_recording"]


OF_AGENT = "campaigns[0].agent_id: no agent of the environment has this id"
OF_HOOK = "campaigns[0].webhooks[0]"
WRONG = [
    (5, "campaigns[0]: must be a mapping with at least a name and an agent_id (got 5)"),
    ({"agent_id": "a"}, "campaigns[0].name: The name field is required."),
    ({"name": "N"}, "campaigns[0].agent_id: The agent id field is required."),
    ({**LEAST, "agent_id": "A"}, f'{OF_AGENT}; did you mean a? (got "A")'),
    ({**LEAST, "status": "pause"}, "campaigns[0].status: The selected status is invalid; did you mean paused?"),
    ({**LEAST, "campaign_typ": "x"}, "campaigns[0].campaign_typ: unknown key; did you mean campaign_type?"),
    ({**LEAST, "created_at": "soon"}, "campaigns[0].created_at: The created at is not a valid date"),
    ({**LEAST, "id": "a"}, "campaigns[0].id: is already the id of agents[0] in 0.json"),
    ({**LEAST, "webhooks": {}}, "campaigns[0].webhooks: must be a list"),
    (
        {**LEAST, "webhooks": [{**HOOK, "events": ["campaign.stated"]}]},
        f"{OF_HOOK}.events[0]: The selected events.0 is invalid; did you mean campaign.started?",
    ),
    ({**LEAST, "webhooks": [{**HOOK, "events": ["event_action"]}]}, f"{OF_HOOK}.events[0]: The selected events.0"),
    ({**LEAST, "webhooks": [{**HOOK, "include_call_events": "x"}]}, f"{OF_HOOK}.include_call_events: The include"),
    ({**LEAST, "webhooks": [{**HOOK, "include_call_event": 1}]}, f"{OF_HOOK}.include_call_event: unknown key; did"),
    ({**LEAST, "webhooks": [{**HOOK, "campaign_id": "c"}]}, f"{OF_HOOK}.campaign_id: is derived from other keys"),
    (
        {**LEAST, "webhooks": [{**HOOK, "payload_templates": {"event_action": {}}}]},
        f"{OF_HOOK}.payload_templates.event_action: the webhook does not list this event",
    ),
]


@each_row(("campaign", "text"), WRONG, ids=[text[:60] for _, text in WRONG])
def test_a_mistake_has_its_place(campaign: object, text: str) -> None:
    [found] = mistakes(fixture(campaign))
    assert found.startswith(text)


def test_a_mistake_has_its_line() -> None:
    text = b"campaigns:\n  - name: N\n    agent_id: a\n    webhooks:\n      - name: W\n        events: []\n"
    with pytest.raises(FixtureError) as caught:
        read_fixture([parse(text, "c.yaml"), source(fixture(), "agents.json")])
    assert [each.line for each in caught.value.mistakes] == [5, 6]


def test_a_template_of_a_call_event_is_used_where_call_events_are_included() -> None:
    hook = {**HOOK, "include_call_events": True, "payload_templates": {"event_action": {"of": "{{agent.name}}"}}}
    assert served(fixture({**LEAST, "webhooks": [hook]}))["campaigns"][0]["webhooks"][0]["payload_templates"]


def test_a_campaign_is_laid_over_the_one_of_its_id() -> None:
    state = state_of({"id": "c", **LEAST, "budget": 7, "webhooks": [{"id": "w", **HOOK}]})
    found = merged(state, {"id": "c", "status": "active"}, {"id": "d", **LEAST})
    assert [(each["id"], each["status"], each.get("budget")) for each in found] == [
        ("c", "active", 7),
        ("d", "draft", None),
    ]
    [changed, _] = merged(state, {"id": "c", "webhooks": [{"id": "w", "enabled": False}]})
    assert [(each["enabled"], each["events"]) for each in changed["webhooks"]] == [(False, HOOK["events"])]


def test_a_campaigns_webhooks_follow_it_to_another_agent_and_go_with_it() -> None:
    state = state_of({"id": "c", **LEAST, "webhooks": [{"id": "w", **HOOK}]})
    merged(state, {"id": "c", "agent_id": "b"})
    webhook, agent = state.webhooks.get("w"), state.agents.get("b")
    assert webhook
    assert webhook.agent_id == "b"
    assert agent
    state.remove_agent(agent)
    assert (list(state.campaigns), list(state.webhooks), list(state.webhook_ids)) == ([], [], [])


def test_an_id_stays_that_of_one_kind_and_a_webhook_with_its_owner() -> None:
    state = state_of({"id": "c", **LEAST, "webhooks": [{"id": "w", **HOOK}]})
    given = {
        "agents": [{"id": "c", "name": "A", "webhooks": []}],
        "campaigns": [
            {"id": "a", **LEAST},
            {"id": "d", **LEAST, "webhooks": [{"id": "w", "name": "W"}, {"id": "b", **HOOK}]},
        ],
    }
    with pytest.raises(FixtureError) as caught:
        to_baseline(source(given), over=state)
    assert [f"{each.path}: {each.text}" for each in caught.value.mistakes] == [
        'agents[0].id: is the id of a campaign (got "c")',
        'campaigns[0].id: is the id of an agent (got "a")',
        'campaigns[1].webhooks[0].id: the webhook belongs to campaign c (got "w")',
        'campaigns[1].webhooks[1].id: is the id of an agent (got "b")',
    ]


def test_a_copy_of_the_state_keeps_its_campaigns() -> None:
    state = state_of({"id": "c", **LEAST})
    copy = state.copy()
    merged(state, {"id": "c", "status": "active"})
    [kept], [changed] = (to_document(each)["campaigns"] for each in (copy, state))
    assert (kept["status"], changed["status"]) == ("draft", "active")
    assert not state.is_unchanged(to_baseline(source(fixture({"id": "c", **LEAST}))))
