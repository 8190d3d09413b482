"""`talkover-mock serve` as a process: how it starts, what it says, and how it ends."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from select import select
from signal import SIGINT, SIGTERM
from subprocess import Popen

import pytest
import requests

from tests.support.documented import TOGGLE, TOKEN, UNKNOWN, toggle_path
from tests.support.systems import needs_second_loopback

Launch = Callable[..., "Popen[str]"]

pytestmark = pytest.mark.slow  # each starts a program

WAIT = 20
"""Seconds after which something that should have happened did not."""
A_SECOND = 4
"""Seconds: one, and what a busy machine may need to give the process a core."""
HEALTH = b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def errors(tmp_path: Path) -> Path:
    """Where the standard error of what is launched goes."""
    return tmp_path / "standard-error"


@pytest.fixture
def launch(tmp_path: Path, errors: Path) -> Iterator[Launch]:
    """Starts `talkover-mock serve` on a free port, in an empty folder; what still runs after the test is killed."""
    with ExitStack() as stack:
        log = stack.enter_context(errors.open("w"))

        def start(*arguments: str, program: tuple[str, ...] = ("-m", "talkover_mock")) -> "Popen[str]":
            command = [sys.executable, *program, "serve", "--port", "0", *arguments]
            process = Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=log, text=True)
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield start


def url_of(process: "Popen[str]") -> str:
    """The URL that it prints once it is ready."""
    assert process.stdout
    assert select([process.stdout], [], [], WAIT)[0], "no URL was printed"
    return process.stdout.readline().rstrip("\n")


def end(process: "Popen[str]", number: int = SIGTERM) -> str:
    """Ends it within a second, with 0; returns what it still printed."""
    process.send_signal(number)
    assert process.wait(timeout=A_SECOND) == 0
    assert process.stdout
    return process.stdout.read()


def test_the_url_is_the_one_line_on_standard_output_and_it_answers(launch: Launch, errors: Path) -> None:
    process = launch()
    url = url_of(process)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
    assert requests.get(f"{url}/api/v1/health", timeout=WAIT).text == '{"status":"ok"}'
    assert end(process) == ""
    assert len(errors.read_text().splitlines()) == 1


def test_the_port_file_stands_there_as_long_as_the_server_runs(launch: Launch, tmp_path: Path) -> None:
    process = launch("--port-file", "port.txt")
    url = url_of(process)
    assert {path.name for path in tmp_path.iterdir()} == {"port.txt", "standard-error"}
    assert (tmp_path / "port.txt").read_text() == url.rpartition(":")[2] + "\n"
    end(process)
    assert {path.name for path in tmp_path.iterdir()} == {"standard-error"}


WATCH = """\
import os, runpy, sys
def hook(event, arguments):
    if event in ("open", "os.rename") and "port.txt" in str(arguments[0]):
        paths = (os.fspath(each) for each in arguments[:2 if event == "os.rename" else 1])
        print(event, *paths, file=sys.stderr, flush=True)
