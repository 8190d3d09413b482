"""The payload templates of a fixture: placeholders that name nothing, and events that the webhook does not list."""

import pytest

from talkover_mock.loading.fixture import read_fixture, to_baseline
from talkover_mock.loading.mistakes import FixtureError
from tests.loading.test_fixture_mistakes import HOOK, HOOK_PATH, mistakes_of
from tests.support.fixture_documents import fixture, hook, source
from tests.support.rows import each_row

EXPECTED = "; expected event, timestamp, agent.*, webhook.id, webhook.name, call.* or context.*"


@each_row(
    ("template", "hint"),
    [
        ("{{nope}}", EXPECTED),
        ("a {{ call.idd }} b", "; did you mean call.id?"),
        ("{{call.ID}}", "; did you mean call.id?"),
        ("{{call.durations}}", "; did you mean call.duration?"),
        ("{{call_id}}", "; did you mean call.id?"),
        ("{{evnt}}", "; did you mean event?"),
        ("{{event.name}}", "; did you mean event?"),
        ("{{agent.nam}}", "; did you mean agent.name?"),
        ("{{agent_name}}", "; did you mean agent.name?"),
        ("{{agent.zzz}}", EXPECTED),
        ("{{webhook.secret}}", EXPECTED),
        ("{{contxt.order}}", "; did you mean context?"),
        ("{{timestamp.}}", "; did you mean timestamp?"),
    ],
)
def test_a_placeholder_that_names_nothing(template: str, hint: str) -> None:
    text = HOOK + f"        payload_templates: {{event_action: {{a: [1, '{template}']}}}}\n"
    [mistake] = mistakes_of(text)
    name = template.strip("ab ").strip("{} ")
    assert mistake == f"f:9: {HOOK_PATH}.payload_templates.event_action.a[1]: {{{{{name}}}}} names nothing{hint}"


def test_a_placeholder_at_the_deepest_level() -> None:
    template = '{"a": ' * 99 + '"{{evnt}}"' + "}" * 99
    [mistake] = mistakes_of(HOOK + f"        payload_templates: {{event_action: {template}}}\n")
    assert mistake.endswith(".a.a.a: {{evnt}} names nothing; did you mean event?")


@each_row(
    "template",
    [
        *("{{event}}", "{{timestamp}}", "{{agent}}", "{{agent.id}}", "{{agent.label}}", "{{agent.trainings.0.x}}"),
        *("{{webhook}}", "{{webhook.id}}", "{{webhook.name}}", "{{agent.own.key}}"),
        *(
            "{{call}}",
            "{{call.id}}",
            "{{call.duration}}",
            "{{call.sid}}",
            "{{call.status}}",
            "{{call.direction}}",
            "{{call.id.x}}",
        ),
        *("{{context}}", "{{context.order}}", "{{context.idd}}", "{{ a b }}", "{nope}", "{{}}", "text"),
    ],
)
def test_a_placeholder_that_may_name_something(template: str) -> None:
    webhook = hook(payload_templates={"event_action": template})
    assert read_fixture([source(fixture(webhook, own={"key": 1}))])


CAMPAIGN_EXPECTED = EXPECTED.replace("agent.*", "agent.*, campaign.*")


@each_row(
    ("template", "hint"),
    [
        *(("{{campaign}}", ""), ("{{campaign.id}}", ""), ("{{campaign.budget.eur}}", ""), ("{{agent.own}}", "")),
        ("{{campaign.nam}}", "; did you mean campaign.name?"),
        ("{{campain}}", "; did you mean campaign?"),
        ("{{campaign.zzz}}", CAMPAIGN_EXPECTED),
    ],
)
def test_a_template_of_a_campaigns_webhook_names_the_campaign_and_an_agent_of_a_later_file(
    template: str, hint: str
) -> None:
    webhook = hook(events=["campaign.started"], payload_templates={"campaign.started": {"a": template}})
    campaign = {"id": "c", "name": "C", "agent_id": "a", "webhooks": [webhook], "budget": {"eur": 7}}
    agents = {"agents": [{"id": "a", "name": "A", "own": 1}]}
    try:
        read_fixture([source({"campaigns": [campaign]}), source(agents)])
        found = []
    except FixtureError as error:
        found = [each.text for each in error.mistakes]
    assert found == ([f"{template} names nothing{hint}"] if hint else [])


def test_an_agents_webhook_has_no_campaign_to_name() -> None:
    text = HOOK + "        payload_templates: {event_action: '{{campaign.name}}'}\n"
    [mistake] = mistakes_of(text)
    assert "{{campaign.name}} names nothing; " in mistake


def test_a_template_of_an_event_that_the_webhook_does_not_list() -> None:
    text = (
        HOOK + "        payload_templates:\n          event_action: '{{call.id}}'\n          event_recording: '{{x}}'\n"
    )
    path = f"f:11: {HOOK_PATH}.payload_templates.event_recording"
    assert mistakes_of(text) == [
        f"{path}: the webhook does not list this event, so that its template is never used",
        f"{path}: {{{{x}}}} names nothing{EXPECTED}",
    ]


def test_events_that_are_wrong_are_the_only_mistake() -> None:
    document = fixture(hook(events=[], payload_templates={"event_action": "{{call.id}}"}))
    with pytest.raises(FixtureError) as caught:
        read_fixture([source(document)])
    assert [mistake.path for mistake in caught.value.mistakes] == [f"{HOOK_PATH}.events"]


def test_state_keeps_whatever_the_api_took() -> None:
    document = fixture(hook(payload_templates={"event_action": "{{nope}}", "event_recording": "{{call.idd}}"}))
    assert to_baseline(source(document)).webhooks
