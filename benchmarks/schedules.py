"""What a schedule costs a test that passes under all of them, as the difference between two whole runs of pytest."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.figures import Figure, Sample, interleaved, seconds, short
from benchmarks.programs import environment

_ROUNDS, _SCHEDULES = 5, 200
_TEST = """\
def test_call(talkover_mock, webhook_receiver):
    webhook = "9fcafbf2-7593-44d6-8cd7-1b221beba62a"
    talkover_mock.set_webhook(webhook, webhook_url=webhook_receiver.url, enabled=True)
    for event in ("event_phone_call_started", "event_phone_call_ended"):
        talkover_mock.emit("9fbef0b7-8d4e-4a08-9207-66c22155721d", event, call={"id": "one"})
    talkover_mock.settle()
    assert set(webhook_receiver.events) == {"event_phone_call_started", "event_phone_call_ended"}
"""


def measure() -> Iterator[Figure]:
    with TemporaryDirectory() as folder:
        Path(folder, "test_call.py").write_text(_TEST)
        rounds = interleaved(_run(folder, _SCHEDULES), _run(folder, 0), _ROUNDS)
    each = [(many - one) / _SCHEDULES * 1000 for many, one in rounds]
    remark = f"{short(min(many for many, _ in rounds))} s at best for {_SCHEDULES}"
    yield Figure("a schedule of a test with two events", each, 30, "ms", remark)


def _run(folder: str, number: int) -> Sample:
    options = ["-q", "-p", "talkover_mock", "-p", "no:cacheprovider", "--talkover-mock-schedules", str(number)]

    def run() -> None:
        subprocess.run(
            [sys.executable, "-m", "pytest", *options],
            cwd=folder,
            env={**environment(), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True,
            check=True,
        )

    return lambda: seconds(run)
