"""The agents, as the vendor documents them: shape, filters, search, pages and refusals."""

from collections.abc import Sequence
from typing import Any

import pytest
from flask.testing import FlaskClient

from talkover_mock.app import create_app
from talkover_mock.environments.world import World
from talkover_mock.loading.fixture import read_fixture
from talkover_mock.loading.mistakes import Source
from tests.support.documented import AGENT, API_HEADERS, TOKEN, UNKNOWN
from tests.support.frozen import compact
from tests.support.rows import each_row

AGENTS = "/api/v1/agents"
UNAUTHENTICATED = '{"success":false,"message":"Unauthenticated."}'
INVALID = '{"error":"UNAUTHORIZED","message":"Invalid or missing authentication token","status_code":401}'
EXPIRED = '{"error":"TOKEN_EXPIRED","message":"Authentication token has expired","status_code":401}'
NOT_FOUND = '{"success":false,"message":"Agent not found"}'
DEFAULTS: dict[str, Any] = {
    "id": AGENT,
    "name": "My Agent",
    "label": None,
    "description": None,
    "language": "en-US",
    "voice": None,
    "initial_message": None,
    "interrupt_sensitivity": "medium",
    "conversation_speed": 1.0,
    "initial_message_delay": 0,
    "ask_if_human_present_on_idle": False,
    "direction": "inbound",
    "who_speaks_first": "agent",
    "current_status": "published",
    "is_sandbox": False,
    "is_ready_to_publish": True,
    "created_at": "2025-01-01T00:00:00Z",
    "updated_at": "2025-01-01T00:00:00Z",
    "trainings": [],
    "actions": [],
    "phone_numbers": [],
}
"""The documented keys in their order, as an agent has them of which a fixture gives no more than id and name."""


def client(*agents: dict[str, Any], **more: Any) -> FlaskClient:
    document = {"agents": list(agents), **more}
    return create_app(World(read_fixture([Source("fixture", "", document)]))).test_client()


def agent(id: str, **fields: Any) -> dict[str, Any]:
    return {"id": id, "name": id, **fields}


def test_an_agent_with_every_default_to_the_byte(http: FlaskClient) -> None:
    answer = http.get(f"{AGENTS}/{AGENT}", headers=TOKEN)
    assert (answer.status_code, answer.text) == (200, compact({"success": True, "data": DEFAULTS}))
    assert {name: answer.headers[name] for name in API_HEADERS} == API_HEADERS


def test_an_agent_with_every_key_of_its_own_to_the_byte_and_further_keys_last() -> None:
    full = {
        "id": AGENT,
        "name": "Front Desk",
        "label": "Office",
        "description": "Answers",
        "language": "de-DE",
        "voice": {"provider": "p", "id": 1},
        "initial_message": "Hello",
        "interrupt_sensitivity": "high",
        "conversation_speed": 1.25,
        "initial_message_delay": 2,
        "ask_if_human_present_on_idle": True,
        "direction": "outbound",
        "who_speaks_first": "user",
        "current_status": "draft",
        "is_sandbox": True,
        "is_ready_to_publish": False,
        "created_at": "2025-09-01T08:00:00Z",
        "updated_at": "2025-09-02T08:00:00Z",
        "trainings": [{"id": 1, "name": "T"}],
        "actions": [{"id": "a"}],
        "phone_numbers": ["+4930123456"],
        "team": {"b": 1, "a": [None]},
        "zone": "eu",
    }
    given = dict(reversed(full.items()))
    given["team"], given["zone"] = given.pop("team"), given.pop("zone")
    http = client(given)
    assert http.get(f"{AGENTS}/{AGENT}", headers=TOKEN).text == compact({"success": True, "data": full})
    assert http.get(AGENTS, headers=TOKEN).get_json()["data"] == [full]


@each_row(
    ("times", "created_at", "updated_at"),
    [
        ({}, "2025-01-01T00:00:00Z", "2025-01-01T00:00:00Z"),
        ({"created_at": "2025-09-01T08:00:00+02:00"}, "2025-09-01T06:00:00Z", "2025-09-01T06:00:00Z"),
        ({"updated_at": "2025-09-01"}, "2025-01-01T00:00:00Z", "2025-09-01T00:00:00Z"),
        ({"created_at": "2025-09-01T08:00:00.999Z"}, "2025-09-01T08:00:00Z", "2025-09-01T08:00:00Z"),
    ],
)
def test_the_times_of_an_agent_are_in_seconds(times: dict[str, str], created_at: str, updated_at: str) -> None:
    data = client(agent("a", **times)).get(f"{AGENTS}/a", headers=TOKEN).get_json()["data"]
    assert (data["created_at"], data["updated_at"]) == (created_at, updated_at)


