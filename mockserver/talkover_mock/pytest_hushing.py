"""Runs a test without telling anybody, for one that runs many times and is reported once.

The plugin imports this module in every run, so it imports nothing else of the package.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.runner import runtestprotocol  # no public function runs a test; read in pytest 8.0 and 9.2

if TYPE_CHECKING:
    from pluggy import HookRelay

_TEARDOWN = "pytest_runtest_teardown"
_PHASES = ("pytest_runtest_setup", "pytest_runtest_call", _TEARDOWN)


def reports_of(
    item: pytest.Item, nextitem: pytest.Item | pytest.Collector | None, limit: TimeLimit, is_hidden: bool
) -> list[pytest.TestReport]:
    """Runs a test and returns its reports, those of subtests too. Only what `nextitem` does not need is torn down.

    No debugger and no plugin gets a failure of a hidden run: it is told with all others.
    """
    subtests = list[pytest.TestReport]()
    hooks_of = item.session.gethookproxy
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(item.session, "gethookproxy", lambda path: _Hushed(hooks_of(path), subtests, limit, is_hidden))
        setup, *others = runtestprotocol(item, log=False, nextitem=nextitem)  # type: ignore[arg-type]
    return [setup, *subtests, *others]


class _Hushed:
    """The hooks of pytest, but for those that tell of a run."""

    def __init__(self, hooks: HookRelay, subtests: list[pytest.TestReport], limit: TimeLimit, is_hidden: bool) -> None:
        self._hooks, self._subtests, self._limit, self._is_hidden = hooks, subtests, limit, is_hidden

    def __getattr__(self, name: str) -> Any:
        hook = getattr(self._hooks, name)
        return self._limit.within(hook, name != _TEARDOWN) if name in _PHASES else hook

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._subtests.append(report)

    def pytest_exception_interact(self, **failure: Any) -> None:
        if not self._is_hidden:
            self._hooks.pytest_exception_interact(**failure)


class TimeLimit:
    """The alarm of a test that was set before its first run, as pytest-timeout does: it goes off once for all runs.

    While it is watched, it strikes in the setup, call or teardown of a run only, whose failure it then becomes. At any
    other moment its error would end pytest.
    """

    def __init__(self) -> None:
        self.has_struck = False
        self._is_due = self._is_within = False
        self._handler = signal.getsignal(signal.SIGALRM) if hasattr(signal, "SIGALRM") else None

    @contextmanager
    def watched(self) -> Iterator[None]:
        if not callable(self._handler) or threading.current_thread() is not threading.main_thread():
            yield
            return
        signal.signal(signal.SIGALRM, self._go_off)
        try:
            yield
        finally:
            if signal.getsignal(signal.SIGALRM) == self._go_off:
                signal.signal(signal.SIGALRM, self._handler)

    def within(self, hook: Callable[..., Any], may_fail_at_once: bool) -> Callable[..., Any]:
        """The hook of a phase, within which the alarm may strike; at once, if it went off before."""

        def call(**given: Any) -> Any:
            __tracebackhide__ = True
            try:
                self._is_within = True
                if self._is_due and may_fail_at_once:
                    self._go_off(signal.SIGALRM, None)
                return hook(**given)
            finally:
                self._is_within = False

        return call

    def _go_off(self, number: int, frame: FrameType | None) -> None:
        __tracebackhide__ = True
        self._is_due = not self._is_within
        if self._is_within and callable(self._handler):
            try:
                self._handler(number, frame)  # which may do nothing while a debugger runs
            except BaseException:
                self.has_struck = True
                raise
