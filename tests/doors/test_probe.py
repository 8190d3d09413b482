"""The examination of receivers: which probes each receiver fails, what is sent, and what is refused."""

import json
import re
import time
from collections.abc import Callable, Sequence
from datetime import date
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest

from talkover_mock.base.contents import A_JSON_VALUE
from talkover_mock.deliveries.probes import PROBES
from talkover_mock.deliveries.records import Outcome
from talkover_mock.deliveries.sender import Sending
from talkover_mock.probe import probe
from tests.support.peers import closed_port
from tests.support.receivers import (
    SECRET,
    STARTED,
    Receiver,
    Request,
    careful,
    crashing_at_the_unknown,
    listening,
    signed_plainly,
    signed_with_id,
    signed_with_time,
    verifying_what_it_has_parsed,
)
from tests.support.rows import each_row

WAIT = 10
"""Seconds after which something that should have happened did not."""
NAMES = [each.name for each in PROBES]
OF_TIME = {"old_time", "replay"}
CHECKS = {"hmac": signed_plainly, "stripe": signed_with_time, "standard": signed_with_id}


def failed(receiver: Receiver, **options: Any) -> set[str]:
    """The probes that a receiver fails."""
    with listening(receiver) as place:
        return {each["name"] for each in probe(place.url, SECRET, **options) if not each["passed"]}


def sent(**options: Any) -> dict[str, list[Request]]:
    """What a careful receiver gets, by the names of the probes."""
    scheme = options.get("signature_scheme", "hmac")
    with listening(careful(CHECKS[scheme])) as place:
        probed = probe(place.url, SECRET, **options)
        requests = iter(place.requests)
        return {each["name"]: [next(requests) for _ in each["statuses"]] for each in probed}


@pytest.mark.slow
@pytest.mark.parametrize("scheme", CHECKS)
def test_a_careful_receiver_passes_everything(scheme: str) -> None:
    with listening(careful(CHECKS[scheme])) as place:
        probed = probe(place.url, SECRET, signature_scheme=scheme)  # type: ignore[arg-type]
    assert [each["name"] for each in probed if not each["passed"]] == []
    assert [each["name"] for each in probed] == [
        name for name in NAMES if scheme in ("stripe", "standard") or name not in OF_TIME
    ]


def test_a_receiver_that_verifies_what_it_has_parsed_fails_where_bytes_are_escaped() -> None:
    assert failed(verifying_what_it_has_parsed()) == {"escapes"}


def test_a_receiver_that_answers_500_to_the_unknown_fails_where_something_is_unknown_or_missing() -> None:
    assert failed(crashing_at_the_unknown()) == {"unknown_event", "missing_keys", "webhook_test"}


def refusing_unless(is_right: Callable[[Request], bool], receiver: Receiver | None = None) -> Receiver:
    receiver = receiver or careful()
    return lambda request: receiver(request) if is_right(request) else 415


def with_unique_ids() -> Receiver:
    """Fails when an id comes a second time."""
    ids: list[str | None] = []

    def receive(request: Request) -> int | None:
        ids.append(request.header("webhook-id"))
        return careful(signed_with_id)(request) if ids.count(ids[-1]) == 1 else 500

    return receive


def with_a_race() -> Receiver:
    """After the large body, two requests that are under way together disturb each other."""
    both, sizes = Barrier(2), [0]

    def receive(request: Request) -> int | None:
        sizes.append(len(request.body))
        if max(sizes[:-1]) < 1_000_000:
            return careful()(request)
        try:
            both.wait(WAIT)
        except BrokenBarrierError:
            return 200
        return 500

    return receive


RIGHT = {"genuine", "escapes", "chunked", "lower_case", "charset", "unknown_keys", "webhook_test", "large"}
KEYS = {"event", "agent_id", "agent_name", "webhook_id", "webhook_name", "timestamp", "call_id", "context", "test"}


