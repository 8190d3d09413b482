"""The sections that families of the API add to fixtures: lists of records that have fields and an id."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from mockserver.documents import Path
from mockserver.reader import CREATED, Reader
from mockserver.rules import Field, Invalid, fields_of


class Section(NamedTuple):
    """A list under `key`, beside `agents`, of mappings with an `id` and `fields`."""

    key: str
    fields: Sequence[Field]


def read_section(reader: Reader, path: Path, section: Section, body: dict[str, Any]) -> None:
    """Adds the section's records to what the reader has found, laid over those of its state if it has one."""
    found = reader.found.sections.setdefault(section.key, {})
    known_keys = ("id", *(field.name for field in section.fields))
    for i, data in enumerate(reader.mistakes.list_at(path, body, section.key)):
        place = (*path, section.key, i)
        if reader.mistakes.is_mapping(place, data, known_keys):
            known = reader.over.section(section.key).get(str(data.get("id"))) if reader.over else None
            values = _values(reader, place, section, data, known)
            id = reader.id(place, data, CREATED, f"{reader.name}/{section.key}", len(found))
            found[id] = {"id": id, **values}


def _values(reader: Reader, path: Path, section: Section, data: dict[str, Any], known: Any) -> dict[str, Any]:
    try:
        return fields_of(data, section.fields, known)
    except Invalid as invalid:
        reader.mistakes.add_invalid(path, data, invalid, section.fields)
        return {**invalid.values}
