"""The commands against a running server: what they print, where they go, how they end."""

import json
import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result

from talkover_mock.base.shapes.values import CampaignEvent, Event
from talkover_mock.cli import main
from talkover_mock.client import MockServer
from talkover_mock.dialect.scenarios import SCENARIOS
from tests.support.documented import AGENT, OTHER_AGENT, TOGGLE, UNKNOWN, WEBHOOK, WEBHOOK_IN_ERROR

VERBS = (
    *("clock", "deliveries", "emit", "env", "environments", "fault", "play", "redeliver", "report", "requests"),
    *("reset", "state", "verify"),
)
TEXTS = ("env", "report")
"""The verbs that print a text in a pipe too."""
STARTED: Event = "event_phone_call_started"
COMPLETED: CampaignEvent = "campaign.completed"
ANSWERED = {
    "scenario": "answered",
    "agent_id": "bare",
    "call_id": "c",
    "events": [step.event for step in SCENARIOS["answered"]],
    "seconds": 57,
}
MOMENT = "2026-01-01T00:00:00.000Z"


def run(*arguments: str, **variables: str | None) -> Result:
    """Runs the program in this process, as in a pipe; a traceback fails the test."""
    return CliRunner(env=variables).invoke(main, arguments, catch_exceptions=False, prog_name="talkover-mock")


class Screen(StringIO):
    """A terminal, as far as a program can tell."""

    def isatty(self) -> bool:
        return True


def lines_in_terminal(*arguments: str) -> list[str]:
    with redirect_stdout(Screen()) as screen:
        main.main(arguments, "talkover-mock", standalone_mode=False)
    return screen.getvalue().splitlines()


def toggle(mock: MockServer, webhook: str = WEBHOOK) -> int:
    with requests.Session() as session:
        session.trust_env = False
        path = TOGGLE.replace(WEBHOOK, webhook)
        return session.patch(mock.url + path, headers=mock.headers, timeout=5).status_code


@pytest.fixture
def frozen(mock: MockServer) -> MockServer:
    mock.freeze(MOMENT)
    return mock


def calls(mock: MockServer) -> dict[str, tuple[list[str], object]]:
    """Of each verb a call, and what it prints as JSON."""
    return {
        "state": (["state"], mock.state()),
        "reset": (["reset"], {"environment": "default", "reset": True}),
        "requests": (["requests", "status=404"], mock.requests(status=404)),
        "deliveries": (["deliveries", f"webhook_id={WEBHOOK}"], mock.deliveries()),
        "verify": (["verify", "requests", "status=404"], mock.requests(status=404)),
        "emit": (["emit", "bare", STARTED], []),
        "fault": (["fault"], mock.faults()),
        "play": (["play", "answered", "--agent", "bare", "--call", '{"id": "c"}'], ANSWERED),
        "clock": (["clock"], {"now": MOMENT, "frozen": True}),
        "environments": (["environments"], mock.environments()),
    }


@pytest.mark.slow
@pytest.mark.parametrize("verb", sorted({*VERBS} - {"redeliver", *TEXTS}))  # which gives a new delivery each time
def test_a_pipe_gets_json_and_so_does_a_terminal_that_asks_for_it(verb: str, frozen: MockServer) -> None:
    toggle(frozen)
    toggle(frozen, UNKNOWN)
    frozen.emit(AGENT, STARTED)
    frozen.add_fault("maintenance")
    frozen.merge_state({"agents": [{"id": "bare", "name": "No webhooks"}]})
    arguments, expected = calls(frozen)[verb]
    piped = run(*arguments, "--url", frozen.url)
    beside = "agent bare has no webhooks\n" if verb == "emit" else ""
    assert (piped.exit_code, json.loads(piped.stdout), piped.stderr) == (0, expected, beside)
    printed = "\n".join(lines_in_terminal(*arguments, "--url", frozen.url, "--json"))
    assert printed == piped.stdout.rstrip()


