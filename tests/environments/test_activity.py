"""An environment's calls, deliveries and skipped events as one list: its order, pages, counts, rows and changes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient

from talkover_mock.base import changes as changes_module
from talkover_mock.base import history as history_module
from talkover_mock.base.clock import Clock
from talkover_mock.base.signals import Signal
from talkover_mock.client import MockServer
from talkover_mock.deliveries.faults import DeliveryFault
from talkover_mock.deliveries.sharing import Sharing
from talkover_mock.environments import activity as activity_module
from talkover_mock.environments import journal as journal_module
from talkover_mock.environments.activity import VIEWS, Activity, DeliveryRow, Page, Row, SkippedRow
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.faults import Limits
from talkover_mock.environments.world import World
from talkover_mock.loading.fixture import DEFAULT, EnvironmentFixture, read_fixture
from talkover_mock.loading.mistakes import Source
from talkover_mock.receiver import WebhookReceiver
from talkover_mock.state.store import Baseline
from talkover_mock.web.server import Server
from tests.environments.test_journal import exchange
from tests.support.documented import AGENT, TOKEN, WEBHOOK, WEBHOOK_PATH
from tests.support.faulty import RESET, WAIT, add_fault, until
from tests.support.stories import ENDED, MOMENT, OTHER, STARTED, attempts, emit, hook
from tests.support.turns import every_turn

NOWHERE = "/api/v1/agents/nobody"
UNKNOWN_IDS = ("request-9", "delivery-9", "event-9", "delivery-x", "event-0", "request-", "nothing", "", "delivery-²")


@pytest.fixture
def world(open_world: Callable[..., World], receiver: WebhookReceiver) -> World:
    """Two webhooks that list the same event, of which the second is disabled, on a frozen clock."""
    world = open_world(hook(receiver.url), hook(receiver.url, OTHER, enabled=False), most_kept=20)
    world.default.freeze(MOMENT)
    return world


@pytest.fixture
def environment(world: World) -> Environment:
    return world.default


@pytest.fixture
def activity(environment: Environment) -> Activity:
    return environment.activity


def call(http: FlaskClient, path: str = WEBHOOK_PATH) -> int:
    return http.get(path, headers=TOKEN).status_code


def told(rows: list[Row] | tuple[Row, ...]) -> list[str]:
    return [f"{row.kind} {row.status}" for row in rows]


def all_told(activity: Activity) -> list[str]:
    return told([*activity.rows().rows])


def page_of(activity: Activity, most: int, *view: Any, **wanted: Any) -> Page:
    """A page of so many rows at most."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(activity_module, "PAGE_ROWS", most)
        return activity.rows(*view, **wanted)


def ids_of(activity: Activity, view: object = "all", before: int | None = None) -> list[str]:
    page = page_of(activity, 3, view, before=before)
    return [row.id for row in page.rows]


def test_rows_are_in_order_of_arrival_whatever_the_clock_shows(
    http: FlaskClient, environment: Environment, activity: Activity
) -> None:
    call(http)
    emit(environment)
    environment.freeze(MOMENT - timedelta(days=1))
    call(http, NOWHERE)
    emit(environment, ENDED)
    assert all_told(activity) == [
        "skipped skipped",
        "request 404",
        "delivery success",
        "skipped skipped",
        "request 200",
    ]
    arrivals = [row.arrival for row in activity.rows().rows]
    assert arrivals == sorted(set(arrivals), reverse=True)
    assert activity.rows().rows[0].moment < activity.rows().rows[-1].moment


def test_all_attempts_of_an_event_at_a_webhook_are_one_row_in_the_place_of_the_first(
    http: FlaskClient, environment: Environment, activity: Activity, receiver: WebhookReceiver
) -> None:
    receiver.answer_next(500, 500)
    emit(environment)
    call(http)
    request, first, _ = activity.rows().rows
    assert isinstance(first, DeliveryRow)
    assert (first.status, first.is_problem, first.due) == ("retrying", True, MOMENT + timedelta(seconds=1))
    environment.deliveries.advance(10)
    request_again, row, _ = activity.rows().rows
    assert isinstance(row, DeliveryRow)
    assert (request_again, row.id, row.status, row.due) == (request, first.id, "success", None)
    assert [each.status for each in row.attempts] == ["failed", "failed", "success"]
    environment.deliveries.redeliver(row.attempts[0].id)
    environment.deliveries.advance(1)
    again = activity.row(row.id)
    assert isinstance(again, DeliveryRow)
    assert (len(again.attempts), again.attempts[-1].copy_of) == (4, row.attempts[0].id)
    assert activity.counts()["deliveries"] == 2


