"""No template, event or header makes its environment wait, or the process grow; the delivery fails with the reason."""

import tracemalloc
from collections.abc import Callable
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

import pytest

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.base.refusals import Conflict, Unfit
from talkover_mock.deliveries.operations import MOST_EVENT_BYTES, MOST_QUEUED_BYTES
from talkover_mock.deliveries.payloads import MOST_BYTES, TooLarge, render, size_of
from talkover_mock.deliveries.sender import MOST_HEADER_BYTES
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.world import World
from talkover_mock.receiver import WebhookReceiver
from tests.support.documented import AGENT, TOKEN, WEBHOOK_PATH
from tests.support.stories import STARTED, emit, hook

OpenWorld = Callable[..., World]
TOO_LARGE = f"The payload is larger than {MOST_BYTES} bytes, the limit of this mock"
MANY = 100_000
THOUSAND = "x" * 1000
BUSY_SECONDS = 1.0
"""The longest wait for a lock that a busy machine may show; an unbounded template makes it minutes."""
MOST_GROWTH = 200_000_000
TEMPLATES = {
    "in one string": "{{context.text}} " * MANY,
    "in a list": ["{{context.text}}"] * MANY,
    "in strings of a list": ["a {{context.text}}"] * MANY,
    "in an object": {f"key-{n}": "{{ context.text }}" for n in range(MANY)},
    "an object in a string": "{{context}} " * MANY,
    "three gigabytes": "{{context.text}}" * (30 * MANY),
}


def longest_wait(environment: Environment, done: Event) -> float:
    """The longest time that somebody waited for the environment's lock, until `done`."""
    longest = 0.0
    while not done.is_set():
        begun = monotonic()
        environment.agent_ids()
        longest = max(longest, monotonic() - begun)
        sleep(0.005)
    return longest


def watched(environment: Environment, act: Callable[[], Any]) -> tuple[Any, float]:
    """The result of an act, and the longest wait of its environment meanwhile."""
    done, waits = Event(), list[float]()
    thread = Thread(target=lambda: waits.append(longest_wait(environment, done)))
    thread.start()
    try:
        result = act()
    finally:
        done.set()
        thread.join()
    return result, waits[0]


@pytest.mark.slow
@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_a_template_that_renders_too_much_fails_at_once(template: object, open_world: OpenWorld) -> None:
    webhook = hook("http://127.0.0.1:1/", payload_templates={STARTED: template}, max_retries=5)
    environment = open_world(webhook).default
    tracemalloc.start()
    try:
        found, waited = watched(
            environment,
            lambda: environment.deliveries.emit(AGENT, STARTED, context={"text": THOUSAND}).log.watch(
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
    assert environment.deliveries._outbox.queued == 0, "no retry can mend it"


def test_what_is_just_within_the_limit_is_rendered() -> None:
    scope = {"context": {"text": THOUSAND}}
    assert len(render("{{context.text}}" * 3000, scope)) == 3_000_000
    with pytest.raises(TooLarge):
        render("{{context.text}}" * 5000, scope)
    with pytest.raises(TooLarge):
        render(["{{context.text}}"] * 5000, scope)


@pytest.mark.parametrize("value", ["x" * 2000, ["x"] * 1000, {str(n): n for n in range(500)}, [[[["x" * 2000]]]]])
def test_sizes_are_measured_up_to_a_limit(value: object) -> None:
    assert size_of(value, 10_000) >= 2000
    with pytest.raises(TooLarge):
        size_of(value, 1000)


def deep() -> list[Any]:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    return value


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