def test_state_is_a_line_for_each_webhook(mock: MockServer) -> None:
    hook: dict[str, Any] = {"id": "w", "name": "One\nline", "webhook_url": "http://xy/1", "events": ["event_action"]}
    off, bad = {"id": "long-id", "name": "Off", "enabled": False}, {"id": "e", "name": "Bad", "status": "error"}
    agent = {"id": "a", "name": "A", "webhooks": [hook, {**hook, **off}, {**hook, **bad}]}
    spring = {"id": "c", "name": "Spring", "agent_id": "a", "webhooks": [{**hook, "id": "wc", "events": [COMPLETED]}]}
    mock.replace_state({"agents": [{"id": "empty", "name": "Empty"}, agent], "campaigns": [spring]})
    assert lines_in_terminal("state", "--url", mock.url) == [
        "OWNER        WEBHOOK  NAME       STATUS    EVENTS  URL",
        "agent empty  -        Empty      -         -       -",
        r"agent a      w        One\nline  active    1       http://xy/1",
        "agent a      long-id  Off        disabled  1       http://xy/1",
        "agent a      e        Bad        error     1       http://xy/1",
        r"campaign c   wc       One\nline  active    1       http://xy/1",
    ]


def test_an_empty_table_says_so(mock: MockServer) -> None:
    mock.replace_state({"agents": []})
    empty = {"state": "no agents", "requests": "no requests", "deliveries": "no deliveries", "fault": "no faults"}
    assert {verb: lines_in_terminal(verb, "--url", mock.url) for verb in empty} == {
        verb: [text] for verb, text in empty.items()
    }


def test_reset_goes_back_to_the_fixture(mock: MockServer) -> None:
    before = mock.state()
    toggle(mock)
    assert lines_in_terminal("reset", "--url", mock.url) == ["reset environment default"]
    assert mock.state() == before


def test_reset_says_which_environment_it_was(mock: MockServer) -> None:
    arguments = ["reset", "--url", mock.url, "--token", "talq_staging"]
    assert lines_in_terminal(*arguments) == ["reset environment staging"]
    assert json.loads(run(*arguments).stdout) == {"environment": "staging", "reset": True}


def test_a_scenario_is_told_with_its_events(frozen: MockServer) -> None:
    options = ["--agent", AGENT, "--call", '{"id": "c"}', "--context", '{"order": 7}', "--url", frozen.url]
    expected = "call c: event_phone_call_started, event_phone_call_did_not_connect, in 31 s"
    assert lines_in_terminal("play", "no_answer", *options) == [expected]
    assert frozen.calls()[0]["context"] == {"order": 7}
    refused = run("play", "no_anwser", "--agent", AGENT, "--url", frozen.url)
    assert (refused.exit_code, "did you mean no_answer?" in refused.stderr) == (2, True)


def test_requests_are_shown_with_the_reason(frozen: MockServer) -> None:
    toggle(frozen)
    toggle(frozen, WEBHOOK_IN_ERROR)
    header, first, second = lines_in_terminal("requests", "--url", frozen.url)
    path = TOGGLE.replace(WEBHOOK, WEBHOOK_IN_ERROR)
    reason = f"webhook {WEBHOOK_IN_ERROR} belongs to agent {OTHER_AGENT}, not to agent {AGENT}"
    assert header.split() == ["#", "AT", "METHOD", "STATUS", "MS", "PATH", "REASON"]
    assert re.fullmatch(rf"1  00:00:00\.000  PATCH   200     \d+\.\d +{TOGGLE}", first)
    assert re.fullmatch(rf"2  00:00:00\.000  PATCH   404     \d+\.\d +{path}  {reason}", second)


def test_filters_are_key_and_value(mock: MockServer) -> None:
    for webhook in (WEBHOOK, UNKNOWN, UNKNOWN):
        toggle(mock, webhook)
    found = run("requests", "status=4xx", "path=*/toggle", "after=2", "--url", mock.url)
    assert [each["number"] for each in json.loads(found.stdout)] == [3]
    found = run("requests", 'headers={"user-agent": "python-requests*"}', "query={}", "after=1", "--url", mock.url)
    assert [each["number"] for each in json.loads(found.stdout)] == [2, 3]


