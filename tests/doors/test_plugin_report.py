"""What the report of a failing test says about "why did nothing arrive?", in runs of its own."""

import pytest

from talkover_mock.web.server import Server
from tests.doors.test_plugin import errors, folder, run, run_alone
from tests.doors.test_plugin_teardown import CALL, UNMATCHED, parts, teardowns
from tests.support.documented import AGENT, OTHER_AGENT, TOGGLE, WEBHOOK

__all__ = ["folder"]

pytestmark = pytest.mark.slow
EVENT = "event_phone_call_started"
OTHER_WEBHOOK = "9fcb2c1e-04f5-4c3b-9a77-5f3e8d1b6a20"
NAMES = f"""
AGENT, OTHER_AGENT, WEBHOOK, EVENT = {AGENT!r}, {OTHER_AGENT!r}, {WEBHOOK!r}, {EVENT!r}
"""
TO_EXAMPLE = (
    "captured (example.com is not on this machine or network; start with --deliver-to example.com to deliver there)"
)


def shown(result: pytest.RunResult, test: str) -> dict[str, list[str]]:
    """The sections of one test's report by their titles."""
    return {title: text for heading, title, text in parts(result) if heading == test and title}


EVENTS = """
def test_disabled(talkover_mock, webhook_receiver):
    talkover_mock.set_webhook(WEBHOOK, webhook_url=webhook_receiver.url, enabled=False)
    for _ in range(300):
        talkover_mock.emit(AGENT, EVENT)
    assert webhook_receiver.events == [EVENT]

def test_captured(talkover_mock):
    talkover_mock.set_webhook(WEBHOOK, enabled=True)
    talkover_mock.emit(AGENT, EVENT)
    assert False

def test_waiting(talkover_mock, webhook_receiver):
    talkover_mock.set_webhook(WEBHOOK, webhook_url=webhook_receiver.url, enabled=False)
    talkover_mock.emit(AGENT, EVENT)
    webhook_receiver.wait_for(1, wait=0.01)

def test_nothing_emitted(talkover_mock, webhook_receiver):
    webhook_receiver.wait_for(1, wait=0.01)

def test_in_a_loop(webhook_receiver):
    async def main():
        webhook_receiver.wait_for(1, wait=0.01)
    asyncio.run(main())
"""


@pytest.mark.parametrize("where", ["its own", "running"])
def test_an_event_shows_who_got_it_and_who_was_passed_over_and_why(
    where: str, folder: pytest.Pytester, server: Server
) -> None:
    folder.makepyfile("import asyncio\n" + NAMES + EVENTS)
    result = run(folder, *(["--talkover-mock-url", server.url] if where == "running" else []))
    result.assert_outcomes(failed=5)
    title, head = "Events of the mock server", f"{EVENT} at agent {AGENT}"
    skipped = f"  webhook {WEBHOOK}: skipped, it is disabled"
    other = f"  webhook {OTHER_WEBHOOK}: skipped, it does not list the event"
    assert shown(result, "test_disabled")[title] == [f"{head} (300 times)", skipped, other]
    assert shown(result, "test_captured")[title] == [head, f"  webhook {WEBHOOK}: {TO_EXAMPLE}", other]
    assert shown(result, "test_captured")["Deliveries of the mock server"] == [
        f"{EVENT} to webhook {WEBHOOK}, attempt 1: {TO_EXAMPLE}"
    ]
    text = result.stdout.str()
    expected = "E       AssertionError: expected 1 request within 0.01 s, got 0"
    assert f"{expected}\nE       the events of the mock server:\nE       {head}\nE       {skipped}" in text
    assert f"{expected}\nE       the events of the mock server:\nE       no event has been emitted" in text
    assert f"{expected}\nE       the call was made inside a running event loop, which stood still meanwhile" in text


ELSEWHERE = """
def test_wrong_token(talkover_mock):
    requests.patch(talkover_mock.url + TOGGLE, headers={"Authorization": "Bearer typo"})
    assert False

def test_passing(talkover_mock):
    requests.patch(talkover_mock.url + TOGGLE, headers={"Authorization": "Bearer typo"})

def test_nothing(talkover_mock):
    assert False

def test_token_of_the_session(talkover_mock, talkover_mock_server):
    call(talkover_mock_server)
    assert False
"""
OTHERS = "API calls to other environments meanwhile, or with a wrong token"


def test_calls_to_other_environments_are_shown(folder: pytest.Pytester) -> None:
    folder.makepyfile(CALL + ELSEWHERE)
    result = run(folder)
    result.assert_outcomes(failed=3, passed=1)
    [line] = shown(result, "test_wrong_token")["API calls with no token of an environment"]
    assert line.startswith(f"#1 PATCH {TOGGLE} -> 401 (no environment has this token")
    assert shown(result, "test_nothing") == {"API calls to the mock server": ["none"]}
    assert shown(result, "test_token_of_the_session")[OTHERS] == [f"default: #3 PATCH {TOGGLE} -> 200"]


def test_calls_with_a_wrong_token_are_shown_at_a_running_server_too(folder: pytest.Pytester, server: Server) -> None:
    folder.makepyfile(CALL + ELSEWHERE)
    result = run(folder, "--talkover-mock-url", server.url, "-k", "not session")
    result.assert_outcomes(failed=2, passed=1, deselected=1)
    assert shown(result, "test_wrong_token")[OTHERS] == [f"default: #1 PATCH {TOGGLE} -> 200"]
    assert shown(result, "test_nothing") == {"API calls to the mock server": ["none"]}


OPENED = """
@pytest.fixture(scope="module")
def mine(talkover_mock_server):
    environment = talkover_mock_server.open_environment()
    yield environment
    environment.close()

def test_passing(mine):
    assert call(mine) == 200

def test_failing(mine):
    assert call(mine) == 500

def test_failing_without_it(talkover_mock):
    assert call(talkover_mock) == 500

def test_unmatched(mine):
    assert call(mine, "/api/v1/nope") == 404

def test_not_unmatched_again(mine):
    assert call(mine) == 200

def test_unmatched_in_one_of_its_own(talkover_mock):
    with talkover_mock.open_environment() as other:
        assert call(other, "/api/v1/nope") == 404

def test_allowed(mine):
    mine.allow_unmatched()
    assert call(mine, "/api/v1/nope") == 404
"""


@pytest.mark.parametrize("where", ["its own", "running"])
def test_an_environment_that_a_test_opened_has_a_report_and_a_check(
    where: str, folder: pytest.Pytester, server: Server
) -> None:
    folder.makepyfile(CALL + OPENED)
    result = run_alone(folder, *(["--talkover-mock-url", server.url] if where == "running" else []))
    result.assert_outcomes(passed=5, failed=2, errors=2)
    [(title, text)] = shown(result, "test_failing").items()
    assert title.startswith("API calls to the mock server, environment-")
    assert text == [f"#2 PATCH {TOGGLE} -> 200"]
    assert list(shown(result, "test_failing_without_it")) == ["API calls to the mock server"]
    assert {heading.rpartition(" ")[2]: text[0] for heading, text in teardowns(result).items()} == {
        "test_unmatched": UNMATCHED,
        "test_unmatched_in_one_of_its_own": UNMATCHED,
    }
    assert UNMATCHED in errors(result)
