"""Adding a family of endpoints is adding one file to `mockserver/api`: it brings its routes and its fixture section."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

from mockserver.admin.guard import Guard
from mockserver.api import families, sections
from mockserver.app import create_app
from mockserver.cli import main
from mockserver.documents import parse
from mockserver.errors import FixtureError
from mockserver.fixture_files import load
from mockserver.schema import fixture_schema
from mockserver.world import World
from tests.conftest import FIXTURES
from tests.documented import API_HEADERS, TOKEN
from tests.tiny_family import dropped_in

NOTES = """\
notes:
  - id: first
    text: One
  - text: Two
    stars: 5
environments:
  staging:
    tokens: [talq_staging]
    notes:
      - id: first
        text: Another
"""
FIRST = {"id": "first", "text": "One", "stars": 1}
STAGING = {"Authorization": "Bearer talq_staging"}


@pytest.fixture
def fixture_file(tmp_path: Path) -> Path:
    path = tmp_path / "fixture.yaml"
    path.write_text(NOTES)
    return path


@pytest.fixture
def http(tmp_path: Path, fixture_file: Path) -> Iterator[FlaskClient]:
    folder = tmp_path / "api"
    folder.mkdir()
    with dropped_in(folder):
        world = World(load([fixture_file], sections()), sections())
        yield create_app(world, Guard()).test_client()


def notes(http: FlaskClient, headers: dict[str, str] = TOKEN) -> list[dict[str, Any]]:
    answer = http.get("/api/v1/notes", headers=headers)
    assert answer.status_code == 200
    data: list[dict[str, Any]] = answer.get_json()["data"]
    return data


def state_of(http: FlaskClient, headers: dict[str, str] = TOKEN) -> dict[str, Any]:
    state: dict[str, Any] = http.get("/__admin/state", headers=headers).get_json()
    return state


def test_its_routes_are_like_all_others(http: FlaskClient) -> None:
    answer = http.get("/api/v1/notes/first/", headers=TOKEN)
    assert answer.text == json.dumps({"data": FIRST}, separators=(",", ":"))
    assert {name: answer.headers[name] for name in API_HEADERS} == API_HEADERS
    assert answer.headers["X-RateLimit-Limit"] == "100"
    assert http.get("/api/v1/notes").get_json() == {"message": "Missing Bearer Token"}
    assert http.put("/api/v1/notes", headers=TOKEN).headers["Allow"] == "GET, HEAD, POST"
    assert http.get("/notes").headers["X-Mockserver-Reason"].endswith("did you mean /api/v1/notes?")


def test_its_own_404_has_a_reason(http: FlaskClient) -> None:
    answer = http.get("/api/v1/notes/x", headers=TOKEN)
    assert (answer.status_code, answer.get_json()) == (404, {"success": False, "message": "Note not found."})
    expected = 'nothing of that kind in environment default has the id "x"'
    assert answer.headers["X-Mockserver-Reason"] == expected


def test_its_section_is_loaded_into_each_environment(http: FlaskClient) -> None:
    first, second = notes(http)
    assert first == FIRST
    assert second == {"id": second["id"], "text": "Two", "stars": 5}
    assert notes(http, STAGING) == [{"id": "first", "text": "Another", "stars": 1}]


def test_its_generated_ids_are_the_same_at_every_start(http: FlaskClient, fixture_file: Path) -> None:
    again = load([fixture_file], sections())["default"].baseline.sections["notes"]
    assert list(again) == [note["id"] for note in notes(http)]


def test_its_records_are_served_in_the_state_and_can_be_fed_back(http: FlaskClient) -> None:
    state = state_of(http)
    assert state == {"agents": [], "notes": notes(http)}
    served_as_yaml = http.get("/__admin/state?format=yaml").data
    http.delete("/api/v1/notes/first", headers=TOKEN)
    assert state_of(http) != state
    for body, kind in ((json.dumps(state).encode(), "application/json"), (served_as_yaml, "application/yaml")):
        answer = http.put("/__admin/state", data=body, content_type=kind)
        assert (answer.status_code, answer.get_json()) == (200, state)


def test_what_its_operations_write_is_in_the_state_until_a_reset(http: FlaskClient) -> None:
    before, staging = state_of(http), state_of(http, STAGING)
    new = http.post("/api/v1/notes", headers=TOKEN, json={"text": "Three"}).get_json()["data"]
    assert new == {"id": new["id"], "text": "Three", "stars": 1}
    http.delete("/api/v1/notes/first", headers=TOKEN)
    assert state_of(http)["notes"] == [*before["notes"][1:], new]
    assert state_of(http, STAGING) == staging
    http.post("/__admin/reset", headers=TOKEN)
    assert state_of(http) == before


def test_a_merge_lays_its_section_over_the_records_by_id(http: FlaskClient) -> None:
    second = notes(http)[1]
    patch = {"notes": [{"id": "first", "stars": 2}, {"id": "third", "text": "Three"}, {"text": "Four"}]}
    merged = http.patch("/__admin/state", json=patch).get_json()["notes"]
    fourth = merged[3]["id"]
    assert merged == [
        {**FIRST, "stars": 2},
        second,
        {"id": "third", "text": "Three", "stars": 1},
        {"id": fourth, "text": "Four", "stars": 1},
    ]
    assert len({note["id"] for note in merged}) == 4
    assert http.patch("/__admin/state", json={"agents": []}).get_json()["notes"] == merged


def test_a_generated_id_is_none_that_the_same_fixture_gives(http: FlaskClient) -> None:
    first, second = notes(http)
    state = {"notes": [{"text": "New"}, {"text": "Newer"}, first, second]}
    answer = http.put("/__admin/state", json=state)
    assert answer.status_code == 200, answer.text
    assert [note["text"] for note in notes(http)] == ["New", "Newer", "One", "Two"]


def test_an_opened_environment_starts_with_its_records(http: FlaskClient) -> None:
    opened = http.post("/__admin/environments", json={"name": "mine"}).get_json()
    headers = {"Authorization": f"Bearer {opened['token']}"}
    assert notes(http, headers) == notes(http)
    fixture = {"notes": [{"id": "own", "text": "Own"}]}
    opened = http.post("/__admin/environments", json={"name": "own", "fixture": fixture}).get_json()
    assert notes(http, {"Authorization": f"Bearer {opened['token']}"}) == [{"id": "own", "text": "Own", "stars": 1}]


WRONG = """\
notes:
  - id: first
    text: One
    stars: 9
  - id: first
    text: Two
  - stars: 1
  - Three
  - text: Four
    txet: Five
