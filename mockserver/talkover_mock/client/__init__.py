"""The harness's client: the admin routes of a server as methods. It imports nothing else of the package."""

from talkover_mock.client.errors import MockServerError
from talkover_mock.client.mock_server import MockServer
from talkover_mock.client.searching import Emitted

__all__ = ["Emitted", "MockServer", "MockServerError"]
