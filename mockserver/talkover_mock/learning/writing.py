"""Writes what was learned as a fixture file: whole or not at all, and never over a file of somebody else's."""

import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from talkover_mock.base.words import printable
from talkover_mock.loading.documents import is_json, to_yaml
from talkover_mock.loading.files import parse, read_file
from talkover_mock.loading.fixture import read_fixture
from talkover_mock.loading.mistakes import FixtureError
from talkover_mock.loading.variables import filled

MARK = "# Written by talkover-mock from what it has seen of an account; it may be edited."


class CannotWrite(Exception):
    """The file can't be written; the text says why."""


def check_path(path: Path) -> None:
    """Refuses a file that may not be written, before anything is learned. Raises CannotWrite."""
    if is_json(path.name):
        raise CannotWrite(f"{path} would be YAML; give it a name that ends in .yaml")
    if not path.parent.is_dir():
        raise CannotWrite(f"{path.parent} is no folder")
    _notes_and_document(path)


def write(path: Path, document: Mapping[str, Any], notes: Sequence[str]) -> None:
    """Adds the document to the file, or makes it: a file of these commands is added to, any other is refused.

    The notes are comments at its beginning. Raises CannotWrite.
    """
    known_notes, known = _notes_and_document(path)
    whole = text_of(_laid_over(known, document), list(dict.fromkeys([*known_notes, *map(printable, notes)])))
    check(whole)
    unfinished = path.parent / f".{path.name}.{secrets.token_hex(4)}.part"
    try:
        with unfinished.open("x", encoding="utf-8") as file:
            file.write(whole)
        unfinished.replace(path)
    except OSError as error:
        raise CannotWrite(f"{path} can't be written: {error.strerror}") from None
    finally:
        with suppress(OSError):
            unfinished.unlink()


def text_of(document: Mapping[str, Any], notes: Sequence[str] = ()) -> str:
    """The document as a fixture file, with its notes as comments."""
    comments = [MARK, *(f"# {printable(note)}" for note in notes)]
    return "\n".join([*comments, to_yaml(document)])


def check(text: str) -> None:
    """Checks the text as `talkover-mock check` does. Raises CannotWrite, without any value of the file."""
    try:
        read_fixture([filled(parse(text.encode(), "the fixture"), {})])
    except FixtureError as error:
        raise CannotWrite(f"what was learned makes no fixture: {error.mistakes[0].path} does not fit") from None


def literal(value: Any) -> Any:
    """A value with its texts written so that a fixture file reads them unchanged: a dollar is no variable there."""
    if isinstance(value, str):
        return _readable(value).replace("$", "$$")
    if isinstance(value, Mapping):
        return {_readable(key): literal(each) for key, each in value.items()}
    return [literal(each) for each in value] if isinstance(value, list) else value


def _readable(text: str) -> str:
    """The text without half a surrogate pair, which JSON may have and no file."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _notes_and_document(path: Path) -> tuple[list[str], dict[str, Any]]:
    """The notes and the contents of a file of these commands; nothing where no file is. Raises CannotWrite."""
    try:
        if not path.exists():
            return [], {}
        source = read_file(path)
    except (OSError, FixtureError) as error:
        raise CannotWrite(f"{path} can't be added to: {getattr(error, 'strerror', None) or error}") from None
    first, *others = source.text.splitlines()
    if first != MARK or not isinstance(source.data, dict):
        raise CannotWrite(f"{path} exists, and no command of talkover-mock has written it; give another name")
    comments = others[: next((i for i, line in enumerate(others) if line[:1] != "#"), len(others))]
    return [line.removeprefix("# ") for line in comments], source.data


def _laid_over(known: Mapping[str, Any], learned: Mapping[str, Any]) -> dict[str, Any]:
    """What was learned over what was known: mappings key by key, records by id."""
    merged = dict(known)
    for key, value in learned.items():
        before = merged.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            merged[key] = {**before, **value}
        elif isinstance(value, list) and isinstance(before, list):
            merged[key] = [*{each["id"]: each for each in (*before, *value)}.values()]
        else:
            merged[key] = value
    return merged
