"""The sending half of a connection: its answers leave together, and a client that never reads them is cut off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

READING_SECONDS = 10.0
"""A client that reads nothing of its answer for so long is cut off."""
_LEAVING_SECONDS = 2.0
"""How long a client may go on sending after its last answer, so that it can read that."""
_LARGE_BYTES = 64 * 1024


class Writer:
    """Holds back what is put until `flush`. `cut` ends the connection at once, whatever is left to send."""

    __slots__ = ("_cut", "_held", "_loop", "_transport", "_watch")

    def __init__(
        self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, cut: Callable[[], object]
    ) -> None:
        self._transport, self._loop, self._cut = transport, loop, cut
        self._held: list[bytes] = []
        self._watch: asyncio.TimerHandle | None = None
        """The next look whether the client reads."""

    def put(self, head: bytes, body: bytes = b"") -> None:
        if len(body) > _LARGE_BYTES:
            self._held += (head, body)
        else:
            self._held.append(head + body)

    def flush(self) -> None:
        """Sends what is held back."""
        held = self._held
        if held:
            self._held = []
            if self._transport.is_closing():
                return
            if len(held) == 1:
                self._transport.write(held[0])
            else:
                self._transport.writelines(held)

    def end(self) -> None:
        """Closes the connection when everything is sent, or when the client has read nothing for too long."""
        self.flush()
        self._transport.close()
        if self._transport.get_write_buffer_size():
            self.watch_reader()

    def leave(self) -> None:
        """Ends the connection once its client can have read the answer, which a reset would take away."""
        self.flush()
        if not self._transport.can_write_eof() or self._transport.get_write_buffer_size():
            return self.end()
        self._transport.write_eof()
        self.stop_watching()
        self._watch = self._loop.call_later(_LEAVING_SECONDS, self._cut)

    def stop_watching(self) -> None:
        if self._watch:
            self._watch.cancel()
            self._watch = None

    def watch_reader(self) -> None:
        """Cuts off a client that reads nothing for too long."""
        before = self._transport.get_write_buffer_size()

        def look() -> None:
            if self._transport.get_write_buffer_size() >= before:
                self._cut()
            else:
                self.watch_reader()

        self.stop_watching()
        self._watch = self._loop.call_later(READING_SECONDS, look)
