"""Fixtures for tests: short ones by hand, and strategies for any right or wrong one."""

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from talkover_mock.dialect.events import EVENTS
from talkover_mock.loading.files import parse
from talkover_mock.loading.fixture import read_fixture, to_baseline
from talkover_mock.loading.mistakes import Source
from talkover_mock.loading.reader import AGENT_KEYS, WEBHOOK_KEYS
from talkover_mock.loading.writer import to_document
from talkover_mock.state.store import Baseline, State

WEBHOOK: Mapping[str, Any] = {"name": "W", "webhook_url": "http://xy", "events": ["event_action"]}


def hook(**fields: Any) -> dict[str, Any]:
    """A webhook with no more than it needs, and `fields`."""
    return {**WEBHOOK, **fields}


def fixture(*webhooks: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """A fixture of one agent."""
    return {"agents": [{"id": "agent", "name": "A", **fields, "webhooks": list(webhooks)}]}


def source(document: object, name: str = "f.json") -> Source:
    """A document as it comes from a JSON file."""
    return parse(json.dumps(document).encode(), name, json_only=True)


def baseline(document: object) -> Baseline:
    """The default environment of a fixture."""
    return read_fixture([source(document)])["default"].baseline


def state(document: object) -> State:
    return State(baseline(document))


def served(document: object) -> dict[str, Any]:
    """The fixture as its state is served."""
    return {**to_document(State(to_baseline(source(document))))}


_texts = st.text(st.characters(codec="utf-8"), max_size=8)
_leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | _texts
    | st.sampled_from(["event_action", "talq_a", "error", "active", "a", "http://xy", "30", "2025-01-01T00:00:00Z"])
    | st.sampled_from([10**400, "9" * 600])
)
anything = st.recursive(
    _leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(_texts | st.sampled_from([*WEBHOOK_KEYS, *EVENTS]), inner, max_size=3)
    ),
    max_leaves=6,
)


def _nearly(keys: tuple[str, ...], **right: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A mapping of which any key may be missing or wrong, or something else altogether."""
    fields = dict.fromkeys(keys, anything) | {key: values | anything for key, values in right.items()}
    return st.fixed_dictionaries({}, optional=fields) | anything


_ids = st.sampled_from(["a", "b", "c"])
_urls = st.just("http://xy/y")
_events = st.lists(st.sampled_from(list(EVENTS)), min_size=1, max_size=3)
_broken_webhooks = _nearly((*WEBHOOK_KEYS, "tiemout"), id=_ids, name=_texts, webhook_url=_urls, events=_events)
_broken_agents = _nearly((*AGENT_KEYS, "x"), id=_ids, name=_texts, webhooks=st.lists(_broken_webhooks, max_size=3))
_tokens = st.lists(st.sampled_from(["talq_a", "talq_b"]) | anything, max_size=2)
_broken_body = {"agents": st.lists(_broken_agents, max_size=3), "tokens": _tokens, "settings": st.just({})}
_broken_environments = st.dictionaries(
    st.sampled_from(["default", "staging"]) | _texts, _nearly(("expired_tokens",), **_broken_body), max_size=2
)
broken_fixtures = _nearly(("expired_tokens",), **_broken_body, environments=_broken_environments)
"""Anything at all, mostly in the shape of a fixture."""

_names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8).filter(str.strip)
_header_names, _printed = st.from_regex("[A-Za-z-]{1,8}", fullmatch=True), _names.filter(str.isprintable)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=4,
)
_moments = st.datetimes().map(lambda moment: moment.isoformat() + "Z")


def _with_templates_of_its_events(webhook: dict[str, Any]) -> dict[str, Any]:
    templates = webhook.get("payload_templates")
    if templates is None:
        return webhook
    return {**webhook, "payload_templates": {key: templates[key] for key in templates if key in webhook["events"]}}


_webhooks = st.fixed_dictionaries(
    {"name": _names, "webhook_url": _urls, "events": _events},
    optional={
        "webhook_secret": st.none() | _names,
        "timeout": st.integers(5, 120),
        "max_retries": st.integers(0, 10),
        "enabled": st.booleans(),
        "http_method": st.sampled_from(["POST", "PUT", "PATCH"]),
        "custom_headers": st.lists(st.fixed_dictionaries({"key": _header_names, "value": _printed}), max_size=2),
        "payload_templates": st.dictionaries(st.sampled_from(list(EVENTS)), _json, max_size=2),
        "status": st.just("error"),
        "created_at": _moments,
        "updated_at": _moments,
    },
).map(_with_templates_of_its_events)
_agents = st.fixed_dictionaries(
    {"name": _names, "webhooks": st.lists(_webhooks, max_size=3)},
    optional={
        "label": st.none() | _texts,
        "trainings": _json,
        "created_at": _moments,
        "cache_clears": st.integers(0, 9),
        "xyz": _json,
    },
)
right_fixtures = st.fixed_dictionaries({"agents": st.lists(_agents, max_size=3)})
