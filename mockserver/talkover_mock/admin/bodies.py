"""Bodies of admin requests and answers: documents, JSON objects, problems."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from talkover_mock.admin.problems import Problem
from talkover_mock.base.headers import HTML, JSON, TEXT, header_text
from talkover_mock.dialect import inputs
from talkover_mock.loading.documents import is_json
from talkover_mock.loading.files import parse, parse_any
from talkover_mock.loading.mistakes import FixtureError, Source
from talkover_mock.web.answers import REASON, Answer
from talkover_mock.web.request import MockRequest

PROBLEM = "application/problem+json"


class DocumentAnswer(Answer):
    """An answer of the admin API: indented JSON, since people read it too; made when it is sent."""

    __slots__ = ("document",)

    def __init__(self, document: object, status: int, headers: Mapping[str, str]) -> None:
        self.document = document
        self.status_code, self.headers = status, dict(headers)

    @property
    def body(self) -> bytes:  # type: ignore[override]
        return (json.dumps(self.document, indent=2) + "\n").encode()


def admin_answer(document: object, status: int = 200, **headers: str) -> DocumentAnswer:
    """An answer of the admin API."""
    return DocumentAnswer(document, status, {"Content-Type": "application/json", **headers})


def problem_answer(request: MockRequest, problem: Problem) -> Answer:
    """A problem document or, for a client that prefers text, its detail; the header of reasons has it too.

    `admin/page/documents.py` makes a page of the document for a browser.
    """
    headers = {"Content-Type": PROBLEM, REASON: header_text(problem.detail)}
    if request.preferred(PROBLEM, JSON, HTML, TEXT) != TEXT:
        return DocumentAnswer(problem.body(), problem.status, headers)
    text = problem.detail.encode(errors="backslashreplace")
    return Answer(text, problem.status, {**headers, "Content-Type": f"{TEXT}; charset=utf-8"})


def document(request: MockRequest, parse: Callable[..., Source] = parse) -> Source:
    """The request's body as the document that `parse` reads: that of a fixture. Raises FixtureError.

    The content type decides between JSON and YAML; without one, the first character of the body does.
    """
    kind, body = request.content_type.partition(";")[0].strip().lower(), request.body
    if is_json(kind) or kind.endswith("yaml") or not inputs.looks_like_json(body):
        return parse(body, "body", is_json(kind))
    try:
        return parse(body, "body", json_only=True)
    except FixtureError as error:
        with suppress(FixtureError):  # YAML has braces and brackets too
            return parse(body, "body")
        raise error from None


def json_object(request: MockRequest) -> dict[str, Any]:
    """The request's body as an object; an empty body is an empty object. Raises Problem 400."""
    if not request.body:
        return {}
    try:
        data = document(request, parse_any).data
    except FixtureError as error:
        raise Problem(400, "The body can't be read", str(error)) from None
    if not isinstance(data, dict):
        kind = "null" if data is None else type(data).__name__
        raise Problem(400, "The body is not an object", f"expected a JSON object, got {kind}")
    return data
