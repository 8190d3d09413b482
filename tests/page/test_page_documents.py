"""What a browser shows of the admin routes' documents: problems and assumptions are pages, not raw JSON."""

import pytest
from flask.testing import FlaskClient

from talkover_mock.admin.guard import Guard
from talkover_mock.admin.page.dashboard import HEADERS
from talkover_mock.app import create_app
from talkover_mock.dialect.behaviours import conformance
from talkover_mock.environments.world import World
from tests.support.page_document import Document

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
ASSUMPTIONS = "/__admin/assumptions"


def shown(http: FlaskClient, path: str, status: int = 200, **headers: str) -> Document:
    answer = http.get(path, headers={**BROWSER, **headers})
    assert (answer.status_code, answer.content_type) == (status, "text/html; charset=utf-8")
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert answer.headers["Vary"] == "Accept"
    return Document(answer.text)


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/__admin/?environment=nope", 404, 'no environment is named "nope"; it may be closed by now'),
        ("/__admin/?environment=<b>", 404, 'no environment is named "<b>"; it may be closed by now'),
        ("/__admin/?wait=x", 422, "wait must be a number"),
        ("/__admin/nope", 404, "no route is /__admin/nope; GET /__admin/openapi.yaml describes them all"),
        ("/__admin/environments/nope", 404, 'no environment is named "nope"'),
    ],
)
def test_a_problem_is_a_page_with_its_sentence_and_a_way_back(
    http: FlaskClient, path: str, status: int, told: str
) -> None:
    page = shown(http, path, status)
    assert told in page.text
    assert str(status) in page.text
    assert {"href": "/__admin/"} in page.attributes("a")


def test_an_unknown_environment_comes_with_the_nearest_names(http: FlaskClient) -> None:
    page = shown(http, "/__admin/?environment=stagin", 404)
    assert {"href": "/__admin/?environment=staging"} in page.attributes("a")


def test_a_missing_admin_token_is_asked_for_and_told(world: World) -> None:
    http = create_app(world, Guard(token="secret")).test_client()
    assert http.get("/__admin/", headers=BROWSER).headers["WWW-Authenticate"] == 'Basic realm="talkover-mock"'
    assert "the header X-Mockserver-Admin-Token is missing" in shown(http, "/__admin/", 401).text


def test_a_page_of_another_origin_reads_a_refusal_too(http: FlaskClient) -> None:
    page = shown(http, "/__admin/", 403, **{"Sec-Fetch-Site": "cross-site"})
    assert "a web page of another origin must not drive the admin routes" in page.text


def test_the_assumptions_are_a_page_with_every_behaviour(http: FlaskClient) -> None:
    http.patch("/__admin/state", json={"settings": {"create_status": 201, "signature_prefix": "</p>"}})
    page = shown(http, ASSUMPTIONS)
    for each in conformance().behaviours:
        assert each.text.replace("`", "") in page.text
        assert each.subject in page.text
    assert "this environment overrides create_status: 201, signature_prefix:" in page.text


@pytest.mark.parametrize("accept", ["", "*/*", "application/json", "application/json, text/html"])
def test_a_program_gets_json(http: FlaskClient, accept: str) -> None:
    for path in ("/__admin/?environment=nope", ASSUMPTIONS):
        assert http.get(path, headers={"Accept": accept}).get_json()


@pytest.mark.parametrize("path", ["/__admin/state", "/__admin/environments"])
def test_other_documents_are_json_for_a_browser_too(http: FlaskClient, path: str) -> None:
    assert http.get(path, headers=BROWSER).content_type == "application/json"
