"""The client, while a test replaces parts of `requests`, urllib3, time and sockets as libraries and `mock.patch` do."""

import http.client
import socket
from collections.abc import Iterator
from runpy import run_path
from typing import Any
from unittest.mock import Mock, patch

import pytest
import requests
import urllib3.connection
import urllib3.connectionpool
from requests.adapters import HTTPAdapter

from talkover_mock.client import MockServer, originals
from talkover_mock.receiver import Answer, WebhookReceiver
from talkover_mock.web.server import Server
from tests.support.everyday import AGENT, PAUSE, STARTED, WEBHOOK, everything

REPLACED: dict[str, list[tuple[Any, str]]] = {
    "responses": [(HTTPAdapter, "send")],
    "requests-mock": [(requests.Session, "send"), (requests.Session, "get_adapter")],
    "vcrpy": [
        (http.client, "HTTPConnection"),
        (urllib3.connection, "HTTPConnection"),
        (urllib3.connectionpool, "HTTPConnection"),
        (urllib3.connectionpool.HTTPConnectionPool, "ConnectionCls"),
    ],
    "the test itself": [(requests.Session, "request")],
}
"""For each library the names that it replaces."""


@pytest.mark.parametrize("library", REPLACED)
def test_the_harness_is_out_of_reach_of(library: str, server: Server) -> None:
    with MockServer(server.url):  # the module is imported when the plugin connects, before any test
        pass
    with pytest.MonkeyPatch.context() as patched:
        for owner, name in REPLACED[library]:
            patched.setattr(owner, name, Mock(side_effect=AssertionError(f"{library} replaces {name}")))
        with MockServer(server.url) as client:
            environment = client.open_environment()
            assert environment.agent(AGENT)["id"] == AGENT
            environment.close()
        with pytest.raises((AssertionError, TypeError)):
            requests.get(server.url, timeout=5)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["time.monotonic", "time.perf_counter", "time.time"])
def test_neither_server_nor_harness_ask_a_clock_that_a_test_has_replaced(
    name: str, mock: MockServer, receiver: WebhookReceiver
) -> None:
    with patch(name, return_value=0.0):
        everything(mock, receiver)


@pytest.mark.slow
def test_neither_server_nor_harness_sleep(mock: MockServer, receiver: WebhookReceiver) -> None:
    with patch("time.sleep") as sleep:
        everything(mock, receiver)
    assert not sleep.called


@pytest.fixture
def _impatient() -> Iterator[None]:
    """Sockets that are made from now on, those of a server too, get little time unless they ask for more."""
    socket.setdefaulttimeout(PAUSE / 4)
    yield
    socket.setdefaulttimeout(None)


@pytest.mark.slow
@pytest.mark.usefixtures("_impatient")
def test_a_default_timeout_of_sockets_is_not_that_of_server_harness_and_receiver(
    mock: MockServer, receiver: WebhookReceiver
) -> None:
    everything(mock, receiver)
    receiver.answer_next(Answer(delay_seconds=PAUSE))
    mock.set_webhook(WEBHOOK, webhook_url=receiver.url, enabled=True)
    assert [each["status"] for each in mock.emit(AGENT, STARTED)] == ["success"]


def test_a_first_client_would_take_the_fakes_for_the_originals() -> None:
    """It says so instead, and a later one finds the originals."""
    path = originals.__file__
    with (
        patch("requests.adapters.HTTPAdapter.send", Mock(__module__="responses")),
        pytest.raises(ImportError) as caught,
    ):
        run_path(path)
    assert str(caught.value) == (
        "the first client of a mock server elsewhere was made while responses replaces HTTP, also for that client; "
        "write `import talkover_mock.client.remote` at the top of conftest.py"
    )
    assert "OriginalSession" in run_path(path)
