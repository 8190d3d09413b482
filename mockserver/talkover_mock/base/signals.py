"""A signal: something that happens once, and wakes a wait in a thread or on an event loop."""

from collections.abc import Callable
from threading import Event, Lock


class Signal:
    """Set once, by any thread."""

    __slots__ = ("_callbacks", "_lock", "is_set")

    def __init__(self) -> None:
        self._lock = Lock()
        self._callbacks: dict[Callable[[], object], None] = {}
        self.is_set = False

    def set(self) -> None:
        """Wakes every wait, also those that have yet to begin."""
        with self._lock:
            self.is_set = True
            callbacks, self._callbacks = self._callbacks, {}
        for callback in callbacks:
            callback()

    @classmethod
    def done(cls) -> "Signal":
        """A signal that is set already."""
        signal = cls()
        signal.is_set = True
        return signal

    def call(self, callback: Callable[[], object]) -> None:
        """Calls back once the signal is set: in the thread that sets it or, if it is set already, in this one."""
        with self._lock:
            if not self.is_set:
                self._callbacks[callback] = None
                return
        callback()

    def wait(self, seconds: float) -> bool:
        """Blocks this thread until the signal is set. False when the time was up first."""
        event = Event()
        self.call(event.set)
        try:
            return event.wait(seconds)
        finally:
            self.forget(event.set)

    def forget(self, callback: Callable[[], object]) -> None:
        """Calls it back no more."""
        with self._lock:
            self._callbacks.pop(callback, None)
