"""The bytes of a payload as PHP writes them, and templates."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talkover_mock.deliveries.payloads import render, to_bytes
from tests.support.rows import each_row

SCOPE = {
    "event": "event_phone_call_ended",
    "agent": {"id": "a-1", "name": "Ann/e", "trainings": ()},
    "call": {
        "id": "c-1",
        "duration": 42,
        "price": 0.5,
        "rate": 5.0,
        "large": 2**63,
        "recorded": True,
        "failed": False,
        "note": None,
    },
    "context": {"tags": ["x", {"deep": "y"}], "customer": {"name": "Zoë"}, "empty": "", "twice": "{{call.id}}"},
}

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    # Half a surrogate pair is no text: the API and the fixtures refuse it.
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@each_row(
    ("value", "written"),
    [
        # What PHP 8.2 wrote for each of these.
        (0.1, "0.1"),
        (12345.678, "12345.678"),
        (-0.0, "-0"),
        (5.0, "5"),
        (-3.0, "-3"),
        (1e14, "100000000000000"),
        (1e15, "1000000000000000"),
        (1e16, "10000000000000000"),
        (99999999999999990.0, "99999999999999980"),
        (1e17, "1.0e+17"),
        (1e22, "1.0e+22"),
        (123456789012345678.0, "1.2345678901234568e+17"),
        (2.0**56, "72057594037927940"),
        (0.0001, "0.0001"),
        (0.00001, "1.0e-5"),
        (-2.5e-10, "-2.5e-10"),
        (1.5e300, "1.5e+300"),
        (5e-324, "5.0e-324"),
        (2**63 - 1, "9223372036854775807"),
        (2**63, "9.223372036854776e+18"),
        (-(2**63), "-9223372036854775808"),
        (-(2**63) - 1, "-9.223372036854776e+18"),
        (12345678901234567890, "1.2345678901234567e+19"),
        (True, "true"),
        (None, "null"),
    ],
)
def test_numbers_are_written_as_php_does(value: Any, written: str) -> None:
    assert to_bytes(value) == written.encode()
    assert to_bytes([{"n": value}]) == f'[{{"n":{written}}}]'.encode()


@each_row(
    ("value", "written"),
    [
        ("https://example.com/a", rb'"https:\/\/example.com\/a"'),
        ("\\/", rb'"\\\/"'),
        ("é漢😀\u2028\x80</script>", rb'"\u00e9\u6f22\ud83d\ude00\u2028\u0080<\/script>"'),
        ("\x00\x07\b\t\n\x0b\f\r\x1f\x7f", b'"\\u0000\\u0007\\b\\t\\n\\u000b\\f\\r\\u001f\x7f"'),
        ("\"'&<>\\", b'"\\"\'&<>\\\\"'),
        ({"a/b": {"é": [1, "x", []]}, "t": (1, 2)}, rb'{"a\/b":{"\u00e9":[1,"x",[]]},"t":[1,2]}'),
        ({1: "a", False: "b", None: "c"}, b'{"1":"a","false":"b","null":"c"}'),
        ({}, b"[]"),
        ({"a": {}, "b": [{}], "c": {"d": {}}}, b'{"a":[],"b":[[]],"c":{"d":[]}}'),
        ({"0": "a", "1": {"0": {}}}, b'["a",[[]]]'),
        ({"1": "a"}, b'{"1":"a"}'),
        ({"1": "a", "0": "b"}, b'{"1":"a","0":"b"}'),
        ({"00": "a"}, b'{"00":"a"}'),
        ({"0": "a", "x": "b"}, b'{"0":"a","x":"b"}'),
    ],
)
def test_texts_and_collections_are_written_as_php_does(value: Any, written: bytes) -> None:
    assert to_bytes(value) == written


def test_a_number_beyond_what_php_knows_stays_json() -> None:
    assert json.loads(to_bytes([10**400, 1e400, -1e400])) == [10**400, 0, 0]


def test_plain_bytes_are_compact_utf_8_without_escapes() -> None:
    payload = {"url": "https://example.com/é", "n": [1.5, None, True], "漢": "\n\x01"}
    assert (
        to_bytes(payload, "plain") == '{"url":"https://example.com/é","n":[1.5,null,true],"漢":"\\n\\u0001"}'.encode()
    )


def as_arrays(value: Any) -> Any:
    """A value with lists in the place of the objects that PHP takes for lists."""
    if isinstance(value, list):
        return [as_arrays(each) for each in value]
    if not isinstance(value, dict):
        return value
    inner = [as_arrays(each) for each in value.values()]
    return inner if [*value] == [str(i) for i in range(len(value))] else dict(zip(value, inner, strict=True))


def test_an_empty_object_is_an_empty_list_in_plain_bytes_too() -> None:
    assert to_bytes({"a": {}, "b": {"0": 1}}, "plain") == b'{"a":[],"b":[1]}'


@pytest.mark.slow
@given(VALUES)
def test_plain_bytes_read_back_as_the_same_value(value: Any) -> None:
    assert json.loads(to_bytes(value, "plain")) == as_arrays(value)


@pytest.mark.slow
@given(VALUES)
def test_php_bytes_read_back_as_the_same_value(value: Any) -> None:
    """With numbers as PHP and JavaScript read them: `72057594037927940` is the float next to it."""
    assert json.loads(to_bytes(value), parse_int=float) == json.loads(json.dumps(as_arrays(value)), parse_int=float)


@pytest.mark.slow
@given(VALUES)
def test_php_bytes_are_ascii_without_a_bare_slash(value: Any) -> None:
    written = to_bytes(value)
    assert written.isascii()
    assert b"/" not in written.replace(b"\\/", b"")


@each_row(
    ("template", "rendered"),
    [
        # One placeholder keeps the type of its value.
        ("{{call.duration}}", 42),
        ("{{ call.price }}", 0.5),
        ("{{call.recorded}}", True),
        ("{{call.note}}", None),
        ("{{context.tags}}", ["x", {"deep": "y"}]),
        ("{{context.customer}}", {"name": "Zoë"}),
        ("{{agent.trainings}}", ()),
        # Within a text it is a text.
        ("Call {{call.id}} of {{ agent.name }}", "Call c-1 of Ann/e"),
        ("{{call.duration}}s", "42s"),
        ("{{call.rate}}/{{call.price}}", "5/0.5"),
        ("{{call.large}}s", "9.223372036854776e+18s"),
        ("{{call.recorded}} {{call.failed}} {{call.note}}.", "true false ."),
        ("tags: {{context.tags}}", 'tags: ["x",{"deep":"y"}]'),
        (" {{call.duration}}", " 42"),
        ("{{call.duration}}{{call.duration}}", "4242"),
        ("{{call.duration}}\n", "42\n"),
        # An unknown one is empty.
        ("{{call.nothing}}", ""),
        ("{{nothing}}", ""),
        ("<{{call.id.more}}>", "<>"),
        ("{{call.}}", ""),
        ("{{.}}", ""),
        ("{{context.empty}}", ""),
        # Steps into lists.
        ("{{context.tags.0}}", "x"),
        ("{{context.tags.1.deep}}", "y"),
        ("{{context.tags.2}}", ""),
        ("{{context.tags.-1}}", ""),
        ("{{call.id.0}}", ""),
        # What is no placeholder stays.
        ("{{}}", "{{}}"),
        ("{{ }}", "{{ }}"),
        ("{call.id}", "{call.id}"),
        ("{{call.id", "{{call.id"),
        ("{{call id}}", "{{call id}}"),
        ("{{{call.id}}}", "{c-1}"),
        ("", ""),
        # Other values are what they are.
        (7, 7),
        (None, None),
        (True, True),
    ],
)
def test_a_template_is_filled_in(template: Any, rendered: Any) -> None:
    found = render(template, SCOPE)
    assert (found, type(found)) == (rendered, type(rendered))


def test_placeholders_are_found_at_any_depth_but_not_in_keys() -> None:
    template = {"{{event}}": [{"id": "{{call.id}}", "n": 1}, ["{{event}}", ("{{call.duration}}",)]], "z": {}, "a": []}
    assert json.dumps(render(template, SCOPE)) == json.dumps(
        {"{{event}}": [{"id": "c-1", "n": 1}, ["event_phone_call_ended", [42]]], "z": {}, "a": []}
    )


def test_rendering_leaves_the_template_as_it_was() -> None:
    template = {"list": ["{{call.id}}"], "inner": {"x": "{{event}}"}}
    before = json.dumps(template)
    render(template, SCOPE)
    assert json.dumps(template) == before


def test_what_was_filled_in_is_not_looked_at_again() -> None:
    assert render("{{context.twice}}", SCOPE) == "{{call.id}}"
    assert render("<{{context.twice}}>", SCOPE) == "<{{call.id}}>"
    assert render("{{context.a}}{{context.b}}", {"context": {"a": "{{call", "b": ".id}}"}}) == "{{call.id}}"


@each_row(
    "hostile",
    [
        "{{call.__class__}}",
        "{{call.id.__class__.__mro__}}",
        "{{call.keys}}",
        "{{__builtins__}}",
        "{{context.tags.__len__}}",
        "{{context.tags." + "9" * 5000 + "}}",
        "{{" + "call." * 10_000 + "id}}",
    ],
)
def test_a_template_reaches_nothing_but_the_values_of_its_scope(hostile: str) -> None:
    assert render(hostile, SCOPE) == ""


@each_row(
    "text",
    ["{call!r}", "%(call)s", "${call}", "{% x %}", "{{call|tojson}}", "{{call['id']}}", "{{7*7}}", "{{config()}}"],
)
def test_a_template_is_no_program(text: str) -> None:
    assert render(text, SCOPE) == text


@each_row("value", ["\\1", "\\g<0>", "$1", '"},{"', "\x00", "{{", "}}", "\r\nX: y"])
def test_a_hostile_value_stands_in_the_text_as_it_is(value: str) -> None:
    assert render("<{{context.v}}>", {"context": {"v": value}}) == f"<{value}>"
    assert json.loads(to_bytes(render({"v": "{{context.v}}"}, {"context": {"v": value}}))) == {"v": value}


@pytest.mark.slow
@given(st.text())
def test_no_text_breaks_a_template(text: str) -> None:
    assert render("{{context.v}}", {"context": {"v": text}}) == text
    render(text, SCOPE)


@each_row("text", ["{{" * 50_000, "{{" + " " * 100_000, "{{ a" * 20_000, "{{a" + " " * 50_000 + "{{b}}"])
def test_a_long_text_of_braces_takes_no_time_to_speak_of(text: str) -> None:
    assert len(render(text, SCOPE)) <= len(text)
