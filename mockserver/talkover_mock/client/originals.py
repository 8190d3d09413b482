"""A session of `requests` out of the reach of the libraries that fake HTTP in tests, such as responses and vcrpy.

Those libraries replace methods of `requests` (`HTTPAdapter.send`, `Session.send`, `Session.get_adapter`) and the
connection classes of urllib3 while a test runs. The classes here took the originals when this module was imported.
"""

from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


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
