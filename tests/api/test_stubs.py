"""Stubs: answers to calls that the mock does not emulate, in fixtures and over `/__admin/stubs`."""

from collections.abc import Mapping
from typing import Any

import pytest
from flask.testing import FlaskClient

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.environments.world import World
from talkover_mock.loading.fixture import read_fixture
from talkover_mock.loading.mistakes import FixtureError
from talkover_mock.loading.writer import to_document
from talkover_mock.state.store import State
from tests.support.documented import API_HEADERS, TOGGLE, TOKEN
from tests.support.fixture_documents import source
from tests.support.routes import REASON
from tests.support.rows import each_row

CALL: Mapping[str, Any] = {"method": "POST", "path": "/api/v1/agents/{agent_id}/callback", "status": 200, "headers": {}}
STUBBED = {"success": True, "data": {"id": "call-1", "empty": {}, "text": " as it is "}}
STUBS = "/__admin/stubs"


def put(http: FlaskClient, **stub: Any) -> Any:
    return http.post(STUBS, json={**CALL, **stub})


def call(http: FlaskClient, method: str = "POST", path: str = "/api/v1/agents/7/callback") -> Any:
    return http.open(path, method=method, headers=TOKEN, json={})


def test_a_stub_answers_in_the_place_of_501(http: FlaskClient) -> None:
    assert call(http).status_code == 501
    added = put(http, status=202, headers={"X-Own": "1"}, body=STUBBED)
    assert (added.status_code, added.get_json()) == (
        201,
        {**CALL, "status": 202, "headers": {"X-Own": "1"}, "body": STUBBED},
    )
    answer = call(http)
    assert (answer.status_code, answer.get_json(), answer.headers["X-Own"]) == (202, STUBBED, "1")
    assert {name: answer.headers[name] for name in API_HEADERS} == API_HEADERS
    assert "X-RateLimit-Limit" in answer.headers
    assert http.get(STUBS).get_json() == {"stubs": [added.get_json()]}


def test_a_stub_answers_one_method_of_a_path_and_nothing_else(http: FlaskClient) -> None:
    put(http)
    for path in ("/api/v1/agents/7/callback/", "/api/v1/agents/a%20b/callback"):
        assert call(http, path=path).status_code == 200
    for method, path in (("PATCH", ""), ("POST", "x"), ("POST", "/x")):
        assert call(http, method, f"/api/v1/agents/7/callback{path}").status_code in (404, 405)
    assert call(http, path="/api/v1/agents//callback").status_code == 404


def test_a_path_that_the_vendor_does_not_document_can_be_stubbed_too(http: FlaskClient) -> None:
    put(http, method="GET", path="/api/v1/nope/{id}", body="plain")
    answer = call(http, "GET", "/api/v1/nope/1")
    assert (answer.text, answer.content_type) == ("plain", "text/plain; charset=utf-8")
    assert call(http, "HEAD", "/api/v1/nope/1").status_code == 200
    assert http.get("/api/v1/nope/1").status_code == 200, "routing comes before the token"


def test_a_stubbed_call_is_matched_in_the_journal(http: FlaskClient) -> None:
    put(http)
    call(http)
    assert http.get("/__admin/requests?unmatched=true").get_json()["count"] == 0
    [noted] = http.get("/__admin/requests").get_json()["requests"]
    assert (noted["operation"], noted["status"]) == ("POST /api/v1/agents/{agent_id}/callback", 200)


def test_a_fault_strikes_before_the_stub(http: FlaskClient) -> None:
    put(http)
    http.post("/__admin/faults", json={"match": {"path": "*/callback"}, "preset": "maintenance", "times": 1})
    assert [call(http).status_code for _ in range(2)] == [503, 200]


def test_a_stub_that_answers_a_struck_call_counts_as_applied(http: FlaskClient) -> None:
    http.post("/__admin/faults", json={"match": {"path": "*/callback"}, "delay_seconds": 0.001})
    call(http)
    put(http)
    call(http)
    calls = http.get("/__admin/requests").get_json()["requests"]
    assert [(each["status"], each["applied"]) for each in calls] == [(501, False), (200, True)]


def test_a_stub_takes_the_place_of_that_of_its_operation(http: FlaskClient) -> None:
    put(http, body=1)
    put(http, body=2)
    assert [each["body"] for each in http.get(STUBS).get_json()["stubs"]] == [2]


def world_with(**more: Any) -> World:
    agents = [{"name": "A"}]
    other = {"tokens": ["talq_other"], "agents": agents}
    return World(read_fixture([source({"agents": agents, "environments": {"other": other}, **more})]))


def test_stubs_belong_to_an_environment_and_a_reset_brings_the_fixtures_back() -> None:
    http = create_app(world_with(stubs=[{**CALL, "body": "fixture"}])).test_client()
    other = {"Authorization": "Bearer talq_other"}
    assert http.post("/api/v1/agents/7/callback", headers=other).status_code == 501
    assert call(http).text == "fixture"


