"""Documents that can't be read: what is said, and the line it is said of."""

import gzip
import zlib
from typing import Any

import pytest
import yaml

from talkover_mock.loading.documents import parse, read
from talkover_mock.loading.lines import lines
from talkover_mock.loading.yaml_builder import DocumentError
from tests.loading.test_documents import LOADERS
from tests.support.rows import each_row

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 9)
)
LONG_BOMB = f"a: &a {'x' * 1_000_000}\nb: [{', '.join(['*a'] * 100)}]\n"
BAD_YAML: dict[str, tuple[str, str, int | None]] = {
    "a key twice": ("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n", "the key 'c' appears twice in one mapping", 5),
    "a key twice, written differently": ("a: 1\n'a': 2\n", "the key 'a' appears twice in one mapping", 2),
    "a number twice": ("1: a\n0x1: b\n", "the key 1 appears twice in one mapping", 2),
    "two merges": ("a: &a {x: 1}\nb:\n  <<: *a\n  <<: *a\n", "the key '<<' appears twice in one mapping", 4),
    "merge of a scalar": ("a:\n  <<: 1\n", "<< takes a mapping, or a list of mappings", 2),
    "merge of a list of scalars": ("a:\n  <<: [1]\n", "<< takes a mapping, or a list of mappings", 2),
    "undefined alias": ("a: 1\nb: *x\n", "the alias *x has no complete anchor &x before it", 2),
    "cyclic alias": ("a: &x\n  b: 1\n  c: *x\n", "the alias *x has no complete anchor &x before it", 3),
    "an anchor twice": ("a: &x 1\nb: &x 2\n", "the anchor &x appears twice", 2),
    "alias bomb": (BOMB, "its aliases expand to too much data", 7),
    "alias bomb of a long text": (LONG_BOMB, "its aliases expand to too much data", 2),
    "python tag": (
        "a: 1\nb: !!python/object/apply:os.getcwd []\n",
        "the tag 'tag:yaml.org,2002:python/object/apply:os.getcwd' is not allowed in a fixture",
        2,
    ),
    "python tag on a scalar": (
        "a: !!python/name:os.getcwd x\n",
        "is not YAML: could not determine a constructor for the tag "
        "'tag:yaml.org,2002:python/name:os.getcwd' (column 4)",
        1,
    ),
    "set": ("a: !!set {x}\n", "the tag 'tag:yaml.org,2002:set' is not allowed in a fixture", 1),
    "set of a scalar": ("a: !!set x\n", "the tag 'tag:yaml.org,2002:set' is not allowed in a fixture", 1),
    "mapping of a scalar": ("a: !!map x\n", "the tag 'tag:yaml.org,2002:map' is not allowed in a fixture", 1),
    "list tagged a mapping": ("a: !!map [x]\n", "the tag 'tag:yaml.org,2002:map' is not allowed in a fixture", 1),
    "impossible date": ("a: 1\nb: !!timestamp 2025-13-45\n", '"2025-13-45" is not a timestamp', 2),
    "int of nothing": ("a: !!int ''\n", '"" is not an int', 1),
    "bool of a word": ("a: !!bool maybe\n", '"maybe" is not a bool', 1),
    "timestamp of a word": ("a: !!timestamp soon\n", '"soon" is not a timestamp', 1),
    "huge number": ("a: 0x" + "f" * 5000, "the number 0xffffffffffffffffff... is too large", 1),
    "number of too many digits": ("a: " + "9" * 5000, '"' + "9" * 76 + "... is not an int", 1),
    "a list as a key": ("? [a]\n: 1\n", "a mapping or a list can't be a key", 1),
    "a mapping as a key": ("a: 1\n{b: 1}: 2\n", "a mapping or a list can't be a key", 2),
    "two documents": ("a: 1\n---\nb: 2\n", "holds more than one document (---); expected one", 2),
    "NUL": ("a: 1\nb: x\0y\n", "is not YAML: it holds a control character", 2),
    "escape": ("a: \x1b[0m\n", "is not YAML: it holds a control character", 1),
    "open bracket": ("a: [1,\n", "is not YAML: the [ that begins here is not closed (column 4)", 1),
    "wrong indentation": ("a: 1\n   b: 2\n", "is not YAML: mapping values are not allowed ", 2),
}


@pytest.mark.slow
@LOADERS
def test_yaml_that_is_nested_too_deeply(loader: Any) -> None:
    with pytest.raises(DocumentError, match=r"nested too deeply|maximum nesting depth"):  # ours, or the library's
        parse("[" * 5000, loader=loader)


