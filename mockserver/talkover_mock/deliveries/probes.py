"""The deliveries with which a receiver is examined: each differs from a genuine one in one thing."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from talkover_mock.deliveries.messages import TEST_EVENT, tampered
from talkover_mock.deliveries.payloads import to_bytes
from talkover_mock.deliveries.records import Outgoing

OLD = timedelta(hours=1)
"""The age of a signature beyond every usual tolerance."""
_LARGE_BYTES = 1_000_000


def _unchanged(body: bytes) -> bytes:
    return body


def _only_its_event(body: bytes) -> bytes:
    return to_bytes({"event": json.loads(body)["event"]})


def _as_it_is(outgoing: Outgoing) -> Outgoing:
    return outgoing


def _chunked(outgoing: Outgoing) -> Outgoing:
    middle = len(outgoing.body) // 2
    parts = (outgoing.body[:middle], outgoing.body[middle:], b"")
    body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    framing = ("Transfer-Encoding", "chunked")
    headers = [framing if name == "Content-Length" else (name, value) for name, value in outgoing.headers]
    return outgoing._replace(headers=headers, body=body)


def _in_lower_case(outgoing: Outgoing) -> Outgoing:
    return outgoing._replace(headers=[(name.lower(), value) for name, value in outgoing.headers])


def _with_charset(outgoing: Outgoing) -> Outgoing:
    added = {"content-type": "; charset=utf-8"}
    return outgoing._replace(headers=[(name, value + added.get(name.lower(), "")) for name, value in outgoing.headers])


class Probe(NamedTuple):
    """One delivery, or two equal ones, and the expected answer: `2xx`, `4xx` or `not-5xx`.

    `extra` are further keys of the payload; `body` makes another body of the payload's, before it is signed; `change`
    makes another request of the signed one.
    """

    name: str
    expected: str
    why: str
    event: str | None = None
    extra: Mapping[str, Any] = MappingProxyType({})
    body: Callable[[bytes], bytes] = _unchanged
    webhook: Mapping[str, Any] = MappingProxyType({})
    """What is different of the webhook, such as its secret."""
    age: timedelta = timedelta()
    """The age of the signature."""
    change: Callable[[Outgoing], Outgoing] = _as_it_is
    copies: int = 1
    at_once: bool = False
    needs_time: bool = False
    """Whether it says nothing unless the signature covers a time."""


PROBES: Sequence[Probe] = (
    Probe("genuine", "2xx", "A refused delivery is sent again, and lost after the last retry."),
    Probe(
        "escapes",
        "2xx",
        "The signature covers the exact bytes; a body that is parsed and written again has no `\\/` and `\\u00e9`.",
        extra={"context": {"recording": "https://example.com/é.wav"}},
    ),
    Probe("chunked", "2xx", "A proxy may pass the body on in chunks, without Content-Length.", change=_chunked),
    Probe(
        "lower_case",
        "2xx",
        "The case of header names has no meaning, and many proxies write them in lower case.",
        change=_in_lower_case,
    ),
    Probe("charset", "2xx", "A content type may have parameters; the body is still JSON.", change=_with_charset),
    Probe(
        "another_secret",
        "4xx",
        "Anybody can call the URL; only the secret shows that the vendor has.",
        webhook={"webhook_secret": "the secret of somebody else"},
    ),
    Probe(
        "unsigned",
        "4xx",
        "A receiver that verifies the signature only if there is one lets anybody in.",
        webhook={"webhook_secret": None},
    ),
    Probe(
        "tampered",
        "4xx",
        "A signature must fit its body; otherwise anybody can send another body with a recorded signature.",
        change=tampered,
    ),
    Probe(
        "old_time",
        "4xx",
        "The time is signed so that a recorded delivery expires, here after an hour.",
        age=OLD,
        needs_time=True,
    ),
    Probe(
        "replay",
        "not-5xx",
        "The same bytes and headers may come again; refuse or ignore them, but do not fail at a unique key.",
        copies=2,
        needs_time=True,
    ),
    Probe(
        "unknown_event",
        "not-5xx",
        "The vendor may add events; after a crash the delivery comes again and again.",
        event="event_of_a_later_version",
    ),
    Probe(
        "unknown_keys",
        "2xx",
        "The vendor may add keys to the payload of an event that you handle.",
        extra={"key_of_a_later_version": {"nested": [1, 2]}},
    ),
    Probe(
        "missing_keys",
        "not-5xx",
        "A payload template or a later version may leave keys out; after a crash the delivery comes again and again.",
        body=_only_its_event,
    ),
    Probe(
        "webhook_test",
        "2xx",
        "The API's test of a webhook sends this event, and reports a failure for any other answer.",
        event=TEST_EVENT,
    ),
    Probe("not_json", "4xx", "A 2xx for an unreadable body hides that its event is lost.", body=lambda _: b"not JSON"),
    Probe("no_body", "4xx", "A 2xx for an empty body hides that its event is lost.", body=lambda _: b""),
    Probe(
        "large",
        "2xx",
        "The context of a call may be large; many frameworks and proxies refuse 1 MB unless told otherwise.",
        extra={"context": {"notes": "x" * _LARGE_BYTES}},
    ),
    Probe(
        "twice_at_once",
        "not-5xx",
        "A copy may come while the first one is being handled; a look-up before the insert is not enough.",
        copies=2,
        at_once=True,
    ),
)
"""The probes in the order in which they are sent."""