def mistakes() -> dict[str, tuple[Receiver, str, set[str]]]:
    """Receivers by their mistakes, each with its scheme and the probes that it fails."""
    return {
        "refuses everything": (lambda _: 401, "hmac", RIGHT),
        "wants a length": (
            refusing_unless(lambda request: bool(request.header("Content-Length"))),
            "hmac",
            {"chunked"},
        ),
        "compares the case of names": (
            refusing_unless(lambda request: "Signature" in request.headers or request.header("Signature") is None),
            "hmac",
            {"lower_case"},
        ),
        "compares the whole content type": (
            refusing_unless(lambda request: request.header("Content-Type") == "application/json"),
            "hmac",
            {"charset"},
        ),
        "verifies no signature": (
            careful(lambda request: request.header("Signature") is not None),
            "hmac",
            {"another_secret", "tampered"},
        ),
        "verifies only what is signed": (
            careful(lambda request: request.header("Signature") is None or signed_plainly(request)),
            "hmac",
            {"unsigned"},
        ),
        "lets nothing expire": (
            lambda request: 200 if signed_with_time(request, 1e9) and request.body[:1] == b"{" else 401,
            "stripe",
            {"old_time"},
        ),
        "has unique ids": (with_unique_ids(), "standard", {"replay", "twice_at_once"}),
        "knows all events": (
            careful(handle=lambda payload: {STARTED: 200, "webhook.test": 200}.get(payload["event"], 500)),
            "hmac",
            {"unknown_event"},
        ),
        "knows all keys": (
            careful(handle=lambda payload: 200 if {*payload} <= KEYS else 422),
            "hmac",
            {"unknown_keys"},
        ),
        "needs all keys": (
            careful(handle=lambda payload: 200 if payload.get("timestamp") else 500),
            "hmac",
            {"missing_keys"},
        ),
        "knows no test": (careful(handle=lambda payload: 404 if "test" in payload else 200), "hmac", {"webhook_test"}),
        "parses later": (lambda request: 200 if signed_plainly(request) else 401, "hmac", {"not_json", "no_body"}),
        "has a limit": (refusing_unless(lambda request: len(request.body) < 100_000), "hmac", {"large"}),
        "has a race": (with_a_race(), "hmac", {"twice_at_once"}),
    }


@pytest.mark.slow
@pytest.mark.parametrize("mistake", mistakes())
def test_a_mistake_fails_its_own_probes(mistake: str) -> None:
    receiver, scheme, expected = mistakes()[mistake]
    assert failed(receiver, signature_scheme=scheme) == expected


def test_every_probe_can_fail() -> None:
    found = {"escapes"}.union(*(names for _, _, names in mistakes().values()))
    assert found == {*NAMES}


def test_an_answer_that_does_not_come_fails_its_probe() -> None:
    with listening(lambda request: careful()(request) if request.body else None) as place:
        probed = {each["name"]: each for each in probe(place.url, SECRET, expect={"no_body": "not-5xx"})}
    assert {name for name, each in probed.items() if not each["passed"]} == {"no_body"}
    assert probed["no_body"] == {
        "name": "no_body",
        "expected": "not-5xx",
        "statuses": [None],
        "error": "Connection reset",
        "passed": False,
        "why": "A 2xx for an empty body hides that its event is lost.",
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("expected", "passes"),
    [
        ("2xx", True),
        ("204", True),
        ("not-5xx", True),
        ("not-200", True),
        ("4xx", False),
        ("200", False),
        ("not-204", False),
    ],
)
def test_another_answer_can_be_expected(expected: str, passes: bool) -> None:
    found = failed(lambda request: 204 if signed_plainly(request) else 401, expect={"no_body": expected})
    assert found == ({"not_json"} if passes else {"not_json", "no_body"})


# What is sent


def test_each_probe_differs_in_what_it_is_about() -> None:
    requests = {name: found[0] for name, found in sent().items()}
    assert requests["genuine"].headers["Content-Type"] == "application/json"
    assert rb"https:\/\/example.com\/\u00e9.wav" in requests["escapes"].body
    assert requests["chunked"].header("Transfer-Encoding") == "chunked"
    assert requests["chunked"].header("Content-Length") is None
    assert [name for name in requests["lower_case"].headers if name != name.lower()] == []
    assert requests["charset"].headers["Content-Type"] == "application/json; charset=utf-8"
    assert requests["unsigned"].header("Signature") is None
    assert json.loads(requests["tampered"].body)["tampered"] is True
    assert set(json.loads(requests["unknown_keys"].body)) - KEYS == {"key_of_a_later_version"}
    assert json.loads(requests["missing_keys"].body) == {"event": STARTED}
    assert json.loads(requests["webhook_test"].body)["event"] == "webhook.test"
    assert (requests["not_json"].body, requests["no_body"].body) == (b"not JSON", b"")
    assert 1_000_000 < len(requests["large"].body) < 1_000_500
    wrong = {name for name, request in requests.items() if not signed_plainly(request)}
    assert wrong == {"another_secret", "unsigned", "tampered"}


