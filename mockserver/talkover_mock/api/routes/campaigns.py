"""The routes of campaigns, list, read and change of status, and of their webhooks and what is delivered to these."""

from collections.abc import Sequence
from functools import partial
from typing import cast

from talkover_mock.api.input import api_input, page_of, with_ends
from talkover_mock.api.routing import Api
from talkover_mock.base.moments import to_microseconds, to_seconds
from talkover_mock.base.shapes import api as shapes
from talkover_mock.base.shapes.calls import PageWithoutLast
from talkover_mock.base.shapes.values import CampaignEvent, DeliveryStatus
from talkover_mock.deliveries.records import Delivery, Outcome
from talkover_mock.dialect.errors import OF_CAMPAIGNS
from talkover_mock.dialect.events import CAMPAIGN_EVENTS
from talkover_mock.state.records import CampaignId, Webhook
from talkover_mock.web.answers import Answer, api_answer
from talkover_mock.web.request import MockRequest

CAMPAIGN = "/campaigns/<campaign_id>"
WEBHOOKS = CAMPAIGN + "/webhooks"
WEBHOOK = WEBHOOKS + "/<webhook_id>"


def register(api: Api) -> None:
    route = partial(api.route, wording=OF_CAMPAIGNS)
    route("GET", "/campaigns", _list_campaigns, is_quick=False)
    route("GET", CAMPAIGN, _read_campaign)
    route("PATCH", CAMPAIGN + "/status", _set_status, is_quick=False)
    route("GET", WEBHOOKS, _list, is_quick=False)
    route("POST", WEBHOOKS, _create)
    route("GET", WEBHOOK, _read)
    route("PUT", WEBHOOK, _update)
    route("DELETE", WEBHOOK, _delete)
    route("PATCH", WEBHOOK + "/toggle", _toggle)
    route("POST", WEBHOOK + "/test", _test, is_quick=False)
    route("GET", WEBHOOK + "/logs", _logs, is_quick=False)
    route("POST", WEBHOOK + "/logs/<log_id>/retry", _retry, is_quick=False)


def _list_campaigns(request: MockRequest) -> Answer:
    """Lists campaigns, by status and page (assumed)."""
    query = api_input(request)
    campaigns, per_page = request.environment.campaigns.search(query)
    page, place = page_of(campaigns, per_page, query)
    return api_answer({"success": True, "data": [each.full() for each in page], "pagination": with_ends(place, page)})


def _read_campaign(request: MockRequest, campaign_id: str) -> Answer:
    """Reads one campaign (documented)."""
    return api_answer({"success": True, "data": request.environment.campaigns.find(campaign_id).full()})


def _set_status(request: MockRequest, campaign_id: str) -> Answer:
    """Changes the status (documented), whose event happens (inferred)."""
    full = request.environment.campaigning.set_status(campaign_id, api_input(request)).full()
    data: shapes.CampaignChanged = {"id": full["id"], "status": full["status"], "updated_at": full["updated_at"]}
    return api_answer({"success": True, "message": "Campaign status updated successfully", "data": data})


def _list(request: MockRequest, campaign_id: str) -> Answer:
    """Lists webhooks (documented), oldest first (assumed)."""
    webhooks = [_listed(each) for each in request.environment.webhooks.of(CampaignId(campaign_id))]
    return api_answer({"success": True, "data": {"webhooks": webhooks, "available_events": CAMPAIGN_EVENTS}})


def _create(request: MockRequest, campaign_id: str) -> Answer:
    """Creates a webhook (documented), with the status of an agent's webhook (assumed)."""
    webhook = request.environment.webhooks.create(CampaignId(campaign_id), api_input(request))
    return api_answer({"success": True, "data": _created(webhook)}, request.environment.settings.create_status)


def _read(request: MockRequest, campaign_id: str, webhook_id: str) -> Answer:
    """Reads one webhook (documented)."""
    webhook = request.environment.webhooks.find(CampaignId(campaign_id), webhook_id)
    return api_answer({"success": True, "data": _full(webhook)})


def _update(request: MockRequest, campaign_id: str, webhook_id: str) -> Answer:
    """Updates a webhook; only the given fields change (documented)."""
    webhook = request.environment.webhooks.update(CampaignId(campaign_id), webhook_id, api_input(request))
    return api_answer({"success": True, "data": _updated(webhook)})


