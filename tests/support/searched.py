"""The two logs that can be searched over a socket, and what adds to them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from talkover_mock.base.history import History
from talkover_mock.environments.environment import Environment
from talkover_mock.web.server import Server
from tests.support.delivering import DELIVERIES, ENDED, STARTED
from tests.support.documented import AGENT, TOGGLE, TOKEN
from tests.support.faulty import REQUESTS, WAIT, Json, bearer, until

AGENTS = "/api/v1/agents"
TOKEN_OF_MINE = "talq_mine"
"""The token of an environment that a test opens beside the default one."""


def emit(server: Server, event: str = STARTED, token: str | None = None, **wanted: object) -> Json:
    """What the event led to, when its deliveries have ended."""
    body = {"agent_id": AGENT, "event": event, "wait": WAIT, **wanted}
    answer = requests.post(f"{server.url}/__admin/events", json=body, headers=bearer(token), timeout=6 * WAIT)
    found: Json = answer.json()
    return found


def call(server: Server, method: str, path: str, headers: Mapping[str, str] = TOKEN) -> requests.Response:
    return requests.request(method, server.url + path, headers=headers, timeout=WAIT)


@dataclass(frozen=True)
class Searched:
    """A log that can be searched: `query` finds what `happen` adds to it, and nothing of what `differ` does."""

    name: str
    path: str
    query: str
    happen: Callable[[Server], object]
    differ: Callable[[Server], object]
    log: Callable[[Environment], History[Any]]

    def read(self, server: Server, query: str, token: str | None = None) -> Json:
        url = f"{server.url}{self.path}?{self.query}&{query}"
        found: Json = requests.get(url, headers=bearer(token), timeout=6 * WAIT).json()
        return found

    def outcome(self, found: Json) -> tuple[bool, int, int]:
        return found["satisfied"], found["count"], len(found[self.name])

    def until_waiting(self, environment: Environment, count: int) -> None:
        """Returns when so many requests wait for items of the environment's log."""
        until(lambda: self.log(environment).waits == count, f"{count} waits")

    def result(self, server: Server, query: str) -> tuple[bool, int, int]:
        return self.outcome(self.read(server, query))


def emit_others(server: Server) -> None:
    """Deliveries of another event, and of another environment."""
    emit(server, STARTED)
    emit(server, ENDED, TOKEN_OF_MINE)


def call_others(server: Server) -> None:
    """Calls that match in part, that another environment gets, and of the harness."""
    for path in (AGENTS, "/api/v1/nope"):
        call(server, "PATCH", path)
    call(server, "PATCH", TOGGLE, {})
    call(server, "PATCH", TOGGLE, bearer(TOKEN_OF_MINE))
    call(server, "GET", "/__admin/agents")


DELIVERIES_MADE = Searched(
    "deliveries",
    DELIVERIES,
    f"event={ENDED}",
    lambda server: emit(server, ENDED),
    emit_others,
    lambda environment: environment.deliveries.log,
)
CALLS_MADE = Searched(
    "requests",
    REQUESTS,
    "method=PATCH&path=*/toggle&status=200",
    lambda server: call(server, "PATCH", TOGGLE).raise_for_status(),
    call_others,
    lambda environment: environment.journal.log,
)
both_logs = pytest.mark.parametrize("history", [DELIVERIES_MADE, CALLS_MADE], ids=lambda history: history.name)
