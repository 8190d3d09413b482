"""Forked children: the parent goes on, a child acts on the parent's world, and nobody hears what has stopped."""

import os
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")]

WAIT = 60
"""Seconds after which a program has hung."""
BEGINNING = """
import gc, multiprocessing, os, socket, sys, traceback
import requests
from talkover_mock.client import MockServer
from talkover_mock.local import running_mockserver
from talkover_mock.receiver import WebhookReceiver

AGENT, WEBHOOK = "9fbef0b7-8d4e-4a08-9207-66c22155721d", "9fcafbf2-7593-44d6-8cd7-1b221beba62a"
TOGGLE = f"/api/v1/agents/{AGENT}/webhooks/{WEBHOOK}/toggle"

def toggle(mock):
    return requests.patch(mock.url + TOGGLE, headers=mock.headers, timeout=10).status_code

def connect(mock):
    return socket.create_connection(("127.0.0.1", int(mock.url.rpartition(":")[2])), 10)

def child(run):
    "Forks; the child runs, and its exit code tells whether it went well."
    number = os.fork()
    if number:
        return number
    code = 1
    try:
        run()
        gc.collect()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)

reader, writer = os.pipe()

def wait_for_parent():
    "Until the parent writes, or has failed: a child that stayed would hold the output open, and hide the failure."
    os.close(writer)
    os.read(reader, 1)

def ended(number):
    assert os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]) == 0
"""

A_CHILD_ACTS_ON_THE_PARENTS_WORLD = """
with running_mockserver() as mock:
    idle = connect(mock)
    before = mock.webhook(WEBHOOK)["name"]
    assert toggle(mock) == 200

    def run():
        mock.set_webhook(WEBHOOK, name="from the child")
        assert mock.webhook(WEBHOOK)["name"] == "from the child"
        assert toggle(mock) == 200

    for _ in range(3):
        ended(child(run))
        assert mock.webhook(WEBHOOK)["name"] == "from the child"
        assert toggle(mock) == 200
        mock.reset()
        assert mock.webhook(WEBHOOK)["name"] == before
    idle.sendall(b"GET /api/v1/health HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
    assert idle.recv(15) == b"HTTP/1.1 200 OK"
    idle.close()
"""

CHILDREN_TOGETHER_GET_THEIR_OWN_ANSWERS = """
def ask(mock, name):
    for number in range(20):
        mock.set_webhook(WEBHOOK, name=f"{name} {number}")
        assert mock.webhook(WEBHOOK)["id"] == WEBHOOK
        assert mock.clock()["frozen"] is False
        assert toggle(mock) == 200

if __name__ == "__main__":
    fork = multiprocessing.get_context("fork")
    with running_mockserver() as mock:
        mock.state()
        children = [fork.Process(target=ask, args=(mock, name)) for name in ("one", "two", "three")]
        for each in children:
            each.start()
        ask(mock, "parent")
        for each in children:
            each.join(30)
        assert [each.exitcode for each in children] == [0, 0, 0]
        assert len(mock.requests(method="PATCH")) == 80
"""

OVER_HTTP = "running_mockserver() as server, MockServer(server.url, server.token) as mock"

A_CHILDS_STOP_DOES_NOTHING = """
number = 0
with running_mockserver() as mock:
    idle = connect(mock)
    number = os.fork()
    if number:
        ended(number)
        assert toggle(mock) == 200
        idle.sendall(b"GET /api/v1/health HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
        assert idle.recv(15) == b"HTTP/1.1 200 OK"
    idle.close()
gc.collect()  # the child ends here too, after its own stop
"""

A_PARENTS_STOP_ENDS_LISTENING_FOR_EVERYBODY = """
def run():
    wait_for_parent()
    try:
        connect(mock).close()
    except ConnectionRefusedError:
        return
    raise AssertionError("somebody still listens")

with running_mockserver() as mock:
    idle, number = connect(mock), child(run)
    assert toggle(mock) == 200
assert idle.recv(1) == b""  # though the child has a copy of the connection's other end
idle.close()
os.write(writer, b"x")
ended(number)
"""

A_PARENTS_STOP_ENDS_WHAT_WAS_JUST_ACCEPTED = """
from talkover_mock.web import server

class Forking(server.HttpConnection):
    def __init__(self, *arguments):
        "The child has a copy of a socket that the server does not know yet."
        children.append(child(wait_for_parent))
        super().__init__(*arguments)

children = []
server.HttpConnection = Forking
with running_mockserver() as mock:
    idle = connect(mock)
    idle.sendall(b"GET /api/v1/health HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
    assert idle.recv(1000).endswith(b"}")
assert idle.recv(1) == b""
idle.close()
os.write(writer, b"x")
[number] = children
ended(number)
"""

A_RECEIVER_IS_THAT_OF_ITS_PARENT = """
receiver = WebhookReceiver()
receiver.start()
ended(child(receiver.stop))
assert requests.post(receiver.url, json={"event": "e"}, timeout=10).status_code == 200
number = child(wait_for_parent)
receiver.stop()
try:
    requests.post(receiver.url, timeout=10)
except requests.ConnectionError as error:
    assert "refused" in str(error)
else:
    raise AssertionError("somebody still listens")
finally:
    os.write(writer, b"x")
    ended(number)
"""

A_SERVER_THAT_NEVER_RAN = """
from talkover_mock.web.server import Server
server = Server(lambda *_: [])
ended(child(lambda: server.stop()))
server.stop()
"""

A_CHILD_HAS_A_SERVER_OF_ITS_OWN = """
with running_mockserver() as mock:
    connections = [connect(mock) for _ in range(5)]

    def run():
        with running_mockserver() as own:
            assert own.url != mock.url
            assert toggle(own) == toggle(mock) == 200
            ended(child(lambda: own.set_webhook(WEBHOOK, name="from the grandchild")))
            assert own.webhook(WEBHOOK)["name"] == "from the grandchild"

    ended(child(run))
    assert toggle(mock) == 200
    assert mock.webhook(WEBHOOK)["name"] == "My Webhook"
    for each in connections:
        each.close()
"""

PROGRAMS = {
    "a child acts on the parent's world": A_CHILD_ACTS_ON_THE_PARENTS_WORLD,
    "children together get their own answers": CHILDREN_TOGETHER_GET_THEIR_OWN_ANSWERS,
    "and so they do over HTTP": CHILDREN_TOGETHER_GET_THEIR_OWN_ANSWERS.replace(
        "running_mockserver() as mock", OVER_HTTP
    ),
    "a child's stop does nothing": A_CHILDS_STOP_DOES_NOTHING,
    "a parent's stop ends listening for everybody": A_PARENTS_STOP_ENDS_LISTENING_FOR_EVERYBODY,
    "a parent's stop ends what was just accepted": A_PARENTS_STOP_ENDS_WHAT_WAS_JUST_ACCEPTED,
    "a receiver is that of its parent": A_RECEIVER_IS_THAT_OF_ITS_PARENT,
    "a server that never ran": A_SERVER_THAT_NEVER_RAN,
    "a child has a server of its own": A_CHILD_HAS_A_SERVER_OF_ITS_OWN,
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_after_a_fork(program: str) -> None:
    """No warning either, but the one that newer Pythons have for every fork beside threads."""
    flags = ("-W", "error", "-W", "ignore:This process:DeprecationWarning")
    ended = subprocess.run(
        [sys.executable, *flags, "-c", BEGINNING + program], capture_output=True, text=True, timeout=WAIT, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
