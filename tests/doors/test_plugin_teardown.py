"""What the pytest plugin holds against a test when it ends, and what a failing test's report shows."""

import re
from collections.abc import Iterator

import pytest

from talkover_mock.admin.lines import lines
from talkover_mock.client import MockServer
from tests.doors.test_plugin import errors, folder, run, run_alone
from tests.support.documented import AGENT, TOGGLE, WEBHOOK

__all__ = ["folder"]

pytestmark = pytest.mark.slow

CALL = f"""\
import pytest
import requests

TOGGLE = {TOGGLE!r}

def call(talkover_mock, path=TOGGLE, method="PATCH"):
    return requests.request(method, talkover_mock.url + path, headers=talkover_mock.headers).status_code
"""
UNMATCHED = "the test made calls that no route of the mock answers (talkover_mock.allow_unmatched() allows them):"
TEARDOWN = """
def test_unmatched(talkover_mock):
    assert call(talkover_mock) == 200
    assert call(talkover_mock, "/api/v1/nope") == 404
    assert call(talkover_mock, TOGGLE, "DELETE") == 405
    assert call(talkover_mock, "/api/v1/credits/balance", "GET") == 501

def test_allowed(talkover_mock):
    talkover_mock.allow_unmatched()
    assert call(talkover_mock, "/api/v1/nope") == 404

def test_another_environment_has_its_own(talkover_mock):
    other = talkover_mock.open_environment()
    other.allow_unmatched()
    assert call(other, "/api/v1/nope") == 404
    assert [each["path"] for each in other.close()["unmatched"]] == ["/api/v1/nope"]

def test_what_a_route_answers(talkover_mock):
    assert call(talkover_mock, TOGGLE.replace("/webhooks/", "/webhooks/x")) == 404
    assert call(talkover_mock, TOGGLE, "OPTIONS") == 200
    talkover_mock.add_fault("server_error")
    assert call(talkover_mock) == 500

def test_what_a_fault_answers(talkover_mock):
    talkover_mock.add_fault(respond={"status": 202}, match={"method": "POST", "path": "/api/v1/calls"})
    assert call(talkover_mock, "/api/v1/calls", "POST") == 202

def test_what_a_stub_answers(talkover_mock):
    talkover_mock.add_stub("GET", "/api/v1/credits/balance", body={"balance": 1})
    assert call(talkover_mock, "/api/v1/credits/balance", "GET") == 200
"""
REPORTS = """
def test_passing(talkover_mock):
    assert call(talkover_mock) == 200

def test_failing(talkover_mock):
    assert call(talkover_mock, TOGGLE.replace("/webhooks/", "/webhooks/x")) == 404
    assert call(talkover_mock) == 500

def test_failing_without_a_call(talkover_mock):
    raise ValueError

@pytest.fixture
def toggled(talkover_mock):
    assert call(talkover_mock) == 500

def test_failing_in_its_setup(toggled):
    pass

def test_failing_alone():
    raise ValueError

def test_journal_gone(talkover_mock):
    talkover_mock.report_sections = None
    raise ValueError

def test_many(talkover_mock):
    for _ in range(101):
        assert call(talkover_mock) == 200
    raise ValueError
"""
CALLED = f"#1 PATCH {TOGGLE} -> 200"
REFUSED = (
    f"#1 PATCH {TOGGLE.replace(WEBHOOK, 'x' + WEBHOOK)} -> 404 "
    f'(agent {AGENT} has no webhook with the id "x{WEBHOOK}"; nearest: {WEBHOOK})'
)
JOURNALS = {
    "test_failing": [REFUSED, CALLED.replace("#1", "#2")],
    "test_failing_without_a_call": ["none"],
    "ERROR at setup of test_failing_in_its_setup": [CALLED],
    "test_journal_gone": ["the journal can't be read: TypeError(\"'NoneType' object is not callable\")"],
    "test_many": [f"{CALLED} (101 times, the last is #101)"],
}


def test_a_hundred_calls_are_shown_and_of_more_the_latest() -> None:
    calls = [{"number": number} for number in range(1, 102)]
    shown = [str(number) for number in range(1, 102)]
    assert lines(calls[:100], lambda call: str(call["number"])) == shown[:100]
    assert lines(calls, lambda call: str(call["number"])) == ["(1 before these)", *shown[1:]]


