"""A client's back-off against faults and the rate limit, tested with urllib3's Retry and without any waiting."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import urllib3
from urllib3.util import Retry

from talkover_mock.web.server import Server
from tests.support.documented import AGENT, TOGGLE, TOKEN, WEBHOOK
from tests.support.faulty import FAULTS, STATE, WAIT, add_fault_at, journal_at

ONE = f"/api/v1/agents/{AGENT}/webhooks/{WEBHOOK}"
AGAIN = (429, 500, 503)
Client = Callable[..., urllib3.BaseHTTPResponse]


@pytest.fixture
def slept(server: Server, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses of the client, each of which advances the clock of the mock instead."""
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        wanted = {"seconds": seconds}
        assert requests.post(f"{server.url}/__admin/clock/advance", json=wanted, timeout=WAIT).ok

    requests.put(f"{server.url}/__admin/clock", json={"now": "2025-09-03T23:50:15Z"}, timeout=WAIT)
    monkeypatch.setattr("urllib3.util.retry.time", SimpleNamespace(sleep=sleep))
    return pauses


@pytest.fixture
def client(server: Server, slept: list[float]) -> Iterator[Client]:
    """Toggles, and does so again when that fails."""
    with urllib3.HTTPConnectionPool("127.0.0.1", server.port, timeout=WAIT) as pool:

        def toggle(total: int = 4, **options: Any) -> urllib3.BaseHTTPResponse:
            retry = Retry(total, allowed_methods=None, status_forcelist=AGAIN, backoff_factor=1, **options)
            return pool.request("PATCH", TOGGLE, headers=TOKEN, retries=retry)

        yield toggle
    assert len(slept) < 10


def statuses(server: Server) -> list[int | None]:
    return [exchange["status"] for exchange in journal_at(server)["requests"]]


def is_enabled(server: Server) -> bool:
    answer = requests.get(server.url + ONE, headers=TOKEN, timeout=WAIT)
    return bool(answer.json()["data"]["enabled"])


def test_a_client_that_backs_off_gets_through_when_the_api_has_come_back(
    server: Server, client: Client, slept: list[float]
) -> None:
    add_fault_at(server, preset="maintenance", times=3)
    answer = client()
    assert (answer.status, answer.json()["message"]) == (200, "Webhook enabled")
    assert statuses(server) == [503, 503, 503, 200]
    assert slept == [2, 4], "the first attempt more comes at once"


def test_a_client_that_gives_up_has_changed_nothing(server: Server, client: Client, slept: list[float]) -> None:
    before = requests.get(server.url + STATE, timeout=WAIT).text
    add_fault_at(server, preset="server_error")
    with pytest.raises(urllib3.exceptions.MaxRetryError, match="too many 500 error responses"):
        client(total=2)
    assert (statuses(server), slept) == ([500, 500, 500], [2])
    assert requests.get(server.url + STATE, timeout=WAIT).text == before


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        ({"preset": "rate_limited"}, 60),
        ({"respond": {"status": 429, "headers": {"Retry-After": "7"}}}, 7),
        ({"respond": {"status": 503, "headers": {"retry-after": "120"}, "body": "busy"}}, 120),
    ],
)
def test_a_client_waits_as_long_as_it_is_told(
    server: Server, client: Client, slept: list[float], fault: dict[str, Any], seconds: int
) -> None:
    add_fault_at(server, **fault, times=2)
    assert client().status == 200
    assert slept == [seconds, seconds]


def limit_to(server: Server, calls: int) -> None:
    settings = {"settings": {"enforce_rate_limit": True, "rate_limit": calls}}
    assert requests.patch(server.url + STATE, json=settings, timeout=WAIT).ok


def test_a_client_waits_for_the_end_of_its_minute(server: Server, client: Client, slept: list[float]) -> None:
    limit_to(server, 2)
    answers = [client() for _ in range(5)]
    assert {answer.status for answer in answers} == {200}
    assert statuses(server) == [200, 200, 429, 200, 200, 429, 200]
    assert slept == [60, 60]
    assert answers[-1].headers["X-RateLimit-Remaining"] == "1"
    assert is_enabled(server), "five times toggled"


def test_faults_and_the_rate_limit_together(server: Server, client: Client, slept: list[float]) -> None:
    limit_to(server, 2)
    add_fault_at(server, preset="maintenance", after=1, times=2)
    add_fault_at(server, respond={"status": 503, "headers": {"Retry-After": "20"}}, after=1, times=1)
    assert [client().status for _ in range(3)] == [200, 200, 200]
    assert statuses(server) == [200, 503, 503, 503, 200, 429, 200]
    assert slept == [2, 20, 38], "what a fault answers does not count, and 22 seconds of the minute are gone"


def test_a_client_that_asks_again_after_a_reset_of_the_connection(server: Server, client: Client) -> None:
    add_fault_at(server, action="connection_reset", times=2)
    assert client().json()["message"] == "Webhook enabled"
    assert statuses(server) == [None, None, 200]


def test_a_toggle_whose_answer_was_lost_must_not_be_repeated(server: Server, client: Client) -> None:
    add_fault_at(server, action="connection_reset", apply=True, times=1)
    assert client().json()["message"] == "Webhook disabled", "the first one had enabled it"
    assert not is_enabled(server)
    requests.delete(server.url + FAULTS, timeout=WAIT)
