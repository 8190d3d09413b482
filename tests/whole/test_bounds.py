"""What a hostile input costs: its process little memory, and another environment no time. A real server, real sizes."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from threading import Event, Semaphore, Thread
from time import monotonic
from typing import Any, NamedTuple

import pytest

from talkover_mock.client import MockServer
from talkover_mock.receiver import Answer, WebhookReceiver
from tests.support.documented import AGENT, TOGGLE, WEBHOOK, WEBHOOK_PATH
from tests.support.raw import WAIT, connect_to, toggle
from tests.support.stories import STARTED, fixture, hook

STATUS = Path("/proc/self/status")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not STATUS.exists(), reason="the system tells no sizes")]

MOST_GROWTH = 200_000_000
"""Bytes that the process may grow by."""
BUSY_SECONDS = 1.0
"""The longest wait for two answers that a busy machine may show; these inputs once made it 5 s and more."""
MEGABYTE = 1_000_000
MINE, OTHER = "talq_test", "talq_other"


class Served(NamedTuple):
    """A server in a process of its own."""

    pid: int
    url: str

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def size(self, name: str) -> int:
        """The bytes that the process has (`VmRSS`), or had at most (`VmHWM`)."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        [size] = [line.split()[1] for line in lines if line.startswith(f"{name}:")]
        return int(size) * 1024

    def ask(self, method: str, path: str, body: bytes = b"", kind: str = "", opens: str = OTHER) -> int:
        """The status of the answer; the token `opens` an environment."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, {"Authorization": f"Bearer {opens}", "Content-Type": kind})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Serves an agent with these webhooks, beside another environment."""
    with ExitStack() as stack:

        def start(*webhooks: dict[str, Any]) -> Served:
            path = tmp_path / "fixture.json"
            path.write_text(json.dumps(fixture(*webhooks)))
            command = [sys.executable, "-m", "talkover_mock", "serve", "--port", "0", str(path)]
            process = stack.enter_context(
                subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            )
            stack.callback(process.kill)
            assert process.stdout is not None
            served = Served(process.pid, process.stdout.readline().strip())
            with MockServer(served.url) as mock:
                mock.open_environment(token=OTHER)
            return served

        yield start


def watched(served: Served, act: Callable[[], object]) -> tuple[int, float]:
    """The bytes that the server grows by, and another environment's longest wait meanwhile."""
    done, statuses, waits = Event(), set[int](), list[float]()

    def watch() -> None:
        while not done.wait(0.01) or not waits:
            begun = monotonic()
            statuses.update(served.ask("GET", path) for path in ("/api/v1/health", f"/api/v1/agents/{AGENT}"))
            waits.append(monotonic() - begun)

    before = served.size("VmRSS")
    thread = Thread(target=watch)
    thread.start()
    try:
        act()
    finally:
        done.set()
        thread.join()
    assert statuses == {200}
    return served.size("VmHWM") - before, max(waits)


def is_bounded(measured: tuple[int, float]) -> bool:
    grown, waited = measured
    return grown < MOST_GROWTH and waited < BUSY_SECONDS


MANY = 8
"""Unfinished bodies, of 440 MB together."""


def unknown_events() -> bytes:
    events = [f"event_no_{n}" for n in range(100_000)]
    return json.dumps({"name": "New", "webhook_url": "http://127.0.0.1:1/", "events": events}).encode()


WHOLE: dict[str, tuple[Callable[[], bytes], str]] = {
    "unknown events": (unknown_events, "application/json"),
    "60 MB of objects": (lambda: b'{"events": [' + b"{}," * (20 * MEGABYTE) + b"{}]}", "application/json"),
    "60 MB of text": (lambda: b'{"name": "' + b"x" * (60 * MEGABYTE) + b'"}', "application/json"),
    "60 MB of fields": (lambda: b"a&" * (30 * MEGABYTE), "application/x-www-form-urlencoded"),
    "60 MB of lines": (
        lambda: b"--x\r\nA: b\r\n\r\n" + b"\n" * (60 * MEGABYTE),
        "multipart/form-data; boundary=x",
    ),
}
"""What makes the bodies of calls that create a webhook, with their content types."""


