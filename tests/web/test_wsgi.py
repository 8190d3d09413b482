"""The same application under other WSGI servers, where a wait blocks a thread and the server decides how it ends."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.support.documented import TOGGLE, TOKEN
from tests.support.raw import WAIT

pytestmark = pytest.mark.slow

APPLICATION = """
import logging
from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app, create_wsgi_app
from talkover_mock.environments.world import World
from talkover_mock.loading.files import default_fixture, load

logging.disable()
world = World(load([default_fixture()]))
"""
WERKZEUG = """
from werkzeug.serving import make_server
server = make_server("127.0.0.1", 0, create_app(world, Guard()), threaded=True)
print(server.port, flush=True)
server.serve_forever()
"""
WAITRESS = """
from waitress import create_server
server = create_server(create_wsgi_app(world, Guard()), host="127.0.0.1", port=0, threads=4)
print(server.effective_port, flush=True)
server.run()
"""
STANDARD = """
from wsgiref.simple_server import WSGIServer, make_server
from socketserver import ThreadingMixIn
class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
server = make_server("127.0.0.1", 0, create_wsgi_app(world, Guard()), Server)
print(server.server_port, flush=True)
server.serve_forever()
"""
SERVERS = {"werkzeug": WERKZEUG, "waitress": WAITRESS, "wsgiref": STANDARD}


@pytest.fixture(params=list(SERVERS.values()), ids=list(SERVERS))
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where another server serves the application."""
    with subprocess.Popen(
        [sys.executable, "-c", APPLICATION + request.param],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.kill()


def toggle(url: str) -> requests.Response:
    return requests.patch(url + TOGGLE, headers=TOKEN, timeout=WAIT)


def add_fault(url: str, **spec: object) -> None:
    assert requests.post(f"{url}/__admin/faults", json={"times": 1, **spec}, timeout=WAIT).status_code == 201


def test_other_servers_serve_it(url: str) -> None:
    """One test, since each server takes its time to start."""
    assert toggle(url).json()["data"]["enabled"] is True
    assert requests.get(f"{url}/__admin/state", timeout=WAIT).json()["agents"]
    created = requests.post(url + TOGGLE.rpartition("/")[0].rpartition("/")[0], json={}, headers=TOKEN, timeout=WAIT)
    assert (created.status_code, "message" in created.json()) == (422, True)
    assert requests.patch(url + TOGGLE, iter([b"{", b"}"]), headers=TOKEN, timeout=WAIT).status_code in (200, 411, 501)

    with ThreadPoolExecutor(1) as pool:
        query = "method=PATCH&min=3&wait=10"
        found = pool.submit(requests.get, f"{url}/__admin/requests?{query}", timeout=2 * WAIT)
        while not found.done():
            assert toggle(url).ok
        assert found.result().json()["satisfied"] is True
    unmet = requests.get(f"{url}/__admin/requests?min=999&wait=0.05", timeout=WAIT).json()
    assert unmet["satisfied"] is False

    add_fault(url, delay_seconds=0.05)
    slow = toggle(url)
    assert (slow.status_code, slow.elapsed.total_seconds() >= 0.05) == (200, True)

    add_fault(url, action="connection_reset")
    assert ended(url) in ("no answer", 500)
    add_fault(url, action="truncated_body")
    assert ended(url) in ("no answer", 200)
    assert toggle(url).ok


def ended(url: str) -> str | int:
    """The status of an answer after which the connection ends, or that there is no whole one."""
    try:
        answer = toggle(url)
    except requests.RequestException:
        return "no answer"
    assert answer.headers.get("Connection", "close").lower() == "close"
    return answer.status_code
