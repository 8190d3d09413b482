"""The changes of one environment: each has a number, and what arrives has one too, whatever the clock shows."""

from talkover_mock.base.signals import Signal


class Changes:
    """Counts what changes in an environment, so that whoever shows it can wait for more. The caller holds its lock."""

    __slots__ = ("_arrived", "_next", "version")

    def __init__(self) -> None:
        self._arrived = self.version = 0
        self._next: Signal | None = None

    def arrive(self) -> int:
        """The number of something that arrives: higher than that of all before it, also of those before a reset."""
        self._arrived += 1
        return self._arrived

    @property
    def arrived(self) -> int:
        """The number of the latest arrival; 0 before the first."""
        return self._arrived

    def note(self) -> None:
        """Notes that something has changed, and wakes those who wait for it."""
        self.version += 1
        if self._next is not None:
            signal, self._next = self._next, None
            signal.set()

    def after(self, version: int) -> Signal:
        """The signal of the first change after `version`, which is set already if that has happened."""
        if version != self.version:
            return Signal.done()
        self._next = self._next or Signal()
        return self._next
