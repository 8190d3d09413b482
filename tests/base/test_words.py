"""Words in messages: numbers, values cut to a length, and the known word that is near."""

from talkover_mock.base.words import brief, digits, near_or_all, nearest, number_of, there_are
from tests.support.rows import each_row


def test_one_thing_and_several() -> None:
    assert [number_of(count, "agent") for count in (0, 1, 2)] == ["0 agents", "1 agent", "2 agents"]


@each_row(
    ("value", "expected"),
    [
        ("a\n\x1bé", r'"a\n\u001bé"'),
        ({"a": [1, None]}, '{"a": [1, null]}'),
        ("x" * 78, f'"{"x" * 78}"'),
        ("x" * 79, f'"{"x" * 76}...'),
        ([0] * 1_000_000, "[" + "0, " * 25 + "0..."),
    ],
    ids=["unprintable", "JSON", "80 characters", "81 characters", "a million"],
)
def test_a_value_in_a_message_is_printable_and_has_80_characters_at_most(value: object, expected: str) -> None:
    assert brief(value) == expected
    assert len(brief(value)) <= 80


def test_the_known_word_that_is_near_is_named_or_else_all_of_them() -> None:
    assert nearest("Tiemout", ["timeout", "name"]) == "; did you mean timeout?"
    assert nearest("x", ["timeout", "name"]) == nearest(5, ["timeout", "name"]) == ""
    assert near_or_all("x", ["timeout", "name"]) == "; expected one of timeout, name"
    assert near_or_all("x", ["timeout"]) == "; expected timeout"
    assert near_or_all("nam", ["timeout", "name"]) == "; did you mean name?"


def test_of_many_names_the_first_are_compared_and_listed() -> None:
    names = [f"snapshot {number}" for number in range(10_000)]
    assert there_are(names) == f"; there are {', '.join(names[:20])} and 9980 more"
    assert there_are(names[:20]) == f"; there are {', '.join(names[:20])}"
    assert there_are([]) == "; there are none"
    assert nearest("the first", [*["x"] * 499, "the first one"]) == "; did you mean the first one?"
    assert nearest("the first", [*["x"] * 500, "the first one"]) == ""


@each_row(
    ("text", "number"),
    [("0", 0), ("007", 7), ("9" * 15, 10**15 - 1), ("9" * 16, None), ("9" * 5000, None), ("", None), ("²", None)],
)
def test_a_number_is_one_of_few_ascii_digits(text: str, number: int | None) -> None:
    assert digits(text) == number


@each_row("text", ["-1", "+1", "1.0", " 1", "1_0", "\u0663", "\uff13"])
def test_other_numbers_are_texts(text: str) -> None:
    assert digits(text) is None
