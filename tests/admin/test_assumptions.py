"""What is documented, measured and assumed: one list for the admin route, the docs and the settings."""

import pytest
from flask.testing import FlaskClient

from talkover_mock.admin.guard import Guard
from talkover_mock.admin.routes.assumptions import BEHAVIOURS, Behaviour
from talkover_mock.app import create_app
from talkover_mock.dialect.settings import SETTING_FIELDS
from talkover_mock.environments.world import World
from talkover_mock.loading.fixture import read_fixture
from tests.conftest import ROOT
from tests.support.fixture_documents import source

DOCS = (ROOT / "docs" / "fidelity.md").read_text()
ROWS = [line for line in DOCS.splitlines() if line.startswith("| ") and not line.startswith("| behaviour ")]


def row(behaviour: Behaviour) -> str:
    setting = f"`{behaviour.setting}`" if behaviour.setting else ""
    return f"| {behaviour.text} | {behaviour.basis} | {setting} |"


def test_the_docs_say_the_same_in_the_same_order() -> None:
    assert [row(behaviour) for behaviour in BEHAVIOURS] == ROWS


@pytest.mark.parametrize("subject", dict.fromkeys(behaviour.subject for behaviour in BEHAVIOURS))
def test_every_subject_has_a_heading(subject: str) -> None:
    assert f"\n## {subject}\n" in DOCS


def test_every_setting_overrides_a_behaviour() -> None:
    assert {each.setting for each in BEHAVIOURS} - {None} <= {field.name for field in SETTING_FIELDS}


def test_the_route_serves_the_list_and_what_is_overridden(http: FlaskClient) -> None:
    answer = http.get("/__admin/assumptions").get_json()
    assert [each["text"] for each in answer["behaviours"]] == [each.text for each in BEHAVIOURS]
    assert answer["behaviours"][0].keys() == {"subject", "text", "basis", "setting"}
    assert answer["overrides"] == {}


def test_an_override_is_that_of_the_environment() -> None:
    document = {
        "settings": {"create_status": 201, "retry_schedule": [1, 2]},
        "environments": {"other": {"tokens": ["talq_o"], "settings": {"plan": "professional"}}},
    }
    http = create_app(World(read_fixture([source(document)])), Guard()).test_client()
    own = {"create_status": 201, "retry_schedule": [1, 2]}
    assert http.get("/__admin/assumptions").get_json()["overrides"] == own
    answer = http.get("/__admin/assumptions", headers={"Authorization": "Bearer talq_o"}).get_json()
    assert answer["overrides"] == {"plan": "professional", **own}
