"""The API's operations on the webhooks of an agent or a campaign."""

from collections.abc import Mapping, Sequence
from threading import RLock
from typing import Any

from talkover_mock.base.clock import Clock
from talkover_mock.dialect.errors import AgentNotFound, CampaignNotFound, WebhookNotFound
from talkover_mock.dialect.fields import CAMPAIGN_WEBHOOK_FIELDS, WEBHOOK_FIELDS
from talkover_mock.dialect.ids import IdSource
from talkover_mock.dialect.rules import Field
from talkover_mock.state.checking import checked
from talkover_mock.state.records import CampaignId, Webhook
from talkover_mock.state.store import State


class Webhooks:
    """One environment's webhooks. Every operation is atomic under the environment's lock.

    An operation takes the id of the owner: an agent's, or a CampaignId. It first raises AgentNotFound or
    CampaignNotFound for an unknown owner, then WebhookNotFound for an unknown webhook. Every write to an agent's
    webhooks clears the agent's cache (documented).
    """

    __slots__ = ("_clock", "_lock", "_state", "ids")

    def __init__(self, state: State, lock: RLock, clock: Clock) -> None:
        self._state, self._lock, self._clock = state, lock, clock
        self.ids = IdSource("webhooks", state.settings.seed)

    def of(self, owner_id: str) -> list[Webhook]:
        """The owner's webhooks, oldest first."""
        with self._lock:
            self._check_owner(owner_id)
            webhooks = self._state.webhooks_of(owner_id)
        return sorted(webhooks, key=lambda webhook: webhook.created_at)  # a fixture lists webhooks in any order

    def hearing(self, owner_id: str) -> tuple[str, str | None, list[Webhook]]:
        """The agent and the campaign, if any, at which an event of the owner happens, and the webhooks that may get it.

        These are the owner's, and of the campaigns of an agent those that include call events.
        """
        with self._lock:
            webhooks = self.of(owner_id)
            campaign = self._state.campaigns.get(owner_id)
            if campaign:
                return campaign.agent_id, campaign.id, webhooks
            owners = [CampaignId(each.id) for each in self._state.campaigns_of(owner_id)]
            webhooks += [each for id in owners for each in self.of(id) if each.include_call_events]
            return owner_id, None, webhooks

    def find(self, owner_id: str, webhook_id: str) -> Webhook:
        with self._lock:
            self._check_owner(owner_id)
            webhook = self._state.webhooks.get(webhook_id)
            if webhook is None or webhook.owner_id != owner_id:
                raise WebhookNotFound(webhook_id, owner_id)
            return webhook

    def create(self, owner_id: str, body: Mapping[str, Any]) -> Webhook:
        """Creates a webhook. Raises ValidationFailed with every text of every field."""
        self._check_owner(owner_id)
        values = checked(body, fields_of_webhooks(owner_id))  # without the lock: a body may be large
        with self._lock:
            self._check_owner(owner_id)
            moment = self._clock.moment()
            now = moment.replace(microsecond=0)
            id = self.ids.new(moment, self._state.webhooks)
            campaign = self._state.campaigns.get(owner_id)
            agent_id, campaign_id = (campaign.agent_id, campaign.id) if campaign else (owner_id, None)
            webhook = Webhook(
                id=id, agent_id=agent_id, campaign_id=campaign_id, created_at=now, updated_at=now, **values
            )
            self._put(webhook)
        return webhook

    def update(self, owner_id: str, webhook_id: str, body: Mapping[str, Any]) -> Webhook:
        """Changes the given fields and ends an error; `updated_at` moves only when a value changes (measured).

        Raises ValidationFailed.
        """
        found = self.find(owner_id, webhook_id)
        fields = fields_of_webhooks(owner_id)
        values = checked(body, fields, over=found)  # without the lock: a body may be large
        with self._lock:
            webhook = self.find(owner_id, webhook_id)
            if webhook is not found:
                values = checked(body, fields, over=webhook)
            given = any(field.name in body for field in fields)
            updated = webhook._replace(**values, in_error=webhook.in_error and not given)
            if updated != webhook:
                updated = updated._replace(updated_at=self._clock.now())
            self._put(updated)
        return updated

    def delete(self, owner_id: str, webhook_id: str) -> None:
        with self._lock:
            webhook = self.find(owner_id, webhook_id)
            self._state.remove_webhook(webhook)
            self._clear_cache(webhook)

    def toggle(self, owner_id: str, webhook_id: str) -> Webhook:
        """Flips `enabled` and ends an error."""
        with self._lock:
            webhook = self.find(owner_id, webhook_id)
            toggled = webhook._replace(enabled=not webhook.enabled, in_error=False, updated_at=self._clock.now())
            self._put(toggled)
        return toggled

    def _check_owner(self, owner_id: str) -> None:
        if isinstance(owner_id, CampaignId):
            if owner_id not in self._state.campaigns:
                raise CampaignNotFound(owner_id)
        elif owner_id not in self._state.agents:
            raise AgentNotFound(owner_id)

    def _put(self, webhook: Webhook) -> None:
        self._state.put_webhook(webhook)
        self._clear_cache(webhook)

    def _clear_cache(self, webhook: Webhook) -> None:
        if webhook.campaign_id is None:
            self._state.clear_cache(webhook.agent_id)


def fields_of_webhooks(owner_id: str) -> Sequence[Field]:
    """The fields of the webhooks of an agent, or of a campaign."""
    return CAMPAIGN_WEBHOOK_FIELDS if isinstance(owner_id, CampaignId) else WEBHOOK_FIELDS