sys.addaudithook(hook)
runpy.run_module("talkover_mock", run_name="__main__")
"""


def test_the_port_file_appears_whole(launch: Launch, errors: Path) -> None:
    process = launch("--port-file", "port.txt", program=("-c", WATCH))
    url_of(process)
    end(process)
    written = re.sub(r"port\.txt\.[0-9a-f]{8}\.part", "port.txt.part", errors.read_text())
    assert written.splitlines() == [
        "open port.txt.part",
        "os.rename port.txt.part port.txt",
        "open port.txt",  # whether it is still its own
    ]


@contextmanager
def loading(launch: Launch, folder: Path, *arguments: str) -> Iterator["Popen[str]"]:
    """A server that goes on waiting for the rest of its fixture."""
    pipe = folder / "slow.yaml"
    os.mkfifo(pipe)
    process = launch("--fixtures", str(pipe), *arguments)
    with ThreadPoolExecutor(1) as pool:
        opened = pool.submit(pipe.open, "w")
        try:
            with opened.result(WAIT):
                yield process
        finally:
            os.close(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK))  # lets go of a writer whom nobody reads


@pytest.mark.parametrize("number", [SIGTERM, SIGINT])
def test_a_signal_while_fixtures_are_loaded_ends_it(
    number: signal.Signals, launch: Launch, tmp_path: Path, errors: Path
) -> None:
    with loading(launch, tmp_path) as process:
        assert end(process, number) == ""
    assert errors.read_text() == ""


@pytest.mark.parametrize("host", ["127.0.0.1", pytest.param("127.0.0.2", marks=needs_second_loopback), "0.0.0.0"])
def test_the_port_file_of_another_server_stays(host: str, launch: Launch, tmp_path: Path) -> None:
    port_file = tmp_path / "port.txt"
    first = launch("--host", host, "--port-file", "port.txt")
    port = url_of(first).rpartition(":")[2] + "\n"
    refused = launch("--host", host, "--port-file", "port.txt", "--fixtures", "nope.yaml")
    assert (refused.wait(WAIT), port_file.read_text()) == (2, port)
    second = launch("--host", host, "--port-file", "port.txt")
    of_second = url_of(second).rpartition(":")[2] + "\n"
    end(first)
    assert port_file.read_text() == of_second != port
    end(second)
    assert not port_file.exists()


def test_a_port_file_of_before_is_gone_while_fixtures_are_loaded(launch: Launch, tmp_path: Path) -> None:
    port_file = tmp_path / "port.txt"
    port_file.write_text("1\n")
    with loading(launch, tmp_path, "--port-file", str(port_file)) as process:
        assert not port_file.exists()
        end(process)


CONNECTIONS: dict[str, bytes | None] = {
    "no connection": None,
    "an idle connection": HEALTH,
    "a silent connection": b"",
    "half of a request's head": b"PATCH " + TOGGLE.encode() + b" HTTP/1.1\r\nHo",
    "half of a request's body": b"PATCH "
    + TOGGLE.encode()
    + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{}",
}


@pytest.mark.parametrize("number", [SIGTERM, SIGINT])
@pytest.mark.parametrize("sent", CONNECTIONS.values(), ids=CONNECTIONS.keys())
def test_a_signal_ends_it_within_a_second(
    sent: bytes | None, number: signal.Signals, launch: Launch, errors: Path
) -> None:
    process = launch()
    address = ("127.0.0.1", int(url_of(process).rpartition(":")[2]))
    with ExitStack() as stack:
        if sent is not None:
            client = stack.enter_context(socket.create_connection(address, WAIT))
            client.sendall(sent)
            if sent == HEALTH:
                assert client.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")
        assert end(process, number) == ""
    lines = errors.read_text().splitlines()
    assert [" GET /api/v1/health 200 " in line for line in lines] == ([True] if sent == HEALTH else [])


def refusal(folder: Path, *arguments: str) -> str:
    """What it says on standard error when it can't start."""
    command = [sys.executable, "-m", "talkover_mock", "serve", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=WAIT)
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr


USAGE = "Usage: talkover-mock serve [OPTIONS] [PATH]...\nTry 'talkover-mock serve --help' for help.\n\nError: "


