"""The tables of keys and events in docs/ are those of the code."""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import click
import pytest

from talkover_mock.base.contents import Content
from talkover_mock.cli import conformance, import_, listen, probe
from talkover_mock.deliveries.faults import ACTIONS, DETAILS, MATCH
from talkover_mock.deliveries.probes import PROBES
from talkover_mock.dialect.call_fields import CALL_FIELDS, STATUS_AFTER
from talkover_mock.dialect.events import CAMPAIGN_EVENTS, EVENTS
from talkover_mock.dialect.fields import CAMPAIGN_FIELDS, WEBHOOK_FIELDS
from talkover_mock.dialect.placeholders import OF_PAYLOADS, TIME_FORMS
from talkover_mock.dialect.rules import Field
from talkover_mock.dialect.scenarios import SCENARIOS, STEP_FIELDS
from talkover_mock.dialect.settings import SETTING_FIELDS
from talkover_mock.environments.call_faults import ACTIONS as CALL_ACTIONS
from talkover_mock.environments.call_faults import PRESETS
from talkover_mock.loading.calls import CALL_KEYS
from talkover_mock.loading.campaigns import CAMPAIGN_KEYS
from talkover_mock.loading.reader import AGENT_KEYS, WEBHOOK_KEYS
from talkover_mock.state.records import AGENT_DEFAULTS
from tests.conftest import ROOT


def table(page: str, heading: str, below: str | None = None) -> dict[str, list[str]]:
    """The further cells of the rows under a heading, by the one key that stands in their first cell.

    `below` is a heading of the next level under it; its rows are not those of the heading itself.
    """
    section = under(f"## {heading}", (ROOT / "docs" / page).read_text())
    section = under(f"### {below}", section) if below else section.partition("\n### ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", section, re.MULTILINE)
    found = {key: cells.split(" | ") for key, cells in rows}
    assert len(found) == len(rows)
    return found


def under(heading: str, text: str) -> str:
    """The text under a heading, up to the next one of its level."""
    level = heading.partition(" ")[0]
    [section] = re.findall(rf"^{heading}\n(.*?)(?=^{level} |\Z)", text, re.MULTILINE | re.DOTALL)
    return str(section)


def code(value: object) -> str:
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def options(schema: Mapping[str, Any]) -> list[str]:
    return ["true", "false"] if schema.get("type") == "boolean" else list(schema.get("enum", ()))


def limits(schema: Mapping[str, Any]) -> list[str]:
    return [str(schema[key]) for key in ("minimum", "maximum", "maxLength", "minItems") if key in schema]


WEBHOOKS, SETTINGS = table("fixtures.md", "Webhooks"), table("fixtures.md", "Settings")
CALLS = table("fixtures.md", "Calls")
CAMPAIGNS = table("fixtures.md", "Campaigns")


def test_every_event_with_what_the_api_says_of_it() -> None:
    events = {key: cells for key, cells in table("deliveries.md", "Events").items() if key.startswith("event_")}
    assert list(events.items()) == [(event, [text]) for event, text in EVENTS.items()]


def test_every_probe_with_what_is_expected_and_why() -> None:
    probes = table("deliveries.md", "Examining your receiver")
    assert list(probes.items()) == [(each.name, [each.expected, each.why]) for each in PROBES]


def test_every_option_of_a_probe() -> None:
    text = under("## Examining your receiver", (ROOT / "docs" / "deliveries.md").read_text())
    options = [name for each in probe.command.params if isinstance(each, click.Option) for name in each.opts]
    assert [name for name in options if not re.search(rf"`([\w-]+ \w+ )?{name}[` ]", text)] == []


@pytest.mark.parametrize(
    "command", [conformance.command, import_.command, listen.command], ids=lambda each: str(each.name)
)
def test_every_option_of_the_commands_that_learn(command: click.Command) -> None:
    text = (ROOT / "docs" / "learning.md").read_text()
    options = [name for each in command.params if isinstance(each, click.Option) for name in each.opts]
    by_variable = {"--token": "TALKOVER_MOCK_TOKEN", "--secret": "TALKOVER_MOCK_SECRET"}
    assert [name for name in options if by_variable.get(name, name) not in text] == []


def test_every_key_of_an_agent_with_its_default() -> None:
    agents = table("fixtures.md", "Agents")
    defaults = {key: code(value) for key, value in AGENT_DEFAULTS.items()}
    own = {"id": "generated", "name": "required", "updated_at": "that of `created_at`"}
    expected = {**defaults, **own, "webhooks": "`[]`", "cache_clears": "`0`"}
    assert list(agents) == list(AGENT_KEYS)
    assert {key: default for key, (_, default) in agents.items()} == expected


def test_every_key_of_a_webhook_in_order() -> None:
    assert list(WEBHOOKS) == list(WEBHOOK_KEYS)


def test_every_setting_in_order() -> None:
    assert list(SETTINGS) == [field.name for field in SETTING_FIELDS]