def test_only_copies_are_alike() -> None:
    found = sent(signature_scheme="stripe")
    for name in ("replay", "twice_at_once"):
        one, other = found[name]
        assert one == other
    bodies = [requests[0].body for name, requests in found.items() if name not in ("no_body", "not_json")]
    assert len({*bodies}) == len(bodies)


def test_the_old_time_is_an_hour_ago_and_all_others_are_now() -> None:
    found = sent(signature_scheme="stripe")
    ages = {name: time.time() - int(signed_time(requests[0])) for name, requests in found.items() if name != "unsigned"}
    old = ages.pop("old_time")
    assert (3590 < old < 3700, max(ages.values()) < 60) == (True, True)


def signed_time(request: Request) -> str:
    [seconds] = re.findall(r"t=(\d+)", request.header("Stripe-Signature") or "")
    return str(seconds)


def test_the_time_can_be_another() -> None:
    with listening(lambda _: 200) as place:
        probe(place.url, SECRET, signature_scheme="stripe", now="2025-09-03T23:50:15Z")
        [at] = {signed_time(place.requests[0])}
    assert 0 <= int(at) - 1756943415 < 60


def test_the_options_are_those_of_a_webhook_and_of_the_settings() -> None:
    with listening(lambda _: 200) as place:
        probe(
            place.url,
            SECRET,
            event="event_action",
            data={"agent_id": "our-agent", "action": "billed"},
            http_method="PUT",
            custom_headers=[{"key": "X-Team", "value": "calls"}],
            signature_scheme="github",
            signature_header="X-Signature",
            signature_prefix="",
            delivery_json="plain",
        )
    by_name = dict(zip([name for name in NAMES if name not in OF_TIME], place.requests, strict=False))
    assert {request.method for request in place.requests} == {"PUT"}
    assert {request.header("X-Team") for request in place.requests} == {"calls"}
    assert re.fullmatch("[0-9a-f]{64}", by_name["genuine"].header("X-Signature") or "")
    assert "https://example.com/é.wav" in by_name["escapes"].body.decode()
    payload, test = json.loads(by_name["genuine"].body), json.loads(by_name["webhook_test"].body)
    assert (payload["event"], payload["agent_id"], payload["action"]) == ("event_action", "our-agent", "billed")
    assert (test["event"], test["agent_id"], test["test"]) == ("webhook.test", "our-agent", True)


@pytest.fixture
def sendings(monkeypatch: pytest.MonkeyPatch) -> list[Sending]:
    """What would be sent; each is answered 200."""
    found: list[Sending] = []

    def run(sending: Sending) -> Outcome:
        found.append(sending)
        return Outcome(200)

    monkeypatch.setattr(Sending, "run", run)
    return found


def test_the_sender_is_told_how_long_to_wait_and_what_may_be_called(sendings: list[Sending]) -> None:
    probe("http://far.example/hook", SECRET, timeout=7, deliver_to=["far.example"])
    assert {(each.outgoing.timeout, *each.deliver_to) for each in sendings} == {(7, "far.example")}


# What is refused

