"""Threads that take turns at every line of an operation, so that a test needs no luck to find a missing lock."""

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import count
from types import FrameType, ModuleType
from typing import Any, TypeVar

S = TypeVar("S")
T = TypeVar("T")
WAIT = 10
"""Seconds after which a thread has hung."""
_MOMENT = 0.003
"""Seconds in which a thread that need not wait for a lock does its work."""
_FEWEST = 4
"""Turns; with fewer, the operation was not seen."""


def every_turn(
    prepare: Callable[[], S],
    change: Callable[[S], T],
    look: Callable[[S], T],
    *modules: ModuleType,
    looks: int = 1,
    patience: float = _MOMENT,
) -> Iterator[tuple[S, list[T | Exception]]]:
    """Runs `change` once for each of its lines in the modules, and at that line `look` in other threads.

    Each time with what `prepare` returns. Yields that with the results: of the change, then of every look. A look
    that has to wait for a lock goes on after the change; the change waits for it `patience` seconds.
    """
    files = {module.__file__ for module in modules}
    with ThreadPoolExecutor(looks) as pool:
        for turn in count(1):
            prepared = prepare()

            def begin(prepared: S = prepared) -> list["Future[T | Exception]"]:
                return [pool.submit(_result, look, prepared) for _ in range(looks)]

            changed, futures = _interrupted(change, prepared, begin, turn, files, patience)
            if not futures:
                break
            yield prepared, [changed, *(future.result(WAIT) for future in futures)]
    assert turn > _FEWEST, "the operation has no such lines"


def errors_in(results: Sequence[object]) -> list[type]:
    """The classes of the errors among results."""
    return [type(each) for each in results if isinstance(each, Exception)]


def _interrupted(
    change: Callable[[S], T],
    prepared: S,
    begin: Callable[[], list["Future[T | Exception]"]],
    turn: int,
    files: set[str | None],
    patience: float,
) -> tuple[T | Exception, list["Future[T | Exception]"]]:
    """The result of the change, and what was begun at its line of the number `turn`: nothing when it has fewer."""
    lines, futures = count(1), list["Future[T | Exception]"]()

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename not in files:
            return None
        if event == "line" and next(lines) == turn:
            futures.extend(begin())
            wait(futures, patience)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        return _result(change, prepared), futures
    finally:
        sys.settrace(before)


def _result(call: Callable[[S], T], prepared: S) -> T | Exception:
    try:
        return call(prepared)
    except Exception as error:
        return error
