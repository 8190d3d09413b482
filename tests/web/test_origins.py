"""A foreign web page never touches the developer's environments: origin, Sec-Fetch-Site, host, route."""

import re
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.base.refusals import Missing
from talkover_mock.cli.serve import command
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.world import FOR_PAGES, World
from talkover_mock.receiver import WebhookReceiver
from talkover_mock.web.answers import REASON
from talkover_mock.web.origins import Origins, origin_of
from tests.support.documented import AGENT, TOGGLE, TOKEN, WEBHOOK, WEBHOOK_PATH
from tests.support.rows import each_row
from tests.support.stories import MOMENT, STARTED, attempts, hook

OpenWorld = Callable[..., World]
LOCAL_ORIGINS = [
    "http://localhost",
    "http://localhost:3000",
    "https://LOCALHOST:3000",
    "http://app.localhost:3000",
    "http://127.0.0.1:3000",
    "http://127.9.8.7",
    "http://[::1]:3000",
    "http://web:3000",
    "http://my_app",
    "http://host.docker.internal:3000",
    "http://host.containers.internal:3000",
    "http://host.testcontainers.internal",
]
FOREIGN_ORIGINS = [
    "https://evil.example",
    "http://evil.example:7357",
    "http://localhost.evil.example",
    "http://127.0.0.1.evil.example",
    "http://127.0.0.1@evil.example",
    "http://93.184.216.34",
    "http://192.168.0.7:3000",
    "http://[2001:db8::1]",
    "null",
    "file://",
    "chrome-extension://abcdefghijklmnop",
    "http://localhost, https://evil.example",
    "localhost",
    "http://",
    "http://[::1",
]
SITES = [None, "none", "same-origin", "same-site", "cross-site"]
HOSTS = ["localhost", "127.0.0.1:7357", "evil.example:7357", "mock", "10.0.0.7:7357"]
NEW = {"name": "New", "webhook_url": "http://127.0.0.1:1/", "events": [STARTED]}
ROUTES: list[tuple[str, str, dict[str, Any] | None]] = [
    ("PATCH", TOGGLE, None),
    ("POST", WEBHOOK_PATH.rpartition("/")[0], NEW),
    ("POST", f"{WEBHOOK_PATH}/test", None),
    ("GET", f"{WEBHOOK_PATH}/logs", None),
    ("DELETE", WEBHOOK_PATH, None),
    ("GET", "/api/v1/nothing", None),
    ("GET", "/api/v1/health", None),
    ("OPTIONS", TOGGLE, None),
]


def headers_of(origin: str | None, site: str | None, host: str | None = None) -> dict[str, str]:
    given = {"Origin": origin, "Sec-Fetch-Site": site, "Host": host}
    return {**TOKEN, **{name: value for name, value in given.items() if value is not None}}


def is_foreign(origin: str | None, site: str | None) -> bool:
    """By the rule in words: the origin decides; without one, cross-site is foreign."""
    return origin in FOREIGN_ORIGINS if origin else site == "cross-site"


def traces(environment: Environment) -> tuple[object, ...]:
    """Everything that a call to the API leaves in an environment."""
    journal = environment.journal.log.watch(lambda _: True).items
    return environment.documents.whole(), len(journal), len(attempts(environment)), environment.errors


@pytest.mark.slow
def test_a_foreign_page_touches_nothing_and_a_local_one_is_served(
    open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    world = open_world(hook(receiver.url))
    http = create_app(world, Guard()).test_client()
    origins = enumerate([None, *LOCAL_ORIGINS, *FOREIGN_ORIGINS])
    # Every origin meets every site and every host, and every site every host.
    for (number, origin), (turn, site), (method, path, body) in product(origins, enumerate(SITES), ROUTES):
        host = HOSTS[(number + turn) % len(HOSTS)]
        row = origin, site, host, method, path
        world.default.reset()
        receiver.clear()
        before = traces(world.default)
        answer = http.open(path, method=method, json=body, headers=headers_of(origin, site, host))
        touched = traces(world.default) != before or bool(receiver.requests)
        assert touched is not is_foreign(origin, site), row
        assert ("got a copy" in answer.headers.get(REASON, "")) is is_foreign(origin, site), row
        assert answer.headers["Access-Control-Allow-Origin"] == "*", row


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}], ids=str)
def test_no_route_of_the_api_lets_a_foreign_page_touch_anything(headers: dict[str, str], open_world: OpenWorld) -> None:
    """All of them, and so a new one too."""
    campaigns = [{"id": "campaign-1", "name": "Spring", "agent_id": AGENT, "status": "active"}]
    world = open_world(
        hook("http://127.0.0.1:1/"), campaigns=campaigns, environments={"other": {"tokens": ["talq_other"]}}
    )
    app = create_app(world, Guard())
    ids = {"<agent_id>": AGENT, "<webhook_id>": WEBHOOK, "<log_id>": "none", "<phone>": "+1234567890"}
    ids["<campaign_id>"] = "campaign-1"
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/")]
    for rule, token in product(rules, ["talq_test", "talq_other"]):
        path = re.sub("<[^>]*>", lambda found: ids[found[0]], rule.rule)
        before = [traces(each) for each in (world.default, world.by_name("other"))]
        for method in rule.methods or ():
            sent = {**headers, "Authorization": f"Bearer {token}"}
            answer = app.test_client().open(path, method=method, headers=sent, json=NEW)
            assert "got a copy" in answer.headers[REASON]
        assert [traces(each) for each in (world.default, world.by_name("other"))] == before, path