def test_neither_webhooks_nor_the_count_of_cache_clears_are_an_agents(http: FlaskClient) -> None:
    http.patch(f"{AGENTS}/{AGENT}/webhooks/9fcafbf2-7593-44d6-8cd7-1b221beba62a/toggle", headers=TOKEN)
    assert list(http.get(f"{AGENTS}/{AGENT}", headers=TOKEN).get_json()["data"]) == list(DEFAULTS)


def test_the_list_to_the_byte() -> None:
    http = client(agent(AGENT, name="My Agent"), agent("b", label="L"))
    answer = http.get(AGENTS, headers=TOKEN)
    data = [DEFAULTS, {**DEFAULTS, "id": "b", "name": "b", "label": "L"}]
    meta = {"current_page": 1, "per_page": 20, "total": 2, "last_page": 1}
    assert (answer.status_code, answer.text) == (200, compact({"success": True, "data": data, "meta": meta}))
    assert {name: answer.headers[name] for name in API_HEADERS} == API_HEADERS


def test_a_list_of_none_has_one_page() -> None:
    expected = '{"success":true,"data":[],"meta":{"current_page":1,"per_page":20,"total":0,"last_page":1}}'
    assert client().get(AGENTS, headers=TOKEN).text == expected


FOUR = (
    agent("one", name="Front Desk", label="Office", current_status="draft"),
    agent("two", name="Sales", label="FRONT line", direction="outbound"),
    agent("three", name="Support", label="5", description="front", direction="outbound", current_status="draft"),
    agent("four", name="ÄRGER 100%"),
)
FOUND: Sequence[tuple[str, list[str]]] = [
    ("", ["one", "two", "three", "four"]),
    ("status=draft", ["one", "three"]),
    ("status=published", ["two", "four"]),
    ("direction=inbound", ["one", "four"]),
    ("direction=outbound", ["two", "three"]),
    ("status=draft&direction=outbound", ["three"]),
    ("search=front", ["one", "two"]),
    ("search=+FRONT+", ["one", "two"]),
    ("search=front&status=draft", ["one"]),
    ("search=front&direction=outbound&status=draft", []),
    ("search=5", ["three"]),
    ("search=%C3%A4rger", ["four"]),
    ("search=100%25", ["four"]),
    ("search=nobody", []),
    ("search=", ["one", "two", "three", "four"]),
    ("status=&direction=&per_page=&page=", ["one", "two", "three", "four"]),
    ("nope=1&name=Sales", ["one", "two", "three", "four"]),
    ("status=published&status=draft", ["one", "three"]),
]


@each_row(("query", "expected"), FOUND)
def test_filters_and_search_in_name_and_label(query: str, expected: list[str]) -> None:
    answer = client(*FOUR).get(f"{AGENTS}?{query}", headers=TOKEN).get_json()
    assert [each["id"] for each in answer["data"]] == expected
    assert answer["meta"] == {"current_page": 1, "per_page": 20, "total": len(expected), "last_page": 1}


PAGES: Sequence[tuple[str, list[int], tuple[int, int, int]]] = [
    ("", list(range(20)), (1, 20, 2)),
    ("page=2", [20, 21, 22, 23, 24], (2, 20, 2)),
    ("page=3", [], (3, 20, 2)),
    ("page=1000000000000", [], (1000000000000, 20, 2)),
    ("per_page=1&page=25", [24], (25, 1, 25)),
    ("per_page=100", list(range(25)), (1, 100, 1)),
    ("per_page=25", list(range(25)), (1, 25, 1)),
    ("per_page=24&page=2", [24], (2, 24, 2)),
    ("per_page=%2B5&page=2", [5, 6, 7, 8, 9], (2, 5, 5)),
    *[(f"per_page=5&page={page}", [0, 1, 2, 3, 4], (1, 5, 5)) for page in ("", "0", "-1", "x", "1.5", "02", "%D9%A2")],
    ("per_page=5&page[]=2", [0, 1, 2, 3, 4], (1, 5, 5)),
    ("per_page=5&page=%2B2", [5, 6, 7, 8, 9], (2, 5, 5)),
]


@each_row(("query", "expected", "place"), PAGES)
def test_pages(query: str, expected: list[int], place: tuple[int, int, int]) -> None:
    answer = client(*[agent(str(i)) for i in range(25)]).get(f"{AGENTS}?{query}", headers=TOKEN).get_json()
    assert [int(each["id"]) for each in answer["data"]] == expected
    current_page, per_page, last_page = place
    expected_meta = {"current_page": current_page, "per_page": per_page, "total": 25, "last_page": last_page}
    assert list(answer["meta"].items()) == list(expected_meta.items())


