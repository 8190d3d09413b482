"""What schemathesis finds of the server by its own OpenAPI document: nothing."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.environments.world import World
from talkover_mock.loading.files import parse
from talkover_mock.loading.fixture import read_fixture
from talkover_mock.state.records import CampaignId
from talkover_mock.web.server import Server
from tests.conftest import FIXTURES, ROOT
from tests.support.documented import AGENT, TOGGLE, TOKEN
from tests.support.fixture_documents import hook, source
from tests.support.openapi_document import operations

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

pytestmark = pytest.mark.slow
CONFIGURATION = (ROOT / "tests" / "support" / "schemathesis.toml").read_text()
IS_LONG = os.environ.get("TALKOVER_MOCK_LONG_FUZZING") == "1"
"""Whether it asks for all that it can think of, as `make fuzz` lets it."""
OF_SHORT_RUNS = "# -- Of `make test` alone"
"""Where the configuration begins that a long run leaves out."""
HOOKS = ROOT / "tests" / "support" / "schemathesis_hooks.py"
TABLES = {"HYPOTHESIS_STORAGE_DIRECTORY": str(ROOT / ".hypothesis")}
"""Where hypothesis keeps its tables of Unicode, which take over a second to make."""
SECONDS = 1_800 if IS_LONG else 120
"""Far more than it takes."""
ABOUT_WHAT_HAPPENS = "clock|deliveries|events|faults|requests|scenarios|snapshots"
"""The harness's routes for which the state must stay as it is."""
NOW = datetime(2025, 9, 3, 23, 50, 15, tzinfo=timezone.utc)
LOGGED = [
    hook(id="failing", webhook_url="ftp://example.com/", events=["event_action_failed"], max_retries=0),
    hook(id="working", webhook_url="https://example.com/", events=["event_action"]),
]
"""The webhooks whose logs it finds something in."""
EXPENDABLE = ("one", "two", "three", "four", "five", "six", "seven", "eight")
MORE = [
    {"id": "logged", "name": "Logged", "webhooks": LOGGED},
    {"id": "emptied", "name": "Emptied", "webhooks": [hook(id=f"webhook-{id}") for id in EXPENDABLE]},
    *({"id": f"agent-{id}", "name": id} for id in EXPENDABLE),
    {"id": "calling", "name": "Calling"},
]
"""Agents beside the shipped ones; some are there to be deleted."""
ACTIVE = {"to": "+1234567890", "status": "answered"}
CALLS = [
    *({"id": f"call-{id}", "agent_id": "emptied", **ACTIVE} for id in EXPENDABLE),
    {"id": "call", "agent_id": "calling", **ACTIVE},
]


