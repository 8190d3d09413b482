"""The log of `serve` on standard error, written by a thread of its own: a reader that stops never stops an answer."""

import os
import select
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from functools import lru_cache
from queue import SimpleQueue
from threading import Event, Thread

from talkover_mock.base.real_time import RealTime

_MOST_LINES = 10_000
"""Lines that wait for a slow reader; later lines are lost."""
_MOST_AT_ONCE = 1_000
_PIPE_BYTES: int = getattr(select, "PIPE_BUF", 4_096)
"""What a pipe takes whole or not at all: 4,096 bytes on Linux, 512 on macOS."""
_GATHER_SECONDS = 0.02
"""Seconds in which lines gather before they are written."""
_END_SECONDS = 0.5

_Line = tuple[float, str]
"""When it was written, in seconds since 1970, and its text."""


class LogWriter:
    """Takes lines from any thread and never waits. Standard error itself is left as it was inherited."""

    def __init__(self) -> None:
        self._lines: SimpleQueue[_Line | None] = SimpleQueue()
        self._ending = Event()
        self._thread = Thread(target=self._write_all, name="talkover-mock-log", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Takes one line, without its end."""
        if self._lines.qsize() < _MOST_LINES:
            self._lines.put((RealTime.time(), line))

    def end(self) -> None:
        """Writes the lines that are left, unless their reader has stopped."""
        self._ending.set()
        self._lines.put(None)
        self._thread.join(_END_SECONDS)

    def _write_all(self) -> None:
        is_ending = False
        while not is_ending:
            taken = [self._lines.get()]
            self._ending.wait(_GATHER_SECONDS)
            taken += [self._lines.get() for _ in range(min(self._lines.qsize(), _MOST_AT_ONCE))]
            is_ending = None in taken
            lines = [f"{_shown(line[0])} {line[1]}\n".encode(errors="backslashreplace") for line in taken if line]
            with suppress(OSError, ValueError):  # the reader of the log has gone; the server goes on
                for part in _parts(lines):
                    if sys.stderr:
                        os.write(sys.stderr.fileno(), part)


def _parts(lines: Sequence[bytes]) -> Iterator[bytes]:
    """Whole lines together, as many as a pipe takes whole or not at all: the last line is never cut."""
    part = b""
    for line in lines:
        if len(part) + len(line) > _PIPE_BYTES:
            yield part
            part = b""
        part += line
    yield part


def _shown(moment: float) -> str:
    second, milliseconds = divmod(int(moment * 1000), 1000)
    return f"{_second_shown(second)}.{milliseconds:03}Z"


@lru_cache(maxsize=1)
def _second_shown(second: int) -> str:
    """Most lines come in the second of the one before."""
    return datetime.fromtimestamp(second, timezone.utc).isoformat()[:-6]
