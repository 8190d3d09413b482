"""The sending half of a connection: its answers leave together, and a client that never reads them is cut off."""

from __future__ import annotations

import asyncio
from contextlib import suppress

READING_SECONDS = 10.0
"""A client that reads nothing of its answer for so long is cut off."""
_LEAVING_SECONDS = 2.0
"""How long a client may go on sending after its last answer, so that it can read that."""
_MOST_HELD_BYTES = 64 * 1024


class Writer:
    """Holds back what is put until `flush`, or until it is much."""

    __slots__ = ("_held", "_loop", "_transport", "_watch")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._held = b""
        self._watch: asyncio.TimerHandle | None = None
        """The next look whether the client reads, or the end of its time to leave."""

    def put(self, data: bytes) -> None:
        self._held += data
        if len(self._held) > _MOST_HELD_BYTES:
            self.flush()

    def flush(self) -> None:
        """Sends what is held back.

        By `write`: some releases of Python 3.12 and 3.13 do not say so when `writelines` fills the transport.
        """
        held, self._held = self._held, b""
        if held and not self._transport.is_closing():
            self._transport.write(held)

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
        with suppress(OSError):  # the client has reset the connection, which the loop hears of in a moment
            self._transport.write_eof()
        self.stop_watching()
        self._watch = self._loop.call_later(_LEAVING_SECONDS, self._transport.abort)

    def stop_watching(self) -> None:
        if self._watch:
            self._watch.cancel()
            self._watch = None

    def watch_reader(self) -> None:
        """Cuts off a client that reads nothing for too long."""
        before = self._transport.get_write_buffer_size()

        def look() -> None:
            if self._transport.get_write_buffer_size() >= before:
                self._transport.abort()
            else:
                self.watch_reader()

        self.stop_watching()
        self._watch = self._loop.call_later(READING_SECONDS, look)
