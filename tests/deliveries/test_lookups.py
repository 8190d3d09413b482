"""Looking a name up counts against the time of its delivery, and `localhost` has two addresses."""

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import Any

import pytest

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.client import MockServer
from talkover_mock.deliveries.lookups import MOST_LOOKUPS, Lookups
from talkover_mock.deliveries.sender import Sending, outgoing
from talkover_mock.environments.world import World
from talkover_mock.receiver import WebhookReceiver
from tests.support.documented import AGENT, TOKEN, WEBHOOK_PATH
from tests.support.peers import BOUND, OK, Peer, answering, closed_port
from tests.support.stories import STARTED, emit, hook, impatient
from tests.support.systems import needs_second_loopback

OpenWorld = Callable[..., World]
SLOW = "slow-name"
HURRY = 0.3
"""The time-out of a delivery in seconds."""
SOON = 2.0
"""Seconds in which something quick has happened also on a busy machine; a look-up here hangs for longer."""


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The look-up of a slow name ends with the test; other names are looked up as ever. Has the slow ones asked for."""
    asked, done, usual = list[str](), Event(), socket.getaddrinfo

    def getaddrinfo(host: str, *arguments: Any, **options: Any) -> Any:
        if SLOW in host:
            asked.append(host)
            done.wait(BOUND * 2)
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return usual(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield asked
    done.set()


@pytest.fixture
def lookups() -> Iterator[Lookups]:
    """Look-ups whose threads end with the test, as an environment's end with it, and do not wait for more to do."""
    lookups = Lookups()
    yield lookups
    lookups.stop()


def sending(url: str, timeout: float = BOUND, lookups: Lookups | None = None) -> Sending:
    return Sending(outgoing("POST", url, [], b"{}", timeout), lookups=lookups or Lookups())


@pytest.mark.slow
@pytest.mark.usefixtures("hanging")
def test_a_look_up_that_hangs_ends_at_the_deadline(lookups: Lookups) -> None:
    begun = monotonic()
    assert sending(f"http://{SLOW}/", HURRY, lookups).run().error == "Connection timeout"
    assert HURRY <= monotonic() - begun < SOON


@pytest.mark.slow
@pytest.mark.usefixtures("hanging")
def test_a_test_of_a_name_that_hangs_ends_at_the_webhook_s_timeout(open_world: OpenWorld) -> None:
    world = open_world()
    world.open(impatient(hook(f"http://{SLOW}/"), timeout=HURRY), "mine", "talq_mine")
    begun = monotonic()
    answer = (
        create_app(world, Guard())
        .test_client()
        .post(f"{WEBHOOK_PATH}/test", headers={"Authorization": "Bearer talq_mine"})
    )
    assert monotonic() - begun < SOON
    assert b"Connection timeout" in answer.data


@pytest.mark.slow
def test_a_look_up_can_be_stopped(hanging: list[str], lookups: Lookups) -> None:
    request = sending(f"http://{SLOW}/", lookups=lookups)
    outcomes = []
    thread = Thread(target=lambda: outcomes.append(request.run()))
    thread.start()
    while not hanging:
        pass
    begun = monotonic()
    request.stop()
    thread.join(BOUND)
    assert monotonic() - begun < SOON
    assert [each.error for each in outcomes] == ["Connection reset"]


@pytest.mark.slow
def test_names_that_hang_delay_no_call_and_no_other_environment(
    open_world: OpenWorld, hanging: list[str], receiver: WebhookReceiver
) -> None:
    world = open_world(hook(receiver.url.replace("127.0.0.1", "localhost")))
    hooks = [hook(f"http://{SLOW}-{n}/", id=f"slow-{n}", max_retries=0) for n in range(2 * MOST_LOOKUPS)]
    other = world.open(impatient(*hooks, timeout=BOUND), "other", "talq_other")
    other.deliveries.emit(AGENT, STARTED)
    while len(hanging) < MOST_LOOKUPS:
        pass
    begun = monotonic()
    [delivery] = emit(world.default)
    assert delivery.status == "success"
    http = create_app(world, Guard()).test_client()
    assert http.get(WEBHOOK_PATH, headers={"Authorization": "Bearer talq_other"}).status_code == 404
    assert http.get(WEBHOOK_PATH, headers=TOKEN).status_code == 200
    assert monotonic() - begun < SOON
    assert len(hanging) == MOST_LOOKUPS, "the number of threads is bounded"


SERVE = """
import socket, sys, time
usual = socket.getaddrinfo
def getaddrinfo(host, *arguments, **options):
    if host == "slow-name":
        print("looking up", flush=True)
        time.sleep(60)
    return usual(host, *arguments, **options)
socket.getaddrinfo = getaddrinfo
from talkover_mock.cli import main
sys.argv = ["talkover-mock", "serve", "--port", "0", sys.argv[1]]
main()
"""
FIXTURE = """
agents:
- id: agent-1
  name: A
  webhooks:
  - {id: hook-1, name: W, webhook_url: "http://slow-name/", events: [event_phone_call_started]}
"""


@pytest.mark.slow
def test_a_process_whose_look_up_hangs_ends_when_told(tmp_path: Path) -> None:
    fixture = tmp_path / "fixture.yaml"
    fixture.write_text(FIXTURE)
    with subprocess.Popen([sys.executable, "-c", SERVE, str(fixture)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with MockServer(url) as mock:
            mock.emit("agent-1", STARTED, wait=0)
        assert process.stdout.readline() == "looking up\n"
        begun = monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(BOUND) == 0
        assert monotonic() - begun < BOUND / 2


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="needs IPv6")
@pytest.mark.parametrize(("named", "listening"), [("127.0.0.1", "::1"), ("::1", "127.0.0.1")])
def test_localhost_is_tried_at_both_loopback_addresses(
    named: str, listening: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", (named, 0))])
    with Peer(answering(OK), listening) as peer:
        outcome = sending(f"http://localhost:{peer.port}/").run()
    assert (outcome.status, outcome.error) == (200, None)


@needs_second_loopback
def test_an_address_is_not_replaced_by_the_other() -> None:
    with Peer(answering(OK), "127.0.0.2") as peer:
        assert sending(f"http://127.0.0.1:{peer.port}/").run().error == "Connection refused"


def test_localhost_where_nobody_listens_refuses() -> None:
    with closed_port() as url:
        assert sending(url.replace("127.0.0.1", "localhost")).run().error == "Connection refused"
