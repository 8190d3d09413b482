"""The page's long polling: what an open page asks for, when it is answered, and what it costs."""

from collections.abc import Callable
from threading import Thread
from time import monotonic

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.environments.world import World
from talkover_mock.web.server import Server
from tests.conftest import shipped
from tests.support.documented import AGENT, TOGGLE, TOKEN
from tests.support.page_document import PAGE

BOUND = 10
"""Seconds after which an answer that should have come did not; a wait that nothing ends takes longer."""

CHANGES: dict[str, Callable[[FlaskClient], object]] = {
    "toggle": lambda http: http.patch(TOGGLE, headers=TOKEN),
    "state": lambda http: http.patch("/__admin/state", json={"agents": [{"id": AGENT, "name": "Renamed"}]}),
    "fault": lambda http: http.post("/__admin/faults", json={"preset": "maintenance"}),
    "snapshot": lambda http: http.put("/__admin/snapshots/before"),
    "clock": lambda http: http.put("/__admin/clock"),
    "event": lambda http: http.post("/__admin/events", json={"agent_id": AGENT, "event": "event_recording"}),
    "call": lambda http: http.post(f"/api/v1/agents/{AGENT}/call", headers=TOKEN, json={"to": "+1234567890"}),
    "reset": lambda http: http.post("/__admin/reset"),
}


class Waiting:
    """A page that waits for a change, in a thread of its own."""

    def __init__(self, server: Server, etag: str, seconds: float = 60) -> None:
        self._server, self._etag, self._seconds = server, etag, seconds
        self.status = 0
        self._thread = Thread(target=self._ask)
        self._thread.start()

    def _ask(self) -> None:
        query = {"environment": "default", "wait": str(self._seconds)}
        headers = {"If-None-Match": self._etag}
        try:
            self.status = requests.get(self._server.url + PAGE, query, headers=headers, timeout=2 * BOUND).status_code
        except requests.RequestException:
            self.status = -1

    def end(self) -> int:
        self._thread.join(BOUND)
        assert not self._thread.is_alive()
        return self.status


def etag(http: FlaskClient) -> str:
    return http.get(PAGE).headers["ETag"]


def until_it_waits(server: Server) -> None:
    """Until the server has parked a request that waits."""
    end = monotonic() + BOUND
    while not server.waiting:
        assert monotonic() < end


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_of_what_is_shown_ends_the_wait(
    http: FlaskClient, server: Server, change: Callable[[FlaskClient], object]
) -> None:
    known = etag(http)
    waiting = Waiting(server, known)
    until_it_waits(server)
    change(http)
    assert waiting.end() == 200
    assert etag(http) != known


def test_a_request_ends_the_wait(http: FlaskClient, server: Server) -> None:
    waiting = Waiting(server, etag(http))
    until_it_waits(server)
    requests.patch(server.url + TOGGLE, headers=TOKEN, timeout=BOUND)
    assert waiting.end() == 200


@pytest.mark.slow
def test_another_environment_does_not(http: FlaskClient, server: Server) -> None:
    waiting = Waiting(server, etag(http), seconds=0.2)
    until_it_waits(server)
    http.get("/api/v1/agents", headers={"Authorization": "Bearer talq_staging"})
    assert waiting.end() == 304


def test_the_stop_of_the_server_ends_the_wait(http: FlaskClient, server: Server) -> None:
    waiting = Waiting(server, etag(http))
    until_it_waits(server)
    began = monotonic()
    server.stop()
    assert monotonic() - began < 3
    assert waiting.end() in (304, -1)  # answered, or cut off


def test_without_a_known_version_or_with_an_old_one_the_answer_comes_at_once(http: FlaskClient) -> None:
    began = monotonic()
    assert http.get(PAGE + "?wait=60").status_code == 200
    assert http.get(PAGE + "?wait=60", headers={"If-None-Match": '"old"'}).status_code == 200
    assert monotonic() - began < BOUND


def test_a_restart_gives_another_version(http: FlaskClient, app: Flask) -> None:
    other = World(shipped())
    assert etag(create_app(other, Guard()).test_client()) != etag(http)
    assert etag(http) == etag(app.test_client())
    other.stop()


@pytest.mark.slow
def test_the_time_that_passes_is_no_change_and_a_clock_that_was_moved_is(http: FlaskClient) -> None:
    known = etag(http)
    http.post("/__admin/clock/advance", json={"seconds": 30})
    assert etag(http) != known
    known = etag(http)
    assert http.get(PAGE + "?wait=0.1", headers={"If-None-Match": known}).status_code == 304


@pytest.mark.parametrize("wait", ["-1", "301", "soon"])
def test_a_wait_that_cannot_be_is_a_problem(http: FlaskClient, wait: str) -> None:
    answer = http.get(PAGE, query_string={"wait": wait})
    assert (answer.status_code, answer.get_json()["title"]) == (422, "Bad time to wait")
