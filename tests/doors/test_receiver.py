"""The receiver of webhooks that tests use."""

import errno
import hashlib
import hmac
import math
import os
import re
import socket
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from socketserver import TCPServer
from time import monotonic
from types import MappingProxyType
from typing import Any

import pytest
import requests

from talkover_mock.base import receiving
from talkover_mock.dialect.signing import SCHEMES, Scheme, sign
from talkover_mock.local import running_mockserver
from talkover_mock.receiver import Answer, ReceivedRequest, WebhookReceiver, running_receiver
from tests.support.documented import AGENT, WEBHOOK
from tests.support.rows import each_row
from tests.support.systems import can_listen_on

WAIT = 10
"""Seconds after which something that should have happened did not."""


def send(receiver: WebhookReceiver, body: bytes = b'{"event":"a"}', method: str = "POST") -> requests.Response:
    return requests.request(method, receiver.url, data=body, timeout=WAIT)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_request_is_kept_as_it_came(method: str, receiver: WebhookReceiver) -> None:
    body = '{"event":"a", "text":"é\\/"}'.encode()
    answer = requests.request(method, f"{receiver.url}/deep?a=1", data=body, headers={"X-Custom": "Á"}, timeout=WAIT)
    assert (answer.status_code, answer.text) == (200, "")
    [request] = receiver.requests
    assert (request.method, request.path, request.body) == (method, "/webhook/deep?a=1", body)
    assert request.json == {"event": "a", "text": "é/"}
    assert request.headers["content-length"] == str(len(body))
    assert request.headers["x-custom"] == "Á"


def test_a_receiver_and_its_requests_say_what_they_are(receiver: WebhookReceiver) -> None:
    assert repr(receiver) == f"<WebhookReceiver at {receiver.url}, got 0>"
    send(receiver)
    send(receiver, b"no event")
    assert [repr(each) for each in receiver.requests] == [
        "<ReceivedRequest POST /webhook (a)>",
        "<ReceivedRequest POST /webhook (b'no event')>",
    ]
    assert repr(receiver).endswith(", got 2: POST /webhook (a), POST /webhook (b'no event')>")


def test_headers_are_also_there_as_they_came(receiver: WebhookReceiver) -> None:
    requests.post(receiver.url, headers={"X-Mixed-CASE": "1"}, timeout=WAIT)
    [request] = receiver.requests
    assert ("X-Mixed-CASE", "1") in request.raw_headers
    assert {name.lower(): value for name, value in request.raw_headers} == request.headers


def test_a_body_in_chunks_is_one_body(receiver: WebhookReceiver) -> None:
    assert requests.post(receiver.url, data=iter([b'{"a"', b":1}"]), timeout=WAIT).status_code == 200
    assert receiver.requests[0].json == {"a": 1}


ENDLESS = [
    ("Content-Length: -1", 400),
    ("Content-Length: ten", 400),
    ("Content-Length: 3\r\nContent-Length: 4\r\n\r\n{}ab", 400),
    (f"Content-Length: {1 << 40}", 413),
    (f"Content-Length: {'9' * 400}", 413),
    ("Transfer-Encoding: chunked\r\n\r\n-5", 400),
    ("Transfer-Encoding: chunked\r\n\r\nffffffff", 413),
]


@each_row(("head", "status"), ENDLESS)
def test_a_body_without_an_end_is_refused(head: str, status: int, receiver: WebhookReceiver) -> None:
    port = int(receiver.url.split(":")[2].partition("/")[0])
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT) as connection:
        connection.sendall(f"POST / HTTP/1.1\r\n{head}\r\n\r\n".encode())
        assert connection.recv(100).startswith(f"HTTP/1.1 {status} ".encode())
    assert receiver.requests == []


def test_a_length_that_is_given_twice_is_one_length(receiver: WebhookReceiver) -> None:
    port = int(receiver.url.split(":")[2].partition("/")[0])
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}")
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
    assert receiver.requests[0].body == b"{}"