@pytest.mark.slow
@each_row("origin", [*LOCAL_ORIGINS, *FOREIGN_ORIGINS])
def test_the_admin_routes_refuse_every_other_origin(origin: str, world: World) -> None:
    http = create_app(world, Guard()).test_client()
    for site, path in product(SITES, ["/__admin/state", "/__admin/requests"]):
        own = origin == "http://localhost" and site in (None, "none", "same-origin")
        headers = headers_of(origin, site, "localhost")
        del headers["Authorization"]
        answer = http.get(path, headers=headers)
        assert answer.status_code == (200 if own else 403), (origin, site)


def comparable(answer: TestResponse) -> tuple[object, ...]:
    """The answer but for our own header."""
    return answer.status, answer.data, [(key, value) for key, value in answer.headers if key != REASON]


def test_the_answers_to_a_foreign_page_are_the_documented_ones(open_world: OpenWorld) -> None:
    usual, copied = [
        [
            comparable(http.open(path, method=method, json=body, headers=headers_of(origin, None)))
            for method, path, body in ROUTES
        ]
        for origin in (None, "https://evil.example")
        for http in [frozen(open_world)]
    ]
    assert copied == usual


def frozen(open_world: OpenWorld) -> FlaskClient:
    """The same answers each time: seeded ids, and targets that are captured."""
    world = open_world(hook("https://far.example/"), settings={"seed": 7})
    world.default.freeze(MOMENT)
    world.for_page(world.default).freeze(MOMENT)
    return create_app(world, Guard()).test_client()


@pytest.fixture
def visited(open_world: OpenWorld, receiver: WebhookReceiver) -> tuple[World, FlaskClient]:
    """A world after the visit of a foreign page, which has fired a test at a local receiver."""
    world = open_world(hook(receiver.url))
    http = create_app(world, Guard()).test_client()
    answer = http.post(f"{WEBHOOK_PATH}/test", headers={**TOKEN, "Origin": "https://evil.example"})
    assert answer.status_code == 200
    assert answer.headers[REASON] == (
        "a web page of https://evil.example got a copy, environment default@web-pages; "
        "start with --allow-origin https://evil.example to allow it"
    )
    return world, http


@each_row(
    ("origin", "allowed"),
    [
        ("null", "null"),
        ("file://", "'*'"),
        ("https://a b", "'*'"),
        ("http://evil.example:8080", "http://evil.example:8080"),
        (f"http://{'a' * 60}.{'b' * 60}.example", f"http://{'a' * 60}.{'b' * 60}.example"),
    ],
)
def test_a_foreign_page_is_told_of_an_option_that_the_server_takes(
    http: FlaskClient, origin: str, allowed: str
) -> None:
    reason = http.get(WEBHOOK_PATH, headers={**TOKEN, "Origin": origin}).headers[REASON]
    assert reason.endswith(f"; start with --allow-origin {allowed} to allow it")


def test_nothing_that_a_foreign_page_starts_is_sent(
    visited: tuple[World, FlaskClient], receiver: WebhookReceiver
) -> None:
    world, _ = visited
    copy = world.by_name("default" + FOR_PAGES)
    copy.deliveries.emit(next(iter(copy.agent_ids())), STARTED)
    copy.deliveries.log.watch(lambda each: not each.is_test, 1, None, 10)
    reasons = {each.outcome.captured for each in attempts(copy) if each.outcome}
    assert reasons == {
        "the environment is a copy for foreign web pages, from which nothing is sent (see --allow-origin)"
    }
    assert receiver.requests == []
    assert attempts(world.default) == []


@pytest.mark.slow
def test_the_copy_is_shown_like_any_environment(visited: tuple[World, FlaskClient]) -> None:
    _, http = visited
    listed = http.get("/__admin/environments").get_json()["environments"]
    assert [each["name"] for each in listed] == ["default", "default@web-pages"]
    assert http.get("/__admin/environments/default@web-pages").get_json()["agents"] == 1
    page = http.get("/__admin/?environment=default@web-pages")
    assert page.status_code == 200
    assert b"default@web-pages" in page.data
    assert http.get("/__admin/environments/default@web-pagesx").status_code == 404


