"""The input of an API request: its fields from body and query, and the page that it asks for."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from flask import Request

from talkover_mock.dialect import inputs
from talkover_mock.web.request import ApiRequest

T = TypeVar("T")


_MOST_FIELDS = 1_000


def api_input(request: ApiRequest) -> Mapping[str, Any]:
    """The fields that a request's body gives; what of it was ignored is noted for `X-Mockserver-Reason`."""
    kind, body = request.headers.get("Content-Type", ""), request.get_data()
    if inputs.is_json(kind):
        found = inputs.from_json(body)
    elif not inputs.is_form(kind, request.method):
        found = inputs.ignored(kind, body)
    elif kind.lower().startswith("multipart"):
        found = _multipart(request, body)
    else:
        found = inputs.from_form(_pairs(body), body)
    if found.note:
        request.note = found.note
    return found.fields


def _multipart(request: ApiRequest, body: bytes) -> inputs.Input:
    named = [(name, value) for name, value in request.form.items(multi=True) if name]  # it is None in a broken part
    return inputs.from_form(named) if named or request.files or not body else inputs.unreadable("multipart/form-data")


def api_query(request: Request) -> Mapping[str, Any]:
    """The fields of the query string."""
    return inputs.from_form(_pairs(request.query_string)).fields


def page_of(records: Sequence[T], per_page: int, query: Mapping[str, Any]) -> tuple[Sequence[T], dict[str, int]]:
    """The page that a query asks for, and where in all of them it stands; a page that is no number is the first."""
    wanted = str(query.get("page"))
    page = int(wanted) if re.fullmatch(r"\+?[1-9][0-9]{0,17}", wanted) else 1
    total = len(records)
    start = (page - 1) * per_page
    place = {"current_page": page, "per_page": per_page, "total": total, "last_page": max(1, -(-total // per_page))}
    return records[start : start + per_page], place


def _pairs(text: bytes) -> list[tuple[str, str]]:
    """As many as PHP reads."""
    return parse_qsl(text.decode(errors="replace"), keep_blank_values=True)[:_MOST_FIELDS]
