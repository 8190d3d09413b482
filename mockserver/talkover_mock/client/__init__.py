"""The harness's client: every admin route as a method (mock_server.py), over HTTP (remote.py) or straight to the server
of this process (transport.py), and searches (searching.py).
It imports nothing else of the package.
A rule of the API or a limit of the server never belongs here: the client asks, and raises what the server refuses.
"""

from talkover_mock.client.errors import MockServerError
from talkover_mock.client.mock_server import MockServer
from talkover_mock.client.searching import Emitted

__all__ = ["Emitted", "MockServer", "MockServerError"]
