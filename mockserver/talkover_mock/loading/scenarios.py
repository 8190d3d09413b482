"""Reads the scenarios of a fixture."""

from typing import Any

from talkover_mock.base.words import near_or_all
from talkover_mock.dialect.reasons import Path
from talkover_mock.dialect.rules import Invalid, fields_of
from talkover_mock.dialect.scenarios import SCENARIOS, STEP_FIELDS, Step
from talkover_mock.loading.mistakes import shown
from talkover_mock.loading.reader import Reader
from talkover_mock.state.names import ID, NAME_TEXT

STEP_KEYS = tuple(field.name for field in STEP_FIELDS)


def read_scenarios(reader: Reader, path: Path, given: Any) -> None:
    """Adds the scenarios; one of a built-in name takes its place."""
    mistakes, places = reader.mistakes, reader.found.scenario_places
    if not isinstance(given, dict):
        return mistakes.add(path, "must be a mapping of names to lists of steps", given)
    for name, steps in given.items():
        if not isinstance(name, str) or not ID.fullmatch(name):
            quotes = mistakes.unquoted(name, ID.fullmatch)
            mistakes.add((*path, name), f"the name must be a string: {NAME_TEXT}", hint=quotes)
        elif name in places:
            source, first = places[name]
            mistakes.add((*path, name), f"is already a scenario: {shown(first)} in {source.file}")
        elif not isinstance(steps, list) or not steps:
            mistakes.add((*path, name), "must be a list of at least one step, such as {after: 4s, event: …}", steps)
        else:
            places[name] = (mistakes.source, (*path, name))
            read = [_step(reader, (*path, name, i), step) for i, step in enumerate(steps)]
            reader.found.scenarios[name] = tuple(step for step in read if step)


def check_scenario(reader: Reader, path: Path, name: str) -> None:
    """Adds a mistake for a name that no scenario has."""
    known = {**SCENARIOS, **reader.scenarios_before, **reader.found.scenarios}
    if name not in known:
        reader.mistakes.add(path, f"no scenario has this name{near_or_all(name, tuple(known))}", name)


def _step(reader: Reader, path: Path, data: Any) -> Step | None:
    if not reader.mistakes.is_mapping(path, data, STEP_KEYS):
        return None
    try:
        values = fields_of(data, STEP_FIELDS)
    except Invalid as invalid:
        reader.mistakes.add_invalid(path, data, invalid, STEP_FIELDS)
        return None
    values["data"] = reader.plain((*path, "data"), values["data"])
    return Step(**values)
