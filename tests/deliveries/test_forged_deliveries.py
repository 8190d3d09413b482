"""Faults that forge a signature, or the body under it, by every scheme."""

from typing import Any

import pytest

from talkover_mock.deliveries.messages import tampered
from talkover_mock.deliveries.sender import outgoing
from talkover_mock.dialect.signing import SCHEMES, sign
from talkover_mock.receiver import ReceivedRequest, WebhookReceiver
from tests.support.disturbed import OpenWorld, add, story
from tests.support.rows import each_row
from tests.support.stories import MOMENT, attempts, emit, hook

SECRET = "whsec_c2VjcmV0"
every_scheme = pytest.mark.parametrize("scheme", SCHEMES)


def forged(
    open_world: OpenWorld, receiver: WebhookReceiver, scheme: str, action: str, **details: Any
) -> tuple[ReceivedRequest, ReceivedRequest, str]:
    """Two deliveries of one event, the first of them struck, and the id of the event."""
    world = open_world(hook(receiver.url, webhook_secret=SECRET), settings={"signature_scheme": scheme})
    environment = world.default
    environment.freeze(MOMENT)
    add(environment, action, times=1, attempt=1, **details)
    receiver.answer_next(500)
    emit(environment)
    environment.deliveries.advance(1)
    assert story(environment) == [f"started 1: failed ({action})", "started 2: success"]
    first, second = receiver.requests
    return first, second, attempts(environment)[0].occurrence.id


def signed(scheme: str, body: bytes, seconds: float, id: str) -> dict[str, str]:
    """The headers that sign a body so many seconds after the moment, with their names in lower case."""
    headers = sign(SCHEMES[scheme], SECRET, body, int(MOMENT.timestamp() + seconds), id)
    return {name.lower(): value for name, value in headers.items()}


def has(request: ReceivedRequest, headers: dict[str, str]) -> bool:
    return headers.items() <= request.headers.items()


@every_scheme
def test_a_bad_signature_is_that_of_another_secret(
    open_world: OpenWorld, receiver: WebhookReceiver, scheme: str
) -> None:
    first, second, id = forged(open_world, receiver, scheme, "bad_signature")
    genuine = signed(scheme, first.body, 0, id)
    assert first.body == second.body
    assert set(genuine) <= set(first.headers)
    assert not has(first, genuine)
    assert has(second, signed(scheme, second.body, 1, id))


@every_scheme
def test_a_tampered_body_is_json_under_the_signature_of_another(
    open_world: OpenWorld, receiver: WebhookReceiver, scheme: str
) -> None:
    first, second, id = forged(open_world, receiver, scheme, "tampered")
    assert has(first, signed(scheme, second.body, 0, id))
    assert not has(first, signed(scheme, first.body, 0, id))
    assert first.json == {**second.json, "tampered": True}
    assert has(second, signed(scheme, second.body, 1, id))


@every_scheme
@pytest.mark.parametrize("seconds", [-400, 400, 0.5])
def test_a_skewed_signature_is_that_of_another_time(
    open_world: OpenWorld, receiver: WebhookReceiver, scheme: str, seconds: float
) -> None:
    first, second, id = forged(open_world, receiver, scheme, "skewed", seconds=seconds)
    assert first.body == second.body
    assert has(first, signed(scheme, first.body, seconds, id))


def test_the_latest_time_of_a_clock_can_be_skewed(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    world = open_world(hook(receiver.url, webhook_secret=SECRET), settings={"signature_scheme": "stripe"})
    world.default.freeze(MOMENT.replace(year=9999))
    add(world.default, "skewed", seconds=315_360_000)
    assert [each.status for each in emit(world.default)] == ["success"]


def test_a_bad_signature_comes_also_to_a_webhook_without_a_secret(
    open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    environment = open_world(hook(receiver.url)).default
    add(environment, "bad_signature", times=1)
    emit(environment)
    emit(environment)
    assert ["signature" in each.headers for each in receiver.requests] == [True, False]


@each_row(
    ("body", "expected"),
    [
        (b"{}", b'{"tampered":true}'),
        (b'{"a":{}}', b'{"a":{},"tampered":true}'),
        (b"[]", b"[] "),
        (b"", b" "),
    ],
)
def test_whatever_the_payload_is_other_bytes_are_sent_in_their_whole_length(body: bytes, expected: bytes) -> None:
    changed = tampered(outgoing("POST", "http://x", [("X-Length", "2")], body, 5))
    assert changed.body == expected
    assert dict(changed.headers)["Content-Length"] == str(len(expected))
    assert dict(changed.headers)["X-Length"] == "2"
