"""The numbers that options take, as their `type`: what is none is told in words what was expected."""

from collections.abc import Callable

import click

from talkover_mock.base.words import brief


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """Reads a whole number. That one raises BadParameter."""
    expected = f"a whole number, {least} or more" if most is None else f"a number from {least} to {most}"

    def number(text: str) -> int:
        try:
            found = int(text)
        except ValueError:
            found = least - 1
        if found < least or (most is not None and found > most):
            raise click.BadParameter(f"expected {expected} (got {brief(text)})")
        return found

    return number


def port_number(text: str) -> int:
    """Raises BadParameter."""
    return whole(0, 65535)(text)


def seconds(text: str) -> float:
    """Raises BadParameter; how many are too many, the server says."""
    try:
        return float(text)
    except ValueError:
        raise click.BadParameter(f"expected a number of seconds (got {brief(text)})") from None