def test_an_event_is_emitted_with_all_that_it_may_carry(frozen: MockServer) -> None:
    toggle(frozen)
    options = ["--call", '{"id": "call-1"}', "--context", '{"order": 7}', "--data", '{"mood": "good"}', "--wait", "9"]
    table = [
        f"AT            EVENT                     WEBHOOK{' ' * 31}ATTEMPT  STATUS    HTTP  MS  "
        f"URL{' ' * 26}FAULT  ERROR",
        f"00:00:00.000  {STARTED}  {WEBHOOK}  1        captured  200   0   https://example.com/webhook  -",
    ]
    assert lines_in_terminal("emit", AGENT, STARTED, *options, "--url", frozen.url)[:2] == table
    assert lines_in_terminal("deliveries", f"event={STARTED}", "--url", frozen.url) == table
    [delivery] = frozen.deliveries()
    assert delivery["request"]
    payload = json.loads(delivery["request"]["body"])
    assert (payload["call_id"], payload["context"], payload["mood"]) == ("call-1", {"order": 7}, "good")


def test_a_failed_attempt_is_not_called_captured(frozen: MockServer) -> None:
    frozen.add_fault("lose_answer", on="deliveries")
    toggle(frozen)
    frozen.emit(AGENT, STARTED)
    [_, row] = lines_in_terminal("deliveries", "--url", frozen.url)
    assert row.split()[3:6] == ["1", "retrying", "200"]


def test_a_webhook_that_is_skipped_by_an_event_is_told_with_the_reason(frozen: MockServer) -> None:
    hook: dict[str, object] = {"webhook_url": "https://example.com", "events": [STARTED]}
    names: dict[str, dict[str, object]] = {"on": {}, "off": {"enabled": False}, "other": {"events": ["event_action"]}}
    webhooks = [{"id": name, "name": name, **hook, **more} for name, more in names.items()]
    frozen.replace_state({"agents": [{"id": "a", "name": "A", "webhooks": webhooks}, {"id": "bare", "name": "B"}]})
    skipped = ["webhook off was skipped: it is disabled", "webhook other was skipped: it does not list the event"]
    url = ["--url", frozen.url]
    assert lines_in_terminal("emit", "a", STARTED, *url)[2:] == skipped
    piped = run("emit", "a", STARTED, *url)
    assert ([each["webhook_id"] for each in json.loads(piped.stdout)], piped.stderr.splitlines()) == (["on"], skipped)
    assert lines_in_terminal("emit", "bare", STARTED, *url) == ["no deliveries", "agent bare has no webhooks"]
    frozen.set_webhook("on", enabled=False)
    nobody = lines_in_terminal("emit", "a", STARTED, *url)
    assert nobody == ["no deliveries", "webhook on was skipped: it is disabled", *skipped]


def test_an_event_is_emitted_at_a_campaign(frozen: MockServer) -> None:
    hook = {"id": "wc", "name": "W", "webhook_url": "https://example.com", "events": [COMPLETED]}
    campaigns = [{"id": "c", "name": "Spring", "agent_id": AGENT, "webhooks": [hook]}]
    frozen.merge_state({"campaigns": [*campaigns, {"id": "bare", "name": "Autumn", "agent_id": AGENT}]})
    emitted = json.loads(run("emit", "--campaign", "c", COMPLETED, "--url", frozen.url).stdout)
    assert [(each["campaign_id"], each["event"]) for each in emitted] == [("c", COMPLETED)]
    found = json.loads(run("deliveries", "campaign_id=c", "--url", frozen.url).stdout)
    assert found == emitted
    bare = lines_in_terminal("emit", COMPLETED, "--campaign", "bare", "--url", frozen.url)
    assert bare == ["no deliveries", "campaign bare has no webhooks"]


def test_a_delivery_is_sent_again(frozen: MockServer) -> None:
    toggle(frozen)
    [first] = frozen.emit(AGENT, STARTED)
    url = ["--url", frozen.url]
    again = json.loads(run("redeliver", first["id"], *url).stdout)
    assert (again["copy_of"], again["status"]) == (first["id"], "success")
    frozen.advance(60)
    header, line = lines_in_terminal("redeliver", first["id"], "--replay", "--wait", "9", *url)
    assert (header.split()[:2], line.split()[0]) == (["AT", "EVENT"], "00:01:00.000")
    assert [each["request"] for each in frozen.deliveries()] == [first["request"]] * 3
    refused = run("redeliver", "nope", *url)
    assert (refused.exit_code, refused.stderr) == (
        2,
        'Error: 404 No such delivery: no delivery that is kept has the id "nope"\n',
    )


