"""Reads the input of an API request: the fields of its body and query, and the page that it asks for."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from talkover_mock.base.shapes.calls import CallPage, Page
from talkover_mock.dialect import inputs
from talkover_mock.web.request import MockRequest

T = TypeVar("T")
_MOST_FIELDS = 1_000
"""The most fields of one form or query, as PHP limits them."""
_MOST_HEADER_BYTES = 5 * 1024
"""The bytes of a part's header that are read, about the longest line that PHP reads."""
_METHOD = re.compile("[A-Za-z]+")
_BOUNDARY = re.compile(r'boundary=(?:"([^"]+)"|([^",;][^,;]*))', re.IGNORECASE)
_PART = re.compile(rb"\r?\n(|.*?\n)\r?\n(.*)", re.DOTALL)
"""What follows a boundary: the lines of the header, an empty line, and the value."""
_DISPOSITION = re.compile(r"^content-disposition:(.*?)\r?$", re.IGNORECASE | re.MULTILINE)
_PARAMETER = re.compile(r"""(?<![^\s;])([^\s=;]+)=\s*(?:(["'])((?:\\\2|(?!\2).)*)|([^\s;]*))""", re.ASCII)


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
    """The fields of a multipart form as PHP reads it, which is not as mail is read: no value is decoded."""
    boundary = _BOUNDARY.search(kind)
    if not boundary:
        return inputs.unreadable("multipart/form-data") if body else inputs.Input()
    line = b"--" + (boundary[1] or boundary[2]).encode("latin-1")
    after = re.split(rb"\r?\n" + re.escape(line), b"\n" + body, maxsplit=_MOST_FIELDS + 1)[1 : _MOST_FIELDS + 1]
    parts = [part for text in after if (part := _PART.fullmatch(text))]
    if body and not parts and not body.startswith(line + b"--"):
        return inputs.unreadable("multipart/form-data")
    return inputs.from_form(_fields_in(parts))


def _fields_in(parts: Sequence[re.Match[bytes]]) -> Iterator[tuple[str, str]]:
    """The names and values of the parts of a form; a file is no field, also when none was chosen."""
    for part in parts:
        header = re.sub(r"\r?\n(?=[ \t])", "", part[1][:_MOST_HEADER_BYTES].decode(errors="replace"))
        disposition = _DISPOSITION.search(header)
        if not disposition:
            continue
        found = _PARAMETER.findall(disposition[1])
        given = {key.lower(): text.replace(f"\\{quote}", quote) if quote else word for key, quote, text, word in found}
        if "filename" in given:
            continue
        if "name" not in given:
            return  # PHP reads no further
        yield given["name"], part[2].decode(errors="replace")


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
