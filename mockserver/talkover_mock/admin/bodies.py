"""HTTP to operations and back: input, pages, documents, and the answers of the admin routes."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from flask import Request, Response

from talkover_mock.admin.problems import Problem
from talkover_mock.base.headers import header_text
from talkover_mock.base.words import brief, near_or_all, number_of
from talkover_mock.dialect import inputs
from talkover_mock.loading.documents import is_json
from talkover_mock.loading.files import parse
from talkover_mock.loading.mistakes import FixtureError, Source
from talkover_mock.web.answers import REASON


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