@pytest.mark.parametrize("field", WEBHOOK_FIELDS, ids=lambda field: field.name)
def test_a_webhooks_limits_and_defaults(field: Field) -> None:
    values, default = WEBHOOKS[field.name]
    assert re.findall(r"\d+", values) == limits(field.schema)
    assert re.findall(r"`(\w+)`", values) == options(field.schema)
    assert default == ("required" if field.required else code(field.default))


def test_every_key_of_a_call_in_order() -> None:
    assert list(CALLS) == list(CALL_KEYS)


@pytest.mark.parametrize("field", CALL_FIELDS, ids=lambda field: field.name)
def test_a_calls_options_and_defaults(field: Field) -> None:
    values, default = CALLS[field.name]
    named = set(re.findall(r"`([\w-]+)`", values))
    assert (named, re.findall(r"\d+", values)) == (
        {*options(field.schema)},
        limits(field.schema) if "minimum" in field.schema else [],
    )
    assert default == ("required" if field.required else code(field.default))


def test_every_key_of_a_campaign_in_order() -> None:
    assert list(CAMPAIGNS) == list(CAMPAIGN_KEYS)


@pytest.mark.parametrize("field", CAMPAIGN_FIELDS, ids=lambda field: field.name)
def test_a_campaigns_options_and_defaults(field: Field) -> None:
    values, default = CAMPAIGNS[field.name]
    assert set(re.findall(r"`([\w-]+)`", values)) == {*options(field.schema)}
    assert default == ("required" if field.required else code(field.default))


def test_every_event_of_a_campaign_is_named() -> None:
    text = under("## Campaigns", (ROOT / "docs" / "fixtures.md").read_text())
    assert [event for event in CAMPAIGN_EVENTS if f"`{event}`" not in text] == []


def test_every_event_that_moves_the_status_of_a_call() -> None:
    moved = {key: status for key, [status] in table("calls.md", "What happens on a call").items()}
    assert moved == {event: code(status) for event, status in STATUS_AFTER.items()}


def test_every_built_in_scenario() -> None:
    shown = {
        name: [(event, float(after)) for event, after in re.findall(r"`(\w+)` ([\d.]+)", steps)]
        for name, [steps] in table("calls.md", "Scenarios").items()
    }
    assert shown == {name: [(step.event, step.after) for step in steps] for name, steps in SCENARIOS.items()}


def test_every_key_of_a_step() -> None:
    steps = table("fixtures.md", "Scenarios")
    assert list(steps) == [field.name for field in STEP_FIELDS]
    for field in STEP_FIELDS:
        assert steps[field.name][-1] == (
            "required" if field.required else code(field.schema.get("default", field.default))
        )


def test_every_placeholder_that_only_payloads_have() -> None:
    text = under("## Payloads", (ROOT / "docs" / "fixtures.md").read_text())
    rows = re.findall(r"^\| `([\w.]+)` \| (?:`([^`]+)`)?", text, re.MULTILINE)
    moment = datetime(2025, 9, 3, 23, 50, 15, tzinfo=timezone.utc)
    written = {f"time.{form}": str(write(moment)) for form, write in TIME_FORMS.items()}
    assert rows == [(name, written.get(name, "")) for name in OF_PAYLOADS]


IN_WORDS = {
    "call_scenario": "none",
    "rate_limit": "the plan's",
    "signature_header": "the scheme's",
    "signature_prefix": "the scheme's",
    "retry_schedule": "1, 2, 4, 8 … 30",
}
"""The defaults of the settings that follow from others."""


@pytest.mark.parametrize("field", SETTING_FIELDS, ids=lambda field: field.name)
def test_the_default_of_a_setting(field: Field) -> None:
    assert (field.default is None) == (field.name in IN_WORDS)
    assert SETTINGS[field.name][-1] == IN_WORDS.get(field.name, code(field.default))


def test_every_action_on_deliveries_with_its_details() -> None:
    found = table("faults.md", "Faults on deliveries")
    assert list(found)[: len(ACTIONS)] == list(ACTIONS)
    named = {action: set(re.findall(r'["`](\w+)["`]', found[action][0])) for action in ACTIONS}
    assert {action: named[action] & {*DETAILS} for action in ACTIONS} == {
        action: {*details} for action, details in ACTIONS.items()
    }


def test_every_key_that_a_fault_on_deliveries_matches() -> None:
    section = under("## Faults on deliveries", (ROOT / "docs" / "faults.md").read_text())
    rows = section.partition("| key of `match` |")[2].partition("\n\n")[0]
    assert tuple(re.findall(r"`(\w+)`(?:,| \|)", rows)) == (*MATCH, *Content._fields)


def test_every_preset_and_action_on_calls() -> None:
    found = table("faults.md", "What it does")
    assert set(re.findall(r"`(\w+)`", found["preset"][0])) == {*PRESETS, "headers"}
    assert tuple(re.findall(r"`(\w+)`: ", found["action"][0])) == CALL_ACTIONS
