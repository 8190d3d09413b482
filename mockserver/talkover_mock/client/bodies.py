"""Bodies that the client sends: JSON in which a datetime of a test or of a loaded YAML file may stand."""

import json
import math
from collections.abc import Iterator, Mapping
from datetime import date
from os import PathLike

__tracebackhide__ = True  # pytest shows the test's own line


def json_bytes(body: object) -> bytes:
    """The body as JSON; nothing for None. Raises TypeError and ValueError for what is not JSON."""
    if body is None:
        return b""
    try:
        try:
            return json.dumps(body, allow_nan=False, default=_text).encode()
        except ValueError as error:
            text = json.dumps(body, default=_text)  # raises it again for a body that has itself in it
            raise ValueError(next(_not_finite(json.loads(text)), str(error))) from None
    except RecursionError:
        raise ValueError("expected a value of JSON (got one that is nested too deeply)") from None


def check_fixture(fixture: object) -> None:
    """Raises TypeError for a path, or anything else, in the place of a fixture."""
    if not isinstance(fixture, Mapping):
        is_path = isinstance(fixture, (str, PathLike))
        hint = "; to use a file, load it: yaml.safe_load(Path(...).read_text())" if is_path else ""
        raise TypeError(f'expected a fixture as a dictionary, such as {{"agents": [...]}} (got {fixture!r:.80}){hint}')


def check_wait(seconds: object) -> None:
    """Raises TypeError for a wait that is no number; the server refuses one that is too long."""
    if not isinstance(seconds, (int, float)):
        raise TypeError(f"expected a number of seconds to wait (got {seconds!r:.80})")


def _not_finite(value: object, place: str = "") -> Iterator[str]:
    """What to say of each number that JSON does not have, with its place in the body."""
    if isinstance(value, float) and not math.isfinite(value):
        yield f"expected a finite number or None{place and f' as {place}'} (got {value})"
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in below:
        yield from _not_finite(each, f"{place}.{key}" if place else str(key))


def _text(value: object) -> str:
    """A datetime or a date as a fixture has it."""
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"expected a value of JSON or a datetime (got {value!r})")