def test_all_foreign_pages_share_one_copy(visited: tuple[World, FlaskClient]) -> None:
    world, http = visited
    copy = world.by_name("default@web-pages")
    for n in range(5):
        http.get(WEBHOOK_PATH, headers={"Authorization": f"Bearer any-{n}", "Origin": f"https://evil-{n}.example"})
    assert len(world.environments) == 2
    assert len(copy.journal.log.watch(lambda _: True).items) == 6


@pytest.mark.parametrize("end", ["reset", "close", "close the copy"])
def test_a_reset_or_a_close_ends_the_copy(end: str, visited: tuple[World, FlaskClient]) -> None:
    world, http = visited
    mine = world.open(world.default, "mine", "talq_mine")
    headers = {"Authorization": "Bearer talq_mine", "Origin": "https://evil.example"}
    assert http.patch(TOGGLE, headers=headers).status_code == 200
    copy = world.by_name("mine@web-pages")
    if end == "reset":
        mine.reset()
    else:
        assert http.delete(f"/__admin/environments/mine{FOR_PAGES * (end != 'close')}").status_code == 200
    with pytest.raises(Missing):
        world.by_name("mine@web-pages")
    assert copy.deliveries.log.watch(lambda _: True).items == ()
    status = http.patch(TOGGLE, headers=headers).status_code
    assert status == (401 if end == "close" else 200)


def test_a_name_of_a_copy_cannot_be_taken(world: World) -> None:
    answer = create_app(world, Guard()).test_client().post("/__admin/environments", json={"name": "default@web-pages"})
    assert answer.status_code == 422


@each_row(
    ("origins", "origin", "host", "foreign"),
    [
        (Origins.of("127.0.0.1", (), ("https://app.example",)), "https://app.example", "", False),
        (Origins.of("127.0.0.1", (), ("https://App.example",)), "https://app.example", "", False),
        (Origins.of("127.0.0.1", (), ("https://app.example",)), "https://app.example:444", "", True),
        (Origins.of("127.0.0.1", (), ("https://app.example",)), "http://app.example", "", True),
        (Origins.of("127.0.0.1", (), ("*",)), "https://app.example", "", False),
        (Origins.of("127.0.0.1", (), ("null",)), "null", "", False),
        (Origins.of("mock.example", (), ()), "http://mock.example:80", "", False),
        (Origins.of("127.0.0.1", ("mock.example",), ()), "https://Mock.example", "", False),
        (Origins.of("127.0.0.1", ("*",), ()), "https://app.example", "", True),
        (Origins.of("0.0.0.0", (), ()), "http://192.168.0.7:7357", "192.168.0.7:7357", False),
        (Origins.of("0.0.0.0", (), ()), "http://192.168.0.7:80", "192.168.0.7:7357", True),
        (Origins.of("0.0.0.0", (), ()), "http://evil.example:7357", "evil.example:7357", True),
    ],
)
def test_the_server_s_names_and_the_allowed_origins_are_let_in(
    origins: Origins, origin: str, host: str, foreign: bool
) -> None:
    environ = {"HTTP_ORIGIN": origin, "HTTP_HOST": host, "HTTP_SEC_FETCH_SITE": "cross-site"}
    assert origins.is_foreign(environ) is foreign


NO_ORIGINS = [
    *("", "app.example", "https://app.example/path", "https://", "https://a,https://b", "//a", "https://*.example"),
    *("http://x:99999", "http://x:0", "http://x:y", "http://[x", "http://[::x]", "http://[::1::]", "http://\udcff"),
    *("http://é.example", "http://a b", "http://me@a", "1http://a"),
]


@each_row("value", NO_ORIGINS)
def test_a_mistake_in_an_allowed_origin_is_told(value: str) -> None:
    result = CliRunner().invoke(command, ["--allow-origin", value])
    assert result.exit_code == 2
    assert "is no origin; give one such as https://app.example.com:8443" in " ".join(result.output.split())


@each_row(
    ("value", "sent"),
    [
        ("https://app.example:443", "https://app.example"),
        ("HTTP://app.example:80/", "HTTP://app.example"),
        ("http://app.example:443", "http://app.example:443"),
        ("http://[::1]:80", "http://[::1]"),
        ("http://my_app", "http://my_app"),
        ("chrome-extension://abcdefghijklmnop", "chrome-extension://abcdefghijklmnop"),
    ],
)
def test_an_origin_is_allowed_as_browsers_send_it(value: str, sent: str) -> None:
    assert origin_of(value) == sent
