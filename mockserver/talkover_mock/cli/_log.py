"""The log of `serve` on standard error, written by a thread of its own: a reader that stops never stops an answer."""

import os
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timezone
from threading import Condition, Thread

from talkover_mock.base.real_time import RealTime

_MOST_LINES = 10_000
"""Lines that wait for a slow reader; later lines are lost."""
_MOST_AT_ONCE = 100
_END_SECONDS = 0.5


class LogWriter:
    """Takes lines from any thread and never waits. Standard error itself is left as it was inherited."""

    def __init__(self) -> None:
        self._lines: deque[tuple[float, str]] = deque()
        self._changed = Condition()
        self._is_ending = False
        self._thread = Thread(target=self._write_all, name="talkover-mock-log", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Takes one line, without its end."""
        if len(self._lines) < _MOST_LINES:
            self._lines.append((RealTime.time(), line))
            if len(self._lines) == 1:
                with self._changed:
                    self._changed.notify()

    def end(self) -> None:
        """Writes the lines that are left, unless their reader has stopped."""
        with self._changed:
            self._is_ending = True
            self._changed.notify()
        self._thread.join(_END_SECONDS)

    def _write_all(self) -> None:
        while True:
            with self._changed:
                while not self._lines and not self._is_ending:
                    self._changed.wait()
            if not self._lines:
                return
            text = "".join(f"{_shown(moment)} {line}\n" for moment, line in self._taken())
            left = text.encode(errors="backslashreplace")
            with suppress(OSError, ValueError):  # the reader of the log has gone; the server goes on
                while left:
                    left = left[os.write(sys.stderr.fileno(), left) :]

    def _taken(self) -> Iterator[tuple[float, str]]:
        """Some of the lines that wait, which then wait no more."""
        for _ in range(min(len(self._lines), _MOST_AT_ONCE)):
            yield self._lines.popleft()


def _shown(moment: float) -> str:
    return datetime.fromtimestamp(moment, timezone.utc).isoformat(timespec="milliseconds")[:-6] + "Z"
