"""The lists of calls, as the vendor documents them: shape, filters, pages and refusals."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.calling import CALL, CALLS, client, listed
from tests.support.documented import AGENT, TOKEN, UNKNOWN
from tests.support.frozen import compact
from tests.support.rows import each_row

ALL = "/api/v1/calls"
ENTRY: dict[str, Any] = {
    "id": "call-1",
    "sid": "call-1",
    "to": "+1234567890",
    "to_formatted": "(123) 456-7890",
    "from": "+12025550100",
    "from_formatted": "(202) 555-0100",
    "is_testing": False,
    "direction": "outbound",
    "status": "completed",
    "duration": 42,
    "agent": {"id": AGENT, "name": "My Agent", "label": None},
    "created_at": "2025-09-01T10:00:00Z",
    "updated_at": "2025-09-01T10:00:00Z",
}
WITHOUT_AGENT = {key: value for key, value in ENTRY.items() if key != "agent"}
ONE_PAGE = {"current_page": 1, "last_page": 1, "per_page": 20, "total": 1, "from": 1, "to": 1}


@pytest.mark.parametrize(("path", "entry"), [(ALL, ENTRY), (CALLS, WITHOUT_AGENT)])
def test_a_list_to_the_byte(path: str, entry: dict[str, Any]) -> None:
    answer = client({**CALL, "duration": 42}).get(path, headers=TOKEN)
    expected = {"success": True, "data": [entry], "pagination": ONE_PAGE}
    assert (answer.status_code, answer.text) == (200, compact(expected))


@pytest.mark.parametrize(
    ("number", "formatted"),
    [("+15551234567", "(555) 123-4567"), ("+442071838750", "+442071838750"), ("+123456", "+123456")],
)
def test_a_number_is_formatted_where_it_is_american(number: str, formatted: str) -> None:
    assert listed(client({**CALL, "to": number}))[0]["to_formatted"] == formatted


MANY = [
    {**CALL, "id": "a", "status": "answered", "created_at": "2025-09-01T23:59:59Z"},
    {**CALL, "id": "b", "direction": "inbound", "from": "+4930123", "created_at": "2025-09-03T00:00:00Z"},
    {**CALL, "id": "c", "agent_id": "other", "to": "+15551234567", "created_at": "2025-09-02T12:00:00Z"},
    {**CALL, "id": "d", "status": "no-answer", "is_testing": True, "created_at": "2025-09-04T00:00:00Z"},
]


@pytest.fixture(scope="module")
def many() -> FlaskClient:
    return client(*MANY)


@each_row(
    ("query", "ids"),
    [
        ("", "dbca"),
        ("status=answered", "a"),
        ("status=completed", "bc"),
        ("status=busy", ""),
        ("direction=inbound", "b"),
        ("direction=outbound", "dca"),
        ("agent_id=other", "c"),
        ("agent_id=unknown", ""),
        ("date_from=2025-09-03", "db"),
        ("date_to=2025-09-02", "ca"),
        ("date_from=2025-09-02&date_to=2025-09-03", "bc"),
        ("search=4930", "b"),
        ("search=(555)", "c"),
        ("search=my%20AGENT", "dba"),
        ("search=desk", "c"),
        ("status=&direction=&search=&date_from=", "dbca"),
        ("status=completed&direction=outbound", "c"),
        ("per_page=3&page=2", "a"),
    ],
)
def test_filters(many: FlaskClient, query: str, ids: str) -> None:
    assert [each["id"] for each in listed(many, f"{ALL}?{query}")] == list(ids)
    assert {each["agent"]["id"] for each in listed(many, f"{ALL}?{query}")} <= {AGENT, "other"}


def test_the_agents_list_has_its_calls_alone(many: FlaskClient) -> None:
    assert [each["id"] for each in listed(many)] == ["d", "b", "a"]
    assert [each["id"] for each in listed(many, "/api/v1/agents/other/calls?agent_id=x")] == ["c"]


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("per_page=3", (1, 2, 3, 4, 1, 3)),
        ("per_page=3&page=2", (2, 2, 3, 4, 4, 4)),
        ("per_page=3&page=9", (9, 2, 3, 4, None, None)),
        ("search=nothing", (1, 1, 20, 0, None, None)),
    ],
)
def test_the_place_of_a_page(many: FlaskClient, query: str, place: tuple[object, ...]) -> None:
    found = many.get(f"{ALL}?{query}", headers=TOKEN).get_json()["pagination"]
    keys = ("current_page", "last_page", "per_page", "total", "from", "to")
    assert list(found.items()) == list(zip(keys, place, strict=True))


REFUSED = [
    ("status=x", '"status":["The selected status is invalid."]'),
    ("direction=both", '"direction":["The selected direction is invalid."]'),
    *(
        (f"date_from={value}", '"date_from":["The date from must be a valid date."]')
        for value in ("soon", "2025-02-30", "20250903", "2025-09-03T00:00:00Z")
    ),
    (
        "date_to=x&status=x",
        '"status":["The selected status is invalid."],"date_to":["The date to must be a valid date."]',
    ),
    ("per_page=101", '"per_page":["The per page must be between 1 and 100."]'),
]


@each_row("path", [ALL, CALLS])
@each_row(("query", "errors"), REFUSED)
def test_filters_that_are_refused(many: FlaskClient, path: str, query: str, errors: str) -> None:
    answer = many.get(f"{path}?{query}", headers=TOKEN)
    expected = f'{{"success":false,"message":"The given data was invalid.","errors":{{{errors}}}}}'
    assert (answer.status_code, answer.text) == (422, expected)


@pytest.mark.parametrize("path", [ALL, CALLS])
def test_a_missing_token_has_a_text_of_its_own(many: FlaskClient, path: str) -> None:
    answer = many.get(path)
    assert (answer.status_code, answer.text) == (401, '{"success":false,"message":"Unauthorized"}')


def test_the_calls_of_an_unknown_agent(many: FlaskClient) -> None:
    answer = many.get(f"/api/v1/agents/{UNKNOWN}/calls?status=x", headers=TOKEN)
    assert (answer.status_code, answer.text) == (404, '{"success":false,"message":"Agent not found"}')
