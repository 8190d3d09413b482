"""YAML and JSON to plain data, as the libraries read them, and back."""

import datetime as dt
import gc
import json
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from talkover_mock.base.collector import collector_paused
from talkover_mock.loading.documents import is_json, parse, read, to_yaml
from talkover_mock.loading.yaml_builder import DocumentError
from tests.support.rows import each_row

LOADERS = each_row("loader", [pytest.param(yaml.CSafeLoader, id="C"), pytest.param(yaml.SafeLoader, id="Python")])

YAML = {
    "mapping": "a: 1\nb: two\n",
    "flow": "{a: [1, 2, {b: c}], d: {}}",
    "empty values": "a:\nb: ~\nc: null\nd: ''\n",
    "booleans": "[yes, no, on, off, true, False, y]",
    "integers": "[0, -1, +2, 0x1F, 017, 0b101, 1_000, 190:20:30]",
    "floats": "[1.5, -.5, 1.0e+3, .inf, -.inf, 190:20:30.15]",
    "strings that are no numbers": "[1e3, 08, 1.2.3, 0x, '30', \"30\", !!str 30]",
    "dates": "[2025-09-03, 2025-09-03T23:19:51Z, 2025-09-03 23:19:51.5 +02:00]",
    "block scalars": "a: |\n  one\n  two\nb: >-\n  one\n  two\n",
    "quoted": "[\"\\u00e9\\n\", 'it''s', \"a\\\n  b\"]",
    "tags": "[!!int '3', !!float 3, !!bool 'yes', !!null '', !!binary aGk=]",
    "tagged collections": "!!map {a: !!seq [1]}",
    "keys of any scalar": "{1: a, 1.5: b, null: c, 2025-09-03: d}",
    "complex key": "? a\n: 1\n? |\n  b\n: 2\n",
    "anchor and alias": "a: &x [1, {b: 2}]\nc: *x\nd: *x\n",
    "anchor on a scalar": "a: &x 5\nb: *x\n*x : c\n",
    "anchor inside an anchor": "a: &x {b: &y [1]}\nc: [*x, *y]\n",
    "merge": "a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3, e: 4}\n",
    "merge after its own keys": "a: &x {b: 1, c: 2}\nd:\n  c: 3\n  <<: *x\n",
    "merge of a list: the first wins": "a: [&x {b: 1, c: 1}, &y {b: 2, d: 2}]\ne: {<<: [*x, *y], f: 3}\n",
    "merge of a merge": "a: &x {b: 1}\nc: &y {<<: *x, d: 2}\ne: {<<: *y, b: 5}\n",
    "merge of a mapping in place": "a: {<<: {b: 1}, c: 2}",
    "a quoted << is a key": "a: {'<<': {b: 1}}",
    "one document with markers": "%YAML 1.1\n---\na: 1\n...\n",
    "comments and odd spacing": "# first\na:   # second\n  -   1\n  - 2   # third\n",
    "nothing": "",
    "a comment only": "# nothing\n",
    "beyond the basic plane": "a: 😀\n",
}


@LOADERS
@each_row("text", YAML.values(), ids=YAML.keys())
def test_yaml_is_read_as_the_library_reads_it(text: str, loader: Any) -> None:
    expected = yaml.safe_load(text)
    found = parse(text, loader=loader)
    assert found == expected
    assert repr(found) == repr(expected), "the same types, in the same order"


@LOADERS
def test_a_whole_number_may_have_as_many_digits_as_in_json(loader: Any) -> None:
    largest = 10**4300 - 1
    for text in (f"[{largest}, -{largest}]", f"[{largest:#x}, -{largest:#x}]"):
        assert parse(text, loader=loader) == json.loads(f"[{largest}, -{largest}]") == [largest, -largest]
    with pytest.raises(DocumentError, match=r"is too large$"):
        parse(f"[{largest + 1:#x}]", loader=loader)