@pytest.mark.slow
@LOADERS
@each_row(("text", "message", "line"), BAD_YAML.values(), ids=BAD_YAML.keys())
def test_yaml_that_is_refused(text: str, message: str, line: int | None, loader: Any) -> None:
    with pytest.raises(DocumentError) as caught:
        parse(text, loader=loader)
    assert str(caught.value).startswith(message)
    if not message.endswith(" "):
        assert str(caught.value) == message
    assert caught.value.line == line


TAB = "; a tab can't indent, use spaces"
COLON = "; a text with ': ' in it needs quotes"
INDENTED = "; check the indentation of the line, and the line before"


@LOADERS
@each_row(
    ("text", "line", "end"),
    [
        ("a:\n\tb: 1\n", 2, f" (column 1){TAB}"),
        ("a: 1\n\tb: 2\n", 2, f" (column 1){TAB}"),
        ("agents:\n  \t- name: A\n", 2, f" (column 3){TAB}"),
        ("a:\n  - name: A: B\n", 2, f" (column 12){COLON}"),
        ("a: {b: c: d}\n", 1, f" (column 9){COLON}"),
        ("é😀: ü: B\n", 1, f" (column 6){COLON}"),
        ("a: 1\n   b: 2\n", 2, f" (column 5){INDENTED}"),
        ("a\nb: 1\n", 2, f" (column 2){INDENTED}"),
        *[(f"a: {first}b\n", 1, f" (column 4); a text that begins with {first} needs quotes") for first in "@`%"],
        ("a: [1,\n", 1, " (column 4)"),
        ("a: [1,\n  {b: 1,\n\n", 2, " (column 3)"),
        ("a: 1\nb: {c: 1\n", 2, " (column 4)"),
        ('a: 1\nb: "c\n', 2, " (column 4)"),
        ("a: 1\nb: 'c\nd: e\nf: g\n", 2, " (column 4)"),
        ('a: "b\nc: "d"\n', 2, " (column 5); is the quote closed that begins in line 1?"),
        ("- 'b\n\n- x: 'd'\n", 3, " (column 7); is the quote closed that begins in line 1?"),
        ("a: {b: 1\nc: 2}\n", 2, " (column 2)"),
    ],
)
def test_yaml_that_is_refused_is_told_where_and_what_helps(text: str, line: int, end: str, loader: Any) -> None:
    with pytest.raises(DocumentError) as caught:
        parse(text, loader=loader)
    assert (str(caught.value).partition(" (column")[1:], caught.value.line) == (end.partition(" (column")[1:], line)


@LOADERS
@pytest.mark.parametrize("text", [r'"\ud83d"', r'"\UFFFFFFFF"', r'["\uDC00"]'])
def test_yaml_escapes_that_stand_for_no_character(text: str, loader: Any) -> None:
    with pytest.raises(DocumentError):
        parse(text, loader=loader)


HALF = r'"\ud83d" holds half of a surrogate pair (\ud800 to \udfff)'
BAD_JSON: dict[str, tuple[str, str, int | None]] = {
    "YAML": ("a: 1", "is not JSON: Expecting value (column 1)", 1),
    "no quotes": (
        '{\n  "a": 1,\n  b: 2}',
        "is not JSON: Expecting property name enclosed in double quotes (column 3)",
        3,
    ),
    "NaN": ('{"a": NaN}', "is not JSON: NaN is not a JSON value", None),
    "infinity": ('{"a": -Infinity}', "is not JSON: -Infinity is not a JSON value", None),
    "a key twice": ('{"a": {\n"b": 1,\n"b": 2}}', "the key 'b' appears twice in one mapping", 3),
    "a key twice, with tabs": ('{\n\t"a": 1,\n\t"a": 2\n}', "the key 'a' appears twice in one mapping", 3),
    "a key twice after an emoji": (
        '{"x": "\\ud83d\\ude00",\n"y": "\u2028",\n"a": 1,\n"a": 2}',
        "the key 'a' appears twice in one mapping",
        4,
    ),
    "escapes that differ are no key twice": (
        '{"\\u0061": 1, "\\u0062": 2,\n"z": 1,\n"z": 2}',
        "the key 'z' appears twice in one mapping",
        3,
    ),
    "a key twice, escaped": ('{"a": 1, "\\u0061": 2}', "the key 'a' appears twice in one mapping", None),
    "too many digits": (f"[{'9' * 5000}]", "is not JSON: a number has too many digits", None),
    "nested too deeply": ("[" * 200_000, "is nested too deeply", None),
    "half a surrogate pair": (r'["\ud83d"]', HALF, None),
    "half a surrogate pair as a key": (r'{"a": {"\ud83d": 1}}', HALF, None),
    "nothing": ("", "is not JSON: Expecting value (column 1)", 1),
    "two values": ("{}\n{}", "is not JSON: Extra data (column 1)", 2),
    "a control character": ('{"a": "\n"}', "is not JSON: Invalid control character at (column 8)", 1),
}


