"""What arguments and options can be together, and how they are read."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click

from talkover_mock.base.words import brief


def refuse_both(one: str, others: Mapping[str, object]) -> None:
    """For what contradicts the option `one`, which is given; of `others` None is not given. Raises UsageError."""
    for other, value in others.items():
        if value is not None:
            raise click.UsageError(f"{one} and {other} contradict each other; give one, or run the command twice")


def pairs(given: Sequence[str]) -> dict[str, str]:
    """`key=value` arguments. Raises UsageError."""
    found = {}
    for each in given:
        key, equals, value = each.partition("=")
        if not (key and equals):
            raise click.UsageError(f"expected key=value, such as status=404 (got {brief(each)})")
        if key in found:
            raise click.UsageError(f"{key} is given twice")
        found[key] = value
    return found


def json_value(name: str, text: str | None) -> Any:
    """The value of an option that is JSON. Raises BadParameter."""
    try:
        return None if text is None else json.loads(text)
    except ValueError as error:
        raise click.BadParameter(f'expected JSON, such as \'{{"id": "call-1"}}\': {error}', param_hint=name) from None
