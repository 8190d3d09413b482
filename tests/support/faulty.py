"""What tests of faults and of the journal share: adding a fault, reading the journal, and waiting for clients."""

from collections.abc import Callable
from threading import Event
from time import monotonic
from typing import Any

import requests
from flask.testing import FlaskClient

from talkover_mock.web.server import Server

FAULTS = "/__admin/faults"
REQUESTS = "/__admin/requests"
RESET = "/__admin/reset"
STATE = "/__admin/state"
TOGGLE_ANY = "/api/v1/agents/*/webhooks/*/toggle"
WAIT = 10
"""Seconds after which something that should have happened did not."""

Json = dict[str, Any]


def add_fault(http: FlaskClient, token: str | None = None, **spec: object) -> str:
    """Adds a fault, and returns its id."""
    answer = http.post(FAULTS, json=spec, headers=bearer(token))
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["id"])


def add_fault_at(server: Server, **spec: object) -> str:
    """The same over a socket."""
    answer = requests.post(server.url + FAULTS, json=spec, timeout=WAIT)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def bearer(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def counts(http: FlaskClient, token: str | None = None) -> list[tuple[int, int]]:
    """Of each fault how many requests matched and how many it struck."""
    faults = http.get(FAULTS, headers=bearer(token)).get_json()["faults"]
    return [(fault["matched"], fault["struck"]) for fault in faults]


def journal(http: FlaskClient, query: str = "", token: str | None = None) -> list[Json]:
    answer = http.get(f"{REQUESTS}?{query}", headers=bearer(token))
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.get_json()["requests"]
    return found


def journal_at(server: Server, query: str = "") -> Json:
    """The whole answer, over a socket."""
    found: Json = requests.get(f"{server.url}{REQUESTS}?{query}", timeout=6 * WAIT).json()
    return found


def until(holds: Callable[[], object], what: str = "it") -> None:
    """Returns when something has come about."""
    deadline = monotonic() + WAIT
    while not holds():
        assert monotonic() < deadline, f"{what} never came about"
        Event().wait(0.002)


def until_held_up(server: Server, count: int) -> None:
    """Returns when so many requests are being answered; the API answers all the while."""
    deadline = monotonic() + WAIT
    while server.waiting != count:
        assert requests.get(f"{server.url}/api/v1/health", timeout=WAIT).ok
        assert monotonic() < deadline, f"there are never {count} requests that are held up"


def until_struck(server: Server, count: int, token: str | None = None) -> None:
    """Returns when the faults of an environment have struck so many requests."""

    def struck() -> bool:
        answer = requests.get(server.url + FAULTS, headers=bearer(token), timeout=WAIT).json()
        return bool(sum(fault["struck"] for fault in answer["faults"]) == count)

    until(struck, f"{count} requests that are struck")
