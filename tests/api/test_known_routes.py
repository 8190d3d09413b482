"""What the vendor documents and the mock does not emulate: 501 with its reason, never a 404 of the mock's own."""

import re

import pytest
from flask.testing import FlaskClient

from talkover_mock.api.app import ApiApplication
from talkover_mock.dialect.endpoints import ENDPOINTS
from talkover_mock.environments.world import World
from tests.support.documented import API_HEADERS, TOKEN
from tests.support.routes import CALLS, KNOWN, PATHS, REASON, VERBS, allowed, filled, fresh
from tests.support.rows import each_row

ONLY_BEGUN = ("/api/v1/calendars", "/api/v1/sip-trunks", "/api/v1/auto-topup")


def asked(rule: str) -> str:
    """A path that the route takes."""
    return filled(rule.removesuffix("/*"))


def test_the_table_of_endpoints_has_what_the_api_emulates() -> None:
    assert sorted((each.method, each.path) for each in ENDPOINTS if each.is_emulated) == CALLS


def test_all_applications_share_the_tables_of_routes(world: World) -> None:
    one, other = ApiApplication(world), ApiApplication(world)
    assert (one.routes, one.known) == (other.routes, other.known)


def test_no_route_is_both_emulated_and_known() -> None:
    assert set(CALLS) & set(KNOWN) == set()
    assert len(KNOWN) == len(set(KNOWN)) > 60


@pytest.mark.parametrize("headers", [{}, TOKEN], ids=["no token", "token"])
def test_a_call_is_answered_501_whatever_its_token(headers: dict[str, str]) -> None:
    http = fresh()
    for verb, rule in KNOWN:
        answer = http.open(asked(rule), method=verb, headers=headers, json={})
        operation = re.sub("<(.*?)>", "{\\1}", f"{verb} {rule.removesuffix('/*')}")
        assert answer.status_code == 501, operation
        assert answer.text == f'{{"message":"{operation} is not emulated by this mock server."}}'
        assert answer.headers[REASON].startswith(f"{operation} is documented, but not emulated here")
        assert {name: answer.headers[name] for name in API_HEADERS} == API_HEADERS


def test_head_is_known_wherever_get_is(http: FlaskClient) -> None:
    answer = http.head("/api/v1/credits/balance")
    assert (answer.status_code, answer.data) == (501, b"")


@each_row("rule", sorted({rule for _, rule in KNOWN if "*" not in rule}))
def test_another_method_is_405_with_the_methods_of_the_vendor(http: FlaskClient, rule: str) -> None:
    methods = allowed(rule)
    answers = [http.open(asked(rule), method=verb) for verb in VERBS if verb not in methods]
    assert {(each.status_code, each.headers["Allow"]) for each in answers} <= {(405, ", ".join(methods))}
    options = http.options(asked(rule))
    assert (options.status_code, options.headers["Allow"]) == (200, ",".join(methods))


def test_the_methods_of_both_kinds_stand_together(http: FlaskClient) -> None:
    shared = [rule for rule in PATHS if any(rule == path for _, path in KNOWN)]
    assert shared == ["/api/v1/agents", "/api/v1/campaigns", "/api/v1/campaigns/<campaign_id>"]
    assert http.options(filled(shared[0])).headers["Allow"] == "GET,HEAD,POST"


@pytest.mark.parametrize("start", ONLY_BEGUN)
def test_of_some_paths_only_the_beginning_is_known(http: FlaskClient, start: str) -> None:
    for path in (start, f"{start}/", f"{start}/1", f"{start}/1/events/2/x"):
        assert {http.open(path, method=verb).status_code for verb in VERBS} == {501}
    for path in (f"{start}x", f"{start}//1", start.replace("/v1", "")):
        assert http.get(path).status_code == 404


def test_what_is_known_counts_as_unmatched_in_the_journal(http: FlaskClient) -> None:
    http.post("/api/v1/agents", headers=TOKEN)
    [noted] = http.get("/__admin/requests?unmatched=true").get_json()["requests"]
    assert (noted["status"], noted["operation"]) == (501, None)
