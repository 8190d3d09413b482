"""A signal: everybody who waits for it is told once, whenever it is set."""

import pytest

from talkover_mock.base import signals as signals_module
from talkover_mock.base.signals import Signal
from tests.support.turns import every_turn


class Heard:
    """A signal with a callback, and how often that was called."""

    def __init__(self) -> None:
        self.signal, self.times = Signal(), 0

    def hear(self) -> None:
        self.times += 1

    def call(self) -> None:
        self.signal.call(self.hear)

    def set(self) -> None:
        self.signal.set()


def test_who_asks_before_and_after_it_is_set_is_told_once() -> None:
    heard = Heard()
    heard.call()
    assert (heard.times, heard.signal.is_set, heard.signal.wait(0)) == (0, False, False)
    heard.set()
    heard.set()
    assert (heard.times, heard.signal.is_set, heard.signal.wait(60)) == (1, True, True)
    heard.call()
    assert heard.times == 2


def test_who_asks_no_more_is_not_told() -> None:
    heard = Heard()
    heard.call()
    heard.signal.forget(heard.hear)
    heard.set()
    assert heard.times == 0


@pytest.mark.parametrize(("change", "look"), [(Heard.call, Heard.set), (Heard.set, Heard.call)])
def test_who_asks_while_it_is_set_is_told_once(change: object, look: object) -> None:
    assert callable(change)
    assert callable(look)
    for heard, _ in every_turn(Heard, change, look, signals_module):
        assert heard.times == 1


def test_who_has_asked_is_told_once_by_two_who_set_it() -> None:
    def asked() -> Heard:
        heard = Heard()
        heard.call()
        return heard

    for heard, _ in every_turn(asked, Heard.set, Heard.set, signals_module):
        assert heard.times == 1
