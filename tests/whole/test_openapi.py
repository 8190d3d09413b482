"""The OpenAPI document: valid, whole, and true, since the server is asked for every example in it."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from werkzeug.test import Client, TestResponse

from talkover_mock import __version__
from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_wsgi_app
from talkover_mock.base.own_files import own_file
from talkover_mock.environments.world import MOST_KEPT, World
from talkover_mock.loading.files import read_file
from talkover_mock.loading.fixture import read_fixture
from talkover_mock.web.routes import shown
from tests.conftest import FIXTURES, shipped
from tests.support import openapi_schemas
from tests.support.documented import TOKEN
from tests.support.fixture_documents import source
from tests.support.openapi_document import (
    DOCUMENT,
    TEXT,
    Example,
    Operation,
    examples,
    operation_named,
    operations,
    resolved,
)
from tests.support.routes import KNOWN
from tests.support.rows import check_each

NOW = datetime(2025, 9, 3, 23, 50, 15, tzinfo=timezone.utc)
URL = "http://127.0.0.1:7357"
SHIPPED = [read_file(path) for path in sorted(FIXTURES.glob("*.yaml"))]
OF_HTTP = {"Content-Type", "Content-Length", "Date"}
OF_ADMIN = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
"""The headers of every admin answer, which the document states once."""
WITHOUT_EXAMPLE = {
    *(("listAssumptions", "200"), ("readOpenapi", "200"), ("takeSnapshot", "404")),  # too long: lists of everything
    *(("page", "200"), ("pageStyle", "200"), ("pageScript", "200")),
    ("takeSnapshot", "409"),  # of the ten thousand and first
    ("addStub", "409"),  # of the thousand and first
}
"""Nor has 500 one, which no request brings about."""
MEASURED = ("duration_ms", "response_time", "uptime_seconds")
"""Real times, which are never twice the same."""


@contextmanager
def client(request: dict[str, Any]) -> Iterator[Client]:
    """Of a server with the shipped fixtures, and with what the example asks for besides."""
    added = request.get("fixture")
    described = read_fixture([*SHIPPED, source(added)]) if added else shipped()
    world = World(described, time=lambda: NOW, most_kept=request.get("most_kept", MOST_KEPT))
    yield Client(create_wsgi_app(world, Guard(token=request.get("admin_token"))))
    world.stop()


def ask(http: Client, operation: Operation, request: dict[str, Any]) -> TestResponse:
    given = (TOKEN if operation.content["tags"] == ["API"] else {}) | request.get("headers", {})
    headers = {name: value for name, value in given.items() if value is not None}
    body = operation.body_with(request)
    body |= {"content_type": headers.pop("Content-Type")} if "Content-Type" in headers else {}
    path = request.get("path", operation.path_with(request.get("parameters", {})))
    asked = {"method": request.get("method", operation.method), "query_string": request.get("query"), **body}
    named = {"HTTP_USER_AGENT": "example"}
    answers = [
        http.open(path, URL, headers=headers, environ_base=named, **asked) for _ in range(request.get("times", 1))
    ]
    return answers[-1]


def check_same(answered: Any, shown: Any) -> None:
    """Also in order, but for the times that were measured."""
    one, other = (_without_measured(each) for each in (answered, shown))
    if json.dumps(one) != json.dumps(other):
        assert json.dumps(one, indent=1) == json.dumps(other, indent=1)


def _without_measured(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_measured(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: "measured" if key in MEASURED and each is not None else _without_measured(each)
        for key, each in value.items()
    }


def mistakes(schema: Any, value: Any) -> list[str]:
    """What the value breaks of a schema of the document."""
    return [error.message for error in Draft202012Validator({**DOCUMENT, "allOf": [schema]}).iter_errors(value)]


def check_headers(response: dict[str, Any], answer: TestResponse) -> None:
    """Exactly the documented headers, with values that their schemas allow."""
    documented = {name: resolved(header) for name, header in response.get("headers", {}).items()}
    required = {name for name, header in documented.items() if header.get("required")}
    answered = {*answer.headers.keys()} - OF_HTTP
    assert required <= answered <= documented.keys()
    for name in answered:
        schema, value = documented[name]["schema"], answer.headers[name]
        assert mistakes(schema, int(value) if schema.get("type") == "integer" else value) == []


def content_of(answer: TestResponse) -> Any:
    if answer.content_type.startswith("text/plain"):
        return answer.text
    return yaml.safe_load(answer.text) if answer.content_type == "application/yaml" else json.loads(answer.text)


@pytest.mark.slow
def test_the_document_is_valid() -> None:
    from openapi_spec_validator import OpenAPIV31SpecValidator  # takes long to import

    assert [str(error) for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []


def test_the_document_has_the_version_of_the_package_which_its_file_does_not_repeat() -> None:
    assert DOCUMENT["info"]["version"] == __version__
    assert "\n  version: '{version}'\n" in own_file("openapi.yaml").decode()


@pytest.mark.slow
def test_the_schemas_of_answers_are_made_of_their_shapes() -> None:
    """After a change of a shape, `make products` writes them."""
    assert openapi_schemas.DOCUMENT.read_text(encoding="utf-8").endswith("\n\n" + openapi_schemas.text())


def test_the_route_serves_the_document(http: FlaskClient) -> None:
    answer = http.get("/__admin/openapi.yaml")
    assert (answer.status_code, answer.content_type) == (200, "application/yaml")
    assert answer.text == TEXT


def test_the_document_has_every_route_and_the_known_ones_of_their_paths(app: Flask) -> None:
    routes = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    paths = {path for _, path in routes}
    not_emulated = {(method, path) for method, rule in KNOWN if (path := shown(rule)) in paths}
    assert {(operation.method, operation.path) for operation in operations()} == routes | not_emulated


def test_every_operation_says_how_sure_it_is_and_how_it_can_end() -> None:
    wrong = []
    for operation in operations():
        api = operation.content["tags"] == ["API"]
        of_guard = {"401", "429", "500"} if api else {"401", "403"}
        ends = {"405"} | (of_guard if operation.content.get("security") != [] else set())
        wrong += [f"{operation}: {status} is missing" for status in sorted(ends - operation.responses().keys())]
        if api and not re.match("Documented|Inferred|Measured|Assumed", operation.content["description"]):
            wrong.append(f"{operation}: does not say how sure it is")
    assert wrong == []


def test_every_answer_has_an_example() -> None:
    documented = {(str(operation), status) for operation in operations() for status in operation.responses()}
    shown = {(str(example.operation), example.status) for example in examples()}
    assert {each for each in documented - shown if each[1] != "500"} == WITHOUT_EXAMPLE


EXAMPLES = {str(each): each for each in examples()}
LONG = 50
"""An example that is asked for more often is slow."""


@pytest.mark.slow
@pytest.mark.parametrize("operation", operations(), ids=str)
def test_the_server_gives_every_example(operation: Operation) -> None:
    mine = [title for title, each in EXAMPLES.items() if each.operation == operation and times(each) <= LONG]
    check_each(mine, lambda title: check(EXAMPLES[title]))


@pytest.mark.slow
def test_the_server_gives_every_example_that_takes_many_calls() -> None:
    check_each([title for title, each in EXAMPLES.items() if times(each) > LONG], lambda title: check(EXAMPLES[title]))


def times(example: Example) -> int:
    return int(example.request.get("times", 1))


def check(example: Example) -> None:
    with client(example.request) as http:
        for first in example.request.get("first", ()):
            headers = example.request.get("headers", {})
            assert ask(http, operation_named(first["operation"]), {"headers": headers, **first}).status_code < 300
        answer = ask(http, example.operation, example.request)
    response = example.operation.responses()[example.status]
    assert answer.status_code == int(example.status)
    if example.operation.path.startswith("/__admin"):
        assert {name: answer.headers.pop(name, "") for name in OF_ADMIN} == OF_ADMIN
    check_headers(response, answer)
    if example.media_type is None:
        assert answer.data == b""
        return
    assert answer.content_type == example.media_type
    schema = response["content"][example.media_type]["schema"]
    answered = content_of(answer)
    check_same(answered, example.value)
    assert mistakes(schema, answered) == mistakes(schema, example.value) == []


def test_every_component_is_used() -> None:
    components = DOCUMENT["components"]
    assert {"parameters", "links", "headers", "examples", "responses", "schemas"} <= components.keys()
    names = [f"{kind}/{name}" for kind, some in components.items() if kind != "securitySchemes" for name in some]
    assert [name for name in names if f"'#/components/{name}'" not in TEXT] == []


def test_schemas_hold_no_examples_which_nothing_would_check() -> None:
    assert "example" not in json.dumps(DOCUMENT["components"]["schemas"])
