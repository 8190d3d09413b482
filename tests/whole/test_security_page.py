"""docs/SECURITY.md: its limits are those of the code, and it fits on a screen."""

import re

from talkover_mock.admin.checks import MOST_WAITING_SECONDS
from talkover_mock.api import recording
from talkover_mock.base import history
from talkover_mock.deliveries import lookups, operations, payloads, pump, sender
from talkover_mock.environments import environment, faults, world
from talkover_mock.web import parser, server
from tests.conftest import ROOT

LIMITS = {
    "request_body": parser.MOST_BODY_BYTES,
    "request_headers": parser.MOST_HEADER_BYTES,
    "unfinished_bodies": server.MOST_UNFINISHED_BYTES,
    "connections": server.MOST_CONNECTIONS,
    "journal": world.MOST_KEPT,
    "history": history.MOST_BYTES,
    "recorded_body": recording.MOST_BODY_BYTES,
    "environments": world.MOST_ENVIRONMENTS,
    "snapshots": environment.MOST_SNAPSHOTS,
    "faults": faults.MOST_FAULTS,
    "event": operations.MOST_EVENT_BYTES,
    "queued_events": operations.MOST_QUEUED_BYTES,
    "payload": payloads.MOST_BYTES,
    "delivery_headers": sender.MOST_HEADER_BYTES,
    "delivery_answer": sender.MOST_ANSWER_BYTES,
    "deliveries": pump.MOST_WORKERS,
    "lookups": lookups.MOST_LOOKUPS,
    "wait": MOST_WAITING_SECONDS,
}
TEXT = (ROOT / "docs" / "SECURITY.md").read_text()


def test_the_limits_are_those_of_the_code() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d+) ", TEXT, re.MULTILINE)
    assert dict(rows) == {name: str(limit) for name, limit in LIMITS.items()}


def test_it_is_one_screen() -> None:
    assert len(TEXT.splitlines()) <= 60


def test_the_name_of_the_copy_is_right() -> None:
    assert f"`default{world.FOR_PAGES}`" in TEXT
