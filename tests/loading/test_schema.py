"""The JSON Schema of fixtures: valid, complete, and of one mind with the loader."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator

from talkover_mock.dialect.events import EVENTS
from talkover_mock.dialect.fields import WEBHOOK_FIELDS
from talkover_mock.loading.documents import parse
from talkover_mock.loading.fixture import read_fixture
from talkover_mock.loading.mistakes import FixtureError
from talkover_mock.loading.reader import WEBHOOK_KEYS
from talkover_mock.loading.schema import fixture_schema
from talkover_mock.state.records import AGENT_DEFAULTS, AGENT_TEXTS
from tests.conftest import FIXTURES
from tests.support.fixture_documents import fixture, hook, right_fixtures, served, source
from tests.support.rows import each_row

SCHEMA = Draft202012Validator(fixture_schema())


def loads(document: object) -> bool:
    try:
        read_fixture([source(document)])
    except FixtureError:
        return False
    return True


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in hook().items() if name != key}


def environments(**body: Any) -> dict[str, Any]:
    return {"environments": {"staging": body}}


GOOD: dict[str, object] = {
    "nothing": {},
    "no agents": {"agents": []},
    "no variables": {"variables": False},
    "variables": {"variables": True},
    "variables are null": {"variables": None},
    "nulls": {"agents": None, "environments": None, "tokens": None, "expired_tokens": None, "settings": None},
    "the least webhook": fixture(hook()),
    "nulls in a webhook": fixture(hook(**{field.name: None for field in WEBHOOK_FIELDS if not field.required})),
    "more nulls in a webhook": fixture(hook(id=None, created_at=None, updated_at=None, status=None)),
    "nulls in an agent": {"agents": [{"name": "A", "id": None, "webhooks": None, "cache_clears": None}]},
    "every event": fixture(hook(events=list(EVENTS))),
    "a header": fixture(hook(custom_headers=[{"key": "a", "value": "b"}])),
    "a template": fixture(hook(payload_templates={"event_action": {"a": "{{call.id}}"}})),
    "an error": fixture(hook(status="error")),
    "a date": fixture(hook(created_at="2025-09-03")),
    "an agent's own keys": fixture(more={"a": [1]}),
    "texts of an agent": fixture(label=None, description="", voice={"id": 1}, initial_message_delay=2, is_sandbox=None),
    "an agent's types": fixture(voice=None, conversation_speed=2, language="zh-TW"),
    "a stub": {
        "stubs": [{"method": "GET", "path": "/api/v1/phone-numbers", "status": 404, "headers": {"X": "y"}, "body": [1]}]
    },
    "the least stub": environments(stubs=[{"method": "POST", "path": "/api/v1/agents/{id}/callback"}]),
    "environments": environments(tokens=["talq_a"], expired_tokens=["talq_b"], agents=[], settings={}),
    "a call": {"agents": [{"id": "a", "name": "A"}], "calls": [{"agent_id": "a", "to": "+1234567890"}]},
    "calls are null": {"calls": None, "scenarios": None},
    "a payload": {"payloads": {"event_action": {"a": ["{{call.id}}", 1]}, "campaign.started": {}}},
    "payloads are null": {"payloads": None},
    "a scenario": {
        "scenarios": {"a": [{"event": "event_action"}, {"after": "2m", "event": "event_action", "data": {}}]}
    },
    "nulls in a step": {"scenarios": {"a": [{"after": None, "event": "event_action", "data": None, "status": None}]}},
    "the limits": fixture(hook(timeout=5, max_retries=10, name="n" * 255), hook(timeout=120, max_retries=0)),
}
BAD: dict[str, object] = {
    "a list": [],
    "text": "agents",
    "an unknown key": {"agent": []},
    "agents are a mapping": {"agents": {}},
    "an agent is text": {"agents": ["A"]},
    "an agent without a name": {"agents": [{"id": "a"}]},
    "an agent with an empty name": {"agents": [{"name": ""}]},
    "an agent's id": {"agents": [{"name": "A", "id": "a b"}]},
    "an agent's cache_clears": {"agents": [{"name": "A", "cache_clears": -1}]},
    **{f"an agent's {key}": fixture(**{key: False}) for key in sorted(AGENT_TEXTS)},
    "an agent's language in a list": fixture(language=["en-US"]),
    "a stub's method": {"stubs": [{"method": "BREW", "path": "/api/v1/phone-numbers"}]},
    "a stub's path": {"stubs": [{"method": "GET", "path": "calls"}]},
    "a stub without a path": {"stubs": [{"method": "GET"}]},
    "an agent's language": fixture(language="en-GB"),
    "an agent's voice": fixture(voice="alloy"),
    "an agent's speed": fixture(conversation_speed="1.0"),
    "an agent's date": {"agents": [{"name": "A", "created_at": "soon"}]},
    "webhooks are a mapping": {"agents": [{"name": "A", "webhooks": {}}]},
    **{f"no {key}": fixture(without(key)) for key in ("name", "webhook_url", "events")},
    **{f"{key} is null": fixture(hook(**{key: None})) for key in ("name", "webhook_url", "events")},
    "a webhook's unknown key": fixture(hook(tiemout=5)),
    "a derived key": fixture(hook(events_count=1)),
    "an id with a slash": fixture(hook(id="a/b")),
    "an id that is a number": fixture(hook(id=5)),
    "an empty name": fixture(hook(name="")),
    "a long name": fixture(hook(name="n" * 256)),
    "a name that is a number": fixture(hook(name=5)),
    "no URL": fixture(hook(webhook_url="example.com")),
    "a URL with a space": fixture(hook(webhook_url="http://xy/a b")),
    "a URL without a host": fixture(hook(webhook_url="http://")),
    "a long URL": fixture(hook(webhook_url="http://xy/" + "a" * 500)),
    "no events": fixture(hook(events=[])),
    "an unknown event": fixture(hook(events=["event_nope"])),
    "events are text": fixture(hook(events="event_action")),
    "a short timeout": fixture(hook(timeout=4)),
    "a long timeout": fixture(hook(timeout=121)),
    "many retries": fixture(hook(max_retries=11)),
    "enabled is a word": fixture(hook(enabled="yes")),
    "a method": fixture(hook(http_method="post")),
    "a scheme": fixture(hook(authorization_scheme="digest")),
    "a header without a value": fixture(hook(custom_headers=[{"key": "a"}])),
    "a header with an empty key": fixture(hook(custom_headers=[{"key": "", "value": "b"}])),
    "a header with an empty value": fixture(hook(custom_headers=[{"key": "a", "value": ""}])),
    "headers are a mapping": fixture(hook(custom_headers={"a": "b"})),
    "a template of an unknown event": fixture(hook(payload_templates={"event_nope": {}})),
    "a status": fixture(hook(status="broken")),
    "a date": fixture(hook(created_at="soon")),
    **{
        f"a call's {key}": {"agents": [{"id": "a", "name": "A"}], "calls": [{"agent_id": "a", "to": "+12", key: value}]}
        for key, value in {"to": "12", "from": 12, "status": "over", "duration": 1.5, "context": "x", "x": 1}.items()
    },
    **{
        f"a step's {key}": {"scenarios": {"a": [{"event": "event_action", key: value}]}}
        for key, value in {"after": "soon", "event": "x", "data": "x", "status": "over", "x": 1}.items()
    },
    "a negative time": {"scenarios": {"a": [{"event": "event_action", "after": -1}]}},
    "a scenario without steps": {"scenarios": {"a": []}},
    "a payload that is no mapping": {"payloads": {"event_action": "x"}},
    "a payload of an unknown event": {"payloads": {"event_none": {}}},
    "a scenario's name": {"scenarios": {"a b": [{"event": "event_action"}]}},
    "a call without a number": {"agents": [{"id": "a", "name": "A"}], "calls": [{"agent_id": "a"}]},
    "settings": {"settings": {"nope": 1}},
    "a token with a space": {"tokens": ["a b"]},
    "a token with a comma": environments(tokens=["a,b"]),
    "a token twice": {"tokens": ["a", "a"]},
    "variables are text": {"variables": "${ON:-true}"},
    "variables of an environment": environments(variables=False),
    "environments are a list": {"environments": []},
    "an environment is null": {"environments": {"staging": None}},
    "an environment named default": {"environments": {"default": {}}},
    "an environment's name": {"environments": {"a b": {}}},
    "an environment's unknown key": environments(environments={}),
}


@pytest.mark.slow
def test_the_schema_is_valid_and_plain_json() -> None:
    Draft202012Validator.check_schema(fixture_schema())
    assert json.loads(json.dumps(fixture_schema())) == fixture_schema()


@each_row("document", GOOD.values(), ids=GOOD.keys())
def test_what_is_right_is_right_for_both(document: object) -> None:
    assert [error.message for error in SCHEMA.iter_errors(document)] == []
    assert loads(document)


@each_row("document", BAD.values(), ids=BAD.keys())
def test_what_is_wrong_is_wrong_for_both(document: object) -> None:
    assert not SCHEMA.is_valid(document)
    assert not loads(document)


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.yaml")), ids=lambda path: path.name)
def test_the_shipped_fixtures_are_right(path: Path) -> None:
    document = json.loads(json.dumps(parse(path.read_text()), default=lambda moment: moment.isoformat()))
    assert [error.message for error in SCHEMA.iter_errors(document)] == []


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(document=right_fixtures)
def test_what_is_right_and_what_is_served_of_it_is_right_by_the_schema(document: object) -> None:
    assert [error.message for error in SCHEMA.iter_errors(document)] == []
    assert [error.message for error in SCHEMA.iter_errors(served(document))] == []


def test_the_schema_has_every_key_that_the_loader_knows() -> None:
    schema = fixture_schema()
    webhook, agent = schema["$defs"]["webhook"], schema["$defs"]["agent"]
    assert sorted(webhook["properties"]) == sorted(WEBHOOK_KEYS)
    assert sorted(webhook["required"]) == sorted(field.name for field in WEBHOOK_FIELDS if field.required)
    assert {"id", "name", "created_at", "updated_at", "webhooks", "cache_clears"} <= agent["properties"].keys()
    assert set(AGENT_DEFAULTS) <= agent["properties"].keys()


@pytest.mark.parametrize("field", [field for field in WEBHOOK_FIELDS if field.default], ids=lambda field: field.name)
def test_the_schema_tells_the_defaults(field: Any) -> None:
    assert fixture_schema()["$defs"]["webhook"]["properties"][field.name]["default"] == field.default