def test_pages_are_of_what_the_filters_let_through() -> None:
    agents = [agent(str(i), direction=("inbound", "outbound")[i % 2]) for i in range(10)]
    answer = client(*agents).get(f"{AGENTS}?direction=outbound&per_page=2&page=2", headers=TOKEN).get_json()
    assert [each["id"] for each in answer["data"]] == ["5", "7"]
    assert answer["meta"] == {"current_page": 2, "per_page": 2, "total": 5, "last_page": 3}


STATUS = '"status":["The selected status is invalid."]'
DIRECTION = '"direction":["The selected direction is invalid."]'
PER_PAGE = "The per page must be between 1 and 100."
REFUSED: Sequence[tuple[str, str]] = [
    ("status=x&direction=x&per_page=0", f'{STATUS},{DIRECTION},"per_page":["{PER_PAGE}"]'),
    ("per_page=0&direction=x&status=x", f'{STATUS},{DIRECTION},"per_page":["{PER_PAGE}"]'),
    ("status=Draft", STATUS),
    ("status[]=draft", STATUS),
    ("direction=in", DIRECTION),
    *[(f"per_page={value}", f'"per_page":["{PER_PAGE}"]') for value in ("101", "-1", "1000000")],
    ("per_page=abc", '"per_page":["The per page must be an integer."]'),
    ("per_page=5.5", '"per_page":["The per page must be an integer."]'),
    ("per_page[]=5", '"per_page":["The per page must be an integer."]'),
    ("per_page=0.5", f'"per_page":["The per page must be an integer.","{PER_PAGE}"]'),
    ("search[]=x", '"search":["The search must be a string."]'),
    ("search=" + "x" * 256, '"search":["The search must not be greater than 255 characters."]'),
]


@each_row(("query", "errors"), REFUSED)
def test_filters_that_are_refused(http: FlaskClient, query: str, errors: str) -> None:
    answer = http.get(f"{AGENTS}?{query}", headers=TOKEN)
    expected = f'{{"success":false,"message":"The given data was invalid.","errors":{{{errors}}}}}'
    assert (answer.status_code, answer.text) == (422, expected)
    assert {name: answer.headers[name] for name in API_HEADERS} == API_HEADERS


@each_row("path", [AGENTS, f"{AGENTS}?status=x", f"{AGENTS}/{AGENT}", f"{AGENTS}/{UNKNOWN}"])
@each_row("scheme", [None, "Bearer", "Basic dXNlcjpwYXNz"])
def test_a_missing_token_has_a_text_of_its_own(http: FlaskClient, path: str, scheme: str | None) -> None:
    answer = http.get(path, headers={"Authorization": scheme} if scheme else {})
    assert (answer.status_code, answer.text) == (401, UNAUTHENTICATED)


@pytest.mark.parametrize("path", ["", "/a"])
def test_tokens_that_open_nothing(path: str) -> None:
    http = client(agent("a"), tokens=["talq_mine"], expired_tokens=["talq_old"])
    answers = [
        http.get(AGENTS + path, headers={"Authorization": f"Bearer {token}"})
        for token in ("talq_mine", "talq_other", "talq_old")
    ]
    assert [each.status_code for each in answers] == [200, 401, 401]
    assert [each.text for each in answers[1:]] == [INVALID, EXPIRED]


@each_row("id", [UNKNOWN, "not-a-uuid", AGENT.upper(), "9fe0c3d4-1b6f-4a52-8e97-d05c4b3a2f18"])
def test_an_unknown_agent_has_a_text_of_its_own(http: FlaskClient, id: str) -> None:
    answer = http.get(f"{AGENTS}/{id}", headers=TOKEN)
    assert (answer.status_code, answer.text) == (404, NOT_FOUND)


SHARED = "9fe0c3d4-1b6f-4a52-8e97-d05c4b3a2f18"


def test_environments_see_their_own_agents_and_one_id_is_two_agents_in_two(http: FlaskClient) -> None:
    tokens = {"talq_staging": ["Ticket system"], "talq_production": ["Ticket system", "Audit trail"]}
    for token, webhooks in tokens.items():
        headers = {"Authorization": f"Bearer {token}"}
        assert [each["id"] for each in http.get(AGENTS, headers=headers).get_json()["data"]] == [SHARED]
        assert http.get(f"{AGENTS}/{AGENT}", headers=headers).text == NOT_FOUND
        listed = http.get(f"{AGENTS}/{SHARED}/webhooks", headers=headers).get_json()["data"]["webhooks"]
        assert sorted(each["name"] for each in listed) == sorted(webhooks)
    assert AGENT in [each["id"] for each in http.get(AGENTS, headers=TOKEN).get_json()["data"]]