def test_a_stub_of_the_fixture_that_is_removed_and_added_again_is_the_newest() -> None:
    first, second = stubs = [{"method": "POST", "path": path} for path in ("/api/v1/one", "/api/v1/two")]
    http = create_app(world_with(stubs=stubs), Guard()).test_client()
    http.delete(STUBS, query_string=first)
    put(http, **first)
    assert [each["path"] for each in http.get(STUBS).get_json()["stubs"]] == [second["path"], first["path"]]


def test_one_stub_is_removed_whatever_its_ids_are_called(http: FlaskClient) -> None:
    put(http)
    put(http, method="GET", path="/api/v1/phone-numbers")
    one = {"method": "POST", "path": "/api/v1/agents/{id}/callback"}
    assert http.delete(STUBS, query_string=one).get_json() == {"removed": 1}
    assert [each["method"] for each in http.get(STUBS).get_json()["stubs"]] == ["GET"]
    again = http.delete(STUBS, query_string=one)
    said = 'no stub is "POST /api/v1/agents/{id}/callback"'
    assert (again.status_code, again.get_json()["detail"]) == (404, said)


@pytest.mark.parametrize("half", [{"method": "POST"}, {"path": "/api/v1/phone-numbers"}, {"method": "", "path": ""}])
def test_half_a_stub_removes_nothing(http: FlaskClient, half: dict[str, str]) -> None:
    put(http)
    assert http.delete(STUBS, query_string=half).status_code == 422
    assert len(http.get(STUBS).get_json()["stubs"]) == 1


def test_removing_and_resetting(http: FlaskClient, world: World) -> None:
    put(http)
    put(http, method="GET", path="/api/v1/phone-numbers")
    assert http.delete(STUBS).get_json() == {"removed": 2}
    assert call(http).status_code == 501
    put(http)
    assert http.post("/__admin/reset").status_code == 200
    assert (call(http).status_code, world.default.stubs.all()) == (501, [])


def test_stubs_are_in_the_state_and_in_snapshots(http: FlaskClient) -> None:
    put(http, body=STUBBED)
    state = http.get("/__admin/state").get_json()
    assert state["stubs"] == [{**CALL, "body": STUBBED}]
    http.put("/__admin/snapshots/one")
    http.put("/__admin/state", json={"agents": []})
    assert call(http).status_code == 501
    http.post("/__admin/snapshots/one/restore")
    assert call(http).status_code == 200
    merged = http.patch(
        "/__admin/state", json={"stubs": [{"method": "GET", "path": "/api/v1/phone-numbers"}]}
    ).get_json()
    assert [each["path"] for each in merged["stubs"]] == [CALL["path"], "/api/v1/phone-numbers"]
    assert http.put("/__admin/state", json=state).get_json() == state


def test_a_fixture_with_stubs_is_served_back() -> None:
    document = {"stubs": [{**CALL, "body": STUBBED}], "agents": []}
    assert to_document(State(read_fixture([source(document)])["default"].baseline)) == document


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"method": "BREW"}, "method: The selected method is invalid; expected one of GET, POST, PUT, PATCH, DELETE"),
    ({"method": None}, "method: The method field is required; expected one of"),
    ({"path": "/agents"}, "path: The path must begin with /api/, such as /api/v1/agents/{agent_id}/callback."),
    ({"path": "/apis/x"}, "path: The path must begin with /api/"),
    (
        {"path": "/api/v1/x{a}y"},
        "path: The path must have an id alone between slashes, such as /{agent_id}/, and not x",
    ),
    (
        {"path": "/api/v1/{a-1}"},
        "path: The path must have an id alone between slashes, such as /{agent_id}/, and not {",
    ),
    ({"path": "/api/v1/{a}/x/{a}"}, "path: The path must not have {a} twice: each id needs its own name."),
    ({"path": "/api/v1/x/"}, "path: The path must not end with a slash: a stub answers with and without one."),
    ({"path": 5}, "path: The path must be a path such as /api/v1/agents/{agent_id}/callback, with ids in braces."),
    ({"path": "/api/v1/*"}, "path: The path must be a path such as"),
    ({"path": "/api/v1/x?a=b"}, "path: The path must be a path such as"),
    ({"method": "PATCH", "path": TOGGLE}, "path: is a route that the mock emulates; a fault changes its answer"),
    ({"method": "GET", "path": "/api/v1/agents/{id}"}, "path: is a route that the mock emulates"),
    ({"status": 199}, "status: The status must be a whole number from 200 to 599."),
    ({"headers": {"a b": "c"}}, "headers: The headers must be a mapping of names of headers to texts on one line."),
    ({"headers": {"X": "a\nb"}}, "headers: The headers must be a mapping of names of headers"),
    ({"headers": {"Content-Length": "1"}}, "headers: The headers must not have Content-Length, which the server sets."),
    ({"header": {}}, "header: unknown key; did you mean headers?"),
]