def parts(result: pytest.RunResult) -> Iterator[tuple[str, str, list[str]]]:
    """The reports in pieces: the heading of each, the title of the piece, and its lines."""
    heading, title, text = "", "", list[str]()
    for line in [*result.stdout.lines, "= end ="]:
        if found := re.fullmatch(r"([_=-]{3,}|=) (.*) ([_=-]{3,}|=)", line):
            yield heading, title, text
            heading, title, text = (heading, found[2], []) if found[1][0] == "-" else (found[2], "", [])
        else:
            text.append(line)


def journals(result: pytest.RunResult) -> dict[str, list[str]]:
    """Of each report that shows calls, its heading and these calls."""
    return {heading: text for heading, title, text in parts(result) if title == "API calls to the mock server"}


def teardowns(result: pytest.RunResult) -> dict[str, list[str]]:
    """What failed at teardown, and what is said about it."""
    said = {heading: text for heading, title, text in parts(result) if " at teardown of " in heading and not title}
    return {heading: [line for line in text if not line.startswith("[gw")] for heading, text in said.items()}


TEARDOWNS = {
    "ERROR at teardown of test_unmatched": [
        UNMATCHED,
        "  #2 PATCH /api/v1/nope -> 404 "
        "(no route has this path; API paths begin with /api/v1, admin paths with /__admin)",
        f"  #3 DELETE {TOGGLE} -> 405 (this path answers PATCH only)",
        "  #4 GET /api/v1/credits/balance -> 501 (GET /api/v1/credits/balance is documented, but not emulated here; "
        'give it an answer with POST /__admin/stubs {"method": "GET", "path": "/api/v1/credits/balance", '
        '"status": 200, "body": ...}, or under stubs: in a fixture)',
    ]
}


@pytest.mark.parametrize("workers", ["0", "1"])
def test_only_what_a_test_can_not_have_meant_fails_it_and_only_failures_show_their_calls(
    workers: str, folder: pytest.Pytester
) -> None:
    folder.makepyfile(CALL + TEARDOWN + REPORTS)
    result = run_alone(folder, "-p", "xdist", "-n", workers, "-rA")
    result.assert_outcomes(passed=7, failed=5, errors=2)
    assert journals(result) == JOURNALS
    assert teardowns(result) == TEARDOWNS


def test_a_running_server_holds_its_calls_against_the_test_too(folder: pytest.Pytester, mock: MockServer) -> None:
    folder.makepyfile(CALL + TEARDOWN)
    result = run(folder, "--talkover-mock-url", mock.url, "-k", "unmatched or allowed or fault or stub")
    result.assert_outcomes(passed=4, errors=1)
    assert UNMATCHED in errors(result)
    assert [each["name"] for each in mock.environments()] == ["default", "staging", "production"]


SLIPS = """
@pytest.fixture(scope="module")
def mine(talkover_mock_server):
    environment = talkover_mock_server.open_environment()
    yield environment
    assert call(environment, "/api/v1/the-end-of-the-module") == 404
    environment.close()

@pytest.fixture
def used(mine):
    yield mine
    assert call(mine, "/api/v1/teardown") == 404

def test_teardown(used):
    assert call(used, "/api/v1/body") == 404

def test_nothing(mine, talkover_mock_shared):
    pass

def test_closed(talkover_mock_server):
    other = talkover_mock_server.open_environment("other")
    assert call(other, "/api/v1/closed") == 404
    other.close()
    with talkover_mock_server.open_environment("other") as other:
        assert call(other, "/api/v1/anew") == 404
        other.close()

def test_allowed_and_closed(talkover_mock_server):
    other = talkover_mock_server.open_environment()
    other.allow_unmatched()
    assert call(other, "/api/v1/nope") == 404
    other.close()

def test_reset(mine):
    assert call(mine, "/api/v1/reset") == 404
    mine.reset()

def test_cleared(mine):
    assert call(mine, "/api/v1/cleared") == 404
    mine.clear_requests()

def test_shared_reset(talkover_mock_shared):
    assert call(talkover_mock_shared, "/api/v1/shared/reset") == 404
    talkover_mock_shared.reset()

def test_shared_cleared(talkover_mock_shared):
    assert call(talkover_mock_shared, "/api/v1/shared/cleared") == 404
    talkover_mock_shared.clear_requests()

def test_end(mine, talkover_mock_shared):
    pass
"""
SLIPPED = {
    "test_teardown": ["body", "teardown"],
    "test_closed": ["closed", "anew"],
    "test_reset": ["reset"],
    "test_cleared": ["cleared"],
    "test_shared_reset": ["shared/reset"],
    "test_shared_cleared": ["shared/cleared"],
    "test_end": ["the-end-of-the-module"],
}
"""The paths that each test is told of."""


