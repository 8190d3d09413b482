"""The OpenAPI document: valid, whole, and true, since the server is asked for every example in it."""

import json
import re
from datetime import datetime, timezone
from typing import Any

import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from werkzeug.test import TestResponse

import mockserver
from mockserver.admin.guard import Guard
from mockserver.app import create_app
from mockserver.fixture_files import read_file
from mockserver.seed import to_seed
from mockserver.world import World
from tests.conftest import FIXTURES
from tests.documented import TOKEN
from tests.fixture_documents import source
from tests.openapi_document import DOCUMENT, TEXT, Example, examples, operations, resolved

NOW = datetime(2025, 9, 3, 23, 50, 15, tzinfo=timezone.utc)
URL = "http://127.0.0.1:7357"
OF_HTTP = {"Content-Type", "Content-Length", "Date"}
WITHOUT_EXAMPLE = {("harnessHealth", "200"), ("listAssumptions", "200"), ("readOpenapi", "200")}
"""The first never answers the same, the others at length. Nor has 500 one, which no request brings about."""


def world_of(request: dict[str, Any]) -> World:
    """The shipped fixtures, and what the example asks for besides."""
    sources = [read_file(path) for path in sorted(FIXTURES.glob("*.yaml"))]
    return World(to_seed([*sources, source(request.get("fixture", {}))]), time=lambda: NOW)


def ask(http: FlaskClient, example: Example) -> TestResponse:
    request, operation = example.request, example.operation
    for first in request.get("first", ()):
        assert http.open(first["path"], URL, method=first["method"], json=first["body"]).status_code < 300
    headers = {name: value for name, value in (TOKEN | request.get("headers", {})).items() if value is not None}
    body = operation.body_with(request)
    body |= {"content_type": headers.pop("Content-Type")} if "Content-Type" in headers else {}
    path = request.get("path", operation.path_with(request.get("parameters", {})))
    asked = {"method": request.get("method", operation.method), "query_string": request.get("query"), **body}
    answers = [http.open(path, URL, headers=headers, **asked) for _ in range(request.get("times", 1))]
    return answers[-1]


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


def test_the_document_is_valid() -> None:
    assert [str(error) for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []


def test_the_document_is_of_this_version() -> None:
    assert DOCUMENT["info"]["version"] == mockserver.__version__


def test_the_route_serves_the_document(http: FlaskClient) -> None:
    answer = http.get("/__admin/openapi.yaml")
    assert (answer.status_code, answer.content_type) == (200, "application/yaml")
    assert answer.text == TEXT


def test_the_document_has_every_route_and_no_other(app: Flask) -> None:
    routes = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert {(operation.method, operation.path) for operation in operations()} == routes


@pytest.mark.parametrize("operation", operations(), ids=str)
def test_an_operation_says_how_sure_it_is_and_how_it_can_end(operation: Any) -> None:
    api = operation.content["tags"] == ["API"]
    assert re.match("Documented|Measured|Assumed", operation.content["description"]) or not api
    limited = {"401", "429", "500"} if api and operation.content.get("security") != [] else set()
    assert {"405"} | (limited if api else {"401", "403"}) <= operation.responses().keys()


def test_every_answer_has_an_example() -> None:
    documented = {(str(operation), status) for operation in operations() for status in operation.responses()}
    shown = {(str(example.operation), example.status) for example in examples()}
    assert {each for each in documented - shown if each[1] != "500"} == WITHOUT_EXAMPLE


@pytest.mark.parametrize("example", examples(), ids=str)
def test_the_server_gives_every_example(example: Example) -> None:
    app = create_app(world_of(example.request), Guard(token=example.request.get("admin_token")))
    answer = ask(app.test_client(), example)
    response = example.operation.responses()[example.status]
    assert answer.status_code == int(example.status)
    check_headers(response, answer)
    if example.media_type is None:
        assert answer.data == b""
        return
    assert answer.content_type == example.media_type
    assert json.dumps(yaml.safe_load(answer.text), indent=1) == json.dumps(example.value, indent=1)
    assert mistakes(response["content"][example.media_type]["schema"], example.value) == []


@pytest.mark.parametrize("kind", ["parameters", "links", "headers", "examples", "responses", "schemas"])
def test_every_component_is_used(kind: str) -> None:
    assert [name for name in DOCUMENT["components"][kind] if f"'#/components/{kind}/{name}'" not in TEXT] == []


def test_schemas_hold_no_examples_which_nothing_would_check() -> None:
    assert "example" not in json.dumps(DOCUMENT["components"]["schemas"])
