"""A session of `requests` out of the reach of the libraries that fake HTTP in tests, such as responses and vcrpy.

While a test runs, those libraries replace methods of `requests` (`HTTPAdapter.send`, `Session.send`,
`Session.get_adapter`) and the connection classes of urllib3. The classes here took the originals when this module was
imported, which the first client of a server elsewhere does.
"""

from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_originals = (
    HTTPAdapter.send,
    requests.Session.request,
    requests.Session.send,
    requests.Session.get_adapter,
    HTTPConnection,
    HTTPSConnection,
)
if _fakes := {each.__module__.partition(".")[0] for each in _originals} - {"requests", "urllib3"}:
    raise ImportError(
        f"the first client of a mock server elsewhere was made while {', '.join(sorted(_fakes))} replaces HTTP, also "
        "for that client; write `import talkover_mock.client.remote` at the top of conftest.py"
    )


class _Pool(HTTPConnectionPool):
    ConnectionCls = HTTPConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = HTTPSConnection


class _Adapter(HTTPAdapter):
    send = HTTPAdapter.send

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}


class OriginalSession(requests.Session):
    """A session whose requests really go out."""

    request = requests.Session.request
    send = requests.Session.send
    get_adapter = requests.Session.get_adapter

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False  # a proxy of the machine must not get at local calls
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter())
