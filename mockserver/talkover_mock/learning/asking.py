"""Asks a server of the API as the holder of one token, as fast as the server allows."""

from __future__ import annotations

import calendar
import json
import math
import re
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import quote

import requests

from talkover_mock.base.headers import NOT_IN_HEADER
from talkover_mock.base.words import digits
from talkover_mock.base.workers import in_time
from talkover_mock.client.errors import REDIRECTS
from talkover_mock.dialect.behaviours import ABSENT, Ask
from talkover_mock.learning.hiding import without

RIGHT_ROOT = "is it the root of a server of this API?"
UNKNOWN = "00000000-0000-4000-8000-000000000000"
_SILENCE_SECONDS = 30.0
"""How long nothing may come of an answer."""
_LONGEST_ANSWER_SECONDS = 120.0
_LONGEST_PAUSE_SECONDS = 600
_USUAL_PAUSE_SECONDS = 60
_MOST_TRIES = 4
_MOST_BYTES, _PART_BYTES = 16 * 1024 * 1024, 64 * 1024
_MOST_LEVELS = 100
_LAST_OF_HEADERS = "\xff"
_BUSY = (requests.codes.too_many_requests, requests.codes.service_unavailable)
PLACEHOLDER = re.compile(r"\{([a-z]+)\}")


class CannotRun(Exception):
    """The server can't be asked; the text says why."""


