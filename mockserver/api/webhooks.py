"""The webhooks of an agent."""

from typing import Any

from flask import Response

from mockserver.clock import to_microseconds
from mockserver.environment import Environment
from mockserver.records import Webhook
from mockserver.routing import Api
from mockserver.wire import api_response


def register(api: Api) -> None:
    api.route("PATCH", "/agents/<agent_id>/webhooks/<webhook_id>/toggle", _toggle)


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
