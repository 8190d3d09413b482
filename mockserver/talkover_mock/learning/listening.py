"""Listens to real deliveries, and makes a fixture and a report of them."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from threading import Event, Lock
from typing import Any

from talkover_mock.base.words import number_of
from talkover_mock.deliveries.messages import TEST_EVENT
from talkover_mock.dialect.behaviours import conformance
from talkover_mock.dialect.settings import DEFAULTS, is_setting
from talkover_mock.learning.hearing import Heard, hear
from talkover_mock.learning.hiding import renamed, without
from talkover_mock.learning.judging import is_bare, is_of_campaign, mock_keys, shown_keys, verdicts
from talkover_mock.learning.payloads import payload_of
from talkover_mock.learning.redacting import key_stand_in
from talkover_mock.learning.signatures import signing_headers
from talkover_mock.learning.writing import literal
from talkover_mock.receiver import Answer, ReceivedRequest, WebhookReceiver

_MOST_KEPT, _MOST_BYTES = 1_000, 64 * 1024 * 1024
"""The deliveries that are kept, and their bytes together: anybody can send to a tunnel."""
_MOST_STRANGERS = 10
"""The deliveries that are kept for the names of their headers, though they are not signed with the secret."""
_OWN_HEADERS = ("host", "user-agent", "content-length", "connection", "content-type", "transfer-encoding")


class Listener(WebhookReceiver):
    """Answers 200 to every request, reads it, and keeps what there is to learn."""

    def __init__(
        self, address: tuple[str, int], secrets: Sequence[str], event: str | None, tell: Callable[[str], None]
    ) -> None:
        super().__init__(*address)
        self._secrets, self._event, self._tell = secrets, event, tell
        self._lock, self.wanted, self.done = Lock(), 0, Event()
        """`done` is set when `wanted` deliveries have come; 0 are never enough."""
        self.heard: list[Heard] = []
        self.strangers: list[Heard] = []
        """Some of the deliveries that are not signed with the secret: they teach nothing."""
        self.came, self.unsigned, self._bytes = 0, 0, 0
        """`came` counts the deliveries that have something to teach, also those that are not kept."""

    def take(self, request: ReceivedRequest) -> Answer:
        found, more = hear(request, self._secrets, self._event), ""
        with self._lock:
            if found.document is not None and self._secrets and not found.is_signed:
                self.unsigned += 1
                self.strangers += [found] if len(self.strangers) < _MOST_STRANGERS else []
                more = f": not signed with the secret, {self._waiting}it teaches nothing"
            elif found.document is not None:
                self._keep(found)
            self._say(found.line + more)
            if self.wanted and self.came >= self.wanted:
                self.done.set()
        return Answer()

    def refuse(self, status: int, why: str) -> int:
        """Tells what is no delivery. A GET is answered 200 too: a tunnel may look whether somebody listens."""
        with self._lock:
            self._say(f"nothing to learn: {why}")
        return HTTPStatus.OK if status == HTTPStatus.METHOD_NOT_ALLOWED else status

    @property
    def _waiting(self) -> str:
        """Whoever waits for a number of deliveries sees why it does not grow."""
        return f"so {self.came} of {self.wanted} have come, and " if self.wanted else "so "

    def _say(self, line: str) -> None:
        with suppress(OSError, ValueError):  # nobody reads the lines any more: senders are answered all the same
            self._tell(line)

    def _keep(self, found: Heard) -> None:
        self.came += 1
        if len(self.heard) < _MOST_KEPT and self._bytes + found.size <= _MOST_BYTES:
            self._bytes += found.size
            self.heard.append(found)


class Lesson:
    """What the deliveries to a listener teach: with a secret, only those that are signed with it."""

    def __init__(self, listener: Listener, secret: str | None = None, *, keeps_values: bool = False) -> None:
        self.heard, self._strangers = list(listener.heard), list(listener.strangers)
        self.left_out, self._keeps, self._secret = listener.unsigned, keeps_values, secret
        self._not_kept = listener.came - len(self.heard)
        self.is_unverified = bool(self.left_out) and not self.heard

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that agree with most of what came, and differ from the defaults."""
        fits = Counter(each.fit for each in self.heard if each.fit)
        found = dict(fits.most_common(1)[0][0].settings) if fits else {}
        styles = [each.styles for each in self.heard if len(each.styles) == 1]
        style = next(iter(Counter(styles).most_common(1)[0][0])) if styles else DEFAULTS.delivery_json
        found |= {"delivery_json": style} if style != DEFAULTS.delivery_json else {}
        calls = self._calls
        found |= {"payload_envelope": False} if calls and all(map(is_bare, calls)) else {}
        return {name: value for name, value in found.items() if is_setting(name, value)}

    @property
    def judged(self) -> set[str]:
        """The settings that deliveries have shown; those of them that are not in `settings` are the defaults."""
        signatures = {"signature_scheme", "signature_header", "signature_prefix"}
        found = signatures if any(each.fit for each in self.heard) else set()
        found |= {"delivery_json"} if any(len(each.styles) == 1 for each in self.heard) else set()
        return found | ({"payload_envelope"} if self._calls else set())

    @property
    def _calls(self) -> list[Heard]:
        return [each for each in self.heard if each.event not in (None, TEST_EVENT) and not is_of_campaign(each)]

    @property
    def payloads(self) -> dict[str, Any]:
        """The payload of each event, made of the fullest that came."""
        found = {}
        for event, documents in self._documents().items():
            fullest = without(_fullest(documents), self._secret)
            found[event] = payload_of(fullest, event, keeps_values=self._keeps)
        return found

    def _names(self) -> Mapping[str, Mapping[str, str]]:
        """The keys of each event's payloads as the report names them: as the fixture does where they are data."""
        found = {}
        for event, documents in self._documents().items():
            keys = dict.fromkeys(key for each in (_fullest(documents), *documents) for key in each)
            found[event] = dict(zip(keys, renamed([*without(keys, self._secret)], key_stand_in), strict=True))
        return found

    def _documents(self) -> Mapping[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for each in self.heard:
            if each.event and each.event != TEST_EVENT and each.document is not None:
                found.setdefault(each.event, []).append(each.document)
        return found

    @property
    def document(self) -> dict[str, Any]:
        """The fixture."""
        parts: dict[str, Any] = {"settings": self.settings, "payloads": self.payloads}
        return {name: literal(part) for name, part in parts.items() if part}

    def report(self) -> Iterator[str]:
        """What was learned, in lines that have no value of an account."""
        events = list(dict.fromkeys(each.event for each in self.heard if each.event))
        count = "1 delivery" if len(self.heard) == 1 else f"{len(self.heard)} deliveries"
        yield f"{count} of {number_of(len(events), 'event')}"
        if self._not_kept:
            yield f"{self._not_kept} more came when enough were kept, and taught nothing"
        if self.left_out:
            yield f"{self.left_out} more were not signed with the secret, and taught nothing"
        if self.is_unverified:
            yield from self._about_signatures()
            return
        unnamed = sum(1 for each in self.heard if each.event is None)
        if unnamed:
            yield f"{unnamed} name no event of the API, and made no payload: --event EVENT says which it is"
        yield from self._about_signatures()
        for name, value in self.settings.items():
            yield f"setting: {name}: {value}"
        yield from self._about_rows()
        yield from self._about_keys()

    def _about_signatures(self) -> Iterator[str]:
        if self.is_unverified:
            yield "none is signed with the secret: is it the webhook's?"
        near = next((each.near for each in self.heard if each.near), "")
        if near:
            yield f"{near}: no setting of the mock makes such a signature"
        named = sorted({name for each in (*self.heard, *self._strangers) for name in signing_headers(each.headers)})
        if named and not any(each.is_signed for each in self.heard):
            yield f"headers that look like a signature's: {', '.join(named)}"

    def _about_rows(self) -> Iterator[str]:
        names = self._names()
        found = verdicts([_with_names(each, names.get(each.event or "", {})) for each in self.heard])
        for word in ("confirmed", "refuted", "not seen"):
            for each in found:
                if each.finding == word:
                    came = f": came {each.came}" if each.came else ""
                    yield f"{word}: {each.behaviour.text} ({each.behaviour.basis}){came}"
        others = len(conformance().behaviours) - len(found)
        yield f"{others} other behaviours show in no delivery; `talkover-mock conformance` asks a server about them"

    def _about_keys(self) -> Iterator[str]:
        for event, keys in self._names().items():
            of_campaign = any(is_of_campaign(each) for each in self.heard if each.event == event)
            own = mock_keys(event, of_campaign)
            further = [name for key, name in keys.items() if key not in (*own, "context")]
            missing = [key for key in own if key not in keys]
            if further:
                yield f"{event}: keys that the mock does not send: {shown_keys(further)}"
            if missing:
                yield f"{event}: keys that only the mock sends: {shown_keys(missing)}"
        signing = {each.fit.header.lower() for each in self.heard if each.fit}
        names = {name.lower() for each in self.heard for name, _ in each.headers} - signing - {*_OWN_HEADERS}
        if names:
            yield f"headers that the mock does not send, or the tunnel's: {shown_keys(sorted(names))}"


def _with_names(heard: Heard, names: Mapping[str, str]) -> Heard:
    """The delivery with other names of its keys."""
    return heard._replace(document=heard.document and {names.get(key, key): v for key, v in heard.document.items()})


def _fullest(documents: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return max(documents, key=_size)


def _size(value: Any) -> int:
    """How many values there are in a payload."""
    if isinstance(value, dict):
        return sum(map(_size, value.values()))
    return sum(map(_size, value)) if isinstance(value, list) else 1