@LOADERS
@each_row(("text", "message", "line"), BAD_JSON.values(), ids=BAD_JSON.keys())
def test_json_that_is_refused(text: str, message: str, line: int | None, loader: Any) -> None:
    with pytest.raises(DocumentError) as caught:
        parse(text, json_only=True, loader=loader)
    assert (str(caught.value), caught.value.line) == (message, line)


def test_whole_surrogate_pairs_are_characters() -> None:
    assert parse(r'["\ud83d\ude00"]', json_only=True) == ["😀"]


@pytest.mark.parametrize(
    ("content", "byte", "line"),
    [(b"\xff\xfea\x00", "ff", 1), ("a: 1\nb: é\n".encode("latin-1"), "e9", 2), (b"a\n\nb\xc3", "c3", 3)],
    ids=["UTF-16", "Latin 1", "cut"],
)
def test_bytes_that_are_not_utf_8(content: bytes, byte: str, line: int) -> None:
    with pytest.raises(DocumentError) as caught:
        read(content)
    assert str(caught.value) == f"is not UTF-8: the byte 0x{byte} is not valid there; save it as UTF-8"
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("content", "how"), [(gzip.compress(b"a: 1"), "gzip"), (zlib.compress(b"a: 1"), "deflate")], ids=["gzip", "zlib"]
)
def test_a_compressed_file_is_named_as_such(content: bytes, how: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read(content)
    assert str(caught.value) == f"is compressed ({how}); it must be plain text"


YAML_TEXT = """\
# a comment
agents:
  - name: One
    webhooks: &hooks
      - name: A
        timeout: 3
  - name: Two
    webhooks: *hooks
1: {true: x}
"""
JSON_TEXT = """{
\t"agents": [
\t\t{"name": "\\ud83d\\ude00 \\\\u0041 \u2028 \x7f",
\t\t "label": "a\\tb",
\t\t "webhooks": [
\t\t\t{"timeout": 3}]}]}
"""


@LOADERS
@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        (YAML_TEXT, (), 2),
        (YAML_TEXT, ("agents",), 2),
        (YAML_TEXT, ("agents", 0), 3),
        (YAML_TEXT, ("agents", 0, "webhooks", 0, "timeout"), 6),
        (YAML_TEXT, ("agents", 1, "name"), 7),
        pytest.param(YAML_TEXT, ("agents", 1, "webhooks", 0, "timeout"), 6, id="through an alias"),
        pytest.param(YAML_TEXT, ("agents", 1, "missing", 3), 7, id="the nearest thing around it"),
        pytest.param(YAML_TEXT, ("agents", 5), 2, id="beyond the list"),
        pytest.param(YAML_TEXT, (1,), 9, id="a key that is a number"),
        pytest.param(JSON_TEXT, ("agents",), 2, id="JSON with tabs"),
        pytest.param(JSON_TEXT, ("agents", 0, "label"), 4, id="JSON, after what YAML can't read"),
        pytest.param(JSON_TEXT, ("agents", 0, "webhooks", 0, "timeout"), 6, id="JSON, deeper"),
        pytest.param("a: [", ("a",), None, id="broken"),
        pytest.param("", ("a",), None, id="empty"),
    ],
)
def test_the_line_of_a_path(text: str, path: tuple[str | int, ...], line: int | None, loader: Any) -> None:
    assert lines(text, [path], loader) == [line]


MERGED = """\
x: &x
  timeout: 3
  deep: &deep {a: [1,
    2]}
y: &y {<<: *x, own: 1}
b:
  - <<: [*y]
    timeout: 4
  - <<: *y
  - *deep
  - {<<: {timeout: 5}, 1: 2}
"""


@LOADERS
@each_row(
    ("path", "line"),
    [
        (("b", 0, "timeout"), 8),
        (("b", 0, "own"), 5),
        (("b", 1, "timeout"), 2),
        (("b", 1, "deep", "a", 1), 4),
        (("b", 2, "a", 1), 4),
        (("b", 2, "nope"), 10),
        (("b", 3, "timeout"), 11),
        (("b", 3, 1), 11),
        (("y", "deep", "a", 0), 3),
        ((), 1),
    ],
)
def test_the_line_of_a_value_behind_an_alias_or_a_merge(path: tuple[str | int, ...], line: int, loader: Any) -> None:
    assert lines(MERGED, [path], loader) == [line]


def test_the_lines_of_many_paths() -> None:
    assert lines(YAML_TEXT, [("agents", 0), ("agents", 1)], yaml.SafeLoader) == [3, 7]
