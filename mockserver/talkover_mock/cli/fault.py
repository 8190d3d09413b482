"""`talkover-mock fault`."""

from shlex import quote
from typing import Any

import click

from talkover_mock.admin.lines import fault_answer, fault_match
from talkover_mock.base.shapes.faults import Fault
from talkover_mock.base.words import brief, near_or_all, nearest
from talkover_mock.cli._options import BARE, json_value, pairs, refuse_both, whole
from talkover_mock.cli._remote import Remote, against_server
from talkover_mock.deliveries.faults import ACTIONS as ON_DELIVERIES
from talkover_mock.deliveries.faults import DETAILS, MATCH
from talkover_mock.environments.call_faults import ACTIONS, DELAY, KINDS, PRESETS

COLUMNS = ("ID", "FAULT", "STRIKES", "TIMES", "MATCHED", "STRUCK")
_KINDS = {"calls": KINDS, "deliveries": tuple(ON_DELIVERIES)}
_OPTIONS = ("method", "path", "times", "on")
_TEXTS = ("event", "webhook_id", "agent_id", "url")
_LIMITS = ("after", "probability", "seed")
_DETAILS = {
    "calls": ("json", "query", "headers", "delay_seconds", "apply", *_LIMITS),
    "deliveries": (*MATCH, "json", "query", *DETAILS, *_LIMITS),
}
_EXAMPLES = {"calls": "delay_seconds=0.5", "deliveries": "event=*_ended"}
_DELAY = f"`talkover-mock fault delay {_EXAMPLES['calls']}`"
_LOST = f"`talkover-mock fault lose_answer --on deliveries {_EXAMPLES['deliveries']} --times 1`"


@click.command(
    name="fault",
    help=f"""Add, list or remove faults of a running server.

    A fault makes calls to the API, or deliveries, fail. Without KIND, the command lists the faults. KIND is a preset
    ({", ".join(PRESETS)}), an action ({", ".join(ACTIONS)}), or {DELAY}.
    Details are {", ".join(_DETAILS["calls"])}, such as {_DELAY}.

    With --on deliveries, KIND is {", ".join(ON_DELIVERIES)}.
    Details are {", ".join(_DETAILS["deliveries"])}, such as {_LOST}.
    """,
)
@click.argument("kind", required=False)
@click.argument("details", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--on", type=click.Choice(tuple(_KINDS)), help="What the fault strikes.  [default: calls]")
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
    on: str | None,
    method: str | None,
    path: str | None,
    times: int | None,
    remove: str | None,
) -> None:
    if remove is not None:
        refuse_both("--remove", {"KIND": kind, "--on": on, "--method": method, "--path": path, "--times": times})
    if kind is None and (on or method or path or times):
        raise click.UsageError("name the KIND of the fault, such as maintenance; see --help")
    given = {"method": method and method.upper(), "path": path, "times": times}
    given = {name: value for name, value in given.items() if value is not None}
    spec = None if kind is None else {**_spec(kind, on or "calls", details), **given}
    with remote.client() as client:
        if remove == BARE:
            client.remove_faults()
        elif remove is not None:
            client.remove_fault(remove)
        if spec:
            client.add_fault(**spec)
        faults = client.faults()
    remote.show(faults, COLUMNS, [_row(each) for each in faults], "no faults")


def _spec(kind: str, on: str, given: tuple[str, ...]) -> dict[str, Any]:
    """The arguments of the client's `add_fault`. Raises UsageError."""
    kinds, details = _KINDS[on], _details(given, on)
    if kind not in kinds:
        hint = "; add --on deliveries" if on == "calls" and kind in ON_DELIVERIES else nearest(kind, kinds)
        raise click.UsageError(f"KIND must be one of {', '.join(kinds)}{hint} (got {brief(kind)})")
    if kind == DELAY and on == "calls":
        if not details.get("delay_seconds"):
            raise click.UsageError(f"say for how long: {_DELAY}")
        return details
    return {"name": kind, "on": on, **details}


def _details(given: tuple[str, ...], on: str) -> dict[str, Any]:
    """Reads the details. Raises UsageError for a key that has an option, and for an unknown key."""
    known = _DETAILS[on]
    found = pairs(given, _EXAMPLES[on])
    for key, value in found.items():
        if key in _OPTIONS:
            raise click.UsageError(f"{key} is an option: --{key} {quote(value)}")
        if key not in known:
            raise click.UsageError(f"unknown detail {brief(key)}{near_or_all(key, known)}")
    return {key: text if key in _TEXTS else _value(key, text) for key, text in found.items()}


def _value(key: str, text: str) -> Any:
    """A number, true or false for `2`, `0.5` and `true`; a text for anything else.

    Raises BadParameter for an object or an array that can't be read.
    """
    try:
        return json_value(key, text)
    except click.BadParameter:
        if text.lstrip().startswith(("{", "[")):
            raise
        return text


def _row(fault: Fault) -> tuple[object, ...]:
    counts = fault["times"], fault["matched"], fault["struck"]
    return (fault["id"], fault_answer(fault), fault_match(fault), *counts)
