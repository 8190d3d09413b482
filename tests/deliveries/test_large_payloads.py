"""No template, event or header makes its environment wait, or the process grow; the delivery fails with the reason."""

import tracemalloc
from collections.abc import Callable
from threading import Event
from time import monotonic
from typing import Any

import pytest

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.base import history
from talkover_mock.base.refusals import Conflict, Unfit
from talkover_mock.deliveries.attempts import LARGE_BYTES, MOST_LARGE
from talkover_mock.deliveries.operations import MOST_QUEUED_BYTES
from talkover_mock.deliveries.payloads import MOST_BYTES, MOST_EVENT_BYTES, TooLarge, render, size_of, to_bytes
from talkover_mock.deliveries.sender import MOST_HEADER_BYTES
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.world import World
from talkover_mock.receiver import Answer, WebhookReceiver
from tests.support.documented import AGENT, TOKEN, WEBHOOK_PATH
from tests.support.rows import each_row
from tests.support.stories import STARTED, WAIT, emit, hook
from tests.support.watching import BUSY_SECONDS, watched

OpenWorld = Callable[..., World]
TOO_LARGE = f"The payload is larger than {MOST_BYTES} bytes, the limit of this mock"
MANY = 40_000
THOUSAND = "x" * 1000
MOST_GROWTH = 200_000_000
TEMPLATES = {
    "in one string": "{{context.text}} " * MANY,
    "in a list": ["{{context.text}}"] * MANY,
    "in strings of a list": ["a {{context.text}}"] * MANY,
    "in an object": {f"key-{n}": "{{ context.text }}" for n in range(MANY)},
    "an object in a string": "{{context}} " * MANY,
    "a gigabyte": "{{context.text}}" * (25 * MANY),
}


@pytest.mark.slow
@pytest.mark.parametrize("text", [THOUSAND, "é" * 1000], ids=["ascii", "escaped"])
@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_a_template_that_renders_too_much_fails_at_once(template: object, text: str, open_world: OpenWorld) -> None:
    webhook = hook("http://127.0.0.1:1/", payload_templates={STARTED: template}, max_retries=5)
    environment = open_world(webhook).default
    tracemalloc.start()
    try:
        found, waited = watched(
            environment,
            lambda: environment.deliveries.emit(AGENT, STARTED, context={"text": text}).log.watch(
                lambda each: each.ended, 1, None, 10
            ),
        )
        grown = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    [delivery] = found.items
    assert delivery.outcome
    assert (delivery.status, delivery.outcome.error, delivery.outgoing) == ("failed", TOO_LARGE, None)
    assert waited < BUSY_SECONDS
    assert grown < MOST_GROWTH
    assert environment.deliveries._outbox.backlog.deliveries == 0, "no retry can mend it"


def test_what_is_just_within_the_limit_is_rendered() -> None:
    scope = {"context": {"text": THOUSAND}}
    assert len(render("{{context.text}}" * 3000, scope)) == 3_000_000
    with pytest.raises(TooLarge):
        render("{{context.text}}" * 5000, scope)
    with pytest.raises(TooLarge):
        render(["{{context.text}}"] * 5000, scope)


