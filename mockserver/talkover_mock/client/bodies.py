"""Bodies that the client sends: JSON in which a datetime of a test or of a loaded YAML file may stand."""

import json
from collections.abc import Mapping
from datetime import date
from os import PathLike

__tracebackhide__ = True  # pytest shows the test's own line


def json_bytes(body: object) -> bytes:
    """The body as JSON; nothing for None. Raises TypeError and ValueError for what is not JSON."""
    return b"" if body is None else json.dumps(body, allow_nan=False, default=_text).encode()


def check_fixture(fixture: object) -> None:
    """Raises TypeError for a path, or anything else, in the place of a fixture."""
    if not isinstance(fixture, Mapping):
        is_path = isinstance(fixture, (str, PathLike))
        hint = "; to use a file, load it: yaml.safe_load(Path(...).read_text())" if is_path else ""
        raise TypeError(f'expected a fixture as a dictionary, such as {{"agents": [...]}} (got {fixture!r:.80}){hint}')


def _text(value: object) -> str:
    """A datetime or a date as a fixture has it."""
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"expected a value of JSON or a datetime (got {value!r})")
