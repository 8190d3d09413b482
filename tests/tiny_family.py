"""A family of endpoints that is as small as one can be, and the way to drop it into the package."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import mockserver.api

FAMILY = '''"""The notes of an account."""

from mockserver.answers import Answer, ApiRequest, api_answer
from mockserver.errors import NotFound
from mockserver.fields import integer_field, text_field
from mockserver.routing import Api
from mockserver.rules import fields_of
from mockserver.sections import Section
from mockserver.wire import api_input

SECTION = Section("notes", (text_field("text", 20, required=True), integer_field("stars", 0, 5, default=1)))


class NoteNotFound(NotFound):
    message = "Note not found."


def register(api: Api) -> None:
    api.route("GET", "/notes", _list)
    api.route("GET", "/notes/<note_id>", _read)
    api.route("POST", "/notes", _create)
    api.route("DELETE", "/notes/<note_id>", _delete)


def _list(request: ApiRequest) -> Answer:
    return api_answer({"data": [dict(note) for note in request.environment.records(SECTION).all()]})


def _read(request: ApiRequest, note_id: str) -> Answer:
    note = request.environment.records(SECTION).get(note_id)
    if note is None:
        raise NoteNotFound(note_id)
    return api_answer({"data": dict(note)})


def _create(request: ApiRequest) -> Answer:
    id = request.environment.webhooks.ids.new(request.environment.clock.moment())
    note = {"id": id, **fields_of(api_input(request), SECTION.fields)}
    request.environment.records(SECTION).put(note)
    return api_answer({"data": note})


def _delete(request: ApiRequest, note_id: str) -> Answer:
    request.environment.records(SECTION).remove(note_id)
    return api_answer({"success": True})
'''


@contextmanager
def dropped_in(folder: Path) -> Iterator[None]:
    """The family's file stands in `folder`, as if that were `mockserver/api`."""
    (folder / "notes.py").write_text(FAMILY)
    importlib.invalidate_caches()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mockserver.api, "__path__", [*mockserver.api.__path__, str(folder)])
        try:
            yield
        finally:
            sys.modules.pop("mockserver.api.notes", None)
            vars(mockserver.api).pop("notes", None)
