"""Who may use the admin routes: not web pages of other origins, not under foreign names, not without the token."""

from collections.abc import Callable, Mapping
from contextlib import closing
from http.client import HTTPConnection

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from talkover_mock.admin.guard import TOKEN_HEADER, Guard
from talkover_mock.app import create_app
from talkover_mock.environments.world import World
from talkover_mock.web.server import Server
from tests.support.documented import API_HEADERS, TOGGLE, TOKEN
from tests.support.rows import each_row

LOCAL = ["localhost", "localhost:7357", "LOCALHOST", "127.0.0.1:7357", "[::1]:7357", "[::1]"]
FOREIGN = [
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example:7357",
    "a_b.evil.example",
    "[::1].evil.example",
]
MALFORMED = [
    "",
    ":7357",
    "local host",
    "localhost, evil.example",
    "user@localhost",
    "localhost/",
    "localhost:x",
    "[::1",
]
NEIGHBOURS = ["mock", "mock:7357", "mock_server:7357", "10.0.0.7", "192.168.1.2:7357", "[fd00::1]:7357", "[fd00::1]"]
FROM_CONTAINERS = ["host.docker.internal:7357", "host.containers.internal", "host.testcontainers.internal:7357"]
LOOKALIKES = ["evil-host.docker.internal", "host.docker.internal.evil.example", "host.docker.evil.example"]
EVIL = "https://evil.example"
HEALTH = "/__admin/health"
"""It answers everybody: see tests/api/test_beside.py."""


def client(world: World, guard: Guard | None) -> FlaskClient:
    return create_app(world, guard).test_client()