environments:
  staging:
    notes: {}
"""
MISTAKES = [
    "wrong.yaml:4: notes[0].stars: The stars must be between 0 and 5. (got 9)",
    'wrong.yaml:5: notes[1].id: is already the id of notes[0] in wrong.yaml (got "first")',
    "wrong.yaml:7: notes[2].text: The text field is required.",
    'wrong.yaml:8: notes[3]: must be a mapping with id, text, stars (got "Three")',
    "wrong.yaml:10: notes[4].txet: unknown key; did you mean text?",
    "wrong.yaml:13: environments.staging.notes: must be a list (got {})",
]


@pytest.mark.usefixtures("http")
def test_its_mistakes_are_reported_with_their_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("wrong.yaml").write_text(WRONG)
    with pytest.raises(FixtureError) as caught:
        load(["wrong.yaml"], sections())
    assert [str(mistake) for mistake in caught.value.mistakes] == MISTAKES


def test_a_merge_with_mistakes_changes_nothing(http: FlaskClient) -> None:
    before = state_of(http)
    answer = http.patch(
        "/__admin/state", json={"notes": [{"id": "third", "text": "Three"}, {"id": "first", "stars": 9}]}
    )
    expected = {"path": "notes[1].stars", "line": 1, "message": "The stars must be between 0 and 5. (got 9)"}
    assert (answer.status_code, answer.get_json()["errors"]) == (422, [expected])
    assert state_of(http) == before


@pytest.mark.usefixtures("http")
def test_the_command_line_knows_its_section(fixture_file: Path) -> None:
    checked = CliRunner().invoke(main, ["check", str(fixture_file)])
    assert (checked.exit_code, checked.output) == (0, "default: 0 agents, 0 webhooks\nstaging: 0 agents, 0 webhooks\n")
    printed = CliRunner().invoke(main, ["schema"])
    assert (printed.exit_code, json.loads(printed.output)) == (0, fixture_schema(sections()))


@pytest.mark.usefixtures("http")
def test_the_schema_checks_its_section_in_every_environment() -> None:
    schema = Draft202012Validator(fixture_schema(sections()))
    schema.check_schema(schema.schema)
    right = parse(NOTES)
    assert [error.message for error in schema.iter_errors(right)] == []
    wrong_ones: list[dict[str, Any]] = [
        {"notes": [{"stars": 1}]},
        {"notes": [{"text": "One", "txet": 1}]},
        {"notes": {}},
    ]
    for wrong in wrong_ones:
        assert not schema.is_valid(wrong)
        assert not schema.is_valid({"environments": {"staging": wrong}})


def test_it_is_gone_with_its_file(tmp_path: Path) -> None:
    def names() -> list[str]:
        return [family.__name__ for family in families()]

    without = names()
    with dropped_in(tmp_path):
        assert names() == [*without, "mockserver.api.notes"]
        assert [section.key for section in sections()] == ["notes"]
    assert names() == without
    assert sections() == []
    assert "mockserver.api.notes" not in sys.modules
    http = create_app(World(load([FIXTURES], sections()), sections())).test_client()
    assert http.get("/api/v1/notes", headers=TOKEN).status_code == 404
