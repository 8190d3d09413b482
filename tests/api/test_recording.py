"""What the journal holds of an exchange: all of it, whatever answered, and of secrets and long bodies only a part."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import pytest
import requests
from flask.testing import FlaskClient

from talkover_mock.admin.guard import Guard
from talkover_mock.api.recording import MOST_BODY_BYTES
from talkover_mock.app import create_app
from talkover_mock.environments.world import World
from talkover_mock.state.webhooks import Webhooks
from talkover_mock.web.server import Server
from tests.conftest import shipped
from tests.support.disturbed import HoldingReceiver, started
from tests.support.documented import (
    AGENT,
    API_HEADERS,
    OTHER_AGENT,
    TOGGLE,
    TOKEN,
    WEBHOOK,
    WEBHOOK_PATH,
    toggle_path,
)
from tests.support.faulty import REQUESTS, STATE, WAIT, add_fault, bearer, journal, journal_at

AGENTS = "/api/v1/agents"
WEBHOOKS = f"{AGENTS}/{AGENT}/webhooks"
ONE = f"{WEBHOOKS}/{WEBHOOK}"
OF_ONE = "/api/v1/agents/{agent_id}/webhooks/{webhook_id}"
SECRET = "talq_a_secret_of_someone"
PREFLIGHT = {"Access-Control-Request-Method": "PATCH", "Origin": "http://app"}


def test_an_exchange_is_told_whole(http: FlaskClient) -> None:
    http.put("/__admin/clock", json={"now": "2025-09-03T23:50:15.250Z"})
    headers = {**TOKEN, "User-Agent": "tests/1", "X-Request-Id": "7"}
    answer = http.put(f"{ONE}?trace=1", json={"name": "Zürich"}, headers=headers)
    body = '{"name": "Z\\u00fcrich"}'
    (found,) = journal(http)
    assert found.pop("duration_ms") > 0
    assert found == {
        "number": 1,
        "at": "2025-09-03T23:50:15.250Z",
        "method": "PUT",
        "path": f"{ONE}?trace=1",
        "operation": f"PUT {OF_ONE}",
        "status": 200,
        "reason": None,
        "fault": None,
        "applied": None,
        "under_way": False,
        "by": "api",
        "request": {
            "headers": {
                "Authorization": "Bearer talq_test",
                "Content-Type": "application/json",
                "Host": "localhost",
                "User-Agent": "tests/1",
                "X-Request-Id": "7",
            },
            "body": body,
            "body_size": len(body),
            "body_cut": False,
        },
        "response": {
            "headers": {name: text for name, text in answer.headers.items() if name != "Content-Length"},
            "body": answer.text,
            "body_size": len(answer.data),
            "body_cut": False,
        },
    }
    assert API_HEADERS.items() <= found["response"]["headers"].items()


CALLS: list[tuple[str, str, dict[str, str], int, str | None]] = [
    ("PATCH", TOGGLE, TOKEN, 200, f"PATCH {OF_ONE}/toggle"),
    ("PATCH", f"{TOGGLE}/", TOKEN, 200, f"PATCH {OF_ONE}/toggle"),
    ("PATCH", TOGGLE, {}, 401, f"PATCH {OF_ONE}/toggle"),
    ("PATCH", toggle_path("nope"), TOKEN, 404, f"PATCH {OF_ONE}/toggle"),
    ("GET", AGENTS, TOKEN, 200, f"GET {AGENTS}"),
    ("HEAD", AGENTS, TOKEN, 200, f"GET {AGENTS}"),
    ("GET", f"{AGENTS}?status=x", TOKEN, 422, f"GET {AGENTS}"),
    ("GET", "/api/v1/health", {}, 200, "GET /api/v1/health"),
    ("GET", "/api/v1/nope", {}, 404, None),
    ("GET", "/", {}, 404, None),
    ("DELETE", AGENTS, TOKEN, 405, None),
    ("OPTIONS", AGENTS, {}, 200, None),
    ("OPTIONS", "/api/v1/nope", {}, 404, None),
    ("OPTIONS", AGENTS, PREFLIGHT, 204, None),
]


@pytest.mark.parametrize(("method", "path", "headers", "status", "operation"), CALLS)
def test_every_call_of_the_api_is_in_the_journal(
    http: FlaskClient, method: str, path: str, headers: dict[str, str], status: int, operation: str | None
) -> None:
    answer = http.open(path, method=method, headers=headers)
    (found,) = journal(http)
    assert (found["method"], found["path"], found["operation"]) == (method, path, operation)
    assert found["status"] == answer.status_code == status
    assert found["reason"] == answer.headers.get("X-Mockserver-Reason")
    assert (found["response"]["body"], found["response"]["body_size"]) == (answer.text, len(answer.data))


def test_a_base_url_with_a_slash_too_many_matches_nothing_and_shows_as_it_came(server: Server) -> None:
    for path in (f"/{TOGGLE}", f"///{AGENTS}?a=1"):
        assert requests.patch(server.url + path, headers=TOKEN, timeout=WAIT).status_code == 404
    found = journal_at(server, "unmatched=true")["requests"]
    assert [(each["path"], each["operation"]) for each in found] == [(f"/{TOGGLE}", None), (f"///{AGENTS}?a=1", None)]
    assert [each["reason"] for each in found] == [
        f"the path has a double slash; did you mean {path}?" for path in (TOGGLE, AGENTS)
    ]


def test_a_call_with_an_expired_token_is_in_the_journal_of_the_environment_that_had_it(http: FlaskClient) -> None:
    assert http.patch(TOGGLE, headers=bearer("talq_staging_2024")).status_code == 401
    assert journal(http) == []
    (found,) = http.get("/__admin/requests", headers=bearer("talq_staging")).get_json()["requests"]
    assert (found["path"], found["status"]) == (TOGGLE, 401)


def test_a_path_is_found_with_a_slash_at_its_end_or_without(http: FlaskClient) -> None:
    http.patch(f"{TOGGLE}/", headers=TOKEN)
    for pattern in ("*/toggle", "*/toggle/", TOGGLE, f"{TOGGLE}/"):
        found = http.get("/__admin/requests", query_string={"path": pattern}).get_json()
        assert found["count"] == 1, pattern


def test_a_call_past_an_enforced_limit_is_in_the_journal(http: FlaskClient) -> None:
    http.patch(STATE, json={"settings": {"enforce_rate_limit": True, "rate_limit": 1}})
    for _ in range(2):
        http.get(AGENTS, headers=TOKEN)
    first, second = journal(http)
    assert (first["status"], second["status"], second["operation"]) == (200, 429, f"GET {AGENTS}")
    assert second["reason"].startswith("the token has used its 1 calls of this minute")
    assert int(second["response"]["headers"]["Retry-After"]) in range(1, 61)


def test_a_call_on_which_the_mock_crashed_is_in_the_journal(http: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> NoReturn:
        raise RuntimeError("a bug of the mock")

    monkeypatch.setattr(Webhooks, "toggle", crash)
    http.patch(TOGGLE, headers=TOKEN)
    (found,) = journal(http)
    assert (found["status"], found["operation"]) == (500, f"PATCH {OF_ONE}/toggle")
    assert found["reason"] == "the mock itself failed: RuntimeError('a bug of the mock')"


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        ({"preset": "maintenance"}, 503, '{\n    "message": "Service Unavailable"\n}'),
        ({"respond": {"status": 418, "body": "tea"}}, 418, "tea"),
        ({"action": "malformed_json"}, 200, '{"success":true,"message":"A fault a'),
    ],
)
def test_a_call_that_a_fault_struck_says_which(
    http: FlaskClient, fault: dict[str, Any], status: int, body: str
) -> None:
    add_fault(http, **fault)
    http.patch(TOGGLE, headers=TOKEN)
    (found,) = journal(http)
    kind = "respond" if "respond" in fault else next(iter(fault.values()))
    assert (found["status"], found["response"]["body"]) == (status, body)
    assert (found["fault"], found["reason"]) == (f"fault-1 ({kind})", f"fault-1 ({kind}) struck")
    assert found["operation"] == f"PATCH {OF_ONE}/toggle"


def test_what_the_harness_asks_is_not_in_the_journal(http: FlaskClient) -> None:
    for path in (STATE, "/__admin/nope", "/__admin", REQUESTS):
        http.get(path)
    http.post("/__admin/reset")
    assert journal(http) == []


def test_environments_have_journals_of_their_own(http: FlaskClient) -> None:
    tokens = ("talq_staging", "talq_production", "talq_production_second", "talq_any", None)
    for token in tokens:
        http.get(AGENTS, headers=bearer(token))
    assert [len(journal(http, token=token)) for token in ("talq_staging", "talq_production", None)] == [1, 2, 2]
    http.delete(REQUESTS, headers=bearer("talq_production"))
    http.post("/__admin/reset")
    assert [len(journal(http, token=token)) for token in ("talq_staging", "talq_production", None)] == [1, 0, 0]


SECRETS: list[tuple[dict[str, str], str]] = [
    ({"Authorization": f"Bearer {SECRET}"}, "Bearer talq_***ne"),
    ({"Authorization": f"bearer   {SECRET} "}, "bearer talq_***ne"),
    ({"Authorization": f"Basic {SECRET}"}, "Basic talq_***ne"),
    ({"Authorization": SECRET}, "talq_***ne"),
    ({"authorization": f"Token {SECRET}"}, "Token talq_***ne"),
    ({"Proxy-Authorization": f"Basic {SECRET}"}, "Basic talq_***ne"),
    ({"X-Mockserver-Admin-Token": SECRET}, "talq_***ne"),
]


@pytest.mark.parametrize(("headers", "masked"), SECRETS)
def test_a_token_is_kept_as_it_came_and_the_admin_token_is_not(
    http: FlaskClient, log: list[str], headers: dict[str, str], masked: str
) -> None:
    http.patch(TOGGLE, headers=headers)
    [(name, sent)] = headers.items()
    (found,) = journal(http)
    is_admin_token = name == "X-Mockserver-Admin-Token"
    assert found["request"]["headers"][name.title()] == (masked if is_admin_token else sent)
    assert SECRET not in "".join(log)


@pytest.fixture
def masking(log: list[str]) -> Iterator[FlaskClient]:
    """Of a server that masks tokens."""
    world = World(shipped(), mask_tokens=True)
    yield create_app(world, Guard(), log.append).test_client()
    world.stop()


@pytest.mark.parametrize(("headers", "shown"), SECRETS)
@pytest.mark.parametrize("path", [TOGGLE, "/api/v1/nope", toggle_path(OTHER_AGENT)])
def test_a_token_is_masked_everywhere_if_that_is_wanted(
    masking: FlaskClient, log: list[str], headers: dict[str, str], shown: str, path: str
) -> None:
    masking.patch(path, headers=headers)
    (found,) = journal(masking)
    assert SECRET not in json.dumps(found)
    assert SECRET not in "".join(log)
    assert found["request"]["headers"][next(iter(headers)).title()] == shown


def test_a_token_that_opens_nothing_any_more_is_masked_too(masking: FlaskClient) -> None:
    masking.post("/__admin/environments", json={"name": "mine", "token": SECRET})
    masking.delete("/__admin/environments/mine")
    assert masking.patch(TOGGLE, headers=bearer(SECRET)).status_code == 401
    (found,) = journal(masking)
    assert SECRET not in json.dumps(found)


LONG = "ü" * MOST_BODY_BYTES
BODIES: list[tuple[bytes, str | None, bool]] = [
    (b"", "", False),
    (b"a=1", "a=1", False),
    ("Zürich".encode(), "Zürich", False),
    (b"\xff\x00\xfe", None, False),
    (b"x" * MOST_BODY_BYTES, "x" * MOST_BODY_BYTES, False),
    (b"x" * (MOST_BODY_BYTES + 1), "x" * MOST_BODY_BYTES, True),
    (b"x" + LONG.encode(), "x" + LONG[: MOST_BODY_BYTES // 2 - 1], True),
    (b"\xff" * (MOST_BODY_BYTES + 1), None, True),
    ("Zür".encode()[:-2], None, False),
]


@pytest.mark.parametrize(("sent", "shown", "cut"), BODIES, ids=range(len(BODIES)))
def test_a_body_that_is_long_or_no_text_is_cut_and_says_so(
    http: FlaskClient, sent: bytes, shown: str | None, cut: bool
) -> None:
    http.patch(TOGGLE, data=sent, headers=TOKEN, content_type="application/octet-stream")
    (found,) = journal(http)
    kept = {key: value for key, value in found["request"].items() if key != "headers"}
    assert kept == {"body": shown, "body_size": len(sent), "body_cut": cut}


def test_a_long_answer_is_cut_too(http: FlaskClient) -> None:
    add_fault(http, respond={"body": LONG})
    assert http.get(AGENTS).text == LONG
    (found,) = journal(http)
    kept = {key: value for key, value in found["response"].items() if key != "headers"}
    assert kept == {"body": LONG[: MOST_BODY_BYTES // 2], "body_size": 2 * MOST_BODY_BYTES, "body_cut": True}


MULTIPART = b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nN\r\n--x--\r\n'


@pytest.mark.parametrize(
    ("method", "kind", "sent", "name"),
    [
        ("PUT", "application/json", b'{"name": "N"}', "N"),
        ("PUT", "application/x-www-form-urlencoded", b"name=N", "N"),
        ("POST", "multipart/form-data; boundary=x", MULTIPART, None),
    ],
)
def test_a_body_that_the_api_has_read_is_in_the_journal(
    http: FlaskClient, method: str, kind: str, sent: bytes, name: str | None
) -> None:
    http.open(ONE if name else WEBHOOKS, method=method, data=sent, headers=TOKEN, content_type=kind)
    (found,) = journal(http)
    assert (found["request"]["body"], found["request"]["headers"]["Content-Type"]) == (sent.decode(), kind)
    answer = json.loads(found["response"]["body"])
    assert (answer["data"]["name"] if name else list(answer["errors"])) == (name or ["webhook_url", "events"])


def test_a_call_that_ends_after_a_reset_is_in_no_journal(world: World, http: FlaskClient) -> None:
    with ThreadPoolExecutor(1) as pool, started(HoldingReceiver()) as receiver:
        world.default.webhooks.update(AGENT, WEBHOOK, {"webhook_url": receiver.url})
        test = pool.submit(http.post, f"{WEBHOOK_PATH}/test", headers=TOKEN)
        receiver.wait_for(1)
        http.post("/__admin/reset")
        http.patch(TOGGLE, headers=TOKEN)
        receiver.go_on.set()
        assert test.result().status_code == 200
    assert [(each.number, each.path) for each in world.default.journal.log.all()] == [(1, TOGGLE)]


def test_a_long_query_counts_among_what_is_kept(http: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("talkover_mock.base.history.MOST_BYTES", 20_000)
    for _ in range(5):
        http.get(f"{AGENTS}?search={'x' * 8_000}", headers=TOKEN)
    assert len(journal(http)) == 2