def test_faults_are_added_counted_and_removed(mock: MockServer) -> None:
    url = ["--url", mock.url]
    run("fault", "maintenance", "after=1", "--method", "patch", "--path", "*/toggle", "--times", "1", *url)
    run("fault", "connection_reset", "probability=0", "apply=true", "seed=7", *url)
    assert [toggle(mock) for _ in range(3)] == [200, 503, 200]
    assert lines_in_terminal("fault", "delay", "delay_seconds=0.005", *url) == [
        "ID       FAULT             STRIKES         TIMES  MATCHED  STRUCK",
        "fault-1  maintenance       PATCH */toggle  1      3        1",
        "fault-2  connection_reset  any call        -      2        0",
        "fault-3  delay 0.005 s     any call        -      0        0",
    ]
    [chance] = [each for each in mock.faults() if each["on"] == "calls" and each["action"]]
    assert (chance["probability"], chance["apply"], chance["seed"]) == (0, True, 7)
    run("fault", "rate_limited", 'headers={"Retry-After": "0"}', "--path", "*/nothing", *url)
    assert mock.faults()[-1].get("headers") == {"Retry-After": "0"}
    run("fault", "--remove", "fault-4", *url)
    mock.add_fault(respond={"status": 418})
    assert lines_in_terminal("fault", *url)[-1] == "fault-5  respond 418       any call        -      0        0"
    left = json.loads(run("fault", "--remove", "fault-2", *url).stdout)
    assert [each["id"] for each in left] == ["fault-1", "fault-3", "fault-5"]
    assert (run("fault", "--remove", *url).stdout, mock.faults()) == ("[]\n", [])
    shown = lines_in_terminal("fault", "maintenance", 'json={"enabled": true}', 'query={"a": "1"}', *url)[-1]
    assert ' json={"enabled": true} query={"a": "1"} ' in shown


def test_faults_on_deliveries_are_added_with_their_match_and_details(mock: MockServer) -> None:
    url = ["--url", mock.url]
    on = ["--on", "deliveries"]
    run("fault", "lose_answer", "event=*_ended", "attempt=1", "after=1", "--times", "1", *on, *url)
    run("fault", "repeat", "copies=2", "together=true", f"webhook_id={WEBHOOK}", *on, *url)
    assert lines_in_terminal("fault", "delay", "delay_seconds=2.5", "url=http://7*", *on, *url) == [
        "ID       FAULT                     STRIKES                                          TIMES  MATCHED  STRUCK",
        "fault-1  lose_answer               event=*_ended attempt=1                          1      0        0",
        f"fault-2  repeat copies=2 together  webhook_id={WEBHOOK}  -      0        0",
        "fault-3  delay delay_seconds=2.5   url=http://7*                                    -      0        0",
    ]
    refused = run("fault", "skewed", *on, *url)
    assert (refused.exit_code, "seconds must be a number of seconds" in refused.stderr) == (2, True)


def test_the_clock_is_frozen_advanced_and_unfrozen(mock: MockServer) -> None:
    table = ["NOW                       FROZEN", "2026-01-01T00:00:01.500Z  yes"]
    arguments = ["clock", "--freeze", "2026-01-01T00:00:00Z", "--advance", "1.5", "--url", mock.url]
    assert lines_in_terminal(*arguments) == table
    assert lines_in_terminal("clock", "--freeze", "--url", mock.url) == table
    mock.merge_state({"agents": [{"id": AGENT, "webhooks": [{"id": WEBHOOK, "enabled": True}]}]})
    mock.add_fault("delay", on="deliveries", delay_seconds=60)
    mock.emit(AGENT, "event_phone_call_started")
    assert lines_in_terminal("clock", "--settle", "--url", mock.url)[1] == "2026-01-01T00:01:01.500Z  yes"
    assert json.loads(run("clock", "--unfreeze", "--url", mock.url).stdout)["frozen"] is False


