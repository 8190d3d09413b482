"""Asks a server of the API as the holder of one token, as fast as the server allows."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import requests

from talkover_mock.base.words import digits
from talkover_mock.dialect.behaviours import ABSENT, Ask
from talkover_mock.learning.redacting import without

RIGHT_ROOT = "is it the root of a server of this API?"
UNKNOWN = "00000000-0000-4000-8000-000000000000"
_TIMEOUT_SECONDS = 30.0
_LONGEST_PAUSE_SECONDS = 600
_USUAL_PAUSE_SECONDS = 60
_MOST_TRIES = 4
_BUSY = (requests.codes.too_many_requests, requests.codes.service_unavailable)
_PLACEHOLDER = re.compile(r"\{([a-z]+)\}")


class CannotRun(Exception):
    """The server can't be asked; the text says why."""


class Came(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str

    def document(self) -> Any:
        """The body as JSON, or ABSENT."""
        try:
            return json.loads(self.text)
        except ValueError:
            return ABSENT


class Server:
    """A server that is asked, as the holder of one token. Pauses where it answers 429 or 503 with `Retry-After`.

    With `paces`, also pauses before a call that the rate limit would refuse, until the time that the server names.
    """

    def __init__(
        self,
        url: str,
        token: str,
        pause: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
        *,
        paces: bool = False,
    ) -> None:
        self._root, self._token, self._pause, self._now, self._paces = f"{url}/api/v1", token, pause, now, paces
        self._opens_at = 0.0
        """When the next call is allowed, in Unix seconds."""
        self.has_refused = False
        """Whether a call was refused because of the rate limit."""
        self.made: list[str] = []
        """The paths of the webhooks that calls have made and that are not deleted yet."""
        self.is_writing, self._is_stopped, self._is_pausing = False, False, False
        self._session = requests.Session()
        self._session.auth = _nothing  # or a file of the machine would give the token

    def close(self) -> None:
        self._session.close()

    def stop(self, *_: object) -> None:
        """A signal's handler. While webhooks are made, a call ends first: or its webhook would stay, unknown."""
        self._is_stopped = True
        if not self.is_writing or self._is_pausing:
            raise KeyboardInterrupt

    def ask(self, asked: Ask, ids: Mapping[str, str], *, even_stopped: bool = False) -> Came:
        """Raises CannotRun when nothing answers, or when the server wants a pause that is too long.

        After `stop`, raises KeyboardInterrupt unless the call is one to make `even_stopped`.
        """
        if self._is_stopped and not even_stopped:
            raise KeyboardInterrupt
        names = {"unknown": UNKNOWN, "token": self._token, **ids}
        given = {name: filled(value, names) for name, value in asked.headers.items() if value is not None}
        path = filled(asked.path, names)
        for _ in range(_MOST_TRIES):
            self._wait(self._opens_at - self._now())
            came = self._answer(asked.method, path, given, asked.body)
            seconds = _seconds_to_wait(came)
            if seconds is None:
                break
            self.has_refused |= came.status == requests.codes.too_many_requests
            self._wait(seconds)
        self._opens_at = _reset(came) if self._paces and came.headers.get("X-RateLimit-Remaining") == "0" else 0.0
        return came

    def _wait(self, seconds: float) -> None:
        if seconds > _LONGEST_PAUSE_SECONDS:
            raise CannotRun(f"the server wants a pause of {seconds:.0f} seconds; try again after that")
        if seconds > 0:
            self._is_pausing = True
            try:
                self._pause(seconds)
            finally:
                self._is_pausing = False

    def _answer(self, method: str, path: str, headers: Mapping[str, str], body: str) -> Came:
        try:
            answer = self._session.request(
                method,
                self._root + path,
                data=body.encode(),
                headers=headers,
                timeout=_TIMEOUT_SECONDS,
                allow_redirects=False,
            )
        except (requests.RequestException, UnicodeError) as error:
            raise CannotRun(f"{self._root}{path} can't be asked ({type(error).__name__})") from None
        text = without(answer.content.decode(errors="replace"), self._token)  # an answer may repeat it
        return Came(answer.status_code, answer.headers, text)

    def read(self, path: str) -> Any:
        """The `data` of a list or a record; None where there is none."""
        return data_of(self.ask(asking("GET", path), {}))


def asking(method: str, path: str, body: str = "", **headers: str) -> Ask:
    """A call with the bearer token, whose body is JSON."""
    kind = {"Content-Type": "application/json"} if body else {}
    return Ask(method, path, {"Authorization": "Bearer {token}", **kind, **headers}, body)


def data_of(came: Came) -> Any:
    """The `data` of an answer; None where there is none."""
    document = came.document()
    return document.get("data") if isinstance(document, dict) else None


def records(data: Any) -> list[dict[str, Any]]:
    """The records of a list, which all have an id."""
    return [each for each in data if isinstance(each, dict) and "id" in each] if isinstance(data, list) else []


def filled(text: str, names: Mapping[str, str]) -> str:
    """A text with the values of its placeholders."""
    return _PLACEHOLDER.sub(lambda found: names.get(found[1], found[0]), text)


def _seconds_to_wait(came: Came) -> int | None:
    """How long the server wants a refused call to wait; None for an answer that is no such refusal."""
    if came.status not in _BUSY:
        return None
    wanted = digits(came.headers.get("Retry-After", ""))
    if wanted is not None:
        return wanted
    return _USUAL_PAUSE_SECONDS if came.status == requests.codes.too_many_requests else None


def _reset(came: Came) -> float:
    return float(digits(came.headers.get("X-RateLimit-Reset", "")) or 0)


def _nothing(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
