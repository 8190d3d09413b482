"""Whether an act makes its environment wait."""

from collections.abc import Callable
from threading import Event, Thread
from time import monotonic
from typing import TypeVar

from talkover_mock.environments.environment import Environment

T = TypeVar("T")
BUSY_SECONDS = 1.0
"""The longest wait for a lock that a busy machine may show; without their bounds, these acts take many seconds."""


def watched(environment: Environment, act: Callable[[], T]) -> tuple[T, float]:
    """The result of an act, and the longest time that anybody waited for its environment's lock meanwhile."""
    done, waits = Event(), list[float]()

    def watch() -> None:
        while not done.wait(0.005) or not waits:
            begun = monotonic()
            environment.agent_ids()
            waits.append(monotonic() - begun)

    thread = Thread(target=watch)
    thread.start()
    try:
        result = act()
    finally:
        done.set()
        thread.join()
    return result, max(waits)
