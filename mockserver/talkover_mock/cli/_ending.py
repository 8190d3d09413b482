"""The signals that end a command in the middle of its work."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from talkover_mock.base.ending import ending_signals

Handler = Callable[[int, FrameType | None], object] | signal.Handlers
Handle = Callable[[Handler], None]


@contextmanager
def signals() -> Iterator[Handle]:
    """Yields a function that sets the handler of the signals that end the command; restores the former handlers."""
    numbers = ending_signals()
    before = {number: signal.getsignal(number) for number in numbers}
    mine = [number for number in numbers if number == signal.SIGINT or before[number] != signal.SIG_IGN]

    def handle(handler: Handler) -> None:
        for number in mine:
            signal.signal(number, handler)

    try:
        yield handle
    finally:
        for number in mine:
            signal.signal(number, before[number])
