"""What schemathesis finds of the server by its own OpenAPI document: nothing."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask, Response, request
from flask.testing import FlaskClient

from mockserver.admin.guard import Guard
from mockserver.app import create_app
from mockserver.fixture_files import read_file
from mockserver.seed import to_seed
from mockserver.server import Server
from mockserver.world import World
from tests.conftest import FIXTURES, ROOT
from tests.documented import AGENT, TOKEN
from tests.fixture_documents import source
from tests.openapi_document import operations

CONFIGURATION = ROOT / "tests" / "schemathesis.toml"
SECONDS = 120
"""Far more than it takes, which is under ten."""


@pytest.fixture
def app() -> Flask:
    """The shipped fixtures, whose default environment takes one token only, so that a wrong one is refused."""
    sources = [read_file(path) for path in sorted(FIXTURES.glob("*.yaml"))]
    return create_app(World(to_seed([*sources, source({"tokens": ["talq_test"]})])), Guard())


def record(app: Flask) -> set[tuple[str, str]]:
    """What is answered from now on: the operation, such as `GET /api/v1/agents`, and the status."""
    answered = set()

    def note(response: Response) -> Response:
        if request.endpoint:
            answered.add((request.endpoint, str(response.status_code)))
        return response

    app.after_request(note)
    return answered


def schemathesis(url: str, routes: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIGURATION), "run", "--no-color"]
    return subprocess.run(
        [*program, "--checks", "all", "--include-path-regex", f"^{routes}/", f"{url}/__admin/openapi.yaml"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )


@pytest.mark.parametrize("routes", ["/api/v1", "/__admin"])
def test_it_finds_nothing_and_has_seen_every_success_and_validation(
    routes: str, app: Flask, serve: Callable[[Flask], Server], tmp_path: Path
) -> None:
    answered = record(app)
    done = schemathesis(serve(app).url, routes, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    expected = {
        (f"{operation.method} {operation.path.replace('{', '<').replace('}', '>')}", status)
        for operation in operations()
        for status in operation.responses().keys() & {"200", "201", "422"}
        if operation.path.startswith(routes)
    }
    by_setting = {("POST /api/v1/agents/<agent_id>/webhooks", "201")}
    assert expected - answered - by_setting == set()


@pytest.mark.parametrize("disposition", ["form-data", "form-data; name=", 'form-data; name="a\\"'])
def test_a_part_without_a_name_is_nothing(disposition: str, http: FlaskClient) -> None:
    """What it did find once."""
    body = f"--B\r\nContent-Disposition: {disposition}\r\n\r\nvalue\r\n--B--\r\n"
    headers = {**TOKEN, "Content-Type": "multipart/form-data; boundary=B"}
    answer = http.post(f"/api/v1/agents/{AGENT}/webhooks", data=body, headers=headers)
    assert answer.status_code == 422
    assert list(answer.get_json()["errors"]) == ["name", "webhook_url", "events"]