def test_a_row_is_found_by_its_number_although_another_one_has_an_attempt_of_this_id() -> None:
    logs = [{"id": id, "event": "event_action"} for id in ("3", "2", "1", "nine", "9")]
    webhook = {"name": "W", "webhook_url": "http://hook", "events": ["event_action"], "logs": logs}
    fixture = read_fixture([Source("f", "", {"agents": [{"name": "A", "webhooks": [webhook]}]})])
    environment = Environment("mine", fixture[DEFAULT], Clock(), Sharing(lambda _: None, (), 100))
    rows = environment.activity.rows().rows
    assert len({row.id for row in rows}) == len(logs)
    assert [environment.activity.row(row.id) for row in rows] == rows
    by_id = [environment.activity.row(f"delivery-{id}") for id in ("nine", "9")]
    assert [each.attempts[0].id for each in by_id if isinstance(each, DeliveryRow)] == ["nine", "9"]
    environment.close()


@pytest.mark.parametrize("again", ["redeliver", "replay", "retry"])
def test_a_row_stays_retrying_while_an_attempt_is_due_whatever_is_sent_besides(
    environment: Environment, activity: Activity, receiver: WebhookReceiver, again: str
) -> None:
    receiver.answer_next(500, 500, 500, 200)
    emit(environment)
    environment.deliveries.advance(1)
    row = activity.rows("deliveries").rows[0]
    assert isinstance(row, DeliveryRow)
    first = row.attempts[0].id
    for status in ("failed", "success"):
        if again == "retry":
            environment.deliveries.retry(AGENT, WEBHOOK, first)
        else:
            environment.deliveries.redeliver(first, replay=again == "replay")
        environment.deliveries.advance(0)
        row = activity.rows("deliveries").rows[0]
        assert isinstance(row, DeliveryRow)
        assert (row.attempts[-1].status, row.status, row.due) == (status, "retrying", MOMENT + timedelta(seconds=3))
        assert activity.outcome_of(WEBHOOK) == "retrying"
        assert activity.counts()["problems"] == len(activity.rows("problems").rows) == 2
    environment.deliveries.advance(5)
    assert activity.rows("deliveries").rows[0].status == "success"
    assert activity.counts()["problems"] == 1


def test_the_counts_of_the_views_are_those_of_their_rows(
    http: FlaskClient, environment: Environment, activity: Activity, receiver: WebhookReceiver
) -> None:
    assert activity.counts() == dict.fromkeys(VIEWS, 0)
    receiver.answer_next(500)
    emit(environment)
    emit(environment, ENDED)
    call(http)
    call(http, NOWHERE)
    assert activity.counts() == {"all": 5, "requests": 2, "deliveries": 3, "problems": 4}
    for _ in range(3):
        for view in VIEWS:
            page = activity.rows(view)
            assert (page.total, len(page.rows)) == (activity.counts()[view], activity.counts()[view])
        environment.deliveries.advance(10)
    assert activity.counts()["problems"] == 3, "the retry was successful"


