"""The OpenAPI document as tests read it: its operations, and its examples with what is asked for them."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from talkover_mock.admin.routes.about import description

TEXT = description()
DOCUMENT: dict[str, Any] = yaml.load(TEXT, yaml.CSafeLoader)
_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Operation:
    """One method of a path; `parameters` are also those of the path."""

    method: str
    path: str
    content: dict[str, Any]
    parameters: list[dict[str, Any]]

    def __str__(self) -> str:
        return str(self.content["operationId"])

    def responses(self) -> dict[str, dict[str, Any]]:
        return {status: resolved(response) for status, response in self.content["responses"].items()}

    @property
    def refuses_only_queries(self) -> bool:
        """Whether a 422 of it is about the query alone, which has no parameters."""
        response: dict[str, str] = self.content["responses"].get("422", {})
        return response.get("$ref") == "#/components/responses/UnknownKey"

    def path_with(self, given: dict[str, str]) -> str:
        """The path with what is given of its parameters; the others have their examples."""
        known = {each["name"]: each["example"] for each in self.parameters if each["in"] == "path"} | given
        return re.sub(r"{(\w+)}", lambda found: str(known[found[1]]), self.path)

    def body_with(self, given: dict[str, Any]) -> dict[str, Any]:
        """The body that is given, or the example's, as the test client takes it; nothing where none belongs."""
        if "requestBody" not in self.content:
            return {}
        kind, media = next(iter(self.content["requestBody"]["content"].items()))
        body = given.get("body", media["example"])
        return {"data": json.dumps(body) if kind == "application/json" else body, "content_type": kind}


@dataclass(frozen=True)
class Example:
    """One answer that the document shows; `request` is its `x-request`, `media_type` is None without a body."""

    operation: Operation
    status: str
    name: str
    request: dict[str, Any]
    media_type: str | None = None
    value: Any = None

    def __str__(self) -> str:
        return f"{self.operation} {self.status} {self.name}"


def resolved(node: Any) -> Any:
    """What a node stands for: references followed."""
    while isinstance(node, dict) and "$ref" in node:
        target: Any = DOCUMENT
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def operations() -> list[Operation]:
    return [
        Operation(
            method.upper(),
            path,
            item[method],
            [resolved(each) for each in (*item.get("parameters", ()), *item[method].get("parameters", ()))],
        )
        for path, item in DOCUMENT["paths"].items()
        for method in _METHODS
        if method in item
    ]


def operation_named(id: str) -> Operation:
    """The one with that operationId."""
    return next(each for each in operations() if str(each) == id)


def examples() -> list[Example]:
    return [example for operation in operations() for example in _examples(operation)]


def _examples(operation: Operation) -> Iterator[Example]:
    for status, response in operation.responses().items():
        if "x-request" in response:
            yield Example(operation, status, "without a body", response["x-request"])
        for media_type, media in response.get("content", {}).items():
            for name, example in media.get("examples", {}).items():
                found = resolved(example)
                yield Example(operation, status, name, found.get("x-request", {}), media_type, found["value"])
