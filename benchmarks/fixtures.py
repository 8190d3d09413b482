"""Fixtures of any size: agents with ten webhooks each, every one like the documented one."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

_WEBHOOKS_EACH = 10

_YAML_AGENT = """\
  - id: {id}
    name: {name}
    webhooks:
"""
_YAML_WEBHOOK = """\
      - id: {id}
        name: {name}
        webhook_url: {webhook_url}
        events: [event_phone_call_started, event_phone_call_ended]
        timeout: 30
        max_retries: 3
        enabled: false
        created_at: 2025-09-03T23:19:51Z
        updated_at: 2025-09-03T23:19:51Z
"""


def agent_id(number: int) -> str:
    return f"9fbef0b7-8d4e-4a08-9207-{number:012x}"


def webhook_id(number: int) -> str:
    return f"9fcafbf2-7593-44d6-8cd7-{number:012x}"


@contextmanager
def json_file(webhooks: int) -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        path = Path(folder, "fixture.json")
        path.write_text(json.dumps({"agents": _agents(webhooks)}))
        yield path


@contextmanager
def yaml_file(webhooks: int) -> Iterator[Path]:
    """As a person writes it, times and all."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "fixture.yaml")
        parts = ["agents:\n"]
        for agent in _agents(webhooks):
            parts.append(_YAML_AGENT.format(**agent))
            parts += [_YAML_WEBHOOK.format(**webhook) for webhook in agent["webhooks"]]
        path.write_text("".join(parts))
        yield path


def _agents(webhooks: int) -> list[dict[str, Any]]:
    return [
        {
            "id": agent_id(number),
            "name": f"Agent {number}",
            "webhooks": [_webhook(number * _WEBHOOKS_EACH + i) for i in range(_WEBHOOKS_EACH)],
        }
        for number in range(webhooks // _WEBHOOKS_EACH)
    ]


def _webhook(number: int) -> dict[str, Any]:
    return {
        "id": webhook_id(number),
        "name": f"Webhook {number}",
        "webhook_url": f"https://example.com/webhooks/{number}",
        "events": ["event_phone_call_started", "event_phone_call_ended"],
        "timeout": 30,
        "max_retries": 3,
        "enabled": False,
        "created_at": "2025-09-03T23:19:51Z",
        "updated_at": "2025-09-03T23:19:51Z",
    }
