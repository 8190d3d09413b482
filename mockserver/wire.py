"""HTTP to operations and back: input, pages, documents, and the answers of the admin routes."""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from flask import Request, Response

from mockserver import inputs
from mockserver.answers import REASON, ApiRequest
from mockserver.documents import is_json
from mockserver.errors import FixtureError, Problem
from mockserver.fixture_files import parse
from mockserver.mistakes import Source
from mockserver.words import brief, near_or_all, number_of

T = TypeVar("T")
_MOST_FIELDS = 1_000


def masked(token: str | None) -> str:
    """Enough of a token to tell it from others, and no more."""
    if not token:
        return "-"
    return f"{token[:5]}***{token[-2:]}" if len(token) > 12 else f"{token[:2]}***"


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


def admin_response(body: object, status: int = 200) -> Response:
    """An answer of the admin API; indented, since people read it too."""
    return Response(json.dumps(body, indent=2) + "\n", status, content_type="application/json")


def problem_response(problem: Problem) -> Response:
    body = json.dumps(problem.body(), indent=2) + "\n"
    response = Response(body, problem.status, content_type="application/problem+json")
    response.headers[REASON] = header_text(problem.detail)
    return response


def fixture_problem(error: FixtureError) -> Problem:
    """All that is wrong with a fixture that came with a request."""
    mistakes = [mistake.to_json() for mistake in error.mistakes]
    which = "" if len(mistakes) == 1 else "; the first"
    first = str(error.mistakes[0]).removeprefix("body:1: ")  # most bodies are one line of JSON
    detail = f"{number_of(len(mistakes), 'mistake')}, so nothing was changed{which}: {first}"
    return Problem(422, "The fixture has mistakes", detail, errors=mistakes)


def document(request: Request) -> Source:
    """The request's body as a fixture document: JSON where it is JSON, else YAML, unless its content type says which.

    Raises FixtureError.
    """
    kind, body = request.mimetype, request.get_data()
    if is_json(kind) or kind.endswith("yaml") or not inputs.looks_like_json(body):
        return parse(body, "body", is_json(kind))
    try:
        return parse(body, "body", json_only=True)
    except FixtureError as error:
        with suppress(FixtureError):  # YAML has braces and brackets too
            return parse(body, "body")
        raise error from None


def json_object(request: Request) -> dict[str, Any]:
    """The request's body as an object; empty is an empty object. Raises Problem 400."""
    if not request.get_data():
        return {}
    try:
        data = document(request).data
    except FixtureError as error:
        raise Problem(400, "The body can't be read", str(error)) from None
    if not isinstance(data, dict):
        raise Problem(400, "The body is no object", f"expected a JSON object, got {type(data).__name__}")
    return data


def refuse_unknown_keys(given: Mapping[str, Any], known: Sequence[str], where: str = "") -> None:
    """`where` is the path of the object. Raises Problem 422."""
    for key in given:
        if key not in known:
            detail = f"unknown key {brief(f'{where}{key}')}{near_or_all(key, known)}"
            raise Problem(422, "Unknown key", detail)


def header_text(text: str, most: int = 1000) -> str:
    """Text as a header can carry it: visible ASCII on one line, of at most that many characters."""
    if text.isascii() and text.isprintable():
        return text[:most]
    line = " ".join(text.split()).encode("ascii", "backslashreplace").decode()
    return re.sub("[^ -~]", lambda found: f"\\x{ord(found[0]):02x}", line)[:most]
