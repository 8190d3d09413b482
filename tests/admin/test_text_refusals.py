"""Refusals of the admin routes as plain text: for a client that asks for text, the detail is the whole body."""

from collections.abc import Mapping
from typing import NamedTuple

import pytest
from flask.testing import FlaskClient

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.environments.documents import Documents
from talkover_mock.environments.world import World
from tests.support.documented import TOGGLE, TOKEN

TEXT = "text/plain; charset=utf-8"


class Refused(NamedTuple):
    """A request, and the status with which it is refused."""

    status: int
    request: str
    body: str = ""
    headers: Mapping[str, str] = {}


REFUSALS = {
    "foreign page": Refused(403, "GET /state", headers={"Origin": "https://far.example"}),
    "unknown host": Refused(403, "GET /state", headers={"Host": "far.example"}),
    "unknown bearer token": Refused(401, "GET /state", headers={"Authorization": "Bearer none"}),
    "no route": Refused(404, "GET /sate"),
    "wrong method": Refused(405, "DELETE /state"),
    "unknown name": Refused(404, "DELETE /environments/ñ"),
    "unreadable body": Refused(400, "POST /verify", "{"),
    "unknown key": Refused(422, "POST /verify", r'{"a\nb": 1}'),
    "mistakes in a fixture": Refused(422, "PUT /state", '{"agents": 1, "calls": 2}'),
    "not as expected": Refused(409, "POST /verify", '{"path": "*/toggle", "status": 503}'),
    "not as expected in time": Refused(409, "POST /verify", '{"path": "*/toggle", "times": 2, "wait": 0.001}'),
    "crash": Refused(500, "GET /state"),
}


@pytest.fixture
def crashing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Documents, "whole", lambda _: 1 / 0)


@pytest.mark.usefixtures("crashing")
@pytest.mark.parametrize("kind", REFUSALS)
def test_a_refusal_as_text_is_its_detail(http: FlaskClient, kind: str) -> None:
    refused = REFUSALS[kind]
    method, path = refused.request.split()
    http.patch(TOGGLE, headers=TOKEN)
    found = {}
    for accept in ("application/json", "text/plain"):
        headers = {**refused.headers, "Accept": accept}
        found[accept] = http.open(f"/__admin{path}", method=method, data=refused.body, headers=headers)
    document, text = found.values()
    assert (text.status_code, text.content_type, text.text) == (refused.status, TEXT, document.get_json()["detail"])
    assert (document.status_code, document.content_type) == (refused.status, "application/problem+json")
    others = [[each for each in answer.headers if not each[0].startswith("Content-")] for answer in found.values()]
    assert others[0] == others[1]


def test_a_missing_admin_token_is_told_as_text(world: World) -> None:
    answer = create_app(world, Guard(token="secret")).test_client().get("/__admin/", headers={"Accept": "text/plain"})
    assert (answer.status_code, answer.content_type) == (401, TEXT)
    assert answer.text.startswith("the header X-Mockserver-Admin-Token is missing")
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="talkover-mock"'


def test_the_text_of_verify_is_that_of_pytest(http: FlaskClient) -> None:
    http.patch(TOGGLE, headers=TOKEN)
    answer = http.post("/__admin/verify", json={"path": "*/toggle", "times": 2}, headers={"Accept": "text/plain"})
    assert answer.text == (
        f"expected exactly 2 requests path=*/toggle, got 1; the nearest of all requests:\n  #1 PATCH {TOGGLE} -> 200"
    )


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/plain", TEXT),
        ("text/plain, */*;q=0.1", TEXT),
        ("application/json;q=0.9, text/plain", TEXT),
        ("application/json, text/plain, */*", "application/problem+json"),
        ("text/plain;q=0.5, application/problem+json", "application/problem+json"),
        ("text/html, text/plain;q=0.9", "text/html; charset=utf-8"),
        ("text/plain;q=0", "application/problem+json"),
        ("text/*", "application/problem+json"),
        ("*/*", "application/problem+json"),
        ("", "application/problem+json"),
    ],
)
def test_the_client_chooses_by_accept(http: FlaskClient, accept: str, kind: str) -> None:
    assert http.get("/__admin/environments/nope", headers={"Accept": accept}).content_type == kind


def test_an_answer_that_is_no_refusal_stays_json(http: FlaskClient) -> None:
    assert http.get("/__admin/state", headers={"Accept": "text/plain"}).content_type == "application/json"
