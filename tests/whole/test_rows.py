"""The tables of tests: a test over rows fails with every row that is wrong, and never for want of rows."""

import pytest

from tests.support.rows import check_each, each_row


@each_row(("given", "wanted"), [(1, 1), (1, 2), pytest.param(3, 4, id="the last")])
def same(given: int, wanted: int) -> None:
    assert given == wanted


@each_row("number", [0, 1], ids=["none", "one"])
def refused(number: int) -> None:
    with pytest.raises(ZeroDivisionError):
        assert 1 / number


def test_every_row_that_is_wrong_is_named_with_what_is_wrong() -> None:
    with pytest.raises(AssertionError) as caught:
        same()
    text = str(caught.value)
    assert text.startswith("2 of 3 rows are wrong:\n\n1: (1, 2)\n")
    assert "2: the last\n" in text
    assert text.count("assert given == wanted") == 2
    assert "assert 3 == 4" in text


def test_an_error_that_did_not_come_is_one_too() -> None:
    with pytest.raises(AssertionError, match=r"1 of 2 rows are wrong:\n\n1: one\n"):
        refused()


def test_a_table_has_rows_without_marks() -> None:
    with pytest.raises(AssertionError, match="a table without rows says nothing"):
        check_each([], lambda _: None)
    with pytest.raises(AssertionError, match="a row is no test of its own"):
        each_row("one", [pytest.param(1, marks=pytest.mark.slow)])


@each_row("number", [1, 2])
@pytest.mark.parametrize("other", [3, 4])
def test_fixtures_and_parameters_are_filled_in_beside_the_rows(number: int, other: int, log: list[str]) -> None:
    assert number < other
    assert log == []
