"""`verify`: whether as many calls or deliveries match as a test expects; a refusal has the text that says why not."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from talkover_mock.admin import search as filters
from talkover_mock.admin.bodies import json_object
from talkover_mock.admin.checks import choice_of, seconds_in, whole_of
from talkover_mock.admin.expectations import Expected
from talkover_mock.admin.lines import gathered, short
from talkover_mock.admin.problems import Problem
from talkover_mock.admin.routes import deliveries, requests
from talkover_mock.admin.routing import Admin
from talkover_mock.admin.search import Log
from talkover_mock.base.history import Found
from talkover_mock.deliveries.log import SKIPPED
from talkover_mock.deliveries.messages import TEST_EVENT
from talkover_mock.environments.environment import Environment
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest
from talkover_mock.web.waiting import Waiting

_OF = ("requests", "deliveries")
_OTHERS = ("times", *filters.BOUNDS, "of")
_MOST = 999_999_999
_MOST_HINTS = 10


def register(admin: Admin) -> None:
    admin.route("POST", "/verify", _verify)


def _verify(request: MockRequest, environment: Environment) -> Answer | Waiting:
    body = json_object(request)
    expected = _expected(body)
    given = [(key, _text(key, value)) for key, value in expected.filters.items()]
    if expected.what == "requests":
        log: Log[Any] = requests.log_of(given, _OTHERS, environment)
        return _judged(expected, log, partial(requests.everything, environment), environment)
    log = deliveries.log_of(given, _OTHERS, request, environment)
    deliveries.refuse_to_count(expected.filters.get("status"))
    return _judged(expected, log, partial(deliveries.everything, environment, body.get("status")), environment)


def _judged(
    expected: Expected, log: Log[Any], everything: Callable[[], Sequence[Mapping[str, Any]]], environment: Environment
) -> Answer | Waiting:
    """What the search for it answers, or after the wait a problem with the nearest items and likely reasons."""

    def judge(found: Found[Any]) -> Answer:
        if found.closed:
            raise Problem(409, "Not as expected", expected.interrupted(), count=found.count)
        if expected.is_met_by(found):
            if expected.most is None or not log.lost:
                return log.answer(None, found)
            raise Problem(409, "Not as expected", expected.unknown(found.count, log.lost), count=found.count)
        hints = [*_hints(expected, found.count, environment), *expected.lost(log.lost)]
        text = expected.unmet(found.count, everything(), hints)
        raise Problem(409, "Not as expected", text, count=found.count)

    most = None if expected.soon else expected.most
    return filters.answer_found(log.history, filters.Search(log.matches, expected.least, most, expected.wait), judge)


def _expected(body: Mapping[str, Any]) -> Expected:
    """What a body expects: without numbers, at least one. Raises Problem 422."""
    what = choice_of(body, "of", _OF) or _OF[0]
    times, least, most = (whole_of(body, key, None, most=_MOST) for key in ("times", "min", "max"))
    wait = seconds_in(body.get("wait"), "wait")
    asked = {key: value for key, value in body.items() if key not in _OTHERS and value is not None}
    if times is not None and (least is not None or most is not None):
        raise Problem(422, "Bad count", "give times, or min and max, not both")
    filters.check_bounds(least, most)
    if times is not None:
        return Expected(what, asked, times, times, wait, soon=times > 0)
    return Expected(what, asked, 1 if least is None and most is None else least, most, wait)


def _text(key: str, value: Any) -> str:
    """The value of a filter as a query string has it."""
    return short(value) if key != "json" else short([value])[1:-1]


def _hints(expected: Expected, count: int, environment: Environment) -> Sequence[str]:
    """Likely reasons for too few deliveries: webhooks that were skipped, and a clock that stands still."""
    if expected.what != "deliveries" or count >= (expected.least or 0):
        return ()
    asked = expected.filters
    hints = [] if count or asked.get("status") == SKIPPED else list(_skipped(asked, environment))[-_MOST_HINTS:]
    if environment.clock.is_frozen:
        hints.append("the clock is frozen: advance it to send what falls due")
    return hints


def _skipped(asked: Mapping[str, Any], environment: Environment) -> Sequence[str]:
    """The webhooks that the events asked for have skipped."""

    def is_asked(key: str, value: str | None) -> bool:
        return asked.get(key) in (None, value) or (key == "event" and asked[key] == TEST_EVENT)

    return gathered(
        f"webhook {webhook.id} was skipped: {reason}"
        for emitted in environment.deliveries.events.all()
        if is_asked("agent_id", emitted.occurrence.agent_id)
        and is_asked("campaign_id", emitted.occurrence.campaign_id)
        and is_asked("event", emitted.occurrence.event)
        and is_asked("event_id", emitted.occurrence.id)
        for webhook, reason in emitted.skipped
        if is_asked("webhook_id", webhook.id)
    )