def test_a_taken_port_is_said_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refusal(tmp_path, "--port", str(port))
    reason = "Address already in use; --port 0 picks a free one"
    assert said == f"Error: can't listen on 127.0.0.1:{port}: {reason}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    {
        ("--host", "..."): "can't listen on ...:0: '...' is not a host name",
        ("--host", "192.0.2.1"): "can't listen on 192.0.2.1:0: Cannot assign requested address",
        (
            "--host",
            "",
        ): "Invalid value for '--host' (env var: 'TALKOVER_MOCK_HOST'): a host to listen on is a name or an "
        "address, such as 127.0.0.1, or 0.0.0.0 for every address (got '')",
        ("--port-file", "nowhere/p"): "can't write the port file nowhere/p: No such file or directory",
        ("--port-file", "file/p"): "can't write the port file file/p: Not a directory",
    }.items(),
)
def test_what_it_cannot_have_is_said_so(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    before = "Error: " if message.startswith("can't listen") else USAGE
    assert refusal(tmp_path, "--port", "0", *arguments) == f"{before}{message}\n"


@pytest.mark.parametrize("token", [" abc ", "é"])
def test_an_admin_token_that_no_header_can_carry_is_refused_at_the_start(
    token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALKOVER_MOCK_ADMIN_TOKEN", token)
    said = refusal(tmp_path, "--port", "0").removeprefix(USAGE)
    where = "'--admin-token' (env var: 'TALKOVER_MOCK_ADMIN_TOKEN')"
    wanted = "give visible ASCII, without a space at its ends"
    assert said == f"Invalid value for {where}: a header can't carry this token; {wanted}\n"


def test_every_mistake_of_every_fixture_is_said(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("agents: []\nenviroments: {}\n")
    (tmp_path / "worse.yaml").write_text("agents: [\n")
    expected = [
        "nowhere.yaml: can't be read: No such file or directory",
        "worse.yaml:1: is not YAML: the [ that begins here is not closed (column 9)",
        "bad.yaml:2: enviroments: unknown key; did you mean environments?",
        "3 mistakes in the fixtures",
    ]
    paths = [f"--fixtures={name}.yaml" for name in ("nowhere", "bad", "worse")]
    assert refusal(tmp_path, "--port", "0", *paths).splitlines() == expected


def test_each_request_is_a_line_with_a_masked_token_and_the_reason_of_a_refusal(launch: Launch, errors: Path) -> None:
    process = launch()
    url = url_of(process)
    long = {"Authorization": "Bearer talq_0123456789abcdef"}
    unknown = toggle_path(webhook=UNKNOWN)
    requested = [(TOGGLE, TOKEN), (f"{TOGGLE}?a=1", long), (TOGGLE, {}), (unknown, TOKEN), ("/api/v1/a%0Ab", TOKEN)]
    with requests.Session() as client:
        answers = [client.patch(url + path, headers=headers, timeout=WAIT) for path, headers in requested]
    end(process)
    moment, took = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", r"\d+\.\d"
    lines = [re.sub(f"^{moment} (.*?) {took}ms ", r"\1 ", line) for line in errors.read_text().splitlines()]
    reasons = [f" ({answer.headers['X-Mockserver-Reason']})" for answer in answers if not answer.ok]
    assert lines == [
        f"PATCH {TOGGLE} 200 default ta***",
        f"PATCH {TOGGLE}?a=1 200 default talq_***ef",
        f"PATCH {TOGGLE} 401 - -" + reasons[0],
        f"PATCH {unknown} 404 default ta***" + reasons[1],
        "PATCH /api/v1/a b 404 - ta***" + reasons[2],
    ]


def test_it_answers_on_when_nobody_reads_its_log_any_more(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "talkover_mock", "serve", "--port", "0"]
    with Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            url = url_of(process)
            assert process.stderr
            process.stderr.close()
            for _ in range(3):
                assert requests.get(f"{url}/api/v1/health", timeout=WAIT).text == '{"status":"ok"}'
            end(process)
        finally:
            process.kill()


def test_without_admin_only_the_api_is_served(launch: Launch) -> None:
    url = url_of(launch("--no-admin"))
    answer = requests.get(f"{url}/__admin/state", timeout=WAIT)
    assert (answer.status_code, answer.json()) == (404, {"message": "The route __admin/state could not be found."})
    assert requests.patch(url + TOGGLE, headers=TOKEN, timeout=WAIT).json()["message"] == "Webhook enabled"


@pytest.mark.parametrize(("token", "status"), {None: 401, "wrong": 401, "secret": 200}.items())
def test_an_admin_token_is_asked_for_on_the_admin_routes_alone(
    token: str | None, status: int, launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALKOVER_MOCK_ADMIN_TOKEN", "secret")
    url = url_of(launch())
    headers = {"X-Mockserver-Admin-Token": token}
    assert requests.get(f"{url}/__admin/state", headers=headers, timeout=WAIT).status_code == status
    assert requests.patch(url + TOGGLE, headers=TOKEN, timeout=WAIT).status_code == 200


@pytest.mark.parametrize(
    "fixtures",
    [["one.yaml", "two.json"], ["--fixtures=one.yaml", "--fixtures=two.json"], ["--fixtures=two.json", "one.yaml"]],
)
def test_fixtures_are_served_together_under_every_allowed_host(
    fixtures: list[str], launch: Launch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one.yaml").write_text("agents: [{id: one, name: A}]\n")
    (tmp_path / "two.json").write_text('{"agents": [{"id": "two", "name": "B"}]}')
    monkeypatch.setenv("TALKOVER_MOCK_FIXTURES", "nowhere.yaml")  # the command line comes before the variable
    url = url_of(launch(*fixtures, "--allow-host=mock.test", "--allow-host=b.test"))
    for host, status in {"mock.test": 200, "b.test:80": 200, "c.test": 403}.items():
        answer = requests.get(f"{url}/__admin/state", headers={"Host": host}, timeout=WAIT)
        assert answer.status_code == status
        assert [agent["id"] for agent in answer.json().get("agents", [])] == ["one", "two"][: 2 if answer.ok else 0]


def test_a_log_that_nobody_reads_stops_no_answer(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "talkover_mock", "serve", "--port", "0"]
    with Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            url = url_of(process)
            with requests.Session() as session:
                for _ in range(250):  # of more than 500 characters each: twice what a pipe holds
                    assert session.get(f"{url}/{'x' * 800}", timeout=WAIT).status_code == 404
            assert end(process) == ""
            assert process.stderr
            lines = process.stderr.read().splitlines()
            assert len(lines) > 50, "as much as a pipe holds"
            assert [line for line in lines if not re.fullmatch(r".* GET /x+ 404 .*\)", line)] == []
        finally:
            process.kill()
