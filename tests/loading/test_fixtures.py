"""Fixture files and folders to environments: what is read, and what the shipped ones hold."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from talkover_mock.loading.files import default_fixture, load
from talkover_mock.loading.fixture import EnvironmentFixture, read_fixture
from talkover_mock.loading.mistakes import FixtureError
from talkover_mock.loading.writer import to_document
from talkover_mock.state.store import State
from tests.conftest import FIXTURES
from tests.support.documented import AGENT, WEBHOOK
from tests.support.fixture_documents import baseline, fixture, hook, served, source, state
from tests.support.rows import each_row

Write = Callable[..., Path]
GENERATED = [{"name": "B", "webhooks": [hook(), hook(), hook()]}, {"name": "C", "webhooks": [hook()]}]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file of a folder `fixtures`: text as it is, anything else as JSON."""

    def written(name: str, content: object) -> Path:
        path = tmp_path / "fixtures" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return written


def names(described: Mapping[str, EnvironmentFixture], environment: str = "default") -> list[str]:
    return [agent.name for agent in described[environment].baseline.agents.values()]


def agent(name: str) -> dict[str, Any]:
    return {"agents": [{"name": name, "id": name}]}


@pytest.mark.parametrize("ending", [".yaml", ".yml", ".json", ".JSON", ".txt"])
def test_one_file(write: Write, ending: str) -> None:
    assert names(load([write(f"a{ending}", agent("A"))])) == ["A"]


def test_a_json_file_is_strictly_json(write: Write) -> None:
    assert names(load([write("a.yaml", "agents: [{name: A}]")])) == ["A"]
    with pytest.raises(FixtureError, match=r"a\.json:1: is not JSON"):
        load([write("a.json", "agents: [{name: A}]")])


def test_several_files_in_the_order_in_which_they_are_named(write: Write) -> None:
    assert names(load([write("b.yaml", agent("B")), write("a.json", agent("A"))])) == ["B", "A"]


def test_a_folder_is_its_files_by_name_without_hidden_and_foreign_ones(write: Write) -> None:
    for name in ("b.yml", "a.json", "c.yaml", "10.yaml"):
        write(name, agent(name))
    for name in (".hidden.yaml", "notes.txt", "README"):
        write(name, ": broken: [")
    assert names(load([write("b.yml", agent("b.yml")).parent])) == ["10.yaml", "a.json", "b.yml", "c.yaml"]


def test_nothing_at_all_is_an_empty_default_environment() -> None:
    assert load([]) == {"default": EnvironmentFixture()}


def test_environments_with_their_tokens(write: Write) -> None:
    one = {"tokens": ["t1"], **agent("A"), "environments": {"staging": {"tokens": ["t2"], "expired_tokens": ["t3"]}}}
    two = {"environments": {"staging": agent("B"), "other": agent("A")}}
    described = load([write("one.json", one), write("two.json", two)])
    assert list(described) == ["default", "staging", "other"]
    assert [names(described, name) for name in described] == [["A"], ["B"], ["A"]]
    assert [(each.tokens, each.expired_tokens) for each in described.values()] == [
        (("t1",), ()),
        (("t2",), ("t3",)),
        ((), ()),
    ]


@each_row("key", ["agents", "environments", "settings", "tokens", "expired_tokens"])
def test_a_key_with_nothing_is_as_one_left_out(key: str) -> None:
    assert read_fixture([source({key: None})]) == {"default": EnvironmentFixture()}


def test_a_webhook_has_the_apis_defaults() -> None:
    webhook = next(iter(baseline(fixture(hook())).webhooks.values()))
    assert (webhook.timeout, webhook.max_retries, webhook.enabled, webhook.status) == (30, 3, True, "active")
    assert (webhook.http_method, webhook.authorization_scheme, webhook.webhook_secret) == ("POST", "none", None)
    assert (webhook.custom_headers, webhook.payload_templates) == ((), {})
    assert webhook.created_at == webhook.updated_at


