"""Several servers behind a balancer that hashes the token: every environment stays on one of them."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event

import pytest
import requests

from talkover_mock.client import MockServer
from tests.conftest import ROOT
from tests.support.documented import TOGGLE, WEBHOOK
from tests.support.installed import serving

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
REQUIRED = "TALKOVER_MOCK_REQUIRE_NGINX" in os.environ
ENVIRONMENTS = 12

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        NGINX is None and not REQUIRED,
        reason="nginx is not installed (Debian's package nginx-light); .ci/run installs it",
    ),
]


def configuration(folder: Path, port: int, replicas: list[str]) -> Path:
    """What docs/scaling.md shows, with the replicas' addresses."""
    (shown,) = (ROOT / "docs" / "scaling.md").read_text().split("```nginx\n")[1:]
    server = shown.split("```")[0].replace("listen 7357", f"listen 127.0.0.1:{port}")
    for name, url in zip(("mock-1:7357", "mock-2:7357"), replicas, strict=True):
        assert name in server
        server = server.replace(name, url.removeprefix("http://"))
    path = folder / "nginx.conf"
    temporary = "".join(
        f"{kind}_temp_path {folder / kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    path.write_text(
        f"daemon off; master_process off; pid {folder / 'pid'}; error_log stderr warn;\n"
        f"events {{}}\nhttp {{ access_log off;\n{temporary}{server} }}\n"
    )
    return path


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


@contextmanager
def balancer(folder: Path, replicas: list[str]) -> Iterator[str]:
    """The URL of nginx on a free port; on another one when somebody was faster."""
    said = folder / "said"
    for _ in range(3):
        port = free_port()
        command = [str(NGINX), "-p", str(folder), "-c", str(configuration(folder, port, replicas))]
        with said.open("w") as errors, subprocess.Popen(command, stderr=errors) as process:
            try:
                if _listens(process, port):
                    yield f"http://127.0.0.1:{port}"
                    return
            finally:
                process.terminate()
        if "Address already in use" not in said.read_text():
            break
    pytest.fail(f"nginx does not listen: {said.read_text()}")


def _listens(process: "subprocess.Popen[bytes]", port: int) -> bool:
    """Whether it listens, as soon as that is known."""
    for _ in range(500):
        with socket.socket() as attempt:
            if process.poll() is None and attempt.connect_ex(("127.0.0.1", port)) == 0:
                return True
        if process.poll() is not None:
            return False
        Event().wait(0.01)
    return False


@pytest.fixture
def replicas() -> Iterator[list[str]]:
    command = [sys.executable, "-m", "talkover_mock", "serve", "--port", "0"]
    with ExitStack() as stack:
        yield [stack.enter_context(serving(command, ROOT, dict(os.environ))) for _ in range(2)]


def test_every_environment_stays_on_one_replica(replicas: list[str], tmp_path: Path) -> None:
    tokens = [f"talq_worker_{number}" for number in range(ENVIRONMENTS)]
    with balancer(tmp_path, replicas) as url:
        for token in tokens:
            with MockServer(url, token) as mock:
                mock.open_environment(name=token, token=token).disconnect()
        for turn in range(3):
            for token in tokens[: ENVIRONMENTS - turn]:
                toggled = requests.patch(url + TOGGLE, headers={"Authorization": f"Bearer {token}"}, timeout=10)
                assert toggled.json()["data"]["enabled"] is (turn % 2 == 0)
    homes = []
    for replica in replicas:
        with MockServer(replica) as mock:
            homes.append({each["name"] for each in mock.environments()} - {"default"})
            assert mock.requests() == []  # of the default environment: no call went astray
    assert homes[0] | homes[1] == set(tokens)
    assert not homes[0] & homes[1]
    assert homes[0]
    assert homes[1]
    for replica, names in zip(replicas, homes, strict=True):
        for name in names:
            with MockServer(replica, name, name) as mock:
                turns = 3 if name in tokens[: ENVIRONMENTS - 2] else 2 if name in tokens[: ENVIRONMENTS - 1] else 1
                assert len(mock.requests()) == turns
                assert mock.webhook(WEBHOOK)["enabled"] is (turns % 2 == 1)
