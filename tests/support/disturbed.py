"""An environment with one webhook to a receiver, whose deliveries meet the faults of a test."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier, Event, Lock
from typing import Any, TypeVar

from talkover_mock.deliveries.faults import DeliveryFault
from talkover_mock.deliveries.records import Delivery
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.faults import Fault, Limits
from talkover_mock.environments.world import World
from talkover_mock.receiver import Answer, ReceivedRequest, WebhookReceiver
from tests.support.stories import ENDED, MOMENT, STARTED, WAIT, attempts, hook

OpenWorld = Callable[..., World]
BOTH = [STARTED, ENDED]
DISTURBANCES: list[tuple[str, dict[str, Any]]] = [
    ("lose_answer", {}),
    ("timeout", {"sent": True}),
    ("refused", {}),
    ("repeat", {"copies": 2, "delay_seconds": 3}),
    ("repeat", {"copies": 2, "together": True}),
    ("repeat", {"replay": True, "delay_seconds": 400}),
    ("overlap", {}),
    ("delay", {"delay_seconds": 5}),
    ("drop", {}),
    ("bad_signature", {}),
    ("tampered", {}),
    ("skewed", {"seconds": -400}),
]
"""Faults of every kind that a receiver notices, or misses."""


def frozen(open_world: OpenWorld, receiver: WebhookReceiver, **fields: Any) -> Environment:
    """The webhook lists two events, and the clock stands still."""
    environment = running(open_world, receiver, **fields)
    environment.freeze(MOMENT)
    return environment


def running(open_world: OpenWorld, receiver: WebhookReceiver, **fields: Any) -> Environment:
    """The same in real time."""
    environment: Environment = open_world(hook(receiver.url, **{"events": BOTH, **fields})).default
    return environment


def add(environment: Environment, action: str, times: int | None = None, **details: Any) -> Fault[DeliveryFault]:
    """Adds a fault on deliveries; `details` are its match, the details of its action, and its limits."""
    limits = {key: details.pop(key) for key in Limits._fields if key in details}
    return environment.faults.add(DeliveryFault(action, **details), Limits(**{"times": times, **limits}))


def story(environment: Environment) -> list[str]:
    """The attempts, oldest first, each as `event 1: success (fault)`."""
    return [_line(each) for each in attempts(environment)]


def _line(delivery: Delivery) -> str:
    name = delivery.occurrence.event.removeprefix("event_phone_call_")
    fault = f" ({delivery.struck.fault.action})" if delivery.struck else ""
    return f"{name} {delivery.attempt}: {delivery.status}{fault}"


def seconds(environment: Environment) -> list[float]:
    """When each attempt ended, in seconds from the frozen moment."""
    ends = [each.ended_at - MOMENT if each.ended_at else timedelta(-1) for each in attempts(environment)]
    return [end.total_seconds() for end in ends]


class SlowReceiver(WebhookReceiver):
    """Answers only when so many requests are under way at once; it resets the connection of a request that is alone."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._all_here = Barrier(count)

    def take(self, request: ReceivedRequest) -> Answer:
        self._all_here.wait(WAIT)
        return super().take(request)


class HoldingReceiver(WebhookReceiver):
    """Answers the request of this number, and those behind it, once `go_on` is set."""

    def __init__(self, number: int = 1) -> None:
        super().__init__()
        self.go_on = Event()
        self._number = number

    def take(self, request: ReceivedRequest) -> Answer:
        answer = super().take(request)
        if len(self.requests) >= self._number:
            self.go_on.wait(WAIT)
        return answer


class CountingReceiver(WebhookReceiver):
    """Counts how many requests are under way: `crowds` has the number at each arrival."""

    def __init__(self) -> None:
        super().__init__()
        self.crowds: list[int] = []
        self._under_way = 0
        self._lock = Lock()

    def take(self, request: ReceivedRequest) -> Answer:
        with self._lock:
            self._under_way += 1
            self.crowds.append(self._under_way)
        try:
            return super().take(request)
        finally:
            with self._lock:
                self._under_way -= 1


R = TypeVar("R", bound=WebhookReceiver)


@contextmanager
def started(receiver: R) -> Iterator[R]:
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.stop()
