"""An environment's state as fixtures: all of it, a part, and a webhook that is changed."""

from threading import RLock
from typing import Any

from talkover_mock.loading.fixture import changed_webhook
from talkover_mock.loading.mistakes import Source
from talkover_mock.loading.writer import to_document, to_part, to_part_of_webhook, webhook_document
from talkover_mock.state.store import State


class Described:
    """A state that is read and changed as fixtures are written. Every method is atomic."""

    __slots__ = ("_lock", "_state")

    _lock: RLock
    _state: State

    def document(self) -> dict[str, Any]:
        """The state as a fixture."""
        with self._lock:
            return to_document(self._state)

    def part(self, agent_id: str) -> dict[str, Any] | None:
        """One agent with its webhooks as a fixture; None for an unknown id."""
        with self._lock:
            agent = self._state.agents.get(agent_id)
            return to_part(self._state, agent) if agent else None

    def part_of_webhook(self, webhook_id: str) -> dict[str, Any] | None:
        """One webhook under its agent or campaign as a fixture; None for an unknown id."""
        with self._lock:
            webhook = self._state.webhooks.get(webhook_id)
            return to_part_of_webhook(self._state, webhook) if webhook else None

    def change_webhook(self, id: str, source: Source) -> dict[str, Any] | None:
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