@pytest.mark.parametrize(("make", "kind"), WHOLE.values(), ids=WHOLE)
def test_a_large_body_is_refused_cheaply(make: Callable[[], bytes], kind: str, serve: Callable[..., Served]) -> None:
    served, body = serve(hook("http://127.0.0.1:1/")), make()
    path = WEBHOOK_PATH.rpartition("/")[0]
    measured = watched(served, lambda: served.ask("POST", path, body, kind, MINE))
    assert served.ask("POST", path, body, kind, MINE) == 422
    assert is_bounded(measured), measured


def test_unfinished_bodies(serve: Callable[..., Served]) -> None:
    """They once held all that came."""
    served = serve(hook("http://127.0.0.1:1/"))
    unfinished = toggle(b"Content-Length: 60000000\r\n", body=bytes(55 * MEGABYTE))

    def send(_: int) -> None:
        with connect_to(served.port) as client:
            try:
                client.sendall(unfinished)
            except OSError:  # it was one too many
                return
            finally:
                sent.release()
            assert closed.wait(60)

    def act() -> None:
        with ThreadPoolExecutor(MANY) as pool:
            sending = [pool.submit(send, n) for n in range(MANY)]
            for _ in sending:
                assert sent.acquire(timeout=60)
            closed.set()
            for each in sending:
                each.result()

    closed, sent = Event(), Semaphore(0)
    measured = watched(served, act)
    assert is_bounded(measured), measured


def test_slow_connections(serve: Callable[..., Served]) -> None:
    """2,000 of them once shut all others out for two minutes."""
    served = serve(hook("http://127.0.0.1:1/"))

    def act() -> None:
        with ExitStack() as stack:
            for _ in range(2_000):
                stack.enter_context(connect_to(served.port)).sendall(b"GET / HTTP/1.1\r\nA: ")

    measured = watched(served, act)
    assert is_bounded(measured), measured


@pytest.mark.parametrize("text", ["x" * 100_000, "é" * 100_000], ids=["ascii", "escaped"])
@pytest.mark.parametrize("repeated", [40, 1_000], ids=["just within the limit", "100 MB"])
def test_large_templates_of_many_webhooks(
    text: str, repeated: int, serve: Callable[..., Served], receiver: WebhookReceiver
) -> None:
    """The receiver hangs, so that what is under way stays: as many as have 16 MB; all others are too large to send."""
    receiver.answer_always(Answer(delay_seconds=1_800))
    template = {STARTED: "{{context.text}}" * repeated}
    served = serve(*(hook(receiver.url, f"hook-{n}", payload_templates=template) for n in range(100)))

    def act() -> None:
        with MockServer(served.url) as mock:
            mock.emit(AGENT, STARTED, context={"text": text}, wait=0)
            if (text[0], repeated) == ("x", 40):
                receiver.wait_for(4, wait=WAIT)
            else:
                mock.deliveries(status="failed", min=100, wait=WAIT)

    measured = watched(served, act)
    assert is_bounded(measured), measured


def test_large_events_that_no_webhook_gets(serve: Callable[..., Served]) -> None:
    served = serve(hook("http://127.0.0.1:1/", enabled=False))

    def act() -> None:
        with MockServer(served.url) as mock:
            for n in range(250):
                mock.emit(AGENT, STARTED, context={"text": str(n) + "x" * MEGABYTE}, wait=0)

    measured = watched(served, act)
    assert is_bounded(measured), measured


def test_answers_with_large_headers(serve: Callable[..., Served], receiver: WebhookReceiver) -> None:
    receiver.answer_always(Answer(headers={f"X-{n}": "x" * 60_000 for n in range(15)}))
    served = serve(hook(receiver.url, max_retries=0))

    def act() -> None:
        with MockServer(served.url) as mock:
            for _ in range(250):
                mock.emit(AGENT, STARTED, wait=WAIT)
            assert mock.webhook(WEBHOOK)["id"] in TOGGLE

    measured = watched(served, act)
    assert is_bounded(measured), measured
