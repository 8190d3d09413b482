"""The ways from the client to the admin routes: straight to them in the server's process, over HTTP elsewhere."""

import os
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Protocol, cast

from talkover_mock.client.bodies import check_wait, json_bytes
from talkover_mock.client.errors import MockServerError
from talkover_mock.client.urls import query_text

__tracebackhide__ = True  # pytest shows the test's own line


class Transport(Protocol):
    """A way to the admin routes of one server, with one environment's token."""

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        query: Mapping[str, object] | None = None,
        longer: float = 0,
    ) -> dict[str, Any]:
        """The answer's document; the answer may take `longer` seconds more than usual. Raises MockServerError."""

    def text(self, path: str, kind: str) -> str:
        """The answer's body, of this content type. Raises MockServerError."""

    def close(self) -> None:
        """Ends the connection, where there is one."""


class Harness(Protocol):
    """The admin routes of a server in this process."""

    process: int
    """The process that started the server: only there its state is the server's."""

    def answer(self, method: str, path: str, query: str, sent: bytes, token: str | None) -> tuple[int, Any]:
        """The status and the document, or the text, of one admin request."""


class InProcess:
    """The way to a server in this process: no HTTP and no socket, so that nothing that fakes them gets in between.

    In a forked child the server's state is a copy that no request reaches; there the way leads over HTTP.
    """

    def __init__(self, harness: Harness, url: str, token: str | None) -> None:
        self._harness, self._url, self._token = harness, url, token
        self._remote: Transport | None = None

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        query: Mapping[str, object] | None = None,
        longer: float = 0,
    ) -> dict[str, Any]:
        """See `Transport`."""
        if os.getpid() != self._harness.process:
            return self._over_http().call(method, path, body, query, longer)
        check_wait(longer)
        return cast(dict[str, Any], self._answer(method, path, query_text(query), body))

    def text(self, path: str, kind: str) -> str:
        """See `Transport`."""
        if os.getpid() != self._harness.process:
            return self._over_http().text(path, kind)
        return str(self._answer("GET", path, "", None))

    def close(self) -> None:
        if self._remote:
            self._remote.close()

    def _answer(self, method: str, path: str, query: str, body: object) -> Any:
        status, document = self._harness.answer(method, path, query, json_bytes(body), self._token)
        if status >= HTTPStatus.BAD_REQUEST:
            raise MockServerError(status, document)
        return document

    def _over_http(self) -> Transport:
        if self._remote is None:
            self._remote = transport_to(self._url, self._token)
        return self._remote


def transport_to(
    url: str, token: str | None, admin_token: str | None = None, harness: Harness | None = None
) -> Transport:
    """The way to a server: in process where there is a harness, else over HTTP."""
    if harness is not None:
        return InProcess(harness, url, token)
    from talkover_mock.client.remote import Remote  # requests takes longer to import than all else

    return Remote(url, token, admin_token)