def slipped(result: pytest.RunResult) -> dict[str, list[str]]:
    """The paths of unmatched calls that tests were told of at teardown."""
    told = {heading.rpartition(" ")[2]: " ".join(text) for heading, text in teardowns(result).items()}
    return {test: re.findall("/api/v1/(\\S+) -> 404", text) for test, text in told.items()}


@pytest.mark.parametrize("where", ["its own", "running"])
def test_neither_a_teardown_nor_a_closing_nor_a_reset_hides_a_slip(
    where: str, folder: pytest.Pytester, mock: MockServer
) -> None:
    folder.makepyfile(CALL + SLIPS)
    result = run(folder, *(["--talkover-mock-url", mock.url] if where == "running" else []))
    result.assert_outcomes(passed=9, errors=7)
    assert slipped(result) == SLIPPED


SHARED_SLIPS = """
LATE = {}

def stray(talkover_mock, path, headers):
    assert requests.patch(talkover_mock.url + path, headers=headers).status_code == 404

def test_reset(talkover_mock, talkover_mock_server):
    LATE.update(talkover_mock.headers)
    stray(talkover_mock, "/api/v1/reset", {})
    talkover_mock_server.reset()

def test_late(talkover_mock_shared):
    stray(talkover_mock_shared, "/api/v1/late", LATE)

def test_shared(talkover_mock_shared):
    stray(talkover_mock_shared, "/api/v1/shared", {})
"""


def test_a_call_with_no_token_is_told_once_and_a_late_one_to_nobody(folder: pytest.Pytester) -> None:
    folder.makepyfile(CALL + SHARED_SLIPS)
    run(folder).assert_outcomes(passed=3, errors=2)
    assert slipped(run(folder)) == {"test_reset": ["reset"], "test_shared": ["shared"]}


STRAYS = """
def stray(talkover_mock, path=TOGGLE, headers={"Authorization": "Bearer typo"}):
    return requests.patch(talkover_mock.url + path, headers=headers).status_code

def test_a_wrong_token_opens_nothing(talkover_mock, talkover_mock_server):
    assert stray(talkover_mock) == 401
    assert stray(talkover_mock, headers={}) == 401
    assert talkover_mock.requests() == []
    assert requests.patch(talkover_mock.url + TOGGLE, headers=talkover_mock_server.headers).status_code == 200

def test_an_unknown_path(talkover_mock):
    assert stray(talkover_mock, "/api/v1/nope") == 404

def test_an_unknown_path_without_a_token(talkover_mock):
    assert stray(talkover_mock, "/api/v1/nope", headers={}) == 404

def test_an_unknown_path_is_meant(talkover_mock):
    talkover_mock.allow_unmatched()
    assert stray(talkover_mock, "/api/v1/nope") == 404

def test_failing(talkover_mock):
    assert stray(talkover_mock) == 200

def test_failing_without_a_call(talkover_mock):
    raise ValueError
"""
STRAY = " -> 401 (no environment has this token; the default environment has other tokens)"


def test_a_call_that_no_environment_gets_is_told_to_the_test_that_made_it(folder: pytest.Pytester) -> None:
    folder.makepyfile(CALL + STRAYS)
    result = run(folder)
    result.assert_outcomes(passed=4, failed=2, errors=2)
    reports = [(heading, title, text) for heading, title, text in parts(result) if "no token of an" in title]
    assert [(heading, [line.partition(" ")[2] for line in text]) for heading, _, text in reports] == [
        ("test_failing", [f"PATCH {TOGGLE}{STRAY}"])
    ]
    assert list(teardowns(result)) == [
        "ERROR at teardown of test_an_unknown_path",
        "ERROR at teardown of test_an_unknown_path_without_a_token",
    ]
    assert all(text[0] == UNMATCHED for text in teardowns(result).values())


LATE = """
LATE = {}

def test_first(talkover_mock):
    LATE.update(talkover_mock.headers)

def test_a_call_of_an_earlier_test_comes(talkover_mock):
    assert requests.get(talkover_mock.url + "/api/v1/nope", headers=LATE).status_code == 404
"""


def test_a_late_call_of_an_earlier_test_fails_no_other(folder: pytest.Pytester) -> None:
    folder.makepyfile(CALL + LATE)
    run(folder).assert_outcomes(passed=2)


