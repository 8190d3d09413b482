"""`talkover-mock listen`: what it prints, what it writes, what counts, and how it ends."""

import gzip
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
import requests
from click.testing import Result

from talkover_mock.base.ending import ending_signals
from talkover_mock.base.shapes.values import Event
from talkover_mock.base.words import printable
from talkover_mock.cli import listen
from talkover_mock.client import MockServer
from talkover_mock.dialect.behaviours import conformance
from talkover_mock.learning.listening import Lesson, Listener
from talkover_mock.learning.writing import write
from talkover_mock.loading.files import load
from talkover_mock.loading.fixture import read_fixture
from talkover_mock.local import serving
from talkover_mock.receiver import ReceivedRequest
from tests.doors.test_cli import run
from tests.support.documented import AGENT, WEBHOOK
from tests.support.fixture_documents import source
from tests.support.rows import each_row

WAIT = 20
STARTED: Event = "event_phone_call_started"
ENDED: Event = "event_phone_call_ended"
SECRET, NAME, PHONE, TOKEN = "a secret of 1 account", "Ann Meier", "+4930123456", "talq_of_the_account"
NESTED = b'{"a":' * 200 + b"1" + b"}" * 200


class Told(list[str]):
    """What a listener tells."""


@contextmanager
def listening(secrets: tuple[str, ...] = (SECRET,), event: str | None = None) -> Iterator[tuple[Listener, Told]]:
    told = Told()
    listener = Listener(("127.0.0.1", 0), secrets, event, told.append)
    listener.start()
    try:
        yield listener, told
    finally:
        listener.stop()


@contextmanager
def account(url: str, **settings: Any) -> Iterator[MockServer]:
    """A vendor whose webhook leads to `url`."""
    webhook = {"id": WEBHOOK, "name": NAME, "webhook_url": url, "webhook_secret": SECRET, "events": [STARTED, ENDED]}
    agent = {"id": AGENT, "name": NAME, "webhooks": [webhook]}
    with serving(read_fixture([source({"agents": [agent], "settings": settings})])) as local:
        yield local.client


def lesson(listener: Listener, **given: Any) -> Lesson:
    return Lesson(listener, **{"secret": SECRET, **given})


def test_the_settings_agree_with_what_came() -> None:
    settings = {"signature_scheme": "shopify", "signature_header": "X-Mine", "delivery_json": "plain"}
    with listening() as (listener, told), account(listener.url, **settings) as mock:
        mock.emit(AGENT, STARTED, data={"note": "é"})
        mock.emit(AGENT, ENDED)
        taught = lesson(listener)
    assert taught.settings == settings
    assert told[0] == f"{STARTED}, {len(mock_body(taught, 0))} bytes, signed (shopify, X-Mine), JSON plain"
    assert [*taught.payloads] == [STARTED, ENDED]


def test_settings_that_came_as_the_defaults_are_known_to_be_so() -> None:
    with listening() as (listener, _), account(listener.url) as mock:
        mock.emit(AGENT, STARTED, data={"note": "é"})
        taught = lesson(listener)
    assert (taught.settings, len(taught.judged)) == ({}, 5)
    with listening(()) as (listener, _):
        requests.post(listener.url, json={"event": "no event of the API"}, timeout=WAIT)
    assert lesson(listener, secret=None).judged == set()


def mock_body(taught: Lesson, number: int) -> bytes:
    return json.dumps(taught.heard[number].document, separators=(",", ":"), ensure_ascii=False).encode()


def test_a_bare_payload_is_a_setting_and_its_event_can_be_told() -> None:
    with listening(event=ENDED) as (listener, _), account(listener.url, payload_envelope=False) as mock:
        mock.emit(AGENT, ENDED)
    assert lesson(listener).settings == {"payload_envelope": False}
    assert lesson(listener).payloads == {
        ENDED: {"call_id": "{{call.id}}", "duration": "{{call.duration}}", "context": "{{context}}"}
    }


@pytest.mark.slow
def test_what_is_not_signed_with_the_secret_teaches_nothing_and_does_not_count() -> None:
    with listening() as (listener, told), account(listener.url) as mock:
        listener.wanted = 1
        for number in range(1_001):  # more than are kept of those that teach
            listener.take(ReceivedRequest("POST", "/", {}, json.dumps({"event": ENDED, "forged": number}).encode()))
        taught = lesson(listener)
        assert (taught.is_unverified, taught.document, taught.judged) == (True, {}, set())
        assert "forged" not in "\n".join(taught.report())
        assert "none is signed with the secret: is it the webhook's?" in taught.report()
        assert not listener.done.is_set()
        assert told[0].endswith(": not signed with the secret, so 0 of 1 have come, and it teaches nothing")
        mock.emit(AGENT, ENDED)
        assert listener.done.wait(WAIT)
        taught = lesson(listener)
    assert (len(taught.heard), taught.left_out, taught.is_unverified) == (1, 1_001, False)
    assert "forged" not in taught.payloads[ENDED]
    assert "1001 more were not signed with the secret, and taught nothing" in taught.report()


