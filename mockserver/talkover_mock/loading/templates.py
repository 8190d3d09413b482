"""Checks the payload templates and the custom headers of a fixture for slips that the API takes."""

from collections.abc import Collection, Iterable, Sequence
from itertools import count
from typing import Any

from talkover_mock.base.headers import HEADER_NAME, NOT_IN_HEADER
from talkover_mock.dialect.events import ALL_EVENTS
from talkover_mock.dialect.placeholders import PLACEHOLDER, hint_at
from talkover_mock.dialect.reasons import Path
from talkover_mock.loading.mistakes import Mistakes, near_or_listed

_DEEPEST = 100


def check_events(mistakes: Mistakes, path: Path, templates: Any, events: Sequence[str]) -> None:
    """Adds a mistake for a template of an unknown event."""
    for event in templates if type(templates) is dict else ():
        if event not in events:
            near = near_or_listed(event, events)
            mistakes.add((*path, event), f"unknown event{near}")


def check_templates(
    mistakes: Mistakes, path: Path, templates: Any, listed: Collection[str] | None, agent_keys: Collection[str]
) -> None:
    """Adds a mistake for each placeholder that names nothing, and for a template of an event that is not `listed`."""
    for event, template in templates.items() if type(templates) is dict else ():
        if event not in ALL_EVENTS:
            continue
        if listed is not None and event not in listed:
            mistakes.add((*path, event), "the webhook does not list this event, so that its template is never used")
        check_placeholders(mistakes, (*path, event), template, agent_keys)


def check_placeholders(
    mistakes: Mistakes, path: Path, template: Any, agent_keys: Collection[str], more: Collection[str] = ()
) -> None:
    """Adds a mistake for each placeholder that names nothing; `more` are names beside those of every template."""
    if isinstance(template, str):
        for name in PLACEHOLDER.findall(template) if "{{" in template else ():
            hint = hint_at(name, agent_keys, more)
            if hint:
                mistakes.add(path, f"{{{{{name}}}}} names nothing{hint}")
    elif len(path) <= _DEEPEST:
        pairs = enumerate(template) if isinstance(template, list) else ()
        for step, each in template.items() if isinstance(template, dict) else pairs:
            check_placeholders(mistakes, (*path, step), each, agent_keys, more)


def check_headers(mistakes: Mistakes, path: Path, given: Any, headers: Iterable[tuple[str, str]]) -> None:
    """Adds a mistake for each header of the webhook at `path` with which no delivery can be sent."""
    for of_entry, (key, value) in zip(given if type(given) is dict else count(), headers or (), strict=False):
        if not HEADER_NAME.fullmatch(key):
            mistakes.add((*path, "custom_headers", of_entry, "key"), "is not a name of a header", key)
        if NOT_IN_HEADER.search(value):
            mistakes.add(
                (*path, "custom_headers", of_entry, "value"), "has a line break or another control character", value
            )