@each_row("method", ["GET", "HEAD", "OPTIONS", "DELETE"])
def test_what_is_no_delivery_is_told_so_and_not_kept(method: str, receiver: WebhookReceiver) -> None:
    answer = send(receiver, b"", method)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST, PUT, PATCH")
    assert receiver.requests == []


def test_a_sender_that_waits_to_be_told_to_continue_is(receiver: WebhookReceiver) -> None:
    port = int(receiver.url.split(":")[2].partition("/")[0])
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
    assert receiver.requests[0].body == b"{}"


def test_a_sender_may_pause_for_seconds(receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    assert socket_timeouts(receiver, monkeypatch) == {30.0}


def socket_timeouts(receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch) -> set[float]:
    """The time-outs that the receiver sets for its connections while one request comes."""
    found: set[float] = set()
    own = socket.socket.settimeout

    def settimeout(self: socket.socket, value: float | None) -> None:
        if value and self.getsockname()[1] == int(receiver.url.split(":")[2].partition("/")[0]):
            found.add(value)
        own(self, value)

    monkeypatch.setattr(socket.socket, "settimeout", settimeout)
    send(receiver, b"{}")
    return found


def test_a_receiver_on_a_port_of_ones_own(receiver: WebhookReceiver) -> None:
    port = int(receiver.url.split(":")[2].partition("/")[0])
    receiver.stop()
    again = WebhookReceiver(port=port)
    again.stop()
    assert again.url == receiver.url


@pytest.mark.parametrize("status", [204, 205, 304])
def test_an_answer_whose_status_has_no_body_sends_none(receiver: WebhookReceiver, status: int) -> None:
    receiver.answer_always(Answer(status, body="more"))
    answer = send(receiver, b"{}")
    assert (answer.status_code, answer.content, answer.headers["Content-Length"]) == (status, b"", "0")


class Own(WebhookReceiver):
    """A receiver that takes requests in a way of its own."""

    def __init__(self, take: Callable[[ReceivedRequest], Any]) -> None:
        super().__init__()
        self._take = take

    def take(self, request: ReceivedRequest) -> Answer:
        answer: Answer = self._take(request)
        return answer


def wrong_take(request: ReceivedRequest) -> Answer:
    assert request.json == {"right": True}
    return Answer(201)


@pytest.mark.parametrize(
    ("take", "error", "text"),
    [
        (wrong_take, AssertionError, "right"),
        (lambda request: request.json["nope"], KeyError, "nope"),
        (lambda _: pytest.fail("so it is"), pytest.fail.Exception, "so it is"),
        (lambda _: sys.exit(3), RuntimeError, r"^take raised SystemExit\(3\)$"),
        (lambda _: 200, TypeError, r"^take returns an Answer, such as Answer\(200\) \(got 200\)$"),
    ],
)
def test_what_a_take_raises_is_a_500_and_is_raised_by_stop(
    take: Callable[[ReceivedRequest], Any], error: type[BaseException], text: str
) -> None:
    receiver = Own(take)
    receiver.start()
    assert [send(receiver, b"{}").status_code for _ in range(2)] == [500, 500]
    with pytest.raises(error, match=text):
        receiver.stop()
    receiver.stop()


def test_an_answer_that_takes_longer_than_a_sender_may_is_sent_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("talkover_mock.base.receiving.LAST_SECONDS", 0.01)
    begun, over = threading.Event(), threading.Event()

    def take(_: ReceivedRequest) -> Answer:
        begun.set()
        over.wait(WAIT)
        return Answer(201)

    receiver = Own(take)
    receiver.start()
    with ThreadPoolExecutor(2) as pool:
        sent = pool.submit(send, receiver)
        assert begun.wait(WAIT)
        stopping = pool.submit(receiver.stop)
        assert not wait([stopping], 0.1).done
        over.set()
        assert sent.result(WAIT).status_code == 201
        stopping.result(WAIT)


def test_requests_are_kept_in_order_and_read_as_a_copy(receiver: WebhookReceiver) -> None:
    for event in ("a", "b"):
        send(receiver, f'{{"event":"{event}"}}'.encode())
    before = receiver.requests
    assert receiver.events == ["a", "b"]
    send(receiver)
    assert (len(before), len(receiver.requests)) == (2, 3)


def test_a_request_without_a_body_is_a_request(receiver: WebhookReceiver) -> None:
    assert send(receiver, b"").status_code == 200
    assert receiver.requests[0].body == b""


def test_answers_are_given_in_the_order_they_were_lined_up(receiver: WebhookReceiver) -> None:
    receiver.answer_next(500, Answer(201, "é", {"X-A": "1"}))
    receiver.answer_next(404)
    answers = [send(receiver) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [500, 201, 404, 200]
    assert (answers[1].content.decode(), answers[1].headers["X-A"]) == ("é", "1")


def test_another_answer_for_always(receiver: WebhookReceiver) -> None:
    receiver.answer_always(503)
    receiver.answer_next(200)
    assert [send(receiver).status_code for _ in range(3)] == [200, 503, 503]
    receiver.answer_always(Answer(204))
    assert send(receiver).status_code == 204


@pytest.mark.slow
def test_an_answer_may_be_late_and_keeps_no_other_waiting(receiver: WebhookReceiver) -> None:
    receiver.answer_next(Answer(201, delay_seconds=0.3))
    with ThreadPoolExecutor(1) as pool:
        started = monotonic()
        late = pool.submit(send, receiver)
        receiver.wait_for(1)
        assert send(receiver).status_code == 200
        assert not late.done()
        assert late.result(WAIT).status_code == 201
        assert monotonic() - started >= 0.3


def test_clearing_forgets_requests_and_lined_up_answers(receiver: WebhookReceiver) -> None:
    receiver.answer_always(202)
    receiver.answer_next(500, 500)
    send(receiver)
    receiver.clear()
    assert receiver.requests == []
    assert send(receiver).status_code == 202


def test_waiting_ends_with_the_request_that_makes_it_enough(receiver: WebhookReceiver) -> None:
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(receiver.wait_for, 2, WAIT)
        send(receiver)
        assert not found.done()
        send(receiver)
        assert len(found.result(WAIT)) == 2
    assert len(receiver.wait_for(1, 0)) == 2


@pytest.mark.slow
def test_waiting_in_vain_says_what_was_expected_and_what_came(receiver: WebhookReceiver) -> None:
    with pytest.raises(AssertionError, match=r"^expected 1 request within 0\.05 s, got 0$"):
        receiver.wait_for(1, 0.05)
    send(receiver)
    send(receiver, b"no event")
    came = "2: POST /webhook (a), POST /webhook (b'no event')"
    with pytest.raises(AssertionError, match=f"^expected 3 requests within 0.05 s, got {re.escape(came)}$"):
        receiver.wait_for(3, 0.05)


def test_waiting_in_vain_says_that_the_receiver_does_not_listen(receiver: WebhookReceiver) -> None:
    idle = WebhookReceiver()
    with pytest.raises(AssertionError, match=r"got 0; the receiver was never started: call start\(\) first$"):
        idle.wait_for(1, 0)
    idle.stop()
    send(receiver)
    receiver.stop()
    for stopped in (idle, receiver):
        with pytest.raises(AssertionError, match=r"; the receiver has stopped$"):
            stopped.wait_for(2, 0)
    assert len(receiver.wait_for(1, 0)) == 1


@pytest.mark.parametrize(
    "body", [b"no event", b"[]", b"7", b"{}", b"\xff", b"[" * 100_000], ids=lambda body: repr(body[:9])
)
def test_a_body_that_names_no_event_is_told(body: bytes, receiver: WebhookReceiver) -> None:
    send(receiver, body)
    with pytest.raises(ValueError, match="^the body of POST /webhook names no event: " + re.escape(repr(body[:80]))):
        _ = receiver.events
    assert repr(receiver).endswith(f"got 1: POST /webhook ({body[:80]!r})>")


@each_row("status", ["500", 42, 600, None, True, 200.0])
def test_what_can_not_be_a_status_is_no_answer(status: Any, receiver: WebhookReceiver) -> None:
    with pytest.raises(ValueError, match=r"^an answer's status is a number from 200 to 599 "):
        receiver.answer_next(500, status)
    assert send(receiver).status_code == 200


WRONG_ANSWERS = [
    *[("body", value) for value in (b"x", None, {"a": 1}, "\udcff")],
    *[("headers", {"X": value}) for value in ("é€", "a\nb", 5, None)],
    *[("headers", value) for value in ([("a", "b")], None, {"a b": "c"}, {5: "c"})],
    *[("delay_seconds", value) for value in ("1", None, -1, math.nan, math.inf, 1e12)],
]


@each_row("key, value", WRONG_ANSWERS)
def test_what_can_not_be_sent_is_no_answer(key: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"^an answer's {key.partition('_')[0]} (is|are) a .* \(got ") as caught:
        Answer(**{key: value})
    assert str(caught.value).endswith(f"(got {value!r})")


def test_headers_of_an_answer_are_any_mapping(receiver: WebhookReceiver) -> None:
    receiver.answer_next(Answer(200, headers=MappingProxyType({"X-A": "1"})))
    assert send(receiver).headers["X-A"] == "1"


@each_row(
    "given, text",
    [(("1",), "the requests "), ((1.5,), "the requests "), ((0, "1"), "the time "), ((0, -1), "the time ")],
)
def test_what_is_waited_for_is_a_number(given: Any, text: str, receiver: WebhookReceiver) -> None:
    with pytest.raises(ValueError, match=rf"^{text}to wait .* number .*\(got {re.escape(repr(given[-1]))}\)$"):
        receiver.wait_for(*given)


def signed(secret: str, body: bytes, header: str = "signature", prefix: str = "") -> ReceivedRequest:
    value = prefix + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return ReceivedRequest("POST", "/", {header: value}, body)


def test_a_signature_is_checked_over_the_exact_bytes() -> None:
    request = signed("secret", b'{"a": 1}')
    assert request.is_signed_with("secret")
    assert not request.is_signed_with("other")
    assert not ReceivedRequest("POST", "/", request.headers, b'{"a":1}').is_signed_with("secret")
    assert not ReceivedRequest("POST", "/", {}, b'{"a": 1}').is_signed_with("secret")
    assert not ReceivedRequest("POST", "/", {"signature": "é"}, b"").is_signed_with("secret")


def test_a_signature_may_stand_in_another_header_after_a_prefix() -> None:
    request = signed("secret", b"{}", "x-hub-signature-256", "sha256=")
    assert request.is_signed_with("secret", "X-Hub-Signature-256", "sha256=")
    assert not request.is_signed_with("secret", "X-Hub-Signature-256", "")
    assert not request.is_signed_with("secret", "Signature")
    odd = signed("secret", b"{}", "x-odd", "v9:")
    assert odd.is_signed_with("secret", "X-Odd", "v9:")
    assert not odd.is_signed_with("secret", "X-Odd")


@each_row("key", ["secret", "header", "prefix", "scheme"])
def test_a_signature_has_texts(key: str) -> None:
    wrong: list[Any] = [b"s", 5, [], "\udcff"]
    for value in wrong:
        with pytest.raises(ValueError, match=f"^the {key} of a signature is a text {re.escape(f'(got {value!r})')}$"):
            signed("secret", b"{}").is_signed_with(**{"secret": "secret", key: value})


SIGNED = [
    (scheme, secret) for scheme in SCHEMES for secret in ("secret", "no base64!", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2La")
]


def request_signed(scheme: Scheme, secret: str, body: bytes = b"{}") -> ReceivedRequest:
    headers = sign(scheme, secret, body, 1756943415, "msg_1")
    return ReceivedRequest("POST", "/", {name.lower(): value for name, value in headers.items()}, body)


@each_row(("scheme", "secret"), SIGNED)
def test_every_scheme_is_known_by_its_header(scheme: str, secret: str) -> None:
    request = request_signed(SCHEMES[scheme], secret)
    assert request.is_signed_with(secret)
    assert request.is_signed_with(secret, scheme=scheme)
    assert not request.is_signed_with("another")
    assert not replace(request, body=b"{ }").is_signed_with(secret)
    assert [name for name in SCHEMES if request.is_signed_with(secret, scheme=name)] == [scheme]


@each_row(("scheme", "secret"), SIGNED)
def test_every_scheme_may_have_another_header_and_prefix(scheme: str, secret: str) -> None:
    request = request_signed(SCHEMES[scheme]._replace(header="X-Odd", prefix="v9:"), secret)
    assert request.is_signed_with(secret, "X-Odd", "v9:", scheme)
    assert not request.is_signed_with(secret, "X-Odd", scheme=scheme)


@pytest.mark.parametrize(
    ("scheme", "header", "value"),
    [
        ("stripe", "stripe-signature", "t=1756943415"),
        ("standard", "webhook-timestamp", "1756943415"),
        ("standard", "webhook-id", "msg_1"),
    ],
)
def test_a_signature_covers_the_time_and_the_id_of_the_request(scheme: str, header: str, value: str) -> None:
    request = request_signed(SCHEMES[scheme], "secret")
    changed = request.headers[header].replace(value, value[:-1] + "2")
    assert request.headers[header] != changed
    assert not replace(request, headers={**request.headers, header: changed}).is_signed_with("secret")


def test_an_unknown_scheme_is_refused_with_all_known_ones() -> None:
    with pytest.raises(ValueError, match=r"one of hmac, github, stripe, standard, shopify \(got 'md5'\)"):
        signed("secret", b"{}").is_signed_with("secret", scheme="md5")


@each_row("scheme", SCHEMES)
def test_scheme_header_and_prefix_are_those_of_the_settings(scheme: str) -> None:
    mine = SCHEMES[scheme]._replace(header="X-Mine", prefix="mine=")
    settings = {"signature_scheme": scheme, "signature_header": "X-Mine", "signature_prefix": "mine="}
    request = replace(request_signed(mine, "secret"), settings=lambda: settings)
    assert request.is_signed_with("secret")
    assert not request.is_signed_with("secret", prefix="")
    assert not request.is_signed_with("secret", header="X-Other")
    unprefixed = request_signed(mine._replace(prefix=""), "secret")
    assert replace(unprefixed, settings=lambda: {**settings, "signature_prefix": ""}).is_signed_with("secret")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_delivery_is_verified_by_the_scheme_of_its_environment(scheme: str, receiver: WebhookReceiver) -> None:
    with running_mockserver() as mock:
        mock.merge_state({"settings": {"signature_scheme": scheme}})
        mock.set_webhook(WEBHOOK, webhook_url=receiver.url, webhook_secret="our secret", enabled=True)
        mock.emit(AGENT, "event_phone_call_started")
    [request] = receiver.requests
    assert (request.is_signed_with("our secret"), request.is_signed_with("another")) == (True, False)


def test_the_documented_payload_has_the_documented_signature() -> None:
    body = (
        r'{"event":"webhook.test","agent_id":"9fbef0b7-8d4e-4a08-9207-66c22155721d","agent_name":"My Agent",'
        r'"webhook_id":"9fcafbf2-7593-44d6-8cd7-1b221beba62a","webhook_name":"My Webhook",'
        r'"timestamp":"2025-09-03T23:19:51.000Z","test":true}'
    )
    check = "c54f309fa0642bdb8b6f6dcb0bb1b167a8b56fb28e52f0db297ecd0319fcc9e1"
    request = ReceivedRequest("POST", "/", {"signature": check}, body.encode())
    assert (len(request.body), request.is_signed_with("optional_secret_for_hmac")) == (229, True)


def test_two_receivers_stand_beside_each_other(receiver: WebhookReceiver) -> None:
    with running_receiver() as other:
        assert other.url != receiver.url
        send(other)
        assert (len(other.requests), len(receiver.requests)) == (1, 0)


def test_a_receiver_listens_where_it_is_told() -> None:
    for host, shown in {"127.0.0.1": "127.0.0.1", **({"::1": "[::1]"} if can_listen_on("::1") else {})}.items():
        receiver = WebhookReceiver(host)
        receiver.start()
        try:
            assert receiver.url.startswith(f"http://{shown}:")
            assert send(receiver).status_code == 200
        finally:
            receiver.stop()


def test_where_it_can_not_listen_is_named_in_the_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            OSError, match=f"can't listen on 127.0.0.1:{port}: {os.strerror(errno.EADDRINUSE)}"
        ) as caught:
            WebhookReceiver(port=port)
    assert caught.value.errno == errno.EADDRINUSE


def test_a_host_that_nobody_knows_is_named_in_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def bind(_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(TCPServer, "server_bind", bind)
    text = r"can't listen on nosuch\.invalid:0: Name or service not known"
    with pytest.raises(socket.gaierror, match=text) as caught:
        WebhookReceiver("nosuch.invalid")
    assert caught.value.errno == socket.EAI_NONAME


def test_no_name_is_looked_up_for_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda _: 1 / 0)
    with running_receiver() as receiver:
        assert send(receiver).status_code == 200


def test_after_stopping_nobody_answers(receiver: WebhookReceiver) -> None:
    receiver.stop()
    with pytest.raises(requests.ConnectionError):
        send(receiver)


def test_stopping_ends_an_answer_that_is_delayed(receiver: WebhookReceiver) -> None:
    receiver.answer_next(Answer(201, delay_seconds=1800))
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(send, receiver)
        receiver.wait_for(1)
        receiver.stop()
        assert late.result(WAIT).status_code == 201


@pytest.mark.parametrize("started", [True, False])
def test_stopping_frees_the_port_and_twice_is_once(started: bool) -> None:
    receiver = WebhookReceiver()
    if started:
        receiver.start()
    receiver.stop()
    receiver.stop()
    port = int(receiver.url.rpartition(":")[2].partition("/")[0])
    with socket.create_server(("127.0.0.1", port)):
        assert not [thread for thread in threading.enumerate() if thread.name == "webhook-receiver"]


@pytest.mark.slow
@pytest.mark.parametrize("sent", [b"", b"POST /webhook HTT", b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n{}"])
def test_a_sender_that_says_nothing_more_holds_stopping_for_two_seconds_at_most(
    sent: bytes, receiver: WebhookReceiver
) -> None:
    port = int(receiver.url.rpartition(":")[2].partition("/")[0])
    with socket.create_connection(("127.0.0.1", port), WAIT) as client:
        client.sendall(sent)
        assert send(receiver).status_code == 200
        started = monotonic()
        receiver.stop()
        assert monotonic() - started < 2
    assert len(receiver.requests) == 1


def test_a_sender_that_never_reads_its_answer_holds_stopping_for_a_moment(
    receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "LAST_SECONDS", 0.01)
    receiver.answer_always(Answer(body="x" * (32 << 20)))  # far more than the sockets take
    port = int(receiver.url.rpartition(":")[2].partition("/")[0])
    with socket.create_connection(("127.0.0.1", port), WAIT) as client, ThreadPoolExecutor(1) as pool:
        client.sendall(b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
        receiver.wait_for(1)
        assert client.recv(1, socket.MSG_PEEK) == b"H"
        pool.submit(receiver.stop).result(WAIT)


def test_a_request_that_ends_early_is_not_kept(receiver: WebhookReceiver) -> None:
    port = int(receiver.url.rpartition(":")[2].partition("/")[0])
    with socket.create_connection(("127.0.0.1", port), WAIT) as client:
        client.sendall(b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n{}")
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1000) == b""
    assert receiver.requests == []
