"""Reads the input of an API request: the fields of its body and query, and the page that it asks for."""

import re
from collections.abc import Mapping, Sequence
from email import message_from_bytes
from email.message import Message
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl

from talkover_mock.base.shapes.calls import CallPage, Page
from talkover_mock.dialect import inputs
from talkover_mock.web.request import MockRequest

T = TypeVar("T")
_MOST_FIELDS = 1_000
"""The most fields of one form or query, as PHP limits them."""
_METHOD = re.compile("[A-Za-z]+")


def api_input(request: MockRequest) -> Mapping[str, Any]:
    """The fields of a request; a body that is ignored is noted for `X-Mockserver-Reason`."""
    fields = _fields_of(request)
    if request.input and request.input.note:
        request.note = request.input.note
    return fields


def method_of(request: MockRequest) -> str:
    """The method that a POST stands for: its `X-HTTP-Method-Override`, else `_method` in its body, else in its query.

    Measured on Laravel 8 to 11, in any case of name and value; any other method stands for itself.
    """
    if request.method != "POST":
        return request.method
    given = request.header("X-HTTP-Method-Override") or _fields_of(request).get("_method")
    return given.upper() if isinstance(given, str) and _METHOD.fullmatch(given) else request.method


def _fields_of(request: MockRequest) -> Mapping[str, Any]:
    """The fields of the body, and the fields of the query that the body does not have (measured on Laravel 9 to 11).

    The body is read once.
    """
    if request.input is None:
        request.input = _read_body(request)
    query = request.environ.get("QUERY_STRING", "")
    in_query = inputs.from_form(_pairs(query.encode("latin-1"))).fields if query else {}
    return {**in_query, **request.input.fields}


def _read_body(request: MockRequest) -> inputs.Input:
    """The fields of the body, as a form by the method that was sent: multipart in a POST only."""
    found = _parsed(request.content_type, request.body, request.sent_method)
    how = inputs.compression(request.body, request.header("Content-Encoding") if found.note else "")
    return inputs.compressed(how) if how else found


def _parsed(kind: str, body: bytes, method: str) -> inputs.Input:
    if len(body) > inputs.MOST_BYTES:
        return inputs.too_large()
    if inputs.is_json(kind):
        return inputs.from_json(body)
    if not inputs.is_form(kind, method):
        return inputs.ignored(kind, body)
    return _multipart(kind, body) if kind.lower().startswith("multipart") else inputs.from_form(_pairs(body), body)


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


def page_of(records: Sequence[T], per_page: int, query: Mapping[str, Any]) -> tuple[Sequence[T], Page]:
    """The page of records that a query asks for, and the numbers of the page; a malformed number means the first."""
    wanted = str(query.get("page"))
    page = int(wanted) if re.fullmatch(r"\+?[1-9][0-9]{0,17}", wanted) else 1
    total = len(records)
    start = (page - 1) * per_page
    place: Page = {
        "current_page": page,
        "per_page": per_page,
        "total": total,
        "last_page": max(1, -(-total // per_page)),
    }
    return records[start : start + per_page], place


def with_ends(place: Page, page: Sequence[object]) -> CallPage:
    """The numbers of a page in the order of the lists of calls, with those of its first and its last record."""
    before = (place["current_page"] - 1) * place["per_page"]
    return {
        "current_page": place["current_page"],
        "last_page": place["last_page"],
        "per_page": place["per_page"],
        "total": place["total"],
        "from": before + 1 if page else None,
        "to": before + len(page) if page else None,
    }


def _pairs(text: bytes) -> list[tuple[str, str]]:
    """The names and values of a form, as many as PHP reads; the rest is not even parsed."""
    fields = text.decode(errors="replace").split("&", _MOST_FIELDS)[:_MOST_FIELDS]
    return parse_qsl("&".join(fields), keep_blank_values=True)
