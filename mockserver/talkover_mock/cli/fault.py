"""`talkover-mock fault`."""

import json
from shlex import quote
from typing import Any

import click

from talkover_mock.base.words import brief, near_or_all, nearest
from talkover_mock.cli._arguments import pairs, refuse_both
from talkover_mock.cli._numbers import whole
from talkover_mock.cli._remote import Remote, against_server
from talkover_mock.environments.faults import ACTIONS, PRESETS

COLUMNS = ("ID", "FAULT", "METHOD", "PATH", "TIMES", "MATCHED", "STRUCK")
_KINDS = (*PRESETS, *ACTIONS, "delay")
_OPTIONS = ("method", "path", "times")
_DETAILS = ("delay_ms", "after", "probability", "seed", "apply")
_DELAY = "`talkover-mock fault delay delay_ms=500`"


@click.command(
    name="fault",
    help=f"""Make the API of a running server fail, or list its faults.

    Without KIND, they are listed. KIND is a preset ({", ".join(PRESETS)}), an action ({", ".join(ACTIONS)}), or delay.
    Details are {", ".join(_DETAILS)}, such as {_DELAY}.
    """,
)
@click.argument("kind", required=False)
@click.argument("details", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--method", metavar="METHOD", help="Only requests with this method.")
@click.option("--path", metavar="PATH", help="Only requests with this path; * stands for anything.")
@click.option("--times", type=whole(1), metavar="N", help="Strike N times, then no more.  [default: always]")
@click.option("--clear", is_flag=True, help="Remove all faults.")
@against_server
def command(
    remote: Remote,
    kind: str | None,
    details: tuple[str, ...],
    method: str | None,
    path: str | None,
    times: int | None,
    clear: bool,
) -> None:
    if clear:
        refuse_both("--clear", {"KIND": kind, "--method": method, "--path": path, "--times": times})
    if kind is None and (method or path or times):
        raise click.UsageError("name the KIND of the fault, such as maintenance; see --help")
    match = {"method": method.upper() if method else None, "path": path}
    spec = {**_spec(kind, _details(details)), "match": match, "times": times} if kind is not None else None
    with remote.client() as client:
        if clear:
            client.clear_faults()
        if spec:
            client.add_fault(**spec)
        faults = client.faults()
    remote.show(faults, COLUMNS, [_row(each) for each in faults], "no faults")


def _spec(kind: str, details: dict[str, Any]) -> dict[str, Any]:
    """What the server is asked for. Raises UsageError."""
    if kind not in _KINDS:
        raise click.UsageError(f"KIND must be one of {', '.join(_KINDS)}{nearest(kind, _KINDS)} (got {brief(kind)})")
    if kind == "delay":
        if not details.get("delay_ms"):
            raise click.UsageError(f"say for how long: {_DELAY}")
        return details
    return {"action" if kind in ACTIONS else "preset": kind, **details}


def _details(given: tuple[str, ...]) -> dict[str, Any]:
    """Raises UsageError for what has an option, or is nothing at all."""
    found = pairs(given)
    for key, value in found.items():
        if key in _OPTIONS:
            raise click.UsageError(f"{key} is an option: --{key} {quote(value)}")
        if key not in _DETAILS:
            raise click.UsageError(f"unknown detail {brief(key)}{near_or_all(key, _DETAILS)}")
    return {key: _value(text) for key, text in found.items()}


def _value(text: str) -> Any:
    """`2`, `0.5` and `true` as such, anything else as text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _row(fault: dict[str, Any]) -> tuple[object, ...]:
    kind = fault["preset"] or fault["action"] or (fault["respond"] and f"respond {fault['respond']['status']}")
    match = fault["match"]
    return (
        fault["id"],
        kind or f"delay {fault['delay_ms']} ms",
        match["method"],
        match["path"],
        fault["times"],
        fault["matched"],
        fault["struck"],
    )
