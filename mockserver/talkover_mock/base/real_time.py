"""The process's real clock, out of the reach of libraries that fake time in tests."""

import time


class RealTime:
    """The clock for waits, deadlines and pauses.

    Libraries such as freezegun replace the functions of `time` in every module that holds them; they do not look at
    the attributes of a class. The plugin imports this module when pytest loads it, before a test can freeze anything.
    """

    monotonic = staticmethod(time.monotonic)
    """Seconds that only grow."""
    perf_counter = staticmethod(time.perf_counter)
    """Seconds that only grow, as finely as the system counts."""
    time = staticmethod(time.time)
    """Seconds since 1970."""


def left(deadline: float) -> float:
    """The seconds until a moment of the monotonic clock. Raises TimeoutError when it is past."""
    seconds = deadline - RealTime.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds
