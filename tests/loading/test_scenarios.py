"""The scenarios of fixtures: what may stand there, what is a mistake and where, and that they are part of the state."""

from typing import Any

import pytest

from talkover_mock.dialect.scenarios import SCENARIOS
from talkover_mock.loading.files import parse
from talkover_mock.loading.fixture import read_fixture, to_baseline
from talkover_mock.loading.mistakes import FixtureError
from talkover_mock.loading.writer import to_document
from talkover_mock.state.store import State
from tests.support.fixture_documents import served, source
from tests.support.rows import each_row

STARTED, ENDED = "event_phone_call_started", "event_phone_call_ended"
STEP: dict[str, Any] = {"event": STARTED}


def fixture(*steps: Any, **more: Any) -> dict[str, Any]:
    return {"scenarios": {"mine": list(steps)}, **more}


def mistakes(*documents: object) -> list[str]:
    with pytest.raises(FixtureError) as caught:
        read_fixture([source(each, f"{i}.json") for i, each in enumerate(documents)])
    return [f"{each.path}: {each.text}" for each in caught.value.mistakes]


@each_row(
    ("after", "seconds"),
    [
        (0, 0),
        (4, 4),
        (0.5, 0.5),
        ("4s", 4),
        ("4", 4),
        ("1.5s", 1.5),
        ("500ms", 0.5),
        ("2m", 120),
        ("86400s", 86400),
        (None, 0),
    ],
)
def test_spans_of_time(after: object, seconds: float) -> None:
    [step] = served(fixture({**STEP, "after": after}))["scenarios"]["mine"]
    assert step == {"after": seconds, "event": STARTED}


def test_a_scenario_is_served_as_it_was_given() -> None:
    steps = [
        {"after": 1, "event": STARTED, "data": {"a": [1]}},
        {"after": 0.25, "event": "event_phone_call_did_not_connect", "status": "busy"},
    ]
    document = {"scenarios": {"mine": steps}, "agents": []}
    assert served(document) == document
    assert served(served(document)) == document
    assert served({}) == {"agents": []}, "the built-in ones are no part of it"


TIME = "The after must be a number of seconds from 0 to 86400, or a text such as 4s."
WRONG = [
    ({"scenarios": []}, "scenarios: must be a mapping of names to lists of steps (got [])"),
    (fixture(), "scenarios.mine: must be a list of at least one step, such as {after: 4s, event: …} (got [])"),
    ({"scenarios": {"mine": STEP}}, "scenarios.mine: must be a list of at least one step"),
    ({"scenarios": {"a b": [STEP]}}, "scenarios.a b: the name must be a string: up to 100 letters"),
    (fixture("x"), 'scenarios.mine[0]: must be a mapping with after, event, data, status (got "x")'),
    (fixture({}), "scenarios.mine[0].event: The event field is required; expected one of the 22 values"),
    (
        fixture({"event": "event_phone_call_stated"}),
        "scenarios.mine[0].event: The selected event is invalid; did you mean event_phone_call_started? "
        '(got "event_phone_call_stated")',
    ),
    *(
        (fixture(STEP, {**STEP, "after": after}), f"scenarios.mine[1].after: {TIME} (got {shown})")
        for after, shown in (
            (-1, -1),
            ("-4s", '"-4s"'),
            ("soon", '"soon"'),
            (86401, 86401),
            (True, "true"),
            ("4h", '"4h"'),
        )
    ),
    (fixture({**STEP, "data": 5}), "scenarios.mine[0].data: The data must be an array. (got 5)"),
    (fixture({**STEP, "status": "gone"}), "scenarios.mine[0].status: The selected status is invalid; expected one of"),
    (fixture({**STEP, "delay": 5}), "scenarios.mine[0].delay: unknown key"),
    (
        {"settings": {"call_scenario": "anwsered"}},
        'settings.call_scenario: no scenario has this name; did you mean answered? (got "anwsered")',
    ),
    ({"settings": {"call_scenario": 5}}, "settings.call_scenario: The call scenario must be a string. (got 5)"),
    (
        {"environments": {"a": {"settings": {"call_scenario": "mine"}}, "b": {"scenarios": {"mine": [STEP]}}}},
        "environments.a.settings.call_scenario: no scenario has this name; expected one of answered, no_answer",
    ),
]


@each_row(("document", "text"), WRONG, ids=[text[:60] for _, text in WRONG])
def test_a_mistake_has_its_place(document: object, text: str) -> None:
    [found] = mistakes(document)
    assert found.startswith(text)


def test_a_mistake_has_its_line() -> None:
    text = b"scenarios:\n  mine:\n    - event: event_phone_call_started\n    - event: event_action\n      after: -4s\n"
    with pytest.raises(FixtureError) as caught:
        read_fixture([parse(text, "mine.yaml")])
    assert str(caught.value) == f'mine.yaml:5: scenarios.mine[1].after: {TIME} (got "-4s")'


def test_a_name_stands_once_in_an_environment() -> None:
    expected = ["scenarios.mine: is already a scenario: scenarios.mine in 0.json"]
    assert mistakes(fixture(STEP), fixture(STEP)) == expected
    read_fixture([source({**fixture(STEP), "environments": {"a": fixture(STEP)}})])


def test_the_scenarios_at_the_top_are_those_of_every_environment() -> None:
    own = {"scenarios": {"mine": [{"event": ENDED}], "other": [STEP]}}
    document = {**fixture(STEP), "environments": {"a": {}, "b": own}, "settings": {"call_scenario": "mine"}}
    found = read_fixture([source(document)])
    assert {name: [*each.baseline.scenarios] for name, each in found.items()} == {
        "default": ["mine"],
        "a": ["mine"],
        "b": ["mine", "other"],
    }
    assert [found[name].baseline.scenarios["mine"][0].event for name in "ab"] == [STARTED, ENDED]
    assert found["a"].baseline.settings.call_scenario == "mine"


def test_a_scenario_may_stand_in_a_later_file_or_take_the_place_of_a_built_in_one() -> None:
    found = read_fixture([source({"settings": {"call_scenario": "mine"}}), source(fixture(STEP))])
    assert found["default"].baseline.settings.call_scenario == "mine"
    assert to_baseline(source({"scenarios": {"answered": [STEP]}})).scenarios.keys() == {"answered"} <= SCENARIOS.keys()


def test_a_state_takes_scenarios_and_keeps_those_that_it_has() -> None:
    state = State(to_baseline(source(fixture(STEP))))
    change = source({"scenarios": {"other": [STEP]}, "settings": {"call_scenario": "mine"}})
    state.merge(to_baseline(change, state, state))
    assert list(to_document(state)["scenarios"]) == ["mine", "other"]
    with pytest.raises(FixtureError, match="no scenario has this name"):
        to_baseline(source({"settings": {"call_scenario": "nobodys"}}), state, state)
