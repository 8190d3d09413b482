"""The API's operations on an agent's webhooks."""

from collections.abc import Mapping, Sequence
from threading import RLock
from typing import Any

from talkover_mock.base.clock import Clock
from talkover_mock.dialect.errors import AgentNotFound, ValidationFailed, WebhookNotFound
from talkover_mock.dialect.fields import WEBHOOK_FIELDS
from talkover_mock.dialect.ids import IdSource
from talkover_mock.dialect.rules import Field, Invalid, fields_of
from talkover_mock.state.records import Webhook
from talkover_mock.state.store import State


class Webhooks:
    """One environment's webhooks. Every operation is atomic under the environment's lock.

    Every operation first raises AgentNotFound for an unknown agent, then WebhookNotFound for an unknown webhook.
    Every write clears the agent's cache (documented).
    """

    __slots__ = ("_clock", "_lock", "_state", "ids")

    def __init__(self, state: State, lock: RLock, clock: Clock) -> None:
        self._state, self._lock, self._clock = state, lock, clock
        self.ids = IdSource("webhooks", state.settings.seed)

    def of(self, agent_id: str) -> list[Webhook]:
        """The agent's webhooks, oldest first."""
        with self._lock:
            self._check_agent(agent_id)
            webhooks = self._state.webhooks_of(agent_id)
        return sorted(webhooks, key=lambda webhook: webhook.created_at)  # a fixture lists webhooks in any order

    def find(self, agent_id: str, webhook_id: str) -> Webhook:
        with self._lock:
            self._check_agent(agent_id)
            webhook = self._state.webhooks.get(webhook_id)
            if webhook is None or webhook.agent_id != agent_id:
                raise WebhookNotFound(webhook_id, agent_id)
            return webhook

    def create(self, agent_id: str, body: Mapping[str, Any]) -> Webhook:
        """Creates a webhook. Raises ValidationFailed with every text of every field."""
        self._check_agent(agent_id)
        values = checked(body, WEBHOOK_FIELDS)  # without the lock: a body may be large
        with self._lock:
            self._check_agent(agent_id)
            moment = self._clock.moment()
            now = moment.replace(microsecond=0)
            id = self.ids.new(moment, self._state.webhooks)
            webhook = Webhook(id=id, agent_id=agent_id, created_at=now, updated_at=now, **values)
            self._put(webhook)
        return webhook

    def update(self, agent_id: str, webhook_id: str, body: Mapping[str, Any]) -> Webhook:
        """Changes the given fields and ends an error; `updated_at` moves only when a value changes (measured).

        Raises ValidationFailed.
        """
        found = self.find(agent_id, webhook_id)
        values = checked(body, WEBHOOK_FIELDS, over=found)  # without the lock: a body may be large
        with self._lock:
            webhook = self.find(agent_id, webhook_id)
            if webhook is not found:
                values = checked(body, WEBHOOK_FIELDS, over=webhook)
            given = any(field.name in body for field in WEBHOOK_FIELDS)
            updated = webhook._replace(**values, in_error=webhook.in_error and not given)
            if updated != webhook:
                updated = updated._replace(updated_at=self._clock.now())
            self._put(updated)
        return updated

    def delete(self, agent_id: str, webhook_id: str) -> None:
        with self._lock:
            self._state.remove_webhook(self.find(agent_id, webhook_id))
            self._state.clear_cache(agent_id)

    def toggle(self, agent_id: str, webhook_id: str) -> Webhook:
        """Flips `enabled` and ends an error."""
        with self._lock:
            webhook = self.find(agent_id, webhook_id)
            toggled = webhook._replace(enabled=not webhook.enabled, in_error=False, updated_at=self._clock.now())
            self._put(toggled)
        return toggled

    def _check_agent(self, agent_id: str) -> None:
        if agent_id not in self._state.agents:
            raise AgentNotFound(agent_id)

    def _put(self, webhook: Webhook) -> None:
        self._state.put_webhook(webhook)
        self._state.clear_cache(webhook.agent_id)


def checked(body: Mapping[str, Any], fields: Sequence[Field], over: Webhook | None = None) -> dict[str, Any]:
    """The stored values of a request's fields, laid over the values of `over`. Raises ValidationFailed."""
    kept = {field.name: getattr(over, field.name) for field in fields} if over else None
    try:
        return fields_of(body, fields, kept)
    except Invalid as invalid:
        raise ValidationFailed(invalid.entries, body) from None
