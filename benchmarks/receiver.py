"""A receiver of webhooks that costs little: it answers with the moment at which the request's first byte came."""

import asyncio
from time import monotonic
from typing import cast

SLOW_SECONDS = 2.0


class Receiver(asyncio.Protocol):
    """Answers on one connection, as long as it stays. `/slow` is answered after two seconds."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Without delays by Nagle's algorithm: asyncio has turned it off."""
        self._transport = cast(asyncio.Transport, transport)
        self._received, self._moment = b"", 0.0

    def data_received(self, data: bytes) -> None:
        self._moment = self._moment if self._received else monotonic()
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        head = head.lower()
        if end and len(body) >= int(head.partition(b"content-length: ")[2].split()[0]):
            self._received = b""
            delay = SLOW_SECONDS if head.startswith(b"post /slow") else 0
            asyncio.get_running_loop().call_later(delay, self._answer, b"connection: close" in head)

    def _answer(self, is_last: bool) -> None:
        body = f"{self._moment:.6f}".encode()
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))  # in one go
        if is_last:
            self._transport.close()


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", 0, backlog=512)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