def admin_calls(app: Flask) -> list[tuple[str, str]]:
    """Every admin call that the guard guards, and one to a path that is none."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/__admin/") and rule.rule != HEALTH]
    known = [(verb, rule.rule.replace("<name>", "mine")) for rule in rules for verb in rule.methods or ()]
    return [*known, ("GET", "/__admin/nope"), ("OPTIONS", "/__admin/state"), ("GET", "/__admin")]


def refused(http: FlaskClient, headers: Mapping[str, str]) -> set[tuple[int, str]]:
    """The statuses and the titles of the problems that the admin calls are refused with."""
    found = set()
    for verb, path in admin_calls(http.application):
        answer = http.open(path, method=verb, headers=headers, json={} if verb in ("PUT", "PATCH", "POST") else None)
        assert (answer.content_type, cors_headers(answer)) == ("application/problem+json", [])
        if verb != "HEAD":
            found.add((answer.status_code, str(answer.get_json()["title"])))
    return found


def cors_headers(answer: TestResponse) -> list[str]:
    return [name for name, _ in answer.headers if name.startswith("Access-Control-")]


@pytest.mark.parametrize(
    ("guard", "known", "unknown"),
    [
        (Guard(), LOCAL, [*FOREIGN, *MALFORMED, *NEIGHBOURS, *FROM_CONTAINERS]),
        (Guard("192.168.1.2"), [*LOCAL, "192.168.1.2:7357"], [*FOREIGN, *MALFORMED, "mock", "10.0.0.7"]),
        (Guard("Mock.Test"), [*LOCAL, "mock.test:7357"], [*FOREIGN, *MALFORMED, "mock"]),
        (Guard(hosts=("mock_server", "Mock.Test")), [*LOCAL, "mock_server:7357", "mock.test"], [*FOREIGN, "mock"]),
        (Guard("0.0.0.0"), [*LOCAL, *NEIGHBOURS, *FROM_CONTAINERS], [*FOREIGN, *MALFORMED, *LOOKALIKES]),
        (Guard("::"), [*LOCAL, *NEIGHBOURS, *FROM_CONTAINERS], [*FOREIGN, *MALFORMED]),
        (Guard("0.0.0.0", ("evil.example",)), [*LOCAL, *NEIGHBOURS, "evil.example"], [*FOREIGN[1:], *MALFORMED]),
        (Guard(hosts=("*",)), [*LOCAL, *NEIGHBOURS, *FROM_CONTAINERS, *FOREIGN, *MALFORMED], []),
    ],
    ids=["local", "address", "name", "allowed names", "0.0.0.0", "::", "everywhere and a name", "any"],
)
def test_only_known_names_of_the_server_are_answered(
    world: World, guard: Guard, known: list[str], unknown: list[str]
) -> None:
    http = client(world, guard)
    assert {host: http.get("/__admin/state", headers={"Host": host}).status_code for host in [*known, *unknown]} == {
        **dict.fromkeys(known, 200),
        **dict.fromkeys(unknown, 403),
    }


@pytest.mark.slow
def test_no_answer_of_the_admin_routes_is_sniffed_or_kept(world: World) -> None:
    answers = [
        http.open(path, method=method, headers=headers)
        for http in (client(world, Guard()), client(world, Guard(token="secret")))
        for headers in ({}, {"Origin": EVIL}, {"Authorization": "Bearer talq_staging"}, {"Accept": "application/yaml"})
        for method, path in admin_calls(client(world, Guard()).application)
        if "wait" not in path
    ]
    kept = {(answer.headers.get("X-Content-Type-Options"), answer.headers.get("Cache-Control")) for answer in answers}
    assert kept == {("nosniff", "no-store")}


def test_a_foreign_name_is_refused_everywhere_and_told_how_to_be_allowed(world: World) -> None:
    http = client(world, Guard())
    assert refused(http, {"Host": "mock.test:80"}) == {(403, "Unknown host")}
    assert http.get("/__admin/state", headers={"Host": "mock.test:80"}).get_json()["detail"] == (
        'the request names the host "mock.test:80", which this server does not know as its own; '
        "start it with --allow-host mock.test"
    )
    assert http.get("/__admin/state", headers={"Host": "local host"}).get_json()["detail"] == (
        'the request names the host "local host", which this server does not know as its own'
    )


@pytest.mark.slow
@each_row(
    "headers",
    [
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Origin": "https://localhost"},
        {"Origin": "http://localhost.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "same-origin", "Origin": EVIL},
        {"Origin": EVIL, "Access-Control-Request-Method": "PUT"},
    ],
)
def test_a_web_page_of_another_origin_is_refused_everywhere(world: World, headers: dict[str, str]) -> None:
    before = {name: each.documents.whole() for name, each in world.environments.items()}
    assert refused(client(world, Guard()), headers) == {(403, "Foreign origin")}
    assert refused(client(world, Guard("0.0.0.0", ("*",), "secret")), headers) == {(403, "Foreign origin")}
    assert {name: each.documents.whole() for name, each in world.environments.items()} == before


def test_a_refused_web_page_is_named(http: FlaskClient) -> None:
    detail = http.get("/__admin/state", headers={"Origin": EVIL}).get_json()["detail"]
    assert (
        detail == f'a web page of another origin must not drive the admin routes (got "{EVIL}"); a test or a shell may'
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://localhost"},
        {"Origin": "http://localhost:7357", "Host": "localhost:7357"},
        {"Origin": "http://mock_server:7357", "Host": "mock_server:7357"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
    ],
    ids=str,
)
def test_the_servers_own_pages_are_answered(world: World, headers: dict[str, str]) -> None:
    http = client(world, Guard(hosts=("mock_server",)))
    assert http.post("/__admin/reset", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("given", "what"),
    [(None, "missing"), ("", "missing"), ("Secret", "wrong"), ("secret2", "wrong"), ("s\xe9cret", "wrong")],
)
def test_the_admin_token_is_asked_for_everywhere(world: World, given: str | None, what: str) -> None:
    http = client(world, Guard(token="secret"))
    headers = {} if given is None else {TOKEN_HEADER: given}
    assert refused(http, headers) == {(401, "Admin token needed")}
    see = "see serve's --admin-token; commands and the pytest plugin send TALKOVER_MOCK_ADMIN_TOKEN"
    detail = f"the header X-Mockserver-Admin-Token is {what} ({see})"
    assert http.get("/__admin/state", headers=headers).get_json()["detail"] == detail


def test_the_admin_token_opens_and_none_is_asked_for_unless_there_is_one(world: World) -> None:
    assert (
        client(world, Guard(token="secret")).get("/__admin/state", headers={TOKEN_HEADER: "secret"}).status_code == 200
    )
    assert client(world, Guard()).get("/__admin/state", headers={TOKEN_HEADER: "whatever"}).status_code == 200


def test_the_admin_token_stands_beside_the_environments_token(world: World) -> None:
    headers = {TOKEN_HEADER: "secret", "Authorization": "Bearer talq_staging"}
    answer = client(world, Guard(token="secret")).post("/__admin/reset", headers=headers)
    assert answer.get_json() == {"environment": "staging", "reset": True}


@pytest.mark.slow
def test_no_admin_answer_may_be_read_by_another_origin(http: FlaskClient) -> None:
    for verb, path in admin_calls(http.application):
        answer = http.open(path, method=verb, headers={"Origin": "http://localhost"})
        assert answer.status_code not in (403, 500)
        assert cors_headers(answer) == []


def test_the_api_itself_answers_everybody(world: World) -> None:
    http = client(world, Guard(token="secret"))
    headers = {**TOKEN, "Host": "evil.example", "Origin": EVIL, "Sec-Fetch-Site": "cross-site"}
    answer = http.patch(TOGGLE, headers=headers)
    assert answer.status_code == 200
    assert {name: answer.headers[name] for name in API_HEADERS} == API_HEADERS


def test_without_a_guard_there_is_only_the_api(world: World) -> None:
    with_admin = client(world, Guard()).application
    http = client(world, None)
    assert {rule.rule for rule in http.application.url_map.iter_rules()} == {
        rule.rule for rule in with_admin.url_map.iter_rules() if rule.rule.startswith("/api/v1/")
    }
    assert http.patch(TOGGLE, headers=TOKEN).status_code == 200
    for verb, path in admin_calls(with_admin):
        answer = http.open(path, method=verb, headers=TOKEN)
        assert answer.status_code == 404
        assert {name: answer.headers[name] for name in API_HEADERS} == API_HEADERS
        route = path.strip("/")
        expected = f'{{\n    "message": "The route {route} could not be found."\n}}'
        assert answer.text == ("" if verb == "HEAD" else expected)


@each_row(
    ("path", "status"),
    [
        ("//__admin/state", 401),
        ("/__admin//state", 401),
        ("/%5F%5Fadmin/state", 401),
        ("/__admin/../__admin/state", 401),
        ("http://localhost/__admin/state", 401),
        ("/__ADMIN/state", 404),
        ("/api/../__admin/state", 404),
    ],
)
def test_no_way_of_writing_the_path_leads_around_the_guard(
    world: World, serve: Callable[[Flask], Server], path: str, status: int
) -> None:
    server = serve(create_app(world, Guard(token="secret")))
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=5)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        assert (answer.status, b"agents" in answer.read()) == (status, False)