def test_the_counts_stay_those_of_the_rows_whatever_is_dropped_and_cleared(
    http: FlaskClient, environment: Environment, activity: Activity, receiver: WebhookReceiver
) -> None:
    def agree() -> bool:
        rows = [*page_of(activity, 1000).rows]
        kinds = [row.kind for row in rows]
        requests, others = kinds.count("request"), len(kinds) - kinds.count("request")
        problems = sum(row.is_problem for row in rows)
        counted = {"all": len(rows), "requests": requests, "deliveries": others, "problems": problems}
        return activity.counts() == counted

    receiver.answer_next(500, 200, 500)
    for number in range(30):
        emit(environment, (STARTED, ENDED)[number % 2])
        call(http, (WEBHOOK_PATH, NOWHERE)[number % 2])
        assert agree()
        if number % 7 == 0:
            environment.deliveries.advance(10)
            assert agree()
    kept = activity.counts()
    assert kept["requests"] == 20
    dropped = activity.dropped()
    assert (dropped["requests"], dropped["deliveries"]) == (10, 45 - kept["deliveries"])
    assert dropped["all"] == dropped["requests"] + dropped["deliveries"]
    environment.deliveries.clear()
    assert agree()
    assert (activity.counts()["deliveries"], activity.dropped()["deliveries"]) == (0, 0)
    environment.journal.clear()
    assert (activity.counts()["all"], activity.counts()["problems"]) == (0, 0)
    emit(environment)
    call(http, NOWHERE)
    environment.reset()
    assert activity.counts() == dict.fromkeys(VIEWS, 0)


def test_a_delivery_that_waits_stays_when_the_others_are_cleared(environment: Environment, activity: Activity) -> None:
    environment.faults.add(DeliveryFault("delay", delay_seconds=60), Limits(times=1))
    environment.deliveries.emit(AGENT, STARTED)
    environment.deliveries.clear()
    [row] = activity.rows().rows
    assert isinstance(row, DeliveryRow)
    assert (row.status, row.due, activity.counts()["problems"]) == ("pending", MOMENT + timedelta(seconds=60), 1)
    emit(environment)
    assert activity.outcome_of(WEBHOOK) == "success"
    environment.deliveries.clear()
    assert activity.outcome_of(WEBHOOK) == "pending"
    environment.deliveries.advance(60)
    environment.deliveries.clear()
    assert (activity.outcome_of(WEBHOOK), activity.counts()["all"]) == (None, 0)


def test_the_rows_keep_their_order_when_the_others_are_cleared(
    environment: Environment, activity: Activity, receiver: WebhookReceiver
) -> None:
    receiver.answer_next(500)
    emit(environment)
    environment.faults.add(DeliveryFault("delay", delay_seconds=60), Limits(times=2))
    environment.deliveries.emit(AGENT, STARTED)
    environment.deliveries.advance(5)
    assert [each.attempt for each in attempts(environment)] == [1, 1, 2], "the row of the latest attempt is older"
    before = [row.id for row in activity.rows("deliveries").rows if row.kind == "delivery"]
    environment.deliveries.clear()
    page = page_of(activity, 1, "deliveries")
    assert [row.id for row in (*page.rows, *activity.rows("deliveries", before=page.older).rows)] == before


def test_a_row_that_a_retry_kept_longer_than_the_latest_row_is_cleared_too(
    environment: Environment, activity: Activity, receiver: WebhookReceiver
) -> None:
    receiver.answer_next(500)
    emit(environment)
    emit(environment)
    environment.deliveries.advance(10)
    assert [each.attempt for each in attempts(environment)] == [1, 1, 2]
    assert environment.deliveries.clear() == 3
    assert not activity.rows("deliveries").rows


def test_a_row_whose_attempts_were_all_dropped_comes_anew_with_its_next_attempt(
    environment: Environment, activity: Activity, receiver: WebhookReceiver
) -> None:
    receiver.answer_next(500)
    emit(environment)
    [first] = [row for row in activity.rows().rows if row.kind == "delivery"]
    for _ in range(20):
        emit(environment)
    assert activity.row(first.id) is None
    environment.deliveries.advance(10)
    newest = activity.rows("deliveries").rows[0]
    assert isinstance(newest, DeliveryRow)
    assert ([each.attempt for each in newest.attempts], newest.status) == ([2], "success")
    assert newest.arrival > first.arrival