def _delete(request: MockRequest, campaign_id: str, webhook_id: str) -> Answer:
    """Deletes a webhook (documented)."""
    request.environment.webhooks.delete(CampaignId(campaign_id), webhook_id)
    return api_answer({"success": True, "message": "Campaign webhook deleted"})


def _toggle(request: MockRequest, campaign_id: str, webhook_id: str) -> Answer:
    """Flips `enabled` (documented). The request's body is ignored."""
    webhook = request.environment.webhooks.toggle(CampaignId(campaign_id), webhook_id)
    message = "Webhook enabled" if webhook.enabled else "Webhook disabled"
    data: shapes.ToggledCampaignWebhook = {"id": webhook.id, "enabled": webhook.enabled}
    return api_answer({"success": True, "message": message, "data": data})


def _test(request: MockRequest, campaign_id: str, webhook_id: str) -> Answer:
    """Sends a test (documented), whose outcome the answer does not tell (inferred)."""
    request.environment.deliveries.test(CampaignId(campaign_id), webhook_id)
    return api_answer({"success": True, "message": "Test payload dispatched"})


def _logs(request: MockRequest, campaign_id: str, webhook_id: str) -> Answer:
    """Lists log entries (documented), newest first (assumed)."""
    query = api_input(request)
    entries, per_page = request.environment.deliveries.logs(CampaignId(campaign_id), webhook_id, query)
    page, place = page_of(entries, per_page, query)
    pagination: PageWithoutLast = {
        "current_page": place["current_page"],
        "per_page": place["per_page"],
        "total": place["total"],
    }
    return api_answer({"success": True, "data": [_entry(each) for each in page], "pagination": pagination})


def _retry(request: MockRequest, campaign_id: str, webhook_id: str, log_id: str) -> Answer:
    """Queues one more attempt (documented), and no further ones after it (assumed)."""
    queued = request.environment.deliveries.retry(CampaignId(campaign_id), webhook_id, log_id)
    data = {"log_id": queued.id, "original_log_id": log_id}
    return api_answer({"success": True, "message": "Webhook retry queued", "data": data})


def _listed(webhook: Webhook) -> shapes.ListedCampaignWebhook:
    """The keys of a list, in their order, as are those of the other answers (documented)."""
    return {
        "id": webhook.id,
        "campaign_id": webhook.owner_id,
        "name": webhook.name,
        "webhook_url": webhook.webhook_url,
        "events": _events(webhook),
        "enabled": webhook.enabled,
        "include_call_events": webhook.include_call_events,
    }


def _created(webhook: Webhook) -> shapes.CreatedCampaignWebhook:
    return {
        "id": webhook.id,
        "campaign_id": webhook.owner_id,
        "name": webhook.name,
        "events": _events(webhook),
        "enabled": webhook.enabled,
        "include_call_events": webhook.include_call_events,
        "created_at": to_microseconds(webhook.created_at),
    }


def _full(webhook: Webhook) -> shapes.CampaignWebhook:
    return {
        "id": webhook.id,
        "campaign_id": webhook.owner_id,
        "name": webhook.name,
        "webhook_url": webhook.webhook_url,
        "events": _events(webhook),
        "enabled": webhook.enabled,
        "timeout": webhook.timeout,
        "max_retries": webhook.max_retries,
        "include_call_events": webhook.include_call_events,
        "created_at": to_microseconds(webhook.created_at),
    }


def _updated(webhook: Webhook) -> shapes.UpdatedCampaignWebhook:
    return {
        "id": webhook.id,
        "events": _events(webhook),
        "include_call_events": webhook.include_call_events,
        "updated_at": to_microseconds(webhook.updated_at),
    }


def _events(webhook: Webhook) -> Sequence[CampaignEvent]:
    return cast(Sequence[CampaignEvent], webhook.events)


def _entry(delivery: Delivery) -> shapes.CampaignLogEntry:
    """A log entry: one set of keys for every attempt (documented)."""
    outcome = delivery.outcome or Outcome()
    delivered = delivery.ended_at if outcome.successful else None
    return {
        "id": delivery.id,
        "event": cast(CampaignEvent, delivery.occurrence.event),
        "attempt": delivery.attempt,
        "status": cast(DeliveryStatus, delivery.status),
        "http_status": outcome.http_status,
        "duration_ms": outcome.duration_ms if delivery.ended else None,
        "delivered_at": to_seconds(delivered) if delivered else None,
        "created_at": to_seconds(delivery.created_at),
    }
