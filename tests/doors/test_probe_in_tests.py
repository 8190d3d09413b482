"""`talkover_mock.probe(url, secret)`: the settings and the time of the environment, and how it fails a test."""

import asyncio
import re
from collections.abc import Iterator

import pytest

from talkover_mock.client import MockServer
from talkover_mock.deliveries.probes import PROBES
from talkover_mock.local import running_mockserver
from talkover_mock.web.server import Server
from tests.support.peers import closed_port
from tests.support.receivers import (
    SECRET,
    careful,
    listening,
    signed_plainly,
    signed_with_time,
    verifying_what_it_has_parsed,
)


@pytest.fixture
def mock() -> Iterator[MockServer]:
    with running_mockserver() as server:
        environment = server.open_environment()
        yield environment
        environment.close()


def test_the_probes_are_returned(mock: MockServer) -> None:
    with listening(careful()) as place:
        probed = mock.probe(place.url, SECRET)
    assert [each["name"] for each in probed] == [each.name for each in PROBES if not each.needs_time]


@pytest.mark.slow
def test_a_failed_probe_fails_the_test_with_the_reason(mock: MockServer) -> None:
    with listening(verifying_what_it_has_parsed()) as place:
        with pytest.raises(AssertionError) as caught:
            mock.probe(place.url, SECRET)
        mock.probe(place.url, SECRET, expect={"escapes": "4xx"})
    [why] = [each.why for each in PROBES if each.name == "escapes"]
    assert str(caught.value).splitlines() == [
        f"{place.url} failed 1 of 16 probes:",
        f"  escapes: expected 2xx, got 401. {why}",
    ]


@pytest.mark.slow
def test_the_environment_says_how_deliveries_are_signed_unless_the_test_does(mock: MockServer) -> None:
    mock.merge_state({"settings": {"signature_scheme": "stripe", "plan": "professional"}})
    with listening(careful(signed_with_time)) as place:
        assert len(mock.probe(place.url, SECRET)) == len(PROBES)
    with listening(careful(signed_plainly)) as place:
        assert len(mock.probe(place.url, SECRET, signature_scheme="hmac")) == len(PROBES) - 2


@pytest.mark.slow
def test_signatures_have_the_time_of_the_environment(mock: MockServer) -> None:
    mock.merge_state({"settings": {"signature_scheme": "stripe"}})
    mock.freeze("2025-09-03T23:50:15Z")
    with listening(careful(signed_with_time)) as place, pytest.raises(AssertionError, match="genuine: expected 2xx"):
        mock.probe(place.url, SECRET)
    seconds = re.findall(r"t=(\d+)", place.requests[0].header("Stripe-Signature") or "")
    assert 0 <= int(seconds[0]) - 1756943415 < 60


def test_a_client_that_was_made_alone_says_what_to_call(server: Server) -> None:
    with MockServer(server.url) as alone, pytest.raises(TypeError, match=re.escape("talkover_mock.probe.probe(")):
        alone.probe("http://localhost/", SECRET)


def test_a_receiver_in_a_loop_that_stands_still_is_named(mock: MockServer) -> None:
    async def probe(url: str) -> None:
        mock.probe(url, SECRET)

    with closed_port() as url, pytest.raises(ConnectionError, match=r"does not answer.*\n.*running event loop"):
        asyncio.run(probe(url))