def test_an_older_page_stays_what_it_is_while_rows_arrive(http: FlaskClient, activity: Activity) -> None:
    for _ in range(8):
        call(http)
    page = page_of(activity, 3, "requests")
    assert (ids_of(activity), page.first, page.total, page.newer) == (
        ["request-8", "request-7", "request-6"],
        1,
        8,
        None,
    )
    second = page_of(activity, 3, "requests", before=page.older)
    call(http)
    again = page_of(activity, 3, "requests", before=page.older)
    assert (second.rows, second.first, again.first, again.total) == (again.rows, 4, 5, 9)
    assert ids_of(activity, before=again.newer) == ["request-8", "request-7", "request-6"]
    assert ids_of(activity, before=page_of(activity, 3, before=again.newer).newer)[0] == "request-9"
    last = page_of(activity, 3, "requests", before=again.older)
    assert ([row.id for row in last.rows], last.older) == (["request-2", "request-1"], None)
    assert last.newer
    assert ids_of(activity, "requests", last.newer) == ["request-5", "request-4", "request-3"]
    assert activity.rows(before=1).rows == []


def test_a_search_says_how_many_rows_match(http: FlaskClient, activity: Activity) -> None:
    for path in (NOWHERE, WEBHOOK_PATH, NOWHERE, NOWHERE):
        call(http, path)
    page = page_of(activity, 2, "all", lambda row: row.status == "404")
    assert (told([*page.rows]), page.total, page.first) == (["request 404"] * 2, 3, 1)
    rest = page_of(activity, 2, "all", lambda row: row.status == "404", before=page.older)
    assert (told([*rest.rows]), rest.total, rest.first, rest.older, rest.newer) == (["request 404"], 3, 3, None, 0)
    assert activity.rows("all", lambda _: False).total == 0


def test_an_event_is_a_row_when_nobody_got_it_or_a_webhook_that_lists_it_is_disabled(
    environment: Environment, activity: Activity
) -> None:
    emit(environment, ENDED)
    [row] = activity.rows().rows
    assert isinstance(row, SkippedRow)
    assert [reason for _, reason in row.emitted.skipped] == ["it does not list the event"] * 2
    emit(environment)
    assert all_told(activity) == ["delivery success", "skipped skipped", "skipped skipped"]
    environment.webhooks.update(AGENT, OTHER, {"events": [ENDED]})
    emit(environment)
    assert all_told(activity)[:2] == ["delivery success", "delivery success"], "a disabled one that does not list it"


def test_a_row_is_found_by_its_id_and_by_that_of_an_attempt_or_an_event(
    http: FlaskClient, environment: Environment, activity: Activity
) -> None:
    call(http)
    emit(environment)
    for row in activity.rows().rows:
        assert activity.row(row.id) == row
    [attempt] = attempts(environment)
    delivery, skipped, _ = activity.rows().rows
    assert activity.row(f"delivery-{attempt.id}") == delivery
    assert activity.row(f"event-{attempt.occurrence.id}") == skipped
    assert activity.of_event(attempt.occurrence.id) == ([delivery], getattr(skipped, "emitted", None))
    assert activity.of_event("nobody's") == ([], None)
    assert [activity.row(id) for id in UNKNOWN_IDS] == [None] * len(UNKNOWN_IDS)


def test_the_latest_outcome_of_a_webhook(
    environment: Environment, activity: Activity, receiver: WebhookReceiver
) -> None:
    assert (activity.outcome_of(WEBHOOK), activity.outcome_of("nobody's")) == (None, None)
    receiver.answer_next(500)
    emit(environment)
    assert (activity.outcome_of(WEBHOOK), activity.outcome_of(OTHER)) == ("retrying", None)
    environment.deliveries.advance(10)
    assert activity.outcome_of(WEBHOOK) == "success"
    environment.webhooks.update(AGENT, WEBHOOK, {"webhook_url": "https://example.com/"})
    emit(environment)
    assert (activity.outcome_of(WEBHOOK), all_told(activity)[0]) == ("captured", "delivery captured")
    environment.deliveries.clear()
    assert activity.outcome_of(WEBHOOK) is None


def test_a_test_of_a_webhook_is_a_row_when_it_has_ended(
    http: FlaskClient, environment: Environment, activity: Activity
) -> None:
    environment.deliveries.test(AGENT, WEBHOOK)
    call(http)
    assert all_told(activity) == ["request 200", "delivery success"]


