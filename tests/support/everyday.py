"""What a test does with the mock, all of it once: it must work whatever library is active in the test.

Fresh environments run a copy of this file, so it imports no other test module.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from time import CLOCK_MONOTONIC, clock_gettime

import pytest
import requests

from talkover_mock.base.shapes.values import Event
from talkover_mock.client import MockServer
from talkover_mock.receiver import WebhookReceiver

AGENT = "9fbef0b7-8d4e-4a08-9207-66c22155721d"
WEBHOOK = "9fcafbf2-7593-44d6-8cd7-1b221beba62a"
STARTED: Event = "event_phone_call_started"
PAUSE = 0.1
"""Seconds before a retry, of a fault's delay, and of a wait in vain."""
WAIT = 20.0
"""Seconds after which something that should have happened did not."""


def everything(mock: MockServer, receiver: WebhookReceiver) -> None:
    """Opens an environment, and uses the API, deliveries, both clocks, waits, faults and the state."""
    environment = mock.open_environment()
    environment.merge_state({"settings": {"retry_schedule": [PAUSE]}})
    assert toggle(environment) == "Webhook enabled"
    environment.set_webhook(WEBHOOK, webhook_url=receiver.url)
    deliver(environment, receiver)
    wait_for_requests(environment)
    delay_a_call(environment)
    change_the_state(environment)
    assert environment.close()["errors"] == []
    receiver.clear()


def toggle(environment: MockServer) -> str:
    """The application's own call."""
    url = f"{environment.api_url}/agents/{AGENT}/webhooks/{WEBHOOK}/toggle"
    return str(requests.patch(url, headers=environment.headers, timeout=WAIT).json()["message"])


def deliver(environment: MockServer, receiver: WebhookReceiver) -> None:
    """Events that arrive at once, after a retry in real time, and after a retry of a frozen clock."""
    assert [each["status"] for each in environment.emit(AGENT, STARTED)] == ["success"]
    assert receiver.wait_for(1)[0].event == STARTED
    receiver.answer_next(500)
    with taking(PAUSE):
        assert [each["status"] for each in environment.emit(AGENT, STARTED)] == ["retrying"]
        environment.deliveries(status="success", attempt=2, min=1, wait=WAIT)
    assert len(receiver.wait_for(3)) == 3
    environment.freeze("2025-09-03T23:19:51Z")
    receiver.answer_next(500)
    environment.emit(AGENT, STARTED)
    environment.deliveries(status="success", attempt=2, max=1, wait=2 * PAUSE)  # while the real time goes on
    assert len(receiver.requests) == 4
    environment.advance(PAUSE)
    assert len(receiver.requests) == 5
    environment.unfreeze()


def wait_for_requests(environment: MockServer) -> None:
    """Waits for calls that are there, and in vain."""
    environment.requests(method="PATCH", min=1, wait=WAIT)
    with (
        taking(PAUSE),
        pytest.raises(AssertionError, match=f"expected at least 9 requests within {PAUSE:g} s") as caught,
    ):
        environment.requests(min=9, wait=PAUSE)
    assert "event loop" not in str(caught.value)
    with taking(PAUSE), pytest.raises(AssertionError, match=f"within {PAUSE:g} s, got 0"):
        environment.deliveries(event="event_recording", min=1, wait=PAUSE)


def delay_a_call(environment: MockServer) -> None:
    environment.add_fault(delay_seconds=PAUSE, times=1)
    with taking(PAUSE):
        assert toggle(environment) == "Webhook disabled"


def change_the_state(environment: MockServer) -> None:
    environment.snapshot("before")
    environment.replace_state({"agents": [{"id": "sales", "name": "Sales"}]})
    environment.merge_state({"agents": [{"id": "sales", "name": "Other"}]})
    assert environment.agent("sales")["name"] == "Other"
    environment.restore("before")
    assert environment.webhook(WEBHOOK)["enabled"] is False
    environment.reset()
    assert (environment.requests(), environment.events(), environment.faults()) == ([], [], [])
    assert "openapi" in environment.openapi()


@contextmanager
def taking(least: float) -> Iterator[None]:
    """Fails unless so many real seconds pass, and not many more; none of the libraries replaces this clock."""
    started = clock_gettime(CLOCK_MONOTONIC)
    yield
    assert least <= clock_gettime(CLOCK_MONOTONIC) - started < WAIT
