"""The admin route for how sure each behaviour is; tests/whole/test_conformance.py has the list itself."""

from flask.testing import FlaskClient

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.dialect.behaviours import conformance
from talkover_mock.environments.world import World
from talkover_mock.loading.fixture import read_fixture
from tests.support.fixture_documents import source

KEYS = ["subject", "text", "basis", "setting", "versions", "pages", "unproven", "heard", "probes"]


def test_the_route_serves_the_list_and_what_is_overridden(http: FlaskClient) -> None:
    answer = http.get("/__admin/assumptions").get_json()
    behaviours = conformance().behaviours
    assert [each["text"] for each in answer["behaviours"]] == [each.text for each in behaviours]
    assert [each["probes"] for each in answer["behaviours"]] == [len(each.probes) for each in behaviours]
    assert {tuple(each) for each in answer["behaviours"]} == {tuple(KEYS)}
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