@pytest.mark.parametrize(
    "change",
    [
        lambda http: http.get(WEBHOOK_PATH, headers=TOKEN),
        lambda http: http.post("/__admin/events", json={"agent_id": AGENT, "event": STARTED}),
        lambda http: http.put("/__admin/clock", json={}),
        lambda http: http.delete("/__admin/clock"),
        lambda http: http.post("/__admin/clock/advance", json={"seconds": 1}),
        lambda http: add_fault(http, preset="maintenance"),
        lambda http: http.put("/__admin/snapshots/mine"),
        lambda http: http.patch("/__admin/state", json={"agents": [{"id": AGENT, "name": "Other"}]}),
        lambda http: http.delete("/__admin/requests"),
        lambda http: http.post(RESET),
    ],
)
def test_the_version_grows_with_every_change_and_wakes_those_who_wait(
    http: FlaskClient, activity: Activity, change: Callable[[FlaskClient], object]
) -> None:
    version = activity.version
    signal = activity.changed_after(version)
    assert not signal.is_set
    http.get("/__admin/state")
    assert (signal.is_set, activity.version) == (False, version), "reading changes nothing"
    change(http)
    assert signal.is_set
    assert activity.version > version
    assert activity.changed_after(version).is_set


def test_a_retry_that_falls_due_and_a_strike_are_changes(
    http: FlaskClient, environment: Environment, activity: Activity, receiver: WebhookReceiver
) -> None:
    receiver.answer_next(500)
    emit(environment)
    before = activity.changed_after(activity.version)
    environment.deliveries.advance(10)
    assert before.is_set
    add_fault(http, preset="maintenance")
    struck = activity.changed_after(activity.version)
    assert call(http) == 503
    assert struck.is_set


def test_a_held_call_keeps_its_place_in_the_list(
    server: Server, mock: MockServer, activity: Activity, environment: Environment
) -> None:
    fault = mock.add_fault("hold", method="GET", times=1)
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(requests.get, server.url + WEBHOOK_PATH, headers=TOKEN, timeout=WAIT)
        mock.wait_for_fault(fault["id"])
        until(lambda: activity.counts()["problems"])
        emit(environment)
        assert (all_told(activity)[-1], activity.counts()["problems"]) == ("request held", 2)
        assert [each["status"] for each in mock.requests(status="held")] == [None]
        assert mock.requests(status="none") == []
        mock.remove_fault(fault["id"])
        assert held.result().status_code == 200
    assert (all_told(activity)[-1], activity.counts()["problems"]) == ("request 200", 1)


def test_the_counts_are_those_of_one_moment_while_a_call_comes() -> None:
    for _, (_, counts) in every_turn(Story, Story.refused, Story.counted, history_module, journal_module):
        assert counts in ((0, 0), (1, 1))


def test_a_page_counts_the_rows_of_one_moment_while_a_call_comes() -> None:
    for _, (page, _) in every_turn(Story, Story.rows, Story.refused, activity_module):
        assert isinstance(page, Page)
        assert (page.total, page.older) == (len(page.rows), None)


def test_no_change_is_missed_that_comes_as_a_wait_begins() -> None:
    for story, (signal, _) in every_turn(Story, Story.waits, Story.refused, changes_module, activity_module):
        assert isinstance(signal, Signal)
        assert (signal.is_set, story.environment.activity.version) == (True, 1)


def test_a_fixture_that_was_edited_is_a_change(world: World, activity: Activity) -> None:
    changed = activity.changed_after(activity.version)
    assert world.follow({DEFAULT: EnvironmentFixture(Baseline(), ())}) == []
    assert changed.is_set


class Story:
    """An environment to which one refused call may come."""

    def __init__(self) -> None:
        fixture = EnvironmentFixture(Baseline(), ())
        self.environment = Environment("mine", fixture, Clock(), Sharing(lambda _: None, (), 100))

    def refused(self) -> None:
        self.environment.journal.record(exchange)

    def counted(self) -> tuple[int, int]:
        counts = self.environment.activity.counts()
        return counts["requests"], counts["problems"]

    def rows(self) -> Page:
        return self.environment.activity.rows()

    def waits(self) -> Signal:
        return self.environment.activity.changed_after(0)