@each_row("method", ["GET", "HEAD", "OPTIONS", "DELETE"])
def test_what_is_no_delivery_is_answered_and_told(method: str) -> None:
    with listening() as (listener, told):
        assert requests.request(method, listener.url, timeout=WAIT).status_code == 200
    assert told == [f"nothing to learn: {method} is no delivery: these come as POST, PUT or PATCH"]


def test_a_body_that_is_refused_is_told() -> None:
    with listening() as (listener, told):
        headers = {"Content-Length": "ten"}
        assert requests.post(listener.url, headers=headers, timeout=WAIT).status_code == 400
    assert told == ["nothing to learn: a Content-Length is no whole number"]


def test_a_signature_that_the_mock_cannot_make_is_one_all_the_same() -> None:
    body = json.dumps({"event": ENDED}).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha512).hexdigest()
    with listening() as (listener, told):
        requests.post(listener.url, data=body, headers={"X-Mine": f"v1={signature}"}, timeout=WAIT)
        requests.post(listener.url, data=body, timeout=WAIT)
    taught = lesson(listener)
    assert (len(taught.heard), taught.left_out, taught.is_unverified, taught.settings) == (1, 1, False, {})
    words = "X-Mine has the hexadecimal HMAC-SHA512 of the body"
    assert f", {words}, " in told[0]
    assert f"{words}: no setting of the mock makes such a signature" in taught.report()


def test_without_a_secret_the_headers_that_look_like_a_signature_are_named() -> None:
    with listening(()) as (listener, told), account(listener.url) as mock:
        mock.emit(AGENT, ENDED)
    assert "Signature not verified" in told[0]
    assert "headers that look like a signature's: Signature" in lesson(listener, secret=None).report()
    assert lesson(listener, secret=None).payloads[ENDED]


@each_row("body", [b"", b"[1]", b"not JSON", b"[" * 100_000, b"\xff", b'{"a":1e999}', NESTED])
def test_what_is_no_json_object_is_answered_and_teaches_nothing(body: bytes) -> None:
    with listening() as (listener, told):
        assert requests.post(listener.url, data=body, timeout=WAIT).status_code == 200
    assert (told, listener.heard) == ([f"{len(body)} bytes without a JSON object: nothing to learn"], [])


def test_the_secret_is_never_written_even_where_values_are_kept() -> None:
    with listening() as (listener, _), account(listener.url) as mock:
        mock.emit(AGENT, ENDED, data={"note": f"it is {SECRET}", SECRET: ["x"], "who": "Ann"})
    document = lesson(listener, keeps_values=True).document
    payload = document["payloads"][ENDED]
    assert (payload["note"], payload["redacted"], payload["who"]) == ("it is redacted", ["x"], "Ann")
    assert SECRET not in json.dumps(document)


def test_a_number_of_many_digits_makes_a_fixture(tmp_path: Path) -> None:
    with listening() as (listener, _), account(listener.url) as mock:
        mock.emit(AGENT, ENDED, data={"number": 10**400})
    path = tmp_path / "learned.yaml"
    write(path, lesson(listener, keeps_values=True).document, [])
    assert load([path])["default"].baseline.payloads[ENDED]["number"] == 10**400


def test_more_deliveries_than_are_kept_count_all_the_same() -> None:
    listener = Listener(("127.0.0.1", 0), (), None, lambda _: None)
    listener.wanted = 1_005
    for _ in range(1_005):
        listener.take(ReceivedRequest("POST", "/", {}, b"{}"))
    listener.stop()
    assert (listener.came, len(listener.heard), listener.done.is_set()) == (1_005, 1_000, True)
    assert "5 more came when enough were kept, and taught nothing" in lesson(listener).report()


def test_a_body_in_chunks_is_read() -> None:
    body = json.dumps({"event": ENDED}).encode()
    with listening(()) as (listener, _):
        assert requests.post(listener.url, data=iter([body[:5], body[5:]]), timeout=WAIT).status_code == 200
    assert listener.heard[0].event == ENDED


