"""The settings of a fixture: their rules, and who inherits them."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from talkover_mock.base.shapes.state import Overrides
from talkover_mock.dialect.rules import Invalid
from talkover_mock.dialect.settings import DEFAULTS, SETTING_FIELDS, to_settings
from talkover_mock.loading.fixture import read_fixture
from talkover_mock.loading.mistakes import FixtureError
from tests.support.fixture_documents import source
from tests.support.rows import each_row


def test_the_defaults_are_the_documented_behaviour() -> None:
    assert to_settings({}) == DEFAULTS
    assert (DEFAULTS.plan, DEFAULTS.calls_a_minute, DEFAULTS.enforce_rate_limit) == ("standard", 100, False)
    assert (DEFAULTS.create_status, DEFAULTS.failed_test_status) == (200, 200)
    assert (DEFAULTS.signature_scheme, DEFAULTS.signature_header, DEFAULTS.signature_prefix) == ("hmac", None, None)
    assert (DEFAULTS.retry_schedule, DEFAULTS.delivery_json, DEFAULTS.seed) == (None, "php", 0)
    assert DEFAULTS.payload_envelope is True
    assert DEFAULTS.overrides() == {}


ACCEPTED: Sequence[tuple[str, Any, Any]] = [
    *[("plan", value, value) for value in ("standard", "professional")],
    *[("rate_limit", value, int(value)) for value in (1, 1_000_000, "5", 5.0)],
    *[("enforce_rate_limit", value, True) for value in (True, 1, "1")],
    *[("enforce_rate_limit", value, False) for value in (False, 0, "0")],
    *[("create_status", value, value) for value in (200, 201)],
    *[("failed_test_status", value, value) for value in (200, 422, 502, 599)],
    *[("signature_scheme", value, value) for value in ("hmac", "github", "stripe", "standard", "shopify")],
    *[("signature_header", value, value) for value in ("X-Signature", "a", "_x9", "x" * 100)],
    *[("signature_prefix", value, value) for value in ("sha256=", "é", "x" * 100, "")],
    ("retry_schedule", [0], (0,)),
    ("retry_schedule", [0.5, 1, 86_400], (0.5, 1, 86_400)),
    *[("delivery_json", value, value) for value in ("php", "plain")],
    *[("payload_envelope", value, False) for value in (False, 0, "0")],
    ("payload_envelope", "1", True),
    *[("seed", value, value) for value in (0, 1, 2**63 - 1)],
]


@each_row(("name", "value", "expected"), ACCEPTED)
def test_what_a_setting_may_be(name: str, value: Any, expected: Any) -> None:
    settings = to_settings({name: value})
    found = getattr(settings, name)
    assert found == expected
    assert type(found) is type(expected)
    assert to_settings(settings.overrides()) == settings


@each_row("name", [field.name for field in SETTING_FIELDS])
def test_null_is_the_default(name: str) -> None:
    assert to_settings({name: None}) == DEFAULTS


@pytest.mark.parametrize(
    ("settings", "calls"),
    [({"plan": "professional"}, 1000), ({"rate_limit": 3}, 3), ({"plan": "professional", "rate_limit": 3}, 3)],
)
def test_the_calls_a_minute(settings: dict[str, Any], calls: int) -> None:
    assert to_settings(settings).calls_a_minute == calls


HEADER = "The signature header must be the name of a header: letters, digits and -_."
SCHEDULE = "The retry schedule must be a list of at least one number of seconds."
REFUSED: Sequence[tuple[str, Sequence[Any], Sequence[str]]] = [
    ("plan", ("Standard", "x", 1, ["standard"]), ["The selected plan is invalid."]),
    ("rate_limit", (0, -1, 1_000_001), ["The rate limit must be between 1 and 1000000."]),
    ("rate_limit", (1.5, "abc", [1]), ["The rate limit must be an integer."]),
    ("enforce_rate_limit", ("yes", "true", 2, []), ["The enforce rate limit field must be true or false."]),
    ("create_status", (202, 204, "201", True, 200.0), ["The selected create status is invalid."]),
    ("failed_test_status", (199, 600, 0), ["The failed test status must be between 200 and 599."]),
    ("signature_scheme", ("HMAC", "sha256", 1), ["The selected signature scheme is invalid."]),
    ("signature_header", ("X Signature", "X:Y", "Sïg", "x" * 101, 5, []), [HEADER]),
    ("signature_prefix", (5, [], True), ["The signature prefix must be a string."]),
    ("signature_prefix", ("x" * 101,), ["The signature prefix must not be greater than 100 characters."]),
    ("retry_schedule", ([], 1, "1", {"0": 1}, True), [SCHEDULE]),
    ("delivery_json", ("PHP", "pretty", 1), ["The selected delivery json is invalid."]),
    ("payload_envelope", ("no", 2, []), ["The payload envelope field must be true or false."]),
    ("seed", (-1, "-1"), ["The seed must be between 0 and 9223372036854775807."]),
]
REFUSED_ROWS = [
    pytest.param(name, value, list(texts), id=f"{name}-{str(value)[:20]}")
    for name, values, texts in REFUSED
    for value in values
]


@each_row(("name", "value", "texts"), REFUSED_ROWS)
def test_what_a_setting_may_not_be(name: str, value: Any, texts: list[str]) -> None:
    with pytest.raises(Invalid) as caught:
        to_settings({name: value})
    assert {key: list(found) for key, found in caught.value.entries.items()} == {name: texts}


def test_the_entries_of_a_schedule_are_reported_by_their_place() -> None:
    with pytest.raises(Invalid) as caught:
        to_settings({"retry_schedule": [1, "2", -1, 86_401, True, None, float("nan"), float("inf")]})
    assert caught.value.entries == {
        f"retry_schedule.{i}": [f"The retry_schedule.{i} must be a number of seconds from 0 to 86400."]
        for i in range(1, 8)
    }


def mistakes(document: object) -> list[str]:
    with pytest.raises(FixtureError) as caught:
        read_fixture([source(document)])
    return [str(mistake) for mistake in caught.value.mistakes]


def test_a_fixtures_settings_are_checked_at_their_place() -> None:
    wrong = {"plan": "gold", "rate_limt": 5, "retry_schedule": [1, "x"]}
    assert mistakes({"settings": wrong, "environments": {"staging": {"settings": {"seed": -1}}}}) == [
        "f.json:1: settings.rate_limt: unknown key; did you mean rate_limit?",
        'f.json:1: settings.plan: The selected plan is invalid; expected one of standard, professional (got "gold")',
        "f.json:1: settings.retry_schedule[1]: The retry_schedule.1 must be a number of seconds from 0 to 86400. "
        '(got "x")',
        "f.json:1: environments.staging.settings.seed: The seed must be between 0 and 9223372036854775807. (got -1)",
    ]
    names = ", ".join(field.name for field in SETTING_FIELDS)
    assert mistakes({"settings": [1]}) == [f"f.json:1: settings: must be a mapping with {names} (got [1])"]


CHOSEN = {"plan": "professional", "create_status": 201, "retry_schedule": [0.5, 1]}


def chosen(*documents: object) -> dict[str, Overrides]:
    """What the settings of each environment override."""
    described = read_fixture([source(document) for document in documents])
    return {name: each.baseline.settings.overrides() for name, each in described.items()}


def test_the_default_environments_settings_hold_in_named_ones_that_say_nothing_else() -> None:
    environments = {
        "silent": {},
        "empty": {"settings": {}},
        "null": {"settings": None},
        "other": {"settings": {"plan": "standard", "seed": 7}},
        "forgets": {"settings": {"retry_schedule": None}},
    }
    assert chosen({"settings": CHOSEN, "environments": environments}) == {
        "default": CHOSEN,
        "silent": CHOSEN,
        "empty": CHOSEN,
        "null": CHOSEN,
        "other": {"create_status": 201, "retry_schedule": [0.5, 1], "seed": 7},
        "forgets": {"plan": "professional", "create_status": 201},
    }


def test_a_named_environments_settings_stay_its_own() -> None:
    assert chosen({"environments": {"a": {"settings": CHOSEN}, "b": {}}}) == {"default": {}, "a": CHOSEN, "b": {}}


def test_the_settings_of_several_files_are_laid_over_each_other_also_before_the_default_ones_are_read() -> None:
    first = {"environments": {"staging": {"settings": {"seed": 1}}}, "settings": {"plan": "professional", "seed": 2}}
    second = {"environments": {"staging": {"settings": {"seed": 3}}}, "settings": {"create_status": 201}}
    assert chosen(first, second) == {
        "default": {"plan": "professional", "create_status": 201, "seed": 2},
        "staging": {"plan": "professional", "create_status": 201, "seed": 3},
    }


right_settings = st.fixed_dictionaries(
    {},
    optional={
        "plan": st.sampled_from(["standard", "professional"]),
        "rate_limit": st.none() | st.integers(1, 1_000_000),
        "enforce_rate_limit": st.booleans(),
        "create_status": st.sampled_from([200, 201]),
        "signature_header": st.none() | st.from_regex("[A-Za-z0-9_-]{1,100}", fullmatch=True),
        "retry_schedule": st.none() | st.lists(st.floats(0, 86_400) | st.integers(0, 86_400), min_size=1, max_size=4),
        "seed": st.integers(0, 2**63 - 1),
    },
)


@pytest.mark.slow
@hypothesis_settings(max_examples=60, deadline=None)
@given(right_settings)
def test_what_is_served_gives_the_same_settings_again(given: dict[str, Any]) -> None:
    settings = to_settings(given)
    assert to_settings(settings.overrides()) == settings
