"""Reads the stubs of a fixture: answers to calls that the mock does not emulate."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, get_args

from talkover_mock.base.headers import SERVERS_HEADERS, are_headers
from talkover_mock.base.shapes.state import Stub as StubShape
from talkover_mock.base.shapes.values import StubMethod
from talkover_mock.dialect.endpoints import ENDPOINTS
from talkover_mock.dialect.reasons import Path
from talkover_mock.dialect.rules import Field, Invalid, choice, fields_of
from talkover_mock.loading.mistakes import Mistakes
from talkover_mock.state.records import Stub

_PATH = r"/api(/([A-Za-z0-9_.~%-]+|\{[A-Za-z_]+\}))+"
_LEAST, _MOST = 200, 599
_METHODS = get_args(StubMethod)


def _path(name: str, value: Any) -> str:
    if type(value) is str and re.fullmatch(_PATH, value):
        twice = [each for each, count in Counter(re.findall(r"\{.*?\}", value)).items() if count > 1]
        if twice:
            raise Invalid(f"The {name} must not have {twice[0]} twice: each id needs its own name.")
        return value
    steps = value.split("/") if type(value) is str else []
    if steps and steps[:2] != ["", "api"]:
        raise Invalid(f"The {name} must begin with /api/, such as /api/v1/agents/{{agent_id}}/callback.")
    if mixed := [each for each in steps if re.search("[{}]", each) and not re.fullmatch(r"\{[A-Za-z_]+\}", each)]:
        raise Invalid(f"The {name} must have an id alone between slashes, such as /{{agent_id}}/, and not {mixed[0]}.")
    if steps and not steps[-1]:
        raise Invalid(f"The {name} must not end with a slash: a stub answers with and without one.")
    raise Invalid(f"The {name} must be a path such as /api/v1/agents/{{agent_id}}/callback, with ids in braces.")


def _status(name: str, value: Any) -> int:
    if type(value) in (int, float) and _LEAST <= value <= _MOST and int(value) == value:
        return int(value)
    raise Invalid(f"The {name} must be a whole number from {_LEAST} to {_MOST}.")


def _headers(name: str, value: Any) -> dict[str, str]:
    if not are_headers(value):
        raise Invalid(f"The {name} must be a mapping of names of headers to texts on one line.")
    wrong = [each for each in value if each.lower() in SERVERS_HEADERS]
    if wrong:
        raise Invalid(f"The {name} must not have {wrong[0]}, which the server sets.")
    return dict(value)


STUB_FIELDS: Sequence[Field] = (
    Field("method", choice(*_METHODS), {"enum": list(_METHODS)}, required=True),
    Field("path", _path, {"type": "string", "pattern": f"^{_PATH}$"}, required=True),
    Field("status", _status, {"type": "integer", "minimum": _LEAST, "maximum": _MOST, "default": 200}, default=200),
    Field("headers", _headers, {"type": "object", "additionalProperties": {"type": "string"}}, default={}),
    Field("body", lambda _, value: value, {}),
)


def stub_of(mistakes: Mistakes, path: Path, data: Any, plain: Callable[[Path, Any], Any]) -> Stub | None:
    """The stub; None, with its mistakes, when a field is wrong. `plain` checks that the body is JSON."""
    if not mistakes.is_mapping(path, data, [field.name for field in STUB_FIELDS]):
        return None
    try:
        values = fields_of({**data, "body": None}, STUB_FIELDS)  # the text of a body stays as it is
    except Invalid as invalid:
        mistakes.add_invalid(path, data, invalid, STUB_FIELDS)
        return None
    if any(each.is_emulated and each.takes(values["method"], values["path"]) for each in ENDPOINTS):
        mistakes.add((*path, "path"), "is a route that the mock emulates; a fault changes its answer", data["path"])
    return Stub(**{**values, "body": plain((*path, "body"), data.get("body"))})


def stub_document(stub: Stub) -> StubShape:
    """A stub as a fixture gives it."""
    return {
        "method": stub.method,
        "path": stub.path,
        "status": stub.status,
        "headers": dict(stub.headers),
        "body": stub.body,
    }