@each_row(("packing", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
@each_row("signs_plain", [True, False])
def test_a_compressed_body_is_read_and_its_signature_is_found(
    packing: str, pack: Callable[[bytes], bytes], signs_plain: bool
) -> None:
    body = json.dumps({"event": ENDED, "note": "/"}, separators=(",", ":")).encode()
    packed = pack(body)
    signature = hmac.new(SECRET.encode(), body if signs_plain else packed, hashlib.sha256).hexdigest()
    with listening() as (listener, told):
        headers = {"Content-Encoding": packing, "Signature": signature}
        requests.post(listener.url, data=packed, headers=headers, timeout=WAIT)
    assert told == [f"{ENDED}, {len(body)} bytes ({packing}), signed (hmac, Signature), JSON plain"]
    assert lesson(listener).payloads[ENDED]["note"] == "redacted"


@pytest.mark.parametrize(
    "body",
    [gzip.compress(b" " * 5_000_000 + b"{}"), b"\x1f\x8bno", gzip.compress(b"{}")[:-1]],
    ids=["bomb", "no gzip", "cut"],
)
def test_a_compressed_body_that_is_too_large_or_broken_says_that_it_is_compressed(body: bytes) -> None:
    with listening() as (listener, told):
        assert requests.post(listener.url, data=body, timeout=WAIT).status_code == 200
    assert told == [f"{len(body)} bytes (gzip) without a JSON object: nothing to learn"]


def test_of_several_payloads_of_an_event_the_fullest_counts() -> None:
    with listening(()) as (listener, _):
        for more in ({}, {"a": {"b": 1, "c": 2}}, {"d": 1}):
            requests.post(listener.url, json={"event": ENDED, **more}, timeout=WAIT)
    assert lesson(listener).payloads[ENDED]["a"] == {"b": 1, "c": 2}
    report = [*lesson(listener).report()]
    assert f"{ENDED}: keys that the mock does not send: a, d" in report
    assert "3 deliveries of 1 event" in report


def test_a_key_that_is_data_has_one_name_in_the_report_and_in_the_fixture() -> None:
    fullest = {"event": ENDED, "a": {"b": 1, "c": 2}, PHONE: 1, TOKEN: 2, f"of {SECRET}": 3, "z": 4}
    with listening(()) as (listener, _):
        for payload in ({"event": ENDED, "+4930654321": 1, PHONE: 1}, fullest):
            requests.post(listener.url, json=payload, timeout=WAIT)
    taught = lesson(listener)
    keys = ["event", "a", "key_3", "key_4", "key_5", "z"]
    assert list(taught.payloads[ENDED]) == [*keys, "context"]
    report = [*taught.report()]
    assert f"{ENDED}: keys that the mock does not send: {', '.join(keys[1:])}, key_7" in report
    [of_verdict] = {line.partition(": came ")[2] for line in report if line.startswith("refuted: ") and "keys" in line}
    assert of_verdict == "the keys event, key_7, key_3"


def test_the_report_has_every_row_that_a_delivery_shows_and_counts_the_others() -> None:
    with listening() as (listener, _), account(listener.url) as mock:
        mock.emit(AGENT, ENDED, context={})
    report = [*lesson(listener).report()]
    assert [line.partition(":")[0] for line in report if line.partition(":")[0] in ("confirmed", "not seen")] == [
        *["confirmed"] * 7,
        *["not seen"] * 3,
    ]
    others = sum(1 for each in conformance().behaviours if not each.heard)
    assert (
        f"{others} other behaviours show in no delivery; `talkover-mock conformance` asks a server about them" in report
    )


def started(folder: Path, *options: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "talkover_mock", "listen", "--port", "0", *options]
    environment = {**os.environ, "TALKOVER_MOCK_SECRET": SECRET}
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=-1, stderr=-1, text=True)


def url_of(process: "subprocess.Popen[str]") -> str:
    stream: IO[str] | None = process.stdout
    assert stream
    return stream.readline().strip()


@pytest.mark.slow
def test_a_secret_is_trimmed_as_the_api_trims_it(tmp_path: Path) -> None:
    with started(tmp_path, "--count", "1", "--secret", f" {SECRET}\n") as process:
        with account(url_of(process)) as mock:
            mock.emit(AGENT, ENDED)
        printed, _ = process.communicate(timeout=WAIT)
    assert process.returncode == 0
    assert "signed (hmac, Signature)" in printed


@pytest.mark.slow
def test_it_ends_by_itself_and_writes_a_fixture_without_a_value_of_the_account(tmp_path: Path) -> None:
    with started(tmp_path, "--count", "2", "--wait", "1e308", "--out", "learned.yaml") as process:
        url = url_of(process)
        with account(f"{url}/{TOKEN}") as mock:
            mock.emit(AGENT, STARTED, data={"to": PHONE, "who": NAME, "api_key": TOKEN})
            mock.emit(AGENT, ENDED, context={"customer": NAME, "phone": PHONE})
        printed, complained = process.communicate(timeout=WAIT)
    assert process.returncode == 0
    assert complained == "written to learned.yaml\n"
    text = (tmp_path / "learned.yaml").read_text()
    for value in (SECRET, NAME, PHONE, PHONE[1:], TOKEN, TOKEN.upper()):
        assert value not in printed + complained + text
    baseline = load([tmp_path / "learned.yaml"])["default"].baseline
    assert [*baseline.payloads] == [STARTED, ENDED]
    assert run("check", str(tmp_path / "learned.yaml")).exit_code == 0


@pytest.mark.slow
@pytest.mark.parametrize("number", ending_signals())
def test_a_signal_ends_it_with_what_it_has(number: signal.Signals, tmp_path: Path) -> None:
    with started(tmp_path) as process:
        with account(url_of(process)) as mock:
            mock.emit(AGENT, ENDED)
        process.send_signal(number)
        printed, complained = process.communicate(timeout=WAIT)
    assert (process.returncode, complained) == (0, "")
    assert f"payloads:\n  {ENDED}:\n" in printed


@pytest.mark.slow
def test_a_closed_output_stops_neither_the_answers_nor_the_file(tmp_path: Path) -> None:
    with started(tmp_path, "--count", "2", "--wait", str(WAIT), "--out", "learned.yaml") as process:
        url = url_of(process)
        assert process.stdout
        process.stdout.close()
        process.stdout = None
        with account(url) as mock:
            mock.emit(AGENT, STARTED)
            mock.emit(AGENT, ENDED)
            statuses = [each["status"] for each in mock.deliveries()]
        process.communicate(timeout=WAIT)
    assert statuses == ["success", "success"]
    assert [*load([tmp_path / "learned.yaml"])["default"].baseline.payloads] == [STARTED, ENDED]


def finished(*options: str) -> Result:
    return run("listen", "--port", "0", *options)


def test_too_few_deliveries_in_the_time_are_a_failed_check(tmp_path: Path) -> None:
    done = finished("--count", "2", "--wait", "0.01", "--out", str(tmp_path / "a.yaml"))
    assert (done.exit_code, done.stderr) == (
        1,
        f"nothing was learned: {tmp_path / 'a.yaml'} is not written\nError: 0 of 2 deliveries came in 0.01 seconds\n",
    )
    assert not (tmp_path / "a.yaml").exists()
    assert finished("--wait", "0.01").exit_code == 0
    done = finished("--wait", "0.01", "--out", str(tmp_path / "a.yaml"))
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (1, "Error: no delivery came in 0.01 seconds")


def test_a_wrong_secret_is_a_failed_check(monkeypatch: pytest.MonkeyPatch) -> None:
    urls: list[str] = []

    class Early(Listener):
        """Gets a delivery as soon as it listens."""

        def start(self) -> None:
            super().start()
            with ThreadPoolExecutor(1) as pool, account(self.url) as mock:
                pool.submit(lambda: mock.emit(AGENT, ENDED)).result(WAIT)
            urls.append(self.url)

    monkeypatch.setattr(listen, "Listener", Early)
    done = finished("--count", "1", "--wait", "0.01", "--secret", "another secret")
    assert (done.exit_code, done.stderr) == (1, "Error: 0 of 1 deliveries came in 0.01 seconds\n")
    assert "payloads:" not in done.stdout
    done = finished("--wait", "0.01", "--secret", "another secret")
    assert (done.exit_code, done.stderr) == (1, "Error: no delivery is signed with the secret\n")
    assert "another secret" not in done.output
    assert finished("--count", "1", "--secret", SECRET).exit_code == 0
    assert len(urls) == 3


@each_row(
    ("options", "text"),
    [
        (["--event", "event_phone_call_endd"], "unknown event; did you mean event_phone_call_ended?"),
        (["--out", "a.json"], "a.json would be YAML; give it a name that ends in .yaml"),
        (["--count", "0"], "expected a whole number, 1 or more"),
        (["--wait", "-1"], "expected a number of seconds, 0 or more"),
        (["--secret", "\udcff"], "the secret is not UTF-8"),
    ],
)
def test_wrong_use(options: list[str], text: str) -> None:
    done = finished(*options)
    assert (done.exit_code, done.stdout) == (2, "")
    assert text in done.stderr


@each_row("host", ["é" * 70, "\udcff"])
def test_a_host_that_is_none(host: str) -> None:
    done = run("listen", "--host", host, "--port", "0")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == f"Error: can't listen on {printable(host)}:0: {host!r} is not a host name\n"


def test_an_empty_host_is_none() -> None:
    done = run("listen", "--host", "", "--port", "0")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "a host to listen on is a name or an address, such as 127.0.0.1" in done.stderr


def test_a_port_that_is_taken() -> None:
    with listening() as (listener, _):
        port = listener.url.split(":")[2].partition("/")[0]
        done = run("listen", "--port", port)
    assert done.exit_code == 2
    assert f"can't listen on 127.0.0.1:{port}: Address already in use; --port 0 picks a free one" in done.stderr