def campaign(id: str, *webhooks: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": id, "name": id, "agent_id": "calling", "webhooks": list(webhooks)}


def of_campaign(id: str, **fields: Any) -> dict[str, Any]:
    return hook(**{"id": id, "webhook_url": "https://example.com/", "events": ["campaign.started"], **fields})


CAMPAIGNS = [
    campaign("campaign-1", of_campaign("webhook-1")),
    campaign("emptied-campaign", *(of_campaign(f"of-campaign-{id}") for id in EXPENDABLE)),
    campaign(
        "logged-campaign",
        of_campaign("of-logged-campaign", webhook_url="ftp://example.com/", max_retries=0),
        of_campaign("working-of-logged-campaign"),
    ),
]


@pytest.fixture
def world() -> Iterator[World]:
    """The shipped fixtures, from which nothing is really sent; the default environment takes one token only.

    So a wrong one is refused. Its time stands still, so that the ids of its log entries are always the same.
    """
    sources = [
        parse(path.read_bytes().replace(b"http://localhost:9000", b"https://example.com"), path.name)
        for path in sorted(FIXTURES.glob("*.yaml"))
    ]
    more = {"tokens": ["talq_test"], "agents": MORE, "campaigns": CAMPAIGNS, "calls": CALLS}
    world = World(read_fixture([*sources, source(more)]), time=lambda: NOW)
    for event in ("event_action_failed", "event_action"):
        world.default.deliveries.emit("logged", event)
    world.default.deliveries.emit(CampaignId("logged-campaign"), "campaign.started")
    world.default.deliveries.log.watch(lambda delivery: delivery.ended, least=4, seconds=10)
    world.default.snapshots.take("before")  # to be restored, in whatever order it asks
    yield world
    world.stop()


@pytest.fixture
def app(world: World) -> Flask:
    return create_app(world, Guard())


def record(app: Flask) -> set[tuple[str, str]]:
    """What is answered from now on: the operation, such as `GET /api/v1/agents`, and the status."""
    answered = set()
    answer = app.wsgi_app

    def noting(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            answered.add((operation_of(app, Request(environ)), status[:3]))
            return start_response(status, headers, *rest)

        return answer(environ, start)

    app.wsgi_app = noting  # type: ignore[method-assign]
    return answered


def operation_of(app: Flask, request: Request) -> str:
    """The route that answers the request, or nothing."""
    try:
        return str(app.url_map.bind("").match(request.path, request.method)[0])
    except HTTPException:
        return ""


def schemathesis(url: str, routes: str, folder: Path) -> subprocess.CompletedProcess[str]:
    common, _, short = CONFIGURATION.partition(OF_SHORT_RUNS)
    assert short
    path = folder / "schemathesis.toml"
    path.write_text(common if IS_LONG else CONFIGURATION)
    program = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(path), "run", "--no-color"]
    return subprocess.run(
        [*program, "--checks", "all", "--include-path-regex", f"^{routes}", f"{url}/__admin/openapi.yaml"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "SCHEMATHESIS_HOOKS": str(HOOKS), **TABLES},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )


@pytest.mark.parametrize(
    "routes", ["/api/", f"/__admin/({ABOUT_WHAT_HAPPENS})", f"/__admin/(?!{ABOUT_WHAT_HAPPENS})"], ids=str
)
def test_it_finds_nothing_and_has_seen_every_success_and_validation(
    routes: str, app: Flask, serve: Callable[[Flask], Server], tmp_path: Path
) -> None:
    for path in (TOGGLE, "/api/v1/nothing"):
        app.test_client().patch(path, headers=TOKEN)  # for the journal
    answered = record(app)
    done = schemathesis(serve(app).url, routes, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    expected = {
        (f"{operation.method} {operation.path}", status)
        for operation in operations()
        for status in operation.responses().keys() & {"200", "201", "422"}
        if re.match(routes, operation.path)
    }
    not_by_it = {
        ("POST /api/v1/agents/{agent_id}/webhooks", "201"),  # a setting
        ("POST /api/v1/campaigns/{campaign_id}/webhooks", "201"),  # the same
        ("GET /__admin/faults/{id}", "200"),  # it has removed all faults before
        ("PATCH /__admin/webhooks/{id}", "200"),  # it has replaced the state before; tests/admin has it
        ("POST /__admin/environments", "422"),  # its bodies are right ones; tests/admin has the wrong ones
        # only of a query, which it seldom adds; tests/admin has them
        *((f"{each.method} {each.path}", "422") for each in operations() if each.refuses_only_queries),
    }
    assert expected - answered - not_by_it == set()


@pytest.mark.parametrize("disposition", ["form-data", "form-data; name=", 'form-data; name="a\\"'])
def test_a_part_without_a_name_is_nothing(disposition: str, http: FlaskClient) -> None:
    """What it did find once."""
    body = f"--B\r\nContent-Disposition: {disposition}\r\n\r\nvalue\r\n--B--\r\n"
    headers = {**TOKEN, "Content-Type": "multipart/form-data; boundary=B"}
    answer = http.post(f"/api/v1/agents/{AGENT}/webhooks", data=body, headers=headers)
    assert answer.status_code == 422
    assert list(answer.get_json()["errors"]) == ["name", "webhook_url", "events"]


def test_a_whole_number_of_a_fault_may_have_a_fraction_of_zero(http: FlaskClient) -> None:
    """And so did this."""
    answer = http.post(
        "/__admin/faults",
        data='{"preset": "maintenance", "after": 303.0, "times": 2.0}',
        content_type="application/json",
    )
    assert answer.status_code == 201
    assert '"after": 303,' in answer.text
    assert '"times": 2,' in answer.text


@pytest.mark.parametrize("name", ["", "a b", "a:b", "ä"])
def test_a_fault_refuses_a_header_that_no_answer_can_have(name: str, http: FlaskClient) -> None:
    answer = http.post("/__admin/faults", json={"respond": {"headers": {name: "value"}}})
    assert (answer.status_code, answer.get_json()["title"]) == (422, "Bad value")
