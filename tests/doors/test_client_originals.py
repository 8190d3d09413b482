"""The client over HTTP, while a library replaces in `requests` and urllib3 what such libraries replace."""

import http.client
import socket
import time
from typing import Any
from unittest.mock import Mock

import pytest
import requests
import urllib3.connection
import urllib3.connectionpool
from requests.adapters import HTTPAdapter

from talkover_mock.client import MockServer
from talkover_mock.web.server import Server
from tests.support.documented import AGENT

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
    with pytest.MonkeyPatch.context() as patch:
        fakes = []
        for owner, name in REPLACED[library]:
            fakes.append(Mock(side_effect=AssertionError(f"{library} replaces {name}")))
            patch.setattr(owner, name, fakes[-1])
        with MockServer(server.url) as client:
            environment = client.open_environment()
            assert environment.agent(AGENT)["id"] == AGENT
            environment.close()
        with pytest.raises((AssertionError, TypeError)):
            requests.get(server.url, timeout=5)
    assert fakes


def test_neither_server_nor_harness_take_time_from_a_test(mock: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    socket.setdefaulttimeout(0.2)
    try:
        monkeypatch.setattr(time, "sleep", never)
        monkeypatch.setattr(time, "monotonic", lambda: 0.0)
        assert mock.search("requests", {}, min=1, wait=0.5)["satisfied"] is False
        mock.add_fault(delay_seconds=0.3)
        assert mock.emit(AGENT, "event_phone_call_started").skipped
    finally:
        socket.setdefaulttimeout(None)


def never(*_: object) -> None:
    raise AssertionError("the mock server took the test's own time")
