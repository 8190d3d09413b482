"""What the vendor documents, as values that tests compare with."""

from typing import Any

AGENT = "9fbef0b7-8d4e-4a08-9207-66c22155721d"
WEBHOOK = "9fcafbf2-7593-44d6-8cd7-1b221beba62a"
OTHER_AGENT = "9fd1a6c8-3e52-4b91-8f0d-2c7b95e41d36"
WEBHOOK_IN_ERROR = "9fd1aa97-aa0e-4f6c-8d15-7b9e2f4c6a83"
UNKNOWN = "00000000-0000-4000-8000-000000000000"
WEBHOOK_PATH = f"/api/v1/agents/{AGENT}/webhooks/{WEBHOOK}"
TOGGLE = f"{WEBHOOK_PATH}/toggle"
LOGS = f"{WEBHOOK_PATH}/logs"
TOKEN = {"Authorization": "Bearer talq_test"}
NO_AGENT = '{"success":false,"message":"Agent not found in this environment."}'
NO_WEBHOOK = '{"success":false,"message":"Webhook not found."}'

API_HEADERS = {
    "Content-Type": "application/json",
    "Cache-Control": "no-cache, private",
    "Access-Control-Allow-Origin": "*",
}


def toggle_path(agent: str = AGENT, webhook: str = WEBHOOK) -> str:
    return f"/api/v1/agents/{agent}/webhooks/{webhook}/toggle"


def toggled(enabled: bool, updated_at: str) -> dict[str, Any]:
    """The documented answer of toggle."""
    return {
        "success": True,
        "message": "Webhook enabled" if enabled else "Webhook disabled",
        "data": {
            "id": WEBHOOK,
            "agent_id": AGENT,
            "name": "My Webhook",
            "webhook_url": "https://example.com/webhook",
            "events": ["event_phone_call_started", "event_phone_call_ended"],
            "timeout": 30,
            "max_retries": 3,
            "enabled": enabled,
            "created_at": "2025-09-03T23:19:51.000000Z",
            "updated_at": updated_at,
            "events_count": 2,
            "status": "active" if enabled else "disabled",
        },
    }
