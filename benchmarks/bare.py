"""What the mock is measured against: Flask, waitress and one route that always gives the documented answer."""

from typing import Any

import waitress.server
from flask import Flask

ANSWER = {
    "success": True,
    "message": "Webhook enabled",
    "data": {
        "id": "9fcafbf2-7593-44d6-8cd7-1b221beba62a",
        "agent_id": "9fbef0b7-8d4e-4a08-9207-66c22155721d",
        "name": "My Webhook",
        "webhook_url": "https://example.com/webhook",
        "events": ["event_phone_call_started", "event_phone_call_ended"],
        "timeout": 30,
        "max_retries": 3,
        "enabled": True,
        "created_at": "2025-09-03T23:19:51.000000Z",
        "updated_at": "2025-09-03T23:50:15.000000Z",
        "events_count": 2,
        "status": "active",
    },
}

app = Flask(__name__)


@app.patch("/api/v1/agents/<agent_id>/webhooks/<webhook_id>/toggle")
def toggle(**_: str) -> dict[str, Any]:
    return ANSWER


if __name__ == "__main__":
    server: Any = waitress.server.create_server(app, host="127.0.0.1", port=0)
    print(f"http://127.0.0.1:{server.effective_port}", flush=True)
    server.run()
