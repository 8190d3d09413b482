"""Any JSON in any field, lists for objects and back: what comes back keeps the documented shapes."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from talkover_mock.app import create_app
from talkover_mock.dialect.behaviours import conformance
from talkover_mock.dialect.events import EVENTS
from talkover_mock.dialect.fields import WEBHOOK_FIELDS
from talkover_mock.dialect.shapes import differences
from talkover_mock.environments.world import World
from tests.support.documented import TOKEN
from tests.support.frozen import ONE, RIGHT, WEBHOOKS, Time, frozen_world

pytestmark = pytest.mark.slow
SHAPES = conformance().shapes
TEXTS = st.sampled_from([*EVENTS, "http://app", "http://a", "30", "POST", "custom", " ", "x" * 300]) | st.text(
    max_size=4
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
KEYS = st.sampled_from(["0", "1", "a", "key", "value", "a.b", *EVENTS]) | st.text(max_size=3)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(KEYS, inner, max_size=3)
        | st.fixed_dictionaries({"key": inner, "value": inner})
    ),
    max_leaves=8,
)
"""Any JSON, often with what a rule looks for."""
NAMES = [field.name for field in WEBHOOK_FIELDS]
BODIES = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, VALUES)) | VALUES
ALMOST = BODIES.map(lambda body: {**RIGHT, **body} if isinstance(body, dict) else body)
"""Bodies that create a webhook, where what they change of the right ones is right too."""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    world = frozen_world(Time())
    yield world
    world.stop()


@pytest.fixture(scope="module")
def client(world: World) -> FlaskClient:
    return create_app(world).test_client()


def wrong(answer: Any, message: str) -> list[str]:
    """What an answer breaks of the shapes that it may have."""
    shape: dict[str, Any] = {"success": True, "message": message, "data": "<webhook>"}
    if answer.status_code != 200:
        shape = {"message": "The given data was invalid.", "errors": "<object>"}
    found = [str(each) for each in differences(shape, answer.get_json(), SHAPES)]
    for name, texts in answer.get_json().get("errors", {}).items():
        found += [str(each) for each in differences(["<text>"], texts, SHAPES, name)]
        if not texts or name.split(".")[0] not in NAMES:
            found.append(f"{name} has {len(texts)} texts")
    return found


@given(ALMOST, BODIES)
@settings(max_examples=150, deadline=None)
def test_any_body_gets_an_answer_of_a_documented_shape(client: FlaskClient, body: Any, change: Any) -> None:
    for method, path, sent, message in (
        ("POST", WEBHOOKS, body, "Webhook created successfully"),
        ("PUT", ONE, change, "Webhook updated successfully"),
    ):
        answer = client.open(path, method=method, data=json.dumps(sent), headers=TOKEN, content_type="application/json")
        assert answer.status_code in (200, 422)
        assert wrong(answer, message) == []
    listed = client.get(WEBHOOKS, headers=TOKEN)
    shape = {"success": True, "data": {"webhooks": ["<webhook>"], "available_events": "<events>"}}
    assert differences(shape, listed.get_json(), SHAPES) == []
