"""The admin routes `environments`: isolated worlds, opened and closed while the server runs."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.environments.world import World
from talkover_mock.loading.fixture import read_fixture
from talkover_mock.loading.mistakes import Source
from tests.support.documented import AGENT, API_HEADERS, TOGGLE, TOKEN, WEBHOOK, toggle_path

ENVIRONMENTS = "/__admin/environments"
STATE = "/__admin/state"
SHARED_AGENT = "9fe0c3d4-1b6f-4a52-8e97-d05c4b3a2f18"
STAGING_WEBHOOK = "9fe0c4a9-72d1-4c8e-b350-6f1e9a8d7c42"
PRODUCTION_WEBHOOK = "9fe0d1f6-38b2-4e0a-a7c9-15d3e6f4b820"
ONE_WEBHOOK = {"id": "w", "name": "W", "webhook_url": "http://xy", "events": ["event_action"], "enabled": False}
ONE_AGENT = {"agents": [{"id": "one", "name": "One", "webhooks": [ONE_WEBHOOK]}]}
OF_FIXTURE: dict[str, Any] = {"title": None, "state": "fixture"}
FIXTURES_OWN = [
    {"name": "default", **OF_FIXTURE, "tokens": [], "agents": 3, "errors": 0},
    {"name": "production", **OF_FIXTURE, "tokens": ["talq_***on", "talq_***nd"], "agents": 1, "errors": 0},
    {"name": "staging", **OF_FIXTURE, "tokens": ["ta***"], "agents": 1, "errors": 0},
]
ADDRESSES = {"url": "http://localhost", "api_url": "http://localhost/api/v1"}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def opened(http: FlaskClient, body: object = None, headers: dict[str, str] | None = None) -> dict[str, str]:
    """The answer to opening an environment."""
    answer = http.post(ENVIRONMENTS, json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    assert list(answer.get_json()) == ["name", "token", "url", "api_url"]
    return dict(answer.get_json())


def listed(http: FlaskClient) -> list[dict[str, Any]]:
    environments: list[dict[str, Any]] = http.get(ENVIRONMENTS).get_json()["environments"]
    return sorted(environments, key=lambda each: str(each["name"]))


def enabled(http: FlaskClient, token: str, agent: str = AGENT, webhook: str = WEBHOOK) -> bool:
    """Toggles, and tells what it has become."""
    answer = http.patch(toggle_path(agent, webhook), headers=bearer(token))
    assert answer.status_code == 200, answer.text
    return bool(answer.get_json()["data"]["enabled"])


def test_the_fixtures_environments_are_listed_with_masked_tokens(http: FlaskClient) -> None:
    answer = http.get(ENVIRONMENTS)
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert listed(http) == FIXTURES_OWN


def test_one_environment_is_read_by_its_name(http: FlaskClient) -> None:
    for each in FIXTURES_OWN:
        assert http.get(f"{ENVIRONMENTS}/{each['name']}").get_json() == each


def test_an_environment_needs_nothing_and_is_a_copy_of_the_default_baseline(http: FlaskClient) -> None:
    baseline = http.get(STATE).get_json()
    http.patch(TOGGLE, headers=TOKEN)
    first, second = opened(http), opened(http)
    assert re.fullmatch(r"talq_[0-9a-f]{24}", first["token"])
    assert first == {"name": "environment-1", "token": first["token"], **ADDRESSES}
    assert second["name"] == "environment-2"
    assert second["token"] != first["token"]
    assert http.get(STATE, headers=bearer(first["token"])).get_json() == baseline
    tokens = [f"talq_***{first['token'][-2:]}"]
    found = {"name": "environment-1", "title": None, "state": "open", "tokens": tokens, "agents": 3, "errors": 0}
    assert found in listed(http)


def test_environments_are_found_by_a_text_in_their_name_or_title(http: FlaskClient) -> None:
    opened(http, {"name": "one", "title": "tests/test_orders.py::test_Pause[ü]"})
    opened(http, {"name": "two", "title": ""})
    expected = {
        "pause": ["one"],
        "TWO": ["two"],
        "Ü]": ["one"],
        "prod": ["production"],
        "e\nt": [],
        "nobody": [],
    }
    for text, names in expected.items():
        found = http.get(ENVIRONMENTS, query_string={"find": text}).get_json()["environments"]
        assert [each["name"] for each in found] == names, text
    assert [each["title"] for each in listed(http)] == [None, "tests/test_orders.py::test_Pause[ü]", None, None, None]


def test_a_title_is_cut_to_500_characters(http: FlaskClient) -> None:
    for title, kept in {"x" * 500: "x" * 500, "\U0001f642" * 501: "\U0001f642" * 497 + "..."}.items():
        name = opened(http, {"title": title})["name"]
        assert http.get(f"{ENVIRONMENTS}/{name}").get_json()["title"] == kept


def test_a_title_is_a_text(http: FlaskClient) -> None:
    answer = http.post(ENVIRONMENTS, json={"title": 7})
    assert (answer.status_code, answer.get_json()["detail"]) == (422, "title must be a string (got 7)")


def test_the_copy_for_foreign_pages_says_that_it_is_one(http: FlaskClient) -> None:
    http.get("/api/v1/agents", headers={**TOKEN, "Origin": "https://far.example"})
    assert {each["name"]: each["state"] for each in listed(http)}["default@web-pages"] == "copy"


@pytest.mark.parametrize("host", ["localhost:7357", "127.0.0.1", "[::1]:80", "mock_server:7357"])
def test_the_url_is_the_one_under_which_the_server_was_called(world: World, host: str) -> None:
    http = create_app(world, Guard(hosts=("mock_server",))).test_client()
    addresses = opened(http, headers={"Host": host})
    assert (addresses["url"], addresses["api_url"]) == (f"http://{host}", f"http://{host}/api/v1")


def test_the_name_and_the_token_can_be_chosen(http: FlaskClient) -> None:
    assert opened(http, {"name": "mine", "token": "talq_mine"}) == {
        "name": "mine",
        "token": "talq_mine",
        **ADDRESSES,
    }
    assert enabled(http, "talq_mine") is True


def test_environments_do_not_see_each_other(http: FlaskClient) -> None:
    tokens = [opened(http)["token"] for _ in range(3)]
    assert [enabled(http, token) for token in (tokens[0], tokens[0], tokens[0], tokens[1], tokens[2])] == [
        *(True, False, True),
        *(True, True),
    ]
    http.put(STATE, json=ONE_AGENT, headers=bearer(tokens[1]))
    http.post("/__admin/reset", headers=bearer(tokens[2]))
    agents = [[each["id"] for each in http.get(STATE, headers=bearer(t)).get_json()["agents"]] for t in tokens]
    assert [len(each) for each in agents] == [3, 1, 3]
    assert [enabled(http, tokens[0]), enabled(http, tokens[2])] == [False, True]


def test_the_same_agent_id_may_stand_in_two_environments(http: FlaskClient) -> None:
    assert enabled(http, "talq_staging", SHARED_AGENT, STAGING_WEBHOOK) is False
    for token in ("talq_production", "talq_production_second"):
        assert http.patch(toggle_path(SHARED_AGENT, STAGING_WEBHOOK), headers=bearer(token)).status_code == 404
    assert enabled(http, "talq_production", SHARED_AGENT, PRODUCTION_WEBHOOK) is False
    assert enabled(http, "talq_production_second", SHARED_AGENT, PRODUCTION_WEBHOOK) is True
    assert enabled(http, "talq_staging", SHARED_AGENT, STAGING_WEBHOOK) is True


@pytest.mark.parametrize(
    ("body", "headers"),
    [({"from": "staging"}, {}), ({}, bearer("talq_staging")), ({"from": "staging"}, bearer("talq_production"))],
    ids=["from", "token", "from goes first"],
)
def test_the_baseline_is_that_of_another_environment_if_so_wished(
    http: FlaskClient, body: dict[str, str], headers: dict[str, str]
) -> None:
    baseline = http.get(STATE, headers=bearer("talq_staging")).get_json()
    enabled(http, "talq_staging", SHARED_AGENT, STAGING_WEBHOOK)
    token = opened(http, body, headers)["token"]
    assert http.get(STATE, headers=bearer(token)).get_json() == baseline
    assert enabled(http, token, SHARED_AGENT, STAGING_WEBHOOK) is False


@pytest.mark.parametrize("token", ["talq_mine", "talq_closed"])
def test_a_request_may_bring_the_token_of_the_environment_that_it_opens(http: FlaskClient, token: str) -> None:
    """As behind a balancer, which finds the server by it."""
    opened(http, {"name": "closed", "token": "talq_closed"})
    http.delete(f"{ENVIRONMENTS}/closed")
    baseline = http.get(STATE).get_json()
    assert opened(http, {"token": token}, bearer(token))["token"] == token
    assert http.get(STATE, headers=bearer(token)).get_json() == baseline


def test_any_other_token_that_no_environment_has_opens_nothing(http: FlaskClient) -> None:
    answer = http.post(ENVIRONMENTS, json={"token": "talq_mine"}, headers=bearer("talq_mien"))
    assert (answer.status_code, answer.get_json()["title"]) == (401, "Unknown token")
    assert listed(http) == FIXTURES_OWN


def test_the_baseline_is_a_fixture_if_one_comes_along(http: FlaskClient) -> None:
    token = opened(http, {"fixture": ONE_AGENT})["token"]
    assert [enabled(http, token, "one", "w") for _ in range(2)] == [True, False]
    http.put(STATE, json={}, headers=bearer(token))
    http.post("/__admin/reset", headers=bearer(token))
    state = http.get(STATE, headers=bearer(token)).get_json()
    assert [each["id"] for each in state["agents"]] == ["one"]
    copy = opened(http, {}, bearer(token))["token"]
    assert http.get(STATE, headers=bearer(copy)).get_json() == state


def test_an_empty_fixture_is_a_baseline_too(http: FlaskClient) -> None:
    token = opened(http, {"fixture": {}, "from": None, "name": None, "token": None})["token"]
    assert http.get(STATE, headers=bearer(token)).get_json() == {"agents": []}


def test_yaml_opens_an_environment_too(http: FlaskClient) -> None:
    answer = http.post(ENVIRONMENTS, data="name: mine\nfixture:\n  agents:\n  - {id: a, name: A}\n")
    assert (answer.status_code, answer.get_json()["name"]) == (201, "mine")
    assert http.get(f"{ENVIRONMENTS}/mine").get_json()["agents"] == 1


@pytest.mark.parametrize(
    ("body", "status", "title", "detail"),
    [
        ({"name": "default"}, 409, "The name is taken", 'an environment is already named "default"; close it first'),
        ({"token": "talq_staging"}, 409, "The token is taken", 'the token already belongs to environment "staging"'),
        (
            {"token": "talq_staging_2024"},
            409,
            "The token is taken",
            'the token already belongs to environment "staging"',
        ),
        (
            {"name": "a b"},
            422,
            "Bad name",
            'a name is up to 100 letters, digits and -_. that start with a letter or digit (got "a b")',
        ),
        ({"token": "a,b"}, 422, "Bad token", "a token is up to 500 visible ASCII characters without a comma"),
        ({"name": 5}, 422, "Bad value", "name must be a string (got 5)"),
        ({"from": ["staging"]}, 422, "Bad value", 'from must be a string (got ["staging"])'),
        ({"nmae": "mine"}, 422, "Unknown key", 'unknown key "nmae"; did you mean name?'),
        ({"from": "default", "fixture": {}}, 422, "Two baselines", "give either from or fixture, not both"),
        (
            {"from": "nope"},
            404,
            "No such environment",
            'no environment is named "nope"; GET environments lists them',
        ),
        ([], 400, "The body is not an object", "expected a JSON object, got list"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict | list) else "",
)
def test_what_can_not_be_opened_is_a_problem_and_opens_nothing(
    http: FlaskClient, body: object, status: int, title: str, detail: str
) -> None:
    answer = http.post(ENVIRONMENTS, json=body)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert answer.get_json() == {"type": "about:blank", "title": title, "status": status, "detail": detail}
    assert listed(http) == FIXTURES_OWN


def test_a_body_that_can_not_be_read_is_a_problem(http: FlaskClient) -> None:
    answer = http.post(ENVIRONMENTS, data='{"name"', content_type="application/json")
    assert (answer.status_code, answer.get_json()["title"]) == (400, "The body can't be read")
    assert answer.get_json()["detail"] == "body:1: is not JSON: Expecting ':' delimiter (column 8)"


def test_the_mistakes_of_a_fixture_are_told_and_nothing_is_opened(http: FlaskClient) -> None:
    answer = http.post(ENVIRONMENTS, json={"fixture": {"agents": [{}, {"name": "A", "webhooks": 5}]}})
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert [(each["path"], each["message"]) for each in answer.get_json()["errors"]] == [
        ("agents[0].name", "The name field is required."),
        ("agents[1].webhooks", "must be a list (got 5)"),
    ]
    assert listed(http) == FIXTURES_OWN


def test_there_is_a_bound_on_how_many_are_open(http: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("talkover_mock.environments.world.MOST_ENVIRONMENTS", 4)
    name = opened(http)["name"]
    answer = http.post(ENVIRONMENTS)
    assert (answer.status_code, answer.get_json()["title"]) == (409, "Too many environments")
    assert answer.get_json()["detail"] == "4 environments are open, which is the limit; close some"
    http.delete(f"{ENVIRONMENTS}/{name}")
    assert opened(http)["name"] != name


def test_a_closed_environment_is_gone_and_its_token_is_invalid(http: FlaskClient) -> None:
    token = opened(http, {"name": "mine"})["token"]
    closed = http.delete(f"{ENVIRONMENTS}/mine")
    expected = {"name": "mine", "closed": True, "errors": [], "unmatched": []}
    assert (closed.status_code, closed.get_json()) == (200, expected)
    assert listed(http) == FIXTURES_OWN
    reason = "the token belonged to environment mine, which has been closed"
    answer = http.patch(TOGGLE, headers=bearer(token))
    assert (answer.status_code, answer.headers["X-Mockserver-Reason"]) == (401, reason)
    assert answer.text == (
        '{"error":"UNAUTHORIZED","message":"Invalid or missing authentication token","status_code":401}'
    )
    assert {name: answer.headers[name] for name in API_HEADERS} == API_HEADERS
    problem = http.get(STATE, headers=bearer(token))
    assert (problem.status_code, problem.get_json()["detail"]) == (401, reason)
    assert http.post(ENVIRONMENTS, headers=bearer(token)).status_code == 401


def test_a_closed_name_and_token_can_be_opened_again(http: FlaskClient) -> None:
    for _ in range(2):
        opened(http, {"name": "mine", "token": "talq_mine"})
        assert enabled(http, "talq_mine") is True
        http.delete(f"{ENVIRONMENTS}/mine")
    assert http.patch(TOGGLE, headers=bearer("talq_mine")).status_code == 401


def test_the_tokens_closed_last_are_remembered(http: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("talkover_mock.environments.world._MOST_CLOSED_TOKENS", 2)
    for name in ("a", "b", "a", "c"):
        opened(http, {"name": name, "token": f"talq_{name}"})
        http.delete(f"{ENVIRONMENTS}/{name}")
    statuses = {name: http.patch(TOGGLE, headers=bearer(f"talq_{name}")).status_code for name in "abc"}
    assert statuses == {"a": 401, "b": 200, "c": 401}, "a forgotten token opens the default environment, as any does"


def test_closing_tells_the_tracebacks_of_the_mocks_own_crashes(
    http: FlaskClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = opened(http, {"name": "mine"})["token"]
    with monkeypatch.context() as patch:
        patch.setattr("talkover_mock.state.webhooks.Webhooks.toggle", lambda *_: 1 / 0)
        assert http.patch(TOGGLE, headers=bearer(token)).status_code == 500
    assert http.get(f"{ENVIRONMENTS}/mine").get_json()["errors"] == 1
    errors = http.delete(f"{ENVIRONMENTS}/mine").get_json()["errors"]
    assert [text.splitlines()[-1] for text in errors] == ["ZeroDivisionError: division by zero"]
    assert world.default.errors == []


@pytest.mark.parametrize("name", [each["name"] for each in FIXTURES_OWN])
def test_an_environment_of_the_fixture_can_not_be_closed(http: FlaskClient, name: str) -> None:
    answer = http.delete(f"{ENVIRONMENTS}/{name}")
    assert (answer.status_code, answer.get_json()["title"]) == (409, "The environment stays")
    assert answer.get_json()["detail"] == f'environment "{name}" comes from the fixture; reset it instead'
    assert listed(http) == FIXTURES_OWN


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_unknown_environment_is_a_problem(http: FlaskClient, method: str) -> None:
    answer = http.open(f"{ENVIRONMENTS}/nope", method=method)
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert answer.get_json()["detail"] == 'no environment is named "nope"; GET environments lists them'


def test_without_a_token_it_is_the_default_environment_even_when_that_asks_for_one() -> None:
    world = World(read_fixture([Source("fixture", "", {"tokens": ["talq_mine"], **ONE_AGENT})]))
    http = create_app(world, Guard()).test_client()
    assert opened(http, {"name": "copy"})["name"] == "copy"
    assert http.get(f"{ENVIRONMENTS}/copy").get_json()["agents"] == 1
    assert http.get(STATE).get_json() == http.get(STATE, headers=bearer("talq_mine")).get_json()
    assert http.get(STATE, headers=bearer("talq_other")).status_code == 401
