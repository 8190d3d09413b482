"""The state of an environment as documents: read, replaced, merged, as a fixture has them."""

from collections.abc import Callable
from threading import RLock

from talkover_mock.base.shapes import state as shapes
from talkover_mock.loading.fixture import changed_webhook, to_baseline
from talkover_mock.loading.mistakes import Source
from talkover_mock.loading.writer import to_document, to_part, to_part_of_webhook, webhook_document
from talkover_mock.state.store import State


class Documents:
    """Reads and writes the state in the format of fixtures. Every method is atomic under the environment's lock."""

    __slots__ = ("_lock", "_reseed", "_state")

    def __init__(self, state: State, lock: RLock, reseed: Callable[[int], None]) -> None:
        """`reseed` gets the seed that held before the state was replaced or merged."""
        self._state, self._lock, self._reseed = state, lock, reseed

    def whole(self) -> shapes.State:
        """The state as a fixture."""
        with self._lock:
            return to_document(self._state)

    def part(self, agent_id: str) -> shapes.Part | None:
        """One agent with its webhooks as a fixture; None for an unknown id."""
        with self._lock:
            agent = self._state.agents.get(agent_id)
            return to_part(self._state, agent) if agent else None

    def part_of_webhook(self, webhook_id: str) -> shapes.Part | None:
        """One webhook under its agent or campaign as a fixture; None for an unknown id."""
        with self._lock:
            webhook = self._state.webhooks.get(webhook_id)
            return to_part_of_webhook(self._state, webhook) if webhook else None

    def replace(self, source: Source) -> None:
        """Replaces the state by a fixture; a reset still goes back to the environment's own baseline.

        Settings, scenarios and payloads that the fixture does not give stay. Raises FixtureError, and then changes
        nothing.
        """
        with self._lock:
            seed = self._state.settings.seed
            self._state.reset(to_baseline(source, None, self._state, with_logs=False))
            self._reseed(seed)

    def merge(self, source: Source) -> None:
        """Merges a fixture into the state by id. Raises FixtureError, and then changes nothing."""
        with self._lock:
            seed = self._state.settings.seed
            self._state.merge(to_baseline(source, self._state, self._state, with_logs=False))
            self._reseed(seed)

    def change_webhook(self, id: str, source: Source) -> shapes.Webhook | None:
        """Lays some keys of a fixture's webhook over a webhook, and returns it as a fixture; None for an unknown id.

        Raises FixtureError, and then changes nothing.
        """
        with self._lock:
            webhook = self._state.webhooks.get(id)
            if webhook is None:
                return None
            changed = changed_webhook(source, self._state, webhook)
            self._state.put_webhook(changed)
            return webhook_document(changed)