def test_environments_are_listed_opened_and_closed(mock: MockServer) -> None:
    url = ["--url", mock.url]
    opened = json.loads(run("environments", "--open", "mine", *url).stdout)
    assert (list(opened), opened["name"]) == (["name", "token"], "mine")
    assert lines_in_terminal("environments", *url) == [
        "NAME        STATE    TOKENS                  AGENTS  ERRORS  TITLE",
        "default     fixture  any                     3       0",
        "staging     fixture  ta***                   1       0",
        "production  fixture  talq_***on, talq_***nd  1       0",
        f"mine        open     {opened['token'][:5]}***{opened['token'][-2:]}              3       0",
    ]
    mock.mark_environment("mine")
    assert re.fullmatch("mine +failed, kept +talq_.*", lines_in_terminal("environments", *url)[-1])
    closed = json.loads(run("environments", "--close", "mine", *url).stdout)
    assert [each["name"] for each in closed] == ["default", "staging", "production"]
    assert re.fullmatch(r"other  talq_[0-9a-f]{24}", lines_in_terminal("environments", "--open", "other", *url)[1])
    assert [each["name"] for each in mock.environments()] == ["default", "staging", "production", "other"]
    found = json.loads(run("environments", "--find", "THE", *url).stdout)
    assert [each["name"] for each in found] == ["other"]
    assert lines_in_terminal("environments", "--find", "x\n", *url) == [
        'no environment has "x\\n" in its name or title'
    ]
    with mock.open_environment("titled", title="a test\x1b[31m\u202e\nü"):
        titled = lines_in_terminal("environments", "--find", "titled", *url)[1]
    assert titled.endswith(r"  a test\u001b[31m\u202e\nü")


@pytest.fixture
def mine(mock: MockServer) -> Iterator[MockServer]:
    """An environment of its own, in which everything has happened once."""
    hook = {"id": "w", "name": "W", "webhook_url": "https://example.com", "events": [STARTED]}
    fixture = {"agents": [{"id": OTHER_AGENT, "name": "Mine", "webhooks": [hook]}]}
    with mock.open_environment("mine", "talq_mine", fixture=fixture) as mine:
        mine.freeze(MOMENT)
        mine.emit(OTHER_AGENT, STARTED)
        mine.add_fault("maintenance")
        toggle(mine)
        yield mine


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["state", "requests", "deliveries", "fault", "clock"])
def test_the_token_chooses_the_environment_that_is_shown(verb: str, mock: MockServer, mine: MockServer) -> None:
    flag = run(verb, "--url", mock.url, "--token", "talq_mine", TALKOVER_MOCK_TOKEN="talq_staging")
    variable = run(verb, "--url", mock.url, TALKOVER_MOCK_TOKEN="talq_mine")
    shown = {"state": mine.state(), "requests": mine.requests(), "deliveries": mine.deliveries()}
    expected = {**shown, "fault": mine.faults(), "clock": mine.clock()}[verb]
    assert json.loads(flag.stdout) == json.loads(variable.stdout) == expected
    assert json.loads(run(verb, "--url", mock.url).stdout) != expected


def test_the_token_chooses_the_environment_that_is_changed(mock: MockServer, mine: MockServer) -> None:
    before = mock.state()
    options = ["--url", mock.url, "--token", "talq_mine"]
    [delivery] = json.loads(run("emit", OTHER_AGENT, STARTED, *options).stdout)
    assert delivery == mine.deliveries()[-1]
    copied = json.loads(run("environments", "--open", "copy", *options).stdout)
    with MockServer(mock.url, copied["token"]) as copy:
        assert [agent["name"] for agent in copy.state()["agents"]] == ["Mine"]
    for arguments in (["clock", "--unfreeze"], ["fault", "--remove"], ["reset"]):
        assert run(*arguments, *options).exit_code == 0
    assert (mine.clock()["frozen"], mine.faults(), mine.requests(), mine.deliveries()) == (False, [], [], [])
    assert (mock.state(), mock.deliveries()) == (before, [])
