"""Checks the payload templates and the custom headers of a fixture for slips that the API takes."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import count
from typing import Any

from talkover_mock.base.headers import HEADER_NAME, NOT_IN_HEADER
from talkover_mock.dialect.events import ALL_EVENTS
from talkover_mock.dialect.placeholders import PLACEHOLDER, hint_at
from talkover_mock.dialect.reasons import Path
from talkover_mock.loading.mistakes import Mistakes, near_or_listed
from talkover_mock.loading.variables import DEEPEST
from talkover_mock.state.records import AGENT_DEFAULTS, Agent, Campaign


def check_events(mistakes: Mistakes, path: Path, templates: Any, events: Sequence[str]) -> None:
    """Adds a mistake for a template of an unknown event."""
    for event in templates if type(templates) is dict else ():
        if event not in events:
            near = near_or_listed(event, events)
            mistakes.add((*path, event), f"unknown event{near}")


Keys = Mapping[str, Collection[str]]
"""The keys of a webhook's owners that placeholders can name, by the kind of the owner."""


def keys_of_owners(owner: Agent | Campaign, agents: Mapping[str, Agent]) -> Keys:
    """The keys of the agent, and of the campaign where one owns the webhook; `agents` has a campaign's agent."""
    if isinstance(owner, Agent):
        return {"agent": owner.full()}
    agent = agents.get(owner.agent_id)
    return {"agent": agent.full() if agent else AGENT_DEFAULTS, "campaign": owner.full()}


def check_templates(
    mistakes: Mistakes, path: Path, templates: Any, listed: Collection[str] | None, keys: Callable[[], Keys]
) -> None:
    """Adds a mistake for each placeholder that names nothing, and for a template of an event that is not `listed`."""
    owners = keys()
    for event, template in templates.items() if type(templates) is dict else ():
        if event not in ALL_EVENTS:
            continue
        if listed is not None and event not in listed:
            mistakes.add((*path, event), "the webhook does not list this event, so that its template is never used")
        check_placeholders(mistakes, (*path, event), template, owners)


def check_placeholders(mistakes: Mistakes, path: Path, template: Any, owners: Keys, more: Collection[str] = ()) -> None:
    """Adds a mistake for each placeholder that names nothing; `more` are names beside those of every template."""
    if isinstance(template, str):
        for name in PLACEHOLDER.findall(template) if "{{" in template else ():
            hint = hint_at(name, owners, more)
            if hint:
                mistakes.add(path, f"{{{{{name}}}}} names nothing{hint}")
    elif len(path) <= DEEPEST:
        pairs = enumerate(template) if isinstance(template, list) else ()
        for step, each in template.items() if isinstance(template, dict) else pairs:
            check_placeholders(mistakes, (*path, step), each, owners, more)


def check_headers(mistakes: Mistakes, path: Path, given: Any, headers: Iterable[tuple[str, str]]) -> None:
    """Adds a mistake for each header of the webhook at `path` with which no delivery can be sent."""
    for of_entry, (key, value) in zip(given if type(given) is dict else count(), headers or (), strict=False):
        if not HEADER_NAME.fullmatch(key):
            mistakes.add((*path, "custom_headers", of_entry, "key"), "is not a name of a header", key)
        if NOT_IN_HEADER.search(value):
            mistakes.add(
                (*path, "custom_headers", of_entry, "value"), "has a line break or another control character", value
            )
