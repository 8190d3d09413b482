"""`mockserver fault`."""

import json
from typing import Any

import click

from mockserver.cli._numbers import whole
from mockserver.cli._remote import Remote, against_server, pairs

COLUMNS = ("ID", "FAULT", "METHOD", "PATH", "TIMES", "MATCHED", "STRUCK")
_ACTIONS = ("hang", "connection_reset", "truncated_body", "malformed_json")
_DETAILS = ("delay_ms", "after", "probability", "seed", "apply")


@click.command(name="fault")
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
    """Make the API of a running server fail; without KIND, list the faults.

    KIND is a preset (server_error, maintenance, rate_limited, missing_token, invalid_token, expired_token,
    agent_not_found, webhook_not_found), an action (hang, connection_reset, truncated_body, malformed_json), or
    delay. Details are delay_ms, after, probability, seed, apply, such as `mockserver fault delay delay_ms=500`.
    """
    if kind is None and (method or path or times):
        raise click.UsageError("name the KIND of the fault, such as maintenance; see --help")
    spec = {"match": {"method": method.upper() if method else None, "path": path}, "times": times, **_details(details)}
    with remote.client() as client:
        if clear:
            client.clear_faults()
        if kind is not None:
            client.add_fault(**_kind(kind), **spec)
        faults = client.faults()
    remote.show(faults, COLUMNS, [_row(each) for each in faults], "no faults")


def _kind(kind: str) -> dict[str, str]:
    if kind == "delay":
        return {}
    return {"action" if kind in _ACTIONS else "preset": kind}


def _details(given: tuple[str, ...]) -> dict[str, Any]:
    """Raises UsageError for what has an option, or is nothing at all."""
    found = pairs(given)
    for key in found:
        if key not in _DETAILS:
            raise click.UsageError(f"unknown detail {key!r}; expected one of {', '.join(_DETAILS)}")
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
