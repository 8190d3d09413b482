"""The signals that end the server, on this system and on others."""

import signal
from collections.abc import Iterator

import pytest

from talkover_mock.base.ending import ending_signals


@pytest.fixture
def hangup() -> Iterator[signal.Signals]:
    """Has its handler again after the test."""
    if not hasattr(signal, "SIGHUP"):
        pytest.skip("a terminal of this system sends no signal when it closes")
    before = signal.getsignal(signal.SIGHUP)
    yield signal.SIGHUP
    signal.signal(signal.SIGHUP, before)


def test_a_hangup_ends_it_unless_it_is_ignored(hangup: signal.Signals) -> None:
    signal.signal(hangup, signal.SIG_DFL)
    assert ending_signals() == [signal.SIGTERM, signal.SIGINT, hangup]
    signal.signal(hangup, signal.SIG_IGN)
    assert ending_signals() == [signal.SIGTERM, signal.SIGINT]


def test_windows_has_ctrl_break_in_the_place_of_a_hangup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(signal, "SIGHUP", raising=False)
    monkeypatch.setattr(signal, "SIGBREAK", signal.SIGINT, raising=False)  # its number is another one there
    assert ending_signals() == [signal.SIGTERM, signal.SIGINT, signal.SIGINT]
