"""An environment with one webhook to a receiver, whose deliveries meet the faults of a test."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from talkover_mock.deliveries.faults import DeliveryFault
from talkover_mock.deliveries.records import Delivery
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.faults import Fault, Limits
from talkover_mock.environments.world import World
from talkover_mock.receiver import WebhookReceiver
from tests.support.stories import ENDED, MOMENT, STARTED, attempts, hook

OpenWorld = Callable[..., World]
BOTH = [STARTED, ENDED]


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