@each_row(("change", "expected"), MISTAKES)
def test_what_is_wrong_with_a_stub(http: FlaskClient, change: dict[str, Any], expected: str) -> None:
    with pytest.raises(FixtureError) as caught:
        read_fixture([source({"stubs": [{**CALL, **change}]})])
    [mistake] = caught.value.mistakes
    assert f"{mistake.path}: {mistake.text}".startswith(f"stubs[0].{expected}")
    refused = put(http, **change)
    assert (refused.status_code, refused.get_json()["errors"][0]["path"]) == (422, mistake.path)
    assert http.get(STUBS).get_json() == {"stubs": []}


def test_two_stubs_of_one_operation_are_a_mistake() -> None:
    with pytest.raises(FixtureError, match=r"there is a stub of POST .* already"):
        read_fixture([source({"stubs": [CALL, CALL]})])


def test_the_names_of_ids_tell_no_stubs_apart(http: FlaskClient) -> None:
    paths = ["/api/v1/x/{a}/y", "/api/v1/x/{b}/y"]
    for path in paths:
        put(http, path=path, body=path)
    assert call(http, path="/api/v1/x/1/y").text == paths[1]
    assert [each["path"] for each in http.get(STUBS).get_json()["stubs"]] == paths[1:]
    with pytest.raises(FixtureError, match=r"stubs\[1\]: there is a stub of POST /api/v1/x/\{a\}/y already"):
        read_fixture([source({"stubs": [{**CALL, "path": path} for path in paths]})])


@pytest.mark.parametrize("turn", [1, -1])
def test_a_fixed_step_of_a_path_comes_before_an_id(http: FlaskClient, turn: int) -> None:
    for path in ["/api/v1/x/{a}/{b}", "/api/v1/x/{a}/y", "/api/v1/x/vip/{b}"][::turn]:
        put(http, path=path, body=path)
    asked = ["/api/v1/x/1/2", "/api/v1/x/1/y", "/api/v1/x/vip/2", "/api/v1/x/vip/y"]
    answers = ["/api/v1/x/{a}/{b}", "/api/v1/x/{a}/y", "/api/v1/x/vip/{b}", "/api/v1/x/vip/{b}"]
    assert [call(http, path=path).text for path in asked] == answers


def test_the_methods_of_stubs_are_those_of_their_path(http: FlaskClient) -> None:
    put(http, method="GET", path="/api/v1/nope/{id}")
    put(http, method="PUT", path="/api/v1/nope/7")
    refused = call(http, "PATCH", "/api/v1/nope/7")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD, PUT")
    options = http.options("/api/v1/nope/7")
    assert (options.status_code, options.headers["Allow"]) == (200, "GET,HEAD,PUT")
    put(http, method="PATCH")
    assert http.options("/api/v1/agents/7/callback").headers["Allow"] == "POST,PUT,PATCH,DELETE"


def test_a_stub_without_a_body_is_told_what_a_stub_has(http: FlaskClient) -> None:
    refused = http.post(STUBS).get_json()
    expected = "stubs[0]: must be a mapping with method, path, status, headers, body (got null)"
    assert (refused["status"], refused["detail"]) == (422, f"1 mistake, so nothing was changed: body: {expected}")


@each_row("number", ["1e999", "-1e999", "200.5", "1e2"])
def test_a_number_that_is_no_status(http: FlaskClient, number: str) -> None:
    body = f'{{"method": "GET", "path": "/api/v1/nope", "status": {number}}}'
    refused = http.post(STUBS, data=body, content_type="application/json")
    assert refused.status_code == 422
    assert "status: The status must be a whole number from 200 to 599." in refused.get_json()["detail"]


@pytest.mark.parametrize("body", ["[]", "5", "{"])
def test_a_body_that_is_no_object(http: FlaskClient, body: str) -> None:
    assert http.post(STUBS, data=body, content_type="application/json").status_code == 422


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/v1/agents/7/callback", "/api/v1/agents/{agent_id}/callback"),
        ("/api/v1/sip-trunks", "/api/v1/sip-trunks"),
        ("/api/v1/sip-trunks/1/x/", "/api/v1/sip-trunks/1/x"),
        ("/api/v1/sip-trunks/a%20b/%7Bc%7D", "/api/v1/sip-trunks/a%20b/%7Bc%7D"),
        ("/api/v1/sip-trunks/+1:2/%C3%A9", "/api/v1/sip-trunks/%2B1%3A2/%C3%A9"),
    ],
)
def test_the_reason_of_501_is_a_stub_that_works(http: FlaskClient, path: str, expected: str) -> None:
    reason = call(http, path=path).headers[REASON]
    stub = reason.partition("POST /__admin/stubs ")[2].partition(", or under stubs:")[0]
    assert http.post(STUBS, data=stub.replace("...", '{"id": 1}'), content_type="application/json").status_code == 201
    assert call(http, path=path).get_json() == {"id": 1}
    assert [each["path"] for each in http.get(STUBS).get_json()["stubs"]] == [expected]
