"""The rate limit: counts the calls of every token; enforced only where the fixture says so."""

from collections.abc import Callable
from datetime import datetime
from threading import RLock
from typing import NamedTuple

WINDOW_SECONDS = 60
_MOST_TOKENS = 10_000


class Quota(NamedTuple):
    """The calls that a token has used of its window; `reset` is in Unix seconds, `seconds_left` counts until then."""

    limit: int
    used: int
    reset: int
    seconds_left: int

    @property
    def exceeded(self) -> bool:
        return self.used > self.limit

    def headers(self) -> dict[str, str]:
        """The headers of every answer of the API but health's (documented)."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(max(0, self.limit - self.used)),
            "X-RateLimit-Reset": str(self.reset),
        }


class RateLimit:
    """Counts the calls of each token in a window of one minute, which the token's first call opens (assumed).

    A test therefore starts with the whole limit, at whatever second it starts.
    """

    __slots__ = ("_lock", "_now", "_windows")

    def __init__(self, lock: RLock, now: Callable[[], datetime]) -> None:
        self._lock, self._now = lock, now
        self._windows: dict[str, tuple[int, int]] = {}

    def count(self, token: str, limit: int) -> Quota:
        """Counts one call, and returns the quota after it."""
        with self._lock:
            now = int(self._now().timestamp())
            # taken out and put to the end: the token without calls for longest is dropped first
            start, used = _running(self._windows.pop(token, None), now)
            self._windows[token] = start, used + 1
            if len(self._windows) > _MOST_TOKENS:
                del self._windows[next(iter(self._windows))]
        return _quota(limit, start, used + 1, now)

    def peek(self, token: str | None, limit: int) -> Quota:
        """The quota without counting a call, for answers that are given before the count."""
        with self._lock:
            now = int(self._now().timestamp())
            start, used = _running(self._windows.get(token or ""), now)
        return _quota(limit, start, used, now)

    def reset(self) -> None:
        with self._lock:
            self._windows.clear()


def _running(window: tuple[int, int] | None, now: int) -> tuple[int, int]:
    """The window if it has not ended, else a new one."""
    return window if window and window[0] <= now < window[0] + WINDOW_SECONDS else (now, 0)


def _quota(limit: int, start: int, used: int, now: int) -> Quota:
    end = start + WINDOW_SECONDS
    return Quota(limit, used, end, end - now)
