"""Writes what was learned as a fixture file: whole or not at all, and never over a file of somebody else's."""

import os
import secrets
import stat
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from talkover_mock.base.words import printable
from talkover_mock.loading.documents import is_json, to_yaml
from talkover_mock.loading.files import parse, read_file
from talkover_mock.loading.fixture import read_fixture
from talkover_mock.loading.mistakes import FixtureError
from talkover_mock.loading.variables import VARIABLES, filled

MARK = "# Written by talkover-mock from what it has seen of an account; it may be edited."

_RECORDS = ("agents", "campaigns", "webhooks")


class CannotWrite(Exception):
    """The file can't be written; the text says why."""


def check_path(path: Path) -> None:
    """Refuses a file that may not be written, before anything is learned. Raises CannotWrite."""
    if is_json(path.name):
        raise CannotWrite(f"{path} would be YAML; give it a name that ends in .yaml")
    folder = path.resolve().parent
    if not folder.is_dir():
        raise CannotWrite(f"{folder} is no folder")
    if not os.access(folder, os.W_OK):
        raise CannotWrite(f"{folder} can't be written to")
    _notes_and_document(path)


def write(path: Path, document: Mapping[str, Any], notes: Sequence[str], forgotten: Collection[str] = ()) -> None:
    """Adds the document to the file, or makes it: a file of these commands is added to, any other is refused.

    The notes are comments at its beginning; `forgotten` settings are those that an earlier run has learned, and that
    turned out to be the defaults. Raises CannotWrite.
    """
    path = path.resolve()  # a link stays one
    known_notes, known = _notes_and_document(path)
    known = _without_settings(known, forgotten)
    whole = text_of(_laid_over(known, document), list(dict.fromkeys([*known_notes, *map(printable, notes)])))
    check(whole)
    unfinished = path.parent / f".{path.name}.{secrets.token_hex(4)}.part"
    try:
        with unfinished.open("x", encoding="utf-8") as file:
            if path.exists():
                unfinished.chmod(stat.S_IMODE(path.stat().st_mode))
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
        read_fixture([filled(parse(text.encode(), "the fixture"), os.environ)])
    except FixtureError as error:
        first = error.mistakes[0]
        place = first.path or f"line {first.line}"
        raise CannotWrite(f"what was learned makes no fixture: {place} does not fit") from None


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
    """The notes and the contents of a file of these commands; nothing where no file is.

    Raises CannotWrite, also for what somebody has added that makes no fixture: nothing could be added to it.
    """
    try:
        if not path.exists():
            return [], {}
        source = read_file(path)
        first, *others = source.text.splitlines()
        if first != MARK or not isinstance(source.data, dict):
            raise CannotWrite(f"{path} exists, and no command of talkover-mock has written it; give another name")
        if source.data.get(VARIABLES) is False:
            raise CannotWrite(f"{path} can't be added to: a text that is learned has $$ for $; remove variables: false")
        read_fixture([filled(source, os.environ)])
    except (OSError, FixtureError) as error:
        raise CannotWrite(f"{path} can't be added to: {getattr(error, 'strerror', None) or error}") from None
    comments = others[: next((i for i, line in enumerate(others) if line[:1] != "#"), len(others))]
    return [line.removeprefix("# ") for line in comments], source.data


def _laid_over(known: Mapping[str, Any], learned: Mapping[str, Any]) -> dict[str, Any]:
    """What was learned over what was known: mappings key by key, records by id, and these key by key too."""
    merged = dict(known)
    for key, value in learned.items():
        before = merged.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            merged[key] = {**before, **value}
        elif isinstance(value, list) and isinstance(before, list):
            merged[key] = _records_laid_over(before, value) if key in _RECORDS else value
        else:
            merged[key] = value
    return merged


def _records_laid_over(known: Sequence[Any], learned: Sequence[Mapping[str, Any]]) -> list[Any]:
    """The records that came over those with their ids. All others stay, also those that have no id."""
    came = {each["id"]: each for each in learned}
    merged = []
    for each in known:
        new = came.pop(each["id"], None) if isinstance(each, dict) and isinstance(each.get("id"), str) else None
        merged.append(each if new is None else _laid_over(_without_status(each), new))
    return [*merged, *came.values()]


def _without_status(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record without the status of a webhook, which is written only while it is `error`."""
    return {key: value for key, value in record.items() if key != "status" or "events" not in record}


def _without_settings(document: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    settings = document.get("settings")
    if not isinstance(settings, dict):
        return dict(document)
    left = {name: value for name, value in settings.items() if name not in names}
    others = {key: value for key, value in document.items() if key != "settings"}
    return {"settings": left, **others} if left else others
