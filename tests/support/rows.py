"""Tables within one test: many small rows, each as a test of its own, cost more than what they say."""

import inspect
import traceback
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from reprlib import Repr
from typing import Any

import pytest

Test = Callable[..., None]
_PARAMETERS = type(pytest.param())
_SHOWN = Repr()
_SHOWN.maxstring = _SHOWN.maxother = 150


def each_row(names: str | Sequence[str], rows: Iterable[Any], ids: Iterable[str] = ()) -> Callable[[Test], Test]:
    """As `pytest.mark.parametrize`, but in one test: it runs every row, and names each that fails, with what is wrong.

    For rows that need no fixture each for itself: what a fixture gives is the same for all of them.
    """
    keys = [name.strip() for name in names.split(",")] if isinstance(names, str) else names
    table = {title: dict(zip(keys, values, strict=True)) for title, values in _titled(rows, len(keys), [*ids])}

    def over_rows(test: Test) -> Test:
        @wraps(test)
        def run(**given: Any) -> None:
            __tracebackhide__ = True
            check_each(table, lambda title: test(**given, **table[title]))

        signature = inspect.signature(test)
        left = [parameter for name, parameter in signature.parameters.items() if name not in keys]
        run.__signature__ = signature.replace(parameters=left)  # type: ignore[attr-defined]  # what pytest fills in
        return run

    return over_rows


def check_each(titles: Iterable[str], check: Callable[[str], None]) -> None:
    """Checks everything that has these titles, and fails with all that are wrong."""
    __tracebackhide__ = True
    found = {title: _wrong(check, title) for title in titles}
    wrong = [f"{title}\n{said}" for title, said in found.items() if said]
    assert found, "a table without rows says nothing"
    assert not wrong, f"{len(wrong)} of {len(found)} rows are wrong:\n\n" + "\n".join(wrong)


def _wrong(check: Callable[[str], None], title: str) -> str:
    """What is wrong with a row, and where; empty if nothing is."""
    try:
        check(title)
    except (Exception, pytest.fail.Exception) as error:
        return "".join(traceback.format_exception(error)[-2:])
    return ""


def _titled(rows: Iterable[Any], count: int, ids: Sequence[str]) -> Iterable[tuple[str, Sequence[Any]]]:
    """The values of each row with its title, which no other row has."""
    for number, row in enumerate(rows):
        values, id = (row if count > 1 else (row,)), ""
        if isinstance(row, _PARAMETERS):
            assert not row.marks, "a row is no test of its own, which could have a mark"
            values, id = row.values, str(row.id or "")
        title = id or (ids[number] if ids else _SHOWN.repr(values))
        yield f"{number}: {title}", values
