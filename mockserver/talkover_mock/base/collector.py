"""The garbage collector of the process, which looks in vain through what is only growing."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_PAUSING = Lock()
"""Held by the thread that has paused it."""


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pauses the garbage collector, which would walk the growing data again and again (twice the time).

    Only one thread pauses it at a time; other threads go on without a pause. If each thread restored the state that
    it had found, a thread that begins while another ends could leave the collector off for good.
    """
    if not gc.isenabled() or not _PAUSING.acquire(blocking=False):
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        _PAUSING.release()
