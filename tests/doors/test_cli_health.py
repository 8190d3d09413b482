"""`talkover-mock health`: whom it asks, what it prints, how it ends. See test_remote_urls.py for what is no URL."""

import socket
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from talkover_mock.web.server import Server
from tests.doors.test_cli import WAIT, outcome, run

REMEDY = "start it with `talkover-mock serve`, or name it with --url"


def test_health_prints_the_answer_of_a_healthy_server(server: Server) -> None:
    assert outcome(run("health", "--url", f"{server.url}/")) == (0, '{"status":"ok"}\n', "")


def test_health_asks_the_port_that_the_server_was_given(server: Server) -> None:
    assert outcome(run("health", TALKOVER_MOCK_PORT=str(server.port))) == (0, '{"status":"ok"}\n', "")


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of ours on which nobody answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["--url", "{up}"], {"TALKOVER_MOCK_URL": "{down}", "TALKOVER_MOCK_PORT": "{down_port}"}),
        ([], {"TALKOVER_MOCK_URL": "{up}", "TALKOVER_MOCK_PORT": "{down_port}"}),
        ([], {"TALKOVER_MOCK_URL": "", "TALKOVER_MOCK_PORT": "{up_port}"}),
    ],
)
def test_health_takes_its_flag_over_its_variable_over_the_port(
    arguments: Sequence[str], variables: Mapping[str, str], server: Server, closed_port: int
) -> None:
    places = {"up": server.url, "up_port": server.port, "down": f"http://127.0.0.1:{closed_port}"}
    places["down_port"] = closed_port
    given = {name: value.format(**places) for name, value in variables.items()}
    result = run("health", *(argument.format(**places) for argument in arguments), **given)
    assert outcome(result) == (0, '{"status":"ok"}\n', "")


def test_health_fails_when_nobody_answers(closed_port: int) -> None:
    url = f"http://127.0.0.1:{closed_port}"
    result = run("health", "--url", url)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: {url}/api/v1/health does not answer (")
    assert result.stderr.endswith(f"; {REMEDY}\n")
    assert result.stderr.count("\n") == 1


def test_health_fails_when_something_else_answers(server: Server) -> None:
    url = f"{server.url}/elsewhere"
    expected = f"Error: {url}/api/v1/health answers 404 Not Found; {REMEDY}\n"
    assert outcome(run("health", "--url", url)) == (1, "", expected)


def test_health_fails_when_the_answer_is_not_http() -> None:
    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(b"220 mail at your service\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        listener.settimeout(WAIT)
        answered = pool.submit(answer)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        result = run("health", "--url", url)
        answered.result(WAIT)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.strip() == f"Error: {url}/api/v1/health does not answer (220 mail at your service); {REMEDY}"
