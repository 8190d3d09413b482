"""`talkover-mock fault`."""

import json
from shlex import quote
from typing import Any

import click

from talkover_mock.base.words import brief, near_or_all, nearest
from talkover_mock.cli._options import BARE, pairs, refuse_both, whole
from talkover_mock.cli._remote import Remote, against_server
from talkover_mock.client.faults import fault_answer
from talkover_mock.environments.faults import ACTIONS, PRESETS

COLUMNS = ("ID", "FAULT", "METHOD", "PATH", "TIMES", "MATCHED", "STRUCK")
_KINDS = (*PRESETS, *ACTIONS, "delay")
_OPTIONS = ("method", "path", "times")
_DETAILS = ("delay_seconds", "after", "probability", "seed", "apply")
_DELAY = "`talkover-mock fault delay delay_seconds=0.5`"


@click.command(
    name="fault",
    help=f"""Add, list or remove faults of a running server.

    A fault makes the API fail. Without KIND, the faults are listed. KIND is a preset ({", ".join(PRESETS)}), an action
    ({", ".join(ACTIONS)}), or delay.
    Details are {", ".join(_DETAILS)}, such as {_DELAY}.
    """,
)
@click.argument("kind", required=False)
@click.argument("details", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--method", metavar="METHOD", help="Only requests with this method.")
@click.option("--path", metavar="PATH", help="Only requests with this path; * stands for anything.")
@click.option("--times", type=whole(1), metavar="N", help="Strike N times, then no more.  [default: always]")
@click.option(
    "--remove",
    is_flag=False,
    flag_value=BARE,
    metavar="[ID]",
    help="Remove the fault with this id; without ID, all faults.",
)
@against_server
def command(
    remote: Remote,
    kind: str | None,
    details: tuple[str, ...],
    method: str | None,
    path: str | None,
    times: int | None,
    remove: str | None,
) -> None:
    if remove is not None:
        refuse_both("--remove", {"KIND": kind, "--method": method, "--path": path, "--times": times})
    if kind is None and (method or path or times):
        raise click.UsageError("name the KIND of the fault, such as maintenance; see --help")
    match = {"method": method.upper() if method else None, "path": path}
    spec = {**_spec(kind, _details(details)), "match": match, "times": times} if kind is not None else None
    with remote.client() as client:
        if remove == BARE:
            client.remove_faults()
        elif remove is not None:
            client.remove_fault(remove)
        if spec:
            client.add_fault(**spec)
        faults = client.faults()
    remote.show(faults, COLUMNS, [_row(each) for each in faults], "no faults")


def _spec(kind: str, details: dict[str, Any]) -> dict[str, Any]:
    """The arguments of the client's `add_fault`. Raises UsageError."""
    if kind not in _KINDS:
        raise click.UsageError(f"KIND must be one of {', '.join(_KINDS)}{nearest(kind, _KINDS)} (got {brief(kind)})")
    if kind == "delay":
        if not details.get("delay_seconds"):
            raise click.UsageError(f"say for how long: {_DELAY}")
        return details
    return {"name": kind, **details}


def _details(given: tuple[str, ...]) -> dict[str, Any]:
    """Reads the details. Raises UsageError for a key that has an option, and for an unknown key."""
    found = pairs(given)
    for key, value in found.items():
        if key in _OPTIONS:
            raise click.UsageError(f"{key} is an option: --{key} {quote(value)}")
        if key not in _DETAILS:
            raise click.UsageError(f"unknown detail {brief(key)}{near_or_all(key, _DETAILS)}")
    return {key: _value(text) for key, text in found.items()}


def _value(text: str) -> Any:
    """A number, true or false for `2`, `0.5` and `true`; a text for anything else."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _row(fault: dict[str, Any]) -> tuple[object, ...]:
    match = fault["match"]
    return (
        fault["id"],
        fault_answer(fault),
        match["method"],
        match["path"],
        fault["times"],
        fault["matched"],
        fault["struck"],
    )