def test_merged_keys_have_the_values_they_should() -> None:
    data = parse("a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}\n")
    assert data == {"a": {"b": 1, "c": 2}, "d": {"b": 1, "c": 3}}


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=12)
    | st.text("0123456789-+.:_xeE~<=*&!#'\"\\ \n\t", max_size=8)
    | st.sampled_from(["yes", "null", "2025-09-03", "<<", "=", "0x1", "1_0", "\x00", "\x85", "\u2028", "\ufeff"])
    | st.datetimes(min_value=dt.datetime(1000, 1, 1), timezones=st.just(dt.timezone.utc))
    | st.dates(min_value=dt.date(1000, 1, 1))
)
keys = st.text(max_size=6) | st.integers() | st.sampled_from(["<<", "=", "no", "1", ""])
data = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
styles = st.fixed_dictionaries(
    {
        "default_flow_style": st.sampled_from([True, False, None]),
        "default_style": st.sampled_from([None, '"', "'"]),
        "allow_unicode": st.booleans(),
        "width": st.sampled_from([20, 80, 1000]),
        "explicit_start": st.booleans(),
    }
)


@pytest.mark.slow
@settings(max_examples=120, deadline=None)
@given(value=data, style=styles)
def test_whatever_the_library_writes_is_read_by_both_loaders(value: Any, style: dict[str, Any]) -> None:
    text = yaml.safe_dump(value, **style)
    expected = repr(yaml.safe_load(text))
    assert repr(parse(text, loader=yaml.CSafeLoader)) == expected
    assert repr(parse(text, loader=yaml.SafeLoader)) == expected


@pytest.mark.slow
@settings(max_examples=120, deadline=None)
@given(value=data)
def test_what_is_written_as_yaml_is_read_back(value: Any) -> None:
    assert parse(to_yaml(value)) == value


def test_yaml_is_written_in_order_and_without_aliases() -> None:
    events = ["event_action"]
    text = to_yaml({"b": events, "a": {"events": events, "name": "Zoë"}})
    assert text == "b:\n- event_action\na:\n  events:\n  - event_action\n  name: Zoë\n"


json_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(value=json_data, ascii_only=st.booleans(), indent=st.sampled_from([None, 2, "\t"]))
def test_json_is_read_as_the_library_reads_it(value: Any, ascii_only: bool, indent: int | str | None) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert parse(text, json_only=True) == value


@pytest.mark.parametrize("content", [b"\xef\xbb\xbfa: 1\n", b"a: 1\n"], ids=["with a byte order mark", "without"])
def test_bytes_are_utf_8(content: bytes) -> None:
    assert read(content) == ("a: 1\n", {"a": 1})


def test_a_document_may_be_nested_as_deep_as_a_person_writes() -> None:
    text = "[" * 100 + "]" * 100
    assert parse(text) == parse(text, json_only=True) == json.loads(text)


@pytest.mark.parametrize("enabled", [True, False], ids=["enabled", "disabled"])
def test_the_collector_is_afterwards_as_it_was(enabled: bool) -> None:
    before = gc.isenabled()
    (gc.enable if enabled else gc.disable)()
    try:
        parse("a: 1")
        with pytest.raises(DocumentError):
            parse("a: [")
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if before else gc.disable)()


class Collector:
    """The process's collector; `meanwhile` is what another thread does right after somebody has looked at it."""

    def __init__(self) -> None:
        self.is_on = True
        self.meanwhile: list[Callable[[], object]] = []

    def isenabled(self) -> bool:
        found = self.is_on
        while self.meanwhile:
            self.meanwhile.pop()()
        return found

    def enable(self) -> None:
        self.is_on = True

    def disable(self) -> None:
        self.is_on = False


def test_the_collector_is_on_again_when_one_thread_ends_while_another_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    collector = Collector()
    monkeypatch.setattr("talkover_mock.base.collector.gc", collector)
    with ExitStack() as first:
        first.enter_context(collector_paused())
        collector.meanwhile.append(first.close)
        with collector_paused():
            pass
    assert collector.is_on


def test_the_collector_is_on_again_when_one_thread_begins_while_another_does(monkeypatch: pytest.MonkeyPatch) -> None:
    collector = Collector()
    monkeypatch.setattr("talkover_mock.base.collector.gc", collector)
    with ExitStack() as first:
        collector.meanwhile.append(lambda: first.enter_context(collector_paused()))
        with collector_paused():
            pass
    assert collector.is_on


@each_row(
    ("name", "expected"),
    [
        ("a.json", True),
        ("A.JSON", True),
        ("application/json", True),
        ("application/problem+json", True),
        ("a.yaml", False),
        ("application/yaml", False),
        ("json", False),
        ("", False),
    ],
)
def test_what_counts_as_json(name: str, expected: bool) -> None:
    assert is_json(name) is expected