REFUSED: Sequence[tuple[str, dict[str, Any], str]] = (
    (
        "https://example.com/hook",
        {},
        "https://example.com/hook may not be called: example.com is not on this machine or network; "
        "start with --deliver-to example.com to deliver there",
    ),
    (
        "http://169.254.169.254/",
        {"deliver_to": ["169.254.169.254"]},
        "http://169.254.169.254/ may not be called: "
        "169.254.169.254 is a link-local or metadata address; such addresses are never called",
    ),
    *(
        (
            "http://example.com/",
            {"deliver_to": each},
            f'deliver_to is a list of hosts, such as ["example.com"] (got {each!r})',
        )
        for each in ("example.com", "", 5, [5], b"example.com")
    ),
    ("localhost:8000", {}, 'webhook_url: The webhook url must be a valid URL (got "localhost:8000")'),
    ("http://a.b", {"timeout": 3}, "timeout: The timeout must be between 5 and 120 (got 3)"),
    (
        "http://a.b",
        {"signature_scheme": "md5"},
        'signature_scheme: The selected signature scheme is invalid (got "md5")',
    ),
    (
        "http://a.b",
        {"event": "campaign.started"},
        'event must be one of the 22 events (got "campaign.started"); only campaigns have this event',
    ),
    ("http://a.b", {"now": "soon"}, 'now must be a moment such as 2025-09-03T23:19:51Z (got "soon")'),
    ("http://a.b", {"data": []}, "data must be an object (got [])"),
    (
        "http://a.b",
        {"data": {"a": json.loads("[" * 900 + "]" * 900)}},
        f'data must be {A_JSON_VALUE} (got {{"a": {"[" * 71}...)',
    ),
    ("http://a.b", {"data": {"a": date(2026, 1, 1)}}, f'data must be {A_JSON_VALUE} (got {{"a": "2026-01-01"}})'),
    ("http://a.b", {"data": {"a": ("\udcff",)}}, 'data must be UTF-8 (got {"a": ["\\udcff"]})'),
    ("http://a.b", {"event": "\udcff", "unknown": True}, 'event must be UTF-8 (got "\\udcff")'),
    ("http://a.b", {"signature_prefix": "\udcff"}, 'signature_prefix must be UTF-8 (got "\\udcff")'),
    (
        "http://a.b",
        {"signature_prefix": "a\nb"},
        'signature_prefix must be one line without control characters (got "a\\nb")',
    ),
    (
        "http://a.b",
        {"custom_headers": [{"key": "a", "value": "\udcff"}]},
        'custom_headers must be UTF-8 (got [{"key": "a", "value": "\\udcff"}])',
    ),
    (
        "http://a.b",
        {"custom_headers": [{"key": "a", "value": "b\nc"}]},
        'the value of a in custom_headers must be one line without control characters (got "b\\nc")',
    ),
    (
        "http://a.b",
        {"custom_headers": [{"key": "a\nb", "value": "c"}]},
        'custom_headers: a name has letters, digits and - (got "a\\nb")',
    ),
    *(
        (url, {}, f'webhook_url must begin with http:// or https://, and a port is 1 to 65535 (got "{url}")')
        for url in ("http://127.0.0.1:99999", "http://127.0.0.1:0", "ftp://127.0.0.1")
    ),
    ("http://a.b", {"expect": {"escape": "2xx"}}, 'no probe is named "escape"; did you mean escapes?'),
    (
        "http://a.b",
        {"expect": {"large": "6xx"}},
        'large can be expected to be "2xx", "not-5xx" or "409", for example (got "6xx")',
    ),
    (
        "http://a.b",
        {"expect": {"large": 409}},
        'large can be expected to be "2xx", "not-5xx" or "409", for example (got 409)',
    ),
    *(
        (
            "http://a.b",
            {"expect": {"genuine": "2xx", name: "200"}, **given},
            f"{name} is not sent, so expect nothing of it: the signature scheme {scheme} signs no time",
        )
        for name in ("old_time", "replay")
        for scheme, given in {"hmac": {}, "github": {"signature_scheme": "github"}}.items()
    ),
    ("http://a.b", {"expect": 5}, 'expect must be an object of probes, such as {"replay": "409"} (got 5)'),
)


@each_row(("url", "options", "text"), REFUSED, ids=[text[:30] for _, _, text in REFUSED])
def test_wrong_options_and_targets_are_refused(url: str, options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)) as caught:
        probe(url, SECRET, **options)
    assert str(caught.value) == text


def test_a_secret_is_needed(sendings: list[Sending]) -> None:
    with pytest.raises(ValueError, match="expected the secret"):
        probe("http://localhost/", " ")
    with pytest.raises(ValueError, match=r"^webhook_secret must be UTF-8$"):
        probe("http://localhost/", "my secret\udcff")
    assert sendings == []


def test_an_unknown_option_is_refused_with_the_nearest() -> None:
    with pytest.raises(TypeError, match='no option is named "http_metod"; did you mean http_method'):
        probe("http://localhost/", SECRET, http_metod="PUT")  # type: ignore[call-arg]


def test_nothing_more_is_sent_when_the_genuine_delivery_is_not_answered() -> None:
    with closed_port() as url, pytest.raises(ConnectionError, match="does not answer a genuine delivery") as caught:
        probe(url, SECRET)
    assert str(caught.value).endswith(": Connection refused")
    with listening(lambda _: None) as place, pytest.raises(ConnectionError, match="Connection reset"):
        probe(place.url, SECRET)
    assert len(place.requests) == 1