SHARED = """
@pytest.fixture(scope="session")
def application(talkover_mock_server):
    # configured once
    return lambda path=TOGGLE: call(talkover_mock_server, path)

@pytest.mark.parametrize("number", range(2))
def test_each_begins_with_the_fixture(application, talkover_mock_shared, number):
    assert talkover_mock_shared.faults() == [] and not talkover_mock_shared.clock()["frozen"]
    assert application() == 200
    assert talkover_mock_shared.webhook(WEBHOOK)["enabled"]
    talkover_mock_shared.freeze()
    talkover_mock_shared.add_fault("maintenance")
    talkover_mock_shared.assert_requested("PATCH", "*/toggle", times=1)

def test_unmatched(application, talkover_mock_shared):
    assert application("/api/v1/nope") == 404

def test_allowed(application, talkover_mock_shared):
    talkover_mock_shared.allow_unmatched()
    assert application("/api/v1/nope") == 404

def test_allowed_for_one_test_only(application, talkover_mock_shared):
    assert application("/api/v1/nope") == 404

def test_crash(application, talkover_mock_shared, monkeypatch):
    from talkover_mock.state.webhooks import Webhooks
    monkeypatch.setattr(Webhooks, "toggle", lambda *_: 1 / 0)
    assert application() == 500

def test_failing(application, talkover_mock_shared):
    assert application() == 500
"""


def test_an_application_that_is_started_once_gets_the_fixture_for_each_test(folder: pytest.Pytester) -> None:
    folder.makepyfile(CALL + f"WEBHOOK = {WEBHOOK!r}\n" + SHARED)
    result = run(folder)
    result.assert_outcomes(passed=6, failed=1, errors=3)
    assert journals(result) == {"test_failing": [CALLED]}
    said = {heading.removeprefix("ERROR at teardown of test_"): text[0] for heading, text in teardowns(result).items()}
    assert said == {
        "unmatched": UNMATCHED,
        "allowed_for_one_test_only": UNMATCHED,
        "crash": "the mock server itself failed:",
    }


DETAILS = f"""
AGENT, WEBHOOK = {AGENT!r}, {WEBHOOK!r}

def test_failing(talkover_mock, webhook_receiver):
    talkover_mock.set_webhook(WEBHOOK, webhook_url=webhook_receiver.url, enabled=True)
    webhook_receiver.answer_next(500)
    talkover_mock.freeze()
    talkover_mock.emit(AGENT, "event_phone_call_started")
    talkover_mock.add_fault("maintenance", match={{"path": "*/togle"}}, times=1)
    talkover_mock.add_fault(respond={{"status": 418}}, match={{"method": "GET"}})
    talkover_mock.add_fault("hang")
    talkover_mock.add_fault(delay_seconds=0.005, times=1)
    raise ValueError

def test_a_reset_hides_no_unmatched_call(talkover_mock):
    assert call(talkover_mock, "/api/v1/nope") == 404
    talkover_mock.clear_requests()
    talkover_mock.reset()
"""


def test_a_report_shows_deliveries_and_faults_and_no_reset_hides_a_slip(folder: pytest.Pytester) -> None:
    folder.makepyfile(CALL + DETAILS)
    result = run(folder)
    result.assert_outcomes(passed=1, failed=1, errors=1)
    shown = {title: text for heading, title, text in parts(result) if heading == "test_failing" and title}
    assert shown["Deliveries of the mock server"] == [
        f"event_phone_call_started to webhook {WEBHOOK}, attempt 1: retrying (Internal Server Error)"
    ]
    assert shown["Faults of the mock server"] == [
        "fault-1 maintenance, */togle: matched 0, struck 0",
        "fault-2 respond 418, GET: matched 0, struck 0",
        "fault-3 hang, any call: matched 0, struck 0",
        "fault-4 delay 0.005 s, any call: matched 0, struck 0",
    ]
    assert list(teardowns(result)) == ["ERROR at teardown of test_a_reset_hides_no_unmatched_call"]


def test_a_crash_comes_before_the_calls_that_no_route_takes(folder: pytest.Pytester) -> None:
    folder.makepyfile(
        CALL
        + """
from talkover_mock.state.webhooks import Webhooks

def test_crash(talkover_mock, monkeypatch):
    monkeypatch.setattr(Webhooks, "toggle", lambda *_: 1 / 0)
    assert (call(talkover_mock), call(talkover_mock, "/api/v1/nope")) == (500, 404)
"""
    )
    result = run(folder)
    result.assert_outcomes(passed=1, errors=1)
    assert errors(result)[1] == "the mock server itself failed:"
    assert errors(result)[-1] == "ZeroDivisionError: division by zero"