@each_row(
    ("given", "expected"),
    [
        ("2025-09-03T23:19:51Z", "2025-09-03T23:19:51Z"),
        ("2025-09-03T23:19:51.999999Z", "2025-09-03T23:19:51Z"),
        ("2025-09-04T01:19:51+02:00", "2025-09-03T23:19:51Z"),
        ("2025-09-03 23:19:51", "2025-09-03T23:19:51Z"),
        ("2025-09-03", "2025-09-03T00:00:00Z"),
        (None, "2025-01-01T00:00:00Z"),
    ],
)
def test_moments_are_whole_seconds_of_utc_in_json_and_in_yaml(given: str | None, expected: str) -> None:
    document = fixture(hook(id="w", created_at=given), created_at=given or expected)
    assert served(document)["agents"][0]["webhooks"][0]["created_at"] == expected
    assert served(document)["agents"][0]["created_at"] == expected
    text = f"agents: [{{name: A, created_at: {given or expected}, x: {given or expected}}}]"
    described = read_fixture([source(json.loads(json.dumps(yaml.safe_load(text), default=str)))])
    assert next(iter(described["default"].baseline.agents.values())).details["created_at"] == expected


def test_yaml_times_in_an_agents_own_keys_become_text(write: Write) -> None:
    text = "agents: [{name: A, at: 2025-09-03T23:19:51Z, updated_at: 2025-09-03, days: [2025-09-03]}]"
    details = next(iter(load([write("a.yaml", text)])["default"].baseline.agents.values())).details
    assert details == {
        "at": "2025-09-03T23:19:51Z",
        "updated_at": "2025-09-03T00:00:00Z",
        "days": ["2025-09-03"],
    }


def test_generated_ids_are_the_same_at_every_load_and_sort_in_order() -> None:
    document = {"agents": GENERATED, "environments": {"other": {"agents": GENERATED}}}
    described, again = read_fixture([source(document)]), read_fixture([source(document)])
    assert described == again
    for each in described.values():
        for ids in (list(each.baseline.agents), *each.baseline.webhook_ids.values()):
            assert list(ids) == sorted(set(ids))
    assert not described["default"].baseline.webhooks.keys() & described["other"].baseline.webhooks.keys()


def test_a_generated_id_is_never_one_that_the_fixtures_give() -> None:
    """A record without an id may be put before records whose generated ids were saved."""
    saved = served({"agents": GENERATED})
    agents = [{"name": "new"}, {**saved["agents"][0], "webhooks": [hook(), *saved["agents"][0]["webhooks"]]}]
    baseline = read_fixture([source({"agents": agents}), source({"agents": saved["agents"][1:]})])["default"].baseline
    assert len(baseline.agents) == 3
    assert len(baseline.webhooks) == 5


@pytest.mark.parametrize(
    "path", [FIXTURES, FIXTURES / "default.yaml", FIXTURES / "environments.yaml"], ids=["folder", "default", "others"]
)
def test_the_shipped_fixtures_load(path: Path) -> None:
    assert "default" in load([path])


def test_the_shipped_environments() -> None:
    described = load([FIXTURES])
    tokens = {name: each.tokens for name, each in described.items()}
    assert tokens == {
        "default": (),
        "staging": ("talq_staging",),
        "production": ("talq_production", "talq_production_second"),
    }
    assert described["staging"].expired_tokens == ("talq_staging_2024",)
    assert names(described, "staging") == names(described, "production") == ["Support Line"]


def test_the_default_fixture_holds_the_documented_webhook_disabled() -> None:
    document = to_document(State(load([default_fixture()])["default"].baseline))
    assert document["agents"][0]["id"] == AGENT
    assert {**document["agents"][0]["webhooks"][0]} == {
        "id": WEBHOOK,
        "name": "My Webhook",
        "webhook_url": "https://example.com/webhook",
        "webhook_secret": None,
        "events": ["event_phone_call_started", "event_phone_call_ended"],
        "timeout": 30,
        "max_retries": 3,
        "enabled": False,
        "http_method": "POST",
        "authorization_scheme": "none",
        "custom_headers": [],
        "payload_templates": {},
        "created_at": "2025-09-03T23:19:51Z",
        "updated_at": "2025-09-03T23:19:51Z",
    }


def test_loading_leaves_what_it_was_given_as_it_was() -> None:
    document = fixture(hook(payload_templates={"event_action": {"a": [1]}}), more={"b": [1]})
    given = source(document)
    read_fixture([given])
    assert given.data == document
    assert state(document).webhook_ids.get("agent") == tuple(baseline(document).webhooks)
