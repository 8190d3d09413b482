"""Reads the input of an API request: the fields of its body and query, and the page that it asks for."""

import re
from collections.abc import Mapping, Sequence
from email import message_from_bytes
from email.message import Message
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl

from talkover_mock.dialect import inputs
from talkover_mock.web.request import MockRequest

T = TypeVar("T")
_MOST_FIELDS = 1_000
"""The most fields of one form or query, as PHP limits them."""


def api_input(request: MockRequest) -> Mapping[str, Any]:
    """The fields of a request's body; a body that is ignored is noted for `X-Mockserver-Reason`."""
    kind, body = request.content_type, request.body
    if len(body) > inputs.MOST_BYTES:
        found = inputs.too_large()
    elif inputs.is_json(kind):
        found = inputs.from_json(body)
    elif not inputs.is_form(kind, request.method):
        found = inputs.ignored(kind, body)
    elif kind.lower().startswith("multipart"):
        found = _multipart(kind, body)
    else:
        found = inputs.from_form(_pairs(body), body)
    how = inputs.compression(body, request.header("Content-Encoding") if found.note else "")
    if how:
        found = inputs.compressed(how)
    if found.note:
        request.note = found.note
    return found.fields


def _multipart(kind: str, body: bytes) -> inputs.Input:
    """The fields of a multipart form; uploaded files are not fields, as in PHP."""
    head = f"Content-Type: {kind}\r\n\r\n".encode("latin-1")
    form = message_from_bytes(head + body)
    if not form.is_multipart() or form.defects:
        return inputs.unreadable("multipart/form-data") if body else inputs.Input()
    parts = cast(list[Message], form.get_payload())
    named = [(part.get_param("name", header="Content-Disposition"), part) for part in parts if not part.get_filename()]
    return inputs.from_form((name, _content(part)) for name, part in named if name and isinstance(name, str))


def _content(part: Message) -> str:
    return cast(bytes, part.get_payload(decode=True)).decode(errors="replace")


def api_query(request: MockRequest) -> Mapping[str, Any]:
    """The fields of the query string."""
    return inputs.from_form(_pairs(request.environ.get("QUERY_STRING", "").encode("latin-1"))).fields


def page_of(records: Sequence[T], per_page: int, query: Mapping[str, Any]) -> tuple[Sequence[T], dict[str, int]]:
    """The page of records that a query asks for, and the numbers of the page; a malformed number means the first."""
    wanted = str(query.get("page"))
    page = int(wanted) if re.fullmatch(r"\+?[1-9][0-9]{0,17}", wanted) else 1
    total = len(records)
    start = (page - 1) * per_page
    place = {"current_page": page, "per_page": per_page, "total": total, "last_page": max(1, -(-total // per_page))}
    return records[start : start + per_page], place


def _pairs(text: bytes) -> list[tuple[str, str]]:
    """The names and values of a form, as many as PHP reads; the rest is not even parsed."""
    fields = text.decode(errors="replace").split("&", _MOST_FIELDS)[:_MOST_FIELDS]
    return parse_qsl("&".join(fields), keep_blank_values=True)
