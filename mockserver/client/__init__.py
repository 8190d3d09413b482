"""The harness's client: the admin routes of a running server as methods. Imports nothing else of the package."""

from mockserver.client.searching import Emitted
from mockserver.client.server import MockServer
from mockserver.client.transport import MockServerError

__all__ = ["Emitted", "MockServer", "MockServerError"]
