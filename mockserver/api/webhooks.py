"""The webhooks of an agent."""

from typing import Any

from flask import Response, request

from mockserver.clock import to_microseconds
from mockserver.environment import Environment
from mockserver.events import EVENTS
from mockserver.records import Webhook
from mockserver.routing import Api
from mockserver.wire import api_input, api_response

WEBHOOKS = "/agents/<agent_id>/webhooks"
WEBHOOK = WEBHOOKS + "/<webhook_id>"


def register(api: Api) -> None:
    api.route("GET", WEBHOOKS, _list)
    api.route("POST", WEBHOOKS, _create)
    api.route("GET", WEBHOOK, _read)
    api.route("PUT", WEBHOOK, _update)
    api.route("DELETE", WEBHOOK, _delete)
    api.route("PATCH", WEBHOOK + "/toggle", _toggle)


def _list(environment: Environment, agent_id: str) -> Response:
    """Documented: oldest first."""
    webhooks = [present(webhook) for webhook in environment.webhooks.of(agent_id)]
    return api_response({"success": True, "data": {"webhooks": webhooks, "available_events": EVENTS}})


def _create(environment: Environment, agent_id: str) -> Response:
    """Documented: 200, unless the fixture's `create_status` says 201."""
    webhook = environment.webhooks.create(agent_id, api_input(request))
    body = {"success": True, "message": "Webhook created successfully", "data": present(webhook)}
    return api_response(body, environment.settings.create_status)


def _read(environment: Environment, agent_id: str, webhook_id: str) -> Response:
    """Documented."""
    return api_response({"success": True, "data": present(environment.webhooks.find(agent_id, webhook_id))})


def _update(environment: Environment, agent_id: str, webhook_id: str) -> Response:
    """Documented: only the given fields change."""
    webhook = environment.webhooks.update(agent_id, webhook_id, api_input(request))
    return api_response({"success": True, "message": "Webhook updated successfully", "data": present(webhook)})


def _delete(environment: Environment, agent_id: str, webhook_id: str) -> Response:
    """Documented."""
    environment.webhooks.delete(agent_id, webhook_id)
    return api_response({"success": True, "message": "Webhook deleted successfully"})


def _toggle(environment: Environment, agent_id: str, webhook_id: str) -> Response:
    """Documented. The request's body is ignored."""
    webhook = environment.webhooks.toggle(agent_id, webhook_id)
    message = "Webhook enabled" if webhook.enabled else "Webhook disabled"
    return api_response({"success": True, "message": message, "data": present(webhook)})


def present(webhook: Webhook) -> dict[str, Any]:
    """The twelve documented keys, in their order; neither the secret nor the delivery options."""
    return {
        "id": webhook.id,
        "agent_id": webhook.agent_id,
        "name": webhook.name,
        "webhook_url": webhook.webhook_url,
        "events": webhook.events,
        "timeout": webhook.timeout,
        "max_retries": webhook.max_retries,
        "enabled": webhook.enabled,
        "created_at": to_microseconds(webhook.created_at),
        "updated_at": to_microseconds(webhook.updated_at),
        "events_count": len(webhook.events),
        "status": webhook.status,
    }