class Reply(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str
    secret: str | None = None
    """The secret that `document` removes."""

    def document(self) -> Any:
        """The body as JSON without the secret, or ABSENT."""
        return without(self.parsed(), self.secret)

    def parsed(self) -> Any:
        """The body as JSON, as it came, or ABSENT."""
        try:
            document = json.loads(self.text)
        except (ValueError, RecursionError):
            return ABSENT
        return document if _is_flat(document) else ABSENT


class AskedServer:
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
        self.longest = _LONGEST_ANSWER_SECONDS
        """How long an answer may take, in seconds."""
        self._opens_at = 0.0
        """When the next call is allowed, in Unix seconds."""
        self.has_refused = False
        """Whether a call was refused because of the rate limit."""
        self.tell: Callable[[str], object] = str
        """Is told of each pause."""
        self.made: list[str] = []
        """The paths of the webhooks that calls have made and that are not deleted yet."""
        self.is_unsure = False
        """Whether a call may have made a webhook of which no id came."""
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

    def ask(self, asked: Ask, ids: Mapping[str, str], *, even_stopped: bool = False) -> Reply:
        """Raises CannotRun when nothing answers, or when the server wants a pause that is too long.

        After `stop`, raises KeyboardInterrupt unless the call is one to make `even_stopped`.
        """
        if self._is_stopped and not even_stopped:
            raise KeyboardInterrupt
        if NOT_IN_HEADER.search(self._token) or max(self._token, default="") > _LAST_OF_HEADERS:
            raise CannotRun("the token has a line break or a character that no header can have")
        names = {"unknown": UNKNOWN, "token": self._token, **ids}
        given = {name: filled(value, names) for name, value in asked.headers.items() if value is not None}
        path = filled(asked.path, {name: segment(value) for name, value in names.items()})
        for tries in range(1, _MOST_TRIES + 1):
            self._wait(self._opens_at - self._now())
            came = self._answer_in_time(asked.method, path, given, asked.body)
            seconds = self._seconds_to_wait(came)
            self.has_refused |= came.status == requests.codes.too_many_requests
            if seconds is None or tries == _MOST_TRIES:
                break
            self._wait(seconds)
        self._opens_at = self._reset(came) if self._paces and came.headers.get("X-RateLimit-Remaining") == "0" else 0.0
        return came

    def _wait(self, seconds: float) -> None:
        if seconds > _LONGEST_PAUSE_SECONDS:
            raise CannotRun(f"the server wants a pause of {seconds:.0f} seconds; try again after that")
        if seconds > 0:
            self.tell(f"waits {math.ceil(seconds)} seconds, as the server wants it")
            self._is_pausing = True
            try:
                self._pause(seconds)
            finally:
                self._is_pausing = False

    def _answer_in_time(self, method: str, path: str, *request: Any) -> Reply:
        """Raises CannotRun for an answer that takes too long; it is still read, until the program ends."""
        try:
            return in_time(self.longest, lambda: self._answer(method, path, *request))
        except TimeoutError:
            text = f"{self._root}{path} is not answered in {self.longest:g} seconds"
            raise CannotRun(text) from None

    def _answer(self, method: str, path: str, headers: Mapping[str, str], body: str) -> Reply:
        try:
            answer = self._session.request(
                method,
                self._root + path,
                data=body.encode(),
                headers=headers,
                timeout=_SILENCE_SECONDS,
                allow_redirects=False,
                stream=True,
            )
            with answer:
                content = self._content(path, answer)
        except (requests.RequestException, ValueError) as error:
            raise CannotRun(f"{self._root}{path} can't be asked ({type(error).__name__})") from None
        return Reply(answer.status_code, answer.headers, content.decode(errors="replace"), self._token)

    def _content(self, path: str, answer: requests.Response) -> bytes:
        """The body. Raises CannotRun for one that does not end."""
        content = bytearray()
        for part in answer.iter_content(_PART_BYTES):
            content += part
            if len(content) > _MOST_BYTES:
                raise CannotRun(f"{self._root}{path} is answered with more than {_MOST_BYTES >> 20} MB")
        return bytes(content)

    def _seconds_to_wait(self, came: Reply) -> float | None:
        """How long the server wants a refused call to wait; None for an answer that is no such refusal."""
        if came.status not in _BUSY:
            return None
        given = came.headers.get("Retry-After", "")
        wanted = digits(given)
        if wanted is not None:
            return wanted
        if moment := _unix_seconds(given):
            return moment - self._now()
        return _USUAL_PAUSE_SECONDS if came.status == requests.codes.too_many_requests else None

    def _reset(self, came: Reply) -> float:
        """When the rate limit opens again; 0 of a moment that is too far away to be one in Unix seconds."""
        moment = float(digits(came.headers.get("X-RateLimit-Reset", "")) or 0)
        return moment if moment - self._now() <= _LONGEST_PAUSE_SECONDS else 0.0

    def read(self, path: str) -> Any:
        """The `data` of a list or a record; None where there is none."""
        return data_of(self.ask(asking("GET", path), {}))


def asking(method: str, path: str, body: str = "", **headers: str) -> Ask:
    """A call with the bearer token, whose body is JSON."""
    kind = {"Content-Type": "application/json"} if body else {}
    return Ask(method, path, {"Authorization": "Bearer {token}", **kind, **headers}, body)


def data_of(came: Reply) -> Any:
    """The `data` of an answer; None where there is none."""
    document = came.document()
    return document.get("data") if isinstance(document, dict) else None


def hint_at(came: Reply, otherwise: str = RIGHT_ROOT) -> str:
    """What to do about an answer that tells nothing, after a colon."""
    if came.status == requests.codes.unauthorized:
        return ": give the token of an environment"
    if came.status // 100 == 3:
        return f": {REDIRECTS}"
    return f": {otherwise}" if otherwise else ""


def records(data: Any) -> list[dict[str, Any]]:
    """The records of a list that have an id."""
    listed = data if isinstance(data, list) else []
    return [each for each in listed if isinstance(each, dict) and isinstance(each.get("id"), (str, int))]


def segment(value: str) -> str:
    """A value as one segment of a path. What UTF-8 can't carry, such as a stray byte of an argument, is escaped."""
    return quote(value, safe="", errors="backslashreplace")


def filled(text: str, names: Mapping[str, str]) -> str:
    """A text with the values of its placeholders."""
    return PLACEHOLDER.sub(lambda found: names.get(found[1], found[0]), text)


def _unix_seconds(date: str) -> float | None:
    """The moment that a header's date stands for; None for a text that is no such date."""
    try:
        return calendar.timegm(parsedate_to_datetime(date).utctimetuple())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _is_flat(value: Any) -> bool:
    """Whether a JSON value has no more levels than any answer of the API: a deeper one can't be walked."""
    level = [value]
    for _ in range(_MOST_LEVELS):
        nested = (each.values() if isinstance(each, dict) else each for each in level if isinstance(each, (dict, list)))
        level = [one for values in nested for one in values]
        if not level:
            return True
    return False


def _nothing(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