@pytest.mark.slow
@pytest.mark.parametrize("text", ["x", "é", "/", "\x01", "\n", "🙂"])
@pytest.mark.parametrize("style", ["php", "plain"])
def test_the_limit_is_one_of_the_bytes_that_are_sent(text: str, style: str) -> None:
    assert len(to_bytes(text * (MOST_BYTES // 20), style)) < MOST_BYTES
    with pytest.raises(TooLarge):
        to_bytes(text * MOST_BYTES, style)


@each_row("value", ["x" * 2000, ["x"] * 1000, {str(n): n for n in range(500)}, [[[["x" * 2000]]]]])
def test_sizes_are_measured_up_to_a_limit(value: object) -> None:
    assert size_of(value, 10_000) >= 2000
    with pytest.raises(TooLarge):
        size_of(value, 1000)


def deep() -> list[Any]:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    return value


@pytest.mark.slow
def test_depth_is_no_problem_for_the_measure() -> None:
    assert size_of(deep()) > 100_000


@pytest.mark.parametrize("key", ["call", "context", "data"])
def test_an_event_with_too_much_data_is_refused_with_the_limit(key: str, open_world: OpenWorld) -> None:
    http = create_app(open_world(hook("http://127.0.0.1:1/")), Guard()).test_client()
    body = {"agent_id": AGENT, "event": STARTED, key: {"text": "x" * MOST_EVENT_BYTES}}
    answer = http.post("/__admin/events", json=body)
    assert (answer.status_code, answer.get_json()["detail"]) == (
        422,
        f"call, context and data may each have {MOST_EVENT_BYTES} bytes at most",
    )


def emit_until_refused(environment: Environment, context: dict[str, Any]) -> None:
    """A few more events than fit, because some are under way."""
    for _ in range(5):
        environment.deliveries.emit(AGENT, STARTED, context=context)


@pytest.mark.slow
def test_large_events_that_wait_are_bounded(open_world: OpenWorld) -> None:
    environment = open_world(hook("http://127.0.0.1:1/", max_retries=10)).default
    environment.freeze()
    large = {"text": "x" * (MOST_EVENT_BYTES - 100)}
    most = MOST_QUEUED_BYTES // MOST_EVENT_BYTES
    for _ in range(most):
        environment.deliveries.emit(AGENT, STARTED, context=large)
    with pytest.raises(Conflict, match="would hold more than"):
        emit_until_refused(environment, large)
    with pytest.raises(Unfit):
        environment.deliveries.emit(AGENT, STARTED, context={"text": "x" * MOST_EVENT_BYTES})


def test_headers_that_are_too_large_are_not_sent(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    custom = [{"key": "X-Large", "value": "x" * MOST_HEADER_BYTES}]
    world = open_world(hook(receiver.url, custom_headers=custom, max_retries=0))
    [delivery] = emit(world.default)
    expected = f"The headers are larger than {MOST_HEADER_BYTES} bytes, the limit of this mock"
    assert delivery.outcome
    assert (delivery.status, delivery.outcome.error) == ("failed", expected)
    answer = create_app(world, Guard()).test_client().post(f"{WEBHOOK_PATH}/test", headers=TOKEN)
    assert expected.encode() in answer.data
    assert receiver.requests == []


def test_custom_headers_that_are_not_sent_are_told(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    custom = [{"key": key, "value": "chunked"} for key in ("Transfer-Encoding", "content-length", "Connection")]
    host = {"key": "Host", "value": "other.example"}
    world = open_world(hook(receiver.url, custom_headers=[*custom, host]))
    emit(world.default)
    http = create_app(world, Guard()).test_client()
    [delivery] = http.get("/__admin/deliveries").get_json()["deliveries"]
    assert delivery["request"]["headers_not_sent"] == ["Transfer-Encoding", "content-length", "Connection"]
    [request] = receiver.requests
    assert (request.headers["host"], "transfer-encoding" in request.headers) == ("other.example", False)


def test_one_large_event_may_go_to_many_webhooks(open_world: OpenWorld) -> None:
    """Their deliveries share the event's data."""
    many = 2 * MOST_QUEUED_BYTES // MOST_EVENT_BYTES
    environment = open_world(*(hook("http://127.0.0.1:1/", f"hook-{n}") for n in range(many))).default
    environment.freeze()
    emitted = environment.deliveries.emit(AGENT, STARTED, context={"text": "x" * (MOST_EVENT_BYTES - 100)})
    assert len(emitted.deliveries) == many


@pytest.mark.slow
def test_few_large_payloads_are_under_way_at_once(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    """However many webhooks lead to a receiver that hangs."""
    template = {STARTED: "{{context.text}}" * (LARGE_BYTES // 1000 + 1)}
    large = [hook(receiver.url, f"large-{n}", payload_templates=template) for n in range(10 * MOST_LARGE)]
    world = open_world(*large)
    receiver.answer_always(Answer(delay_seconds=1800))
    world.default.deliveries.emit(AGENT, STARTED, context={"text": THOUSAND})
    receiver.wait_for(MOST_LARGE)
    Event().wait(0.05)
    assert len(receiver.requests) == MOST_LARGE
    begun = monotonic()
    world.default.reset()
    receiver.answer_always(200)
    world.default.deliveries.emit(AGENT, STARTED, context={"text": THOUSAND})
    receiver.wait_for(11 * MOST_LARGE)
    assert monotonic() - begun < WAIT, "those that had no room end with the reset, like those that were under way"
    assert world.default.errors == []


@pytest.mark.slow
def test_an_event_that_no_webhook_got_counts_with_its_data(open_world: OpenWorld) -> None:
    deliveries = open_world(hook("http://127.0.0.1:1/", enabled=False)).default.deliveries
    for _ in range(history.MOST_BYTES // MOST_EVENT_BYTES + 5):
        deliveries.emit(AGENT, STARTED, context={"text": "x" * (MOST_EVENT_BYTES - 100)})
    assert deliveries.events.dropped > 0


def test_the_headers_of_answers_count_in_the_log(
    open_world: OpenWorld, receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MOST_BYTES", 100_000)
    receiver.answer_always(Answer(headers={"X-Large": "x" * 40_000}))
    environment = open_world(hook(receiver.url)).default
    for _ in range(3):
        emit(environment)
    assert environment.deliveries.log.dropped == 1


@pytest.mark.slow
def test_a_test_payload_that_is_too_large_fails(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    """The name of a fixture's agent may have any length."""
    world = open_world(hook(receiver.url))
    state = world.default.documents.whole()
    state["agents"][0]["name"] = "x" * MOST_BYTES
    http = create_app(world, Guard()).test_client()
    assert http.put("/__admin/state", json=state).status_code == 200
    answer = http.post(f"{WEBHOOK_PATH}/test", headers=TOKEN)
    assert (answer.status_code, answer.get_json()["message"]) == (200, f"Webhook test failed: {TOO_LARGE}")
    assert (world.default.errors, receiver.requests) == ([], [])
