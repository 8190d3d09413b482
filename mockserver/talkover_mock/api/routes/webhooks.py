"""The routes of an agent's webhooks: list, create, read, update, delete, toggle."""

from collections.abc import Sequence
from typing import cast

from talkover_mock.api.input import api_input
from talkover_mock.api.routing import Api
from talkover_mock.base.moments import to_microseconds
from talkover_mock.base.shapes import api as shapes
from talkover_mock.base.shapes.values import Event
from talkover_mock.dialect.events import EVENTS
from talkover_mock.state.records import Webhook
from talkover_mock.web.answers import Answer, api_answer
from talkover_mock.web.request import MockRequest

WEBHOOKS = "/agents/<agent_id>/webhooks"
WEBHOOK = WEBHOOKS + "/<webhook_id>"


def register(api: Api) -> None:
    api.route("GET", WEBHOOKS, _list, is_quick=False)
    api.route("POST", WEBHOOKS, _create)
    api.route("GET", WEBHOOK, _read)
    api.route("PUT", WEBHOOK, _update)
    api.route("DELETE", WEBHOOK, _delete)
    api.route("PATCH", WEBHOOK + "/toggle", _toggle)


def _list(request: MockRequest, agent_id: str) -> Answer:
    """Lists webhooks (documented), oldest first (assumed)."""
    webhooks = [present(webhook) for webhook in request.environment.webhooks.of(agent_id)]
    return api_answer({"success": True, "data": {"webhooks": webhooks, "available_events": EVENTS}})


def _create(request: MockRequest, agent_id: str) -> Answer:
    """Creates a webhook; answers 200 (inferred from the vendor's OpenAPI file), or the fixture's `create_status`."""
    webhook = request.environment.webhooks.create(agent_id, api_input(request))
    body = {"success": True, "message": "Webhook created successfully", "data": present(webhook)}
    return api_answer(body, request.environment.settings.create_status)


def _read(request: MockRequest, agent_id: str, webhook_id: str) -> Answer:
    """Reads one webhook (documented)."""
    return api_answer({"success": True, "data": present(request.environment.webhooks.find(agent_id, webhook_id))})


def _update(request: MockRequest, agent_id: str, webhook_id: str) -> Answer:
    """Updates a webhook; only the given fields change (documented)."""
    webhook = request.environment.webhooks.update(agent_id, webhook_id, api_input(request))
    return api_answer({"success": True, "message": "Webhook updated successfully", "data": present(webhook)})


def _delete(request: MockRequest, agent_id: str, webhook_id: str) -> Answer:
    """Deletes a webhook (documented)."""
    request.environment.webhooks.delete(agent_id, webhook_id)
    return api_answer({"success": True, "message": "Webhook deleted successfully"})


def _toggle(request: MockRequest, agent_id: str, webhook_id: str) -> Answer:
    """Flips `enabled` (documented). The request's body is ignored."""
    webhook = request.environment.webhooks.toggle(agent_id, webhook_id)
    message = "Webhook enabled" if webhook.enabled else "Webhook disabled"
    return api_answer({"success": True, "message": message, "data": present(webhook)})


def present(webhook: Webhook) -> shapes.Webhook:
    """The twelve documented keys in their order; the secret and the delivery options are not among them (inferred)."""
    return {
        "id": webhook.id,
        "agent_id": webhook.agent_id,
        "name": webhook.name,
        "webhook_url": webhook.webhook_url,
        "events": cast(Sequence[Event], webhook.events),
        "timeout": webhook.timeout,
        "max_retries": webhook.max_retries,
        "enabled": webhook.enabled,
        "created_at": to_microseconds(webhook.created_at),
        "updated_at": to_microseconds(webhook.updated_at),
        "events_count": len(webhook.events),
        "status": webhook.status,
    }
