"""The operations on an agent's webhooks, as the API offers them."""

from dataclasses import replace
from threading import RLock

from mockserver.clock import Clock
from mockserver.errors import AgentNotFound, WebhookNotFound
from mockserver.records import Webhook
from mockserver.store import State


class Webhooks:
    """One environment's webhooks. Every operation is atomic under the environment's lock."""

    __slots__ = ("_clock", "_lock", "_state")

    def __init__(self, state: State, lock: RLock, clock: Clock) -> None:
        self._state, self._lock, self._clock = state, lock, clock

    def toggle(self, agent_id: str, webhook_id: str) -> Webhook:
        """Flips `enabled`, whatever it is, and ends an error. Raises AgentNotFound, WebhookNotFound."""
        with self._lock:
            webhook = self._find(agent_id, webhook_id)
            toggled = replace(webhook, enabled=not webhook.enabled, in_error=False, updated_at=self._clock.now())
            self._state.put_webhook(toggled)
            self._state.clear_cache(agent_id)
        return toggled

    def _find(self, agent_id: str, webhook_id: str) -> Webhook:
        if agent_id not in self._state.agents:
            raise AgentNotFound(agent_id)
        webhook = self._state.webhooks.get(webhook_id)
        if webhook is None or webhook.agent_id != agent_id:
            raise WebhookNotFound(webhook_id, agent_id)
        return webhook
