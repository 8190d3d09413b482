"""The changes of an environment: their number, and the signal of the next one."""

from talkover_mock.base.changes import Changes


def test_every_arrival_has_a_higher_number_than_the_one_before() -> None:
    changes = Changes()
    assert [changes.arrive() for _ in range(3)] == [1, 2, 3]


def test_all_who_wait_are_woken_by_the_next_change() -> None:
    changes = Changes()
    changes.note()
    first, second = changes.after(1), changes.after(1)
    assert not first.is_set
    assert not second.is_set
    changes.note()
    assert (first.is_set, second.is_set, changes.version) == (True, True, 2)
    assert not changes.after(2).is_set


def test_who_knows_only_an_older_version_need_not_wait() -> None:
    changes = Changes()
    changes.note()
    assert changes.after(0).is_set
