"""The admin routes `faults`: add, list and remove."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from talkover_mock.environments.call_faults import ACTIONS, PRESETS
from tests.support.documented import TOGGLE, TOKEN
from tests.support.faulty import FAULTS, add_fault, bearer

DEFAULTS = {
    "on": "calls",
    "match": {"method": None, "path": None},
    "preset": None,
    "headers": {},
    "respond": None,
    "action": None,
    "delay_seconds": 0.0,
    "apply": False,
    "times": None,
    "after": 0,
    "probability": 1.0,
    "seed": None,
}
DOWN = {"preset": "maintenance"}


def listed(http: FlaskClient, token: str | None = None) -> list[dict[str, Any]]:
    answer = http.get(FAULTS, headers=bearer(token))
    assert (answer.status_code, answer.content_type, list(answer.get_json())) == (200, "application/json", ["faults"])
    found: list[dict[str, Any]] = answer.get_json()["faults"]
    return found


def test_a_fault_is_told_with_all_its_defaults(http: FlaskClient) -> None:
    answer = http.post(FAULTS, json=DOWN)
    expected = {"id": "fault-1", **DEFAULTS, **DOWN, "matched": 0, "struck": 0}
    assert (answer.status_code, answer.content_type) == (201, "application/json")
    assert list(answer.get_json().items()) == list(expected.items())
    assert listed(http) == [expected]


SPECS: list[dict[str, Any]] = [
    *({"preset": preset} for preset in PRESETS),
    *({"action": action} for action in ACTIONS),
    {"delay_seconds": 600},
    {"respond": {"status": 599, "headers": {"Retry-After": "1", "X-Two": "a b"}, "body": {"a": [1, None]}}},
    {"respond": {"status": 200, "headers": {}, "body": None}},
    {"match": {"method": "PATCH", "path": "/api/*/toggle"}, **DOWN, "delay_seconds": 0.005, "times": 1, "after": 3},
    {**DOWN, "probability": 0.25, "seed": 2**63 - 1, "apply": True},
    {"preset": "rate_limited", "headers": {"Retry-After": "0"}},
    {"action": "stale", "match": {"method": "HEAD", "path": None}},
    {
        "match": {"method": None, "path": None, "json": [{"a": None}], "headers": {"X": "*"}, "query": {"b": "1"}},
        **DOWN,
    },
]


@pytest.mark.parametrize("spec", SPECS)
def test_a_fault_is_listed_and_can_be_added_again(http: FlaskClient, spec: dict[str, Any]) -> None:
    add_fault(http, **spec)
    (first,) = listed(http)
    assert first == {"id": "fault-1", **DEFAULTS, **spec, "matched": 0, "struck": 0}
    again = {key: value for key, value in first.items() if key not in ("id", "matched", "struck")}
    assert http.post(FAULTS, json=again).get_json() == {**first, "id": "fault-2"}


def test_null_is_the_default_of_every_key(http: FlaskClient) -> None:
    assert http.post(FAULTS, json={**dict.fromkeys(DEFAULTS), "preset": "server_error"}).status_code == 201
    assert listed(http)[0] == {"id": "fault-1", **DEFAULTS, "preset": "server_error", "matched": 0, "struck": 0}


def test_what_has_matched_and_what_was_struck_is_counted(http: FlaskClient) -> None:
    add_fault(http, match={"method": "PATCH"}, times=2, after=1, **DOWN)
    add_fault(http, match={"method": "GET"}, **DOWN)
    for _ in range(5):
        http.patch(TOGGLE, headers=TOKEN)
    assert [(each["id"], each["matched"], each["struck"]) for each in listed(http)] == [
        ("fault-1", 5, 2),
        ("fault-2", 0, 0),
    ]


def test_one_is_removed_or_all_and_ids_go_on(http: FlaskClient) -> None:
    ids = [add_fault(http, **DOWN) for _ in range(4)]
    assert ids == ["fault-1", "fault-2", "fault-3", "fault-4"]
    answer = http.delete(f"{FAULTS}/fault-2")
    assert (answer.status_code, answer.get_json()) == (200, {"removed": 1})
    assert [each["id"] for each in listed(http)] == ["fault-1", "fault-3", "fault-4"]
    assert [http.delete(FAULTS).get_json() for _ in range(2)] == [{"removed": 3}, {"removed": 0}]
    assert listed(http) == []
    assert add_fault(http, **DOWN) == "fault-5"


@pytest.mark.parametrize(("count", "known"), [(0, "none"), (1, "fault-1"), (2, "fault-1, fault-2")])
def test_an_unknown_fault_is_a_problem_that_names_the_known_ones(http: FlaskClient, count: int, known: str) -> None:
    for _ in range(count):
        add_fault(http, **DOWN)
    answer = http.delete(f"{FAULTS}/fault-9")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert answer.get_json() == {
        "type": "about:blank",
        "title": "No such fault",
        "status": 404,
        "detail": f'no fault has the id "fault-9"; there are {known}',
    }
    assert len(listed(http)) == count


def test_each_environment_has_its_own(http: FlaskClient) -> None:
    assert [add_fault(http, token, **DOWN) for token in (None, "talq_staging", "talq_staging")] == [
        *("fault-1", "fault-1", "fault-2"),
    ]
    assert http.delete(FAULTS, headers=bearer("talq_production")).get_json() == {"removed": 0}
    assert http.delete(f"{FAULTS}/fault-2").status_code == 404
    assert http.delete(FAULTS, headers=bearer("talq_staging")).get_json() == {"removed": 2}
    assert [each["id"] for each in listed(http)] == ["fault-1"]
    assert http.post(FAULTS, json=DOWN, headers=bearer("talq_staging_2024")).status_code == 401


def test_yaml_adds_a_fault_too(http: FlaskClient) -> None:
    answer = http.post(FAULTS, data="match: {path: '*/toggle'}\nrespond: {status: 500, body: Zürich}\n".encode())
    assert (answer.status_code, answer.get_json()["respond"]["body"]) == (201, "Zürich")


def test_the_number_of_faults_is_bounded(http: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("talkover_mock.environments.faults.MOST_FAULTS", 2)
    for _ in range(2):
        add_fault(http, **DOWN)
    answer = http.post(FAULTS, json=DOWN)
    assert (answer.status_code, answer.get_json()["title"]) == (409, "Too many faults")
    assert answer.get_json()["detail"] == "there are 2 faults, which is the limit"
    http.delete(f"{FAULTS}/fault-1")
    assert add_fault(http, **DOWN) == "fault-3"


def test_the_deepest_body_that_is_allowed_is_answered(http: FlaskClient) -> None:
    deep: list[Any] = []
    for _ in range(99):
        deep = [deep]
    add_fault(http, respond={"body": deep})
    assert http.get("/api/v1/health").get_json() == deep
