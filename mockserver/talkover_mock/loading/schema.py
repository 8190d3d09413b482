"""The JSON Schema of fixture files, made from the same rules that check them."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from talkover_mock.dialect.call_fields import CALL_FIELDS
from talkover_mock.dialect.events import ALL_EVENTS
from talkover_mock.dialect.fields import (
    AGENT_FIELDS,
    CAMPAIGN_FIELDS,
    CAMPAIGN_WEBHOOK_FIELDS,
    WEBHOOK_FIELDS,
)
from talkover_mock.dialect.log_fields import LOG_ENTRY_FIELDS
from talkover_mock.dialect.reasons import Path
from talkover_mock.dialect.rules import Field
from talkover_mock.dialect.scenarios import STEP_FIELDS
from talkover_mock.dialect.settings import SETTING_FIELDS
from talkover_mock.loading.stubs import STUB_FIELDS
from talkover_mock.state.names import ID, TOKEN
from talkover_mock.state.records import AGENT_DEFAULTS, AGENT_TEXTS

_ID: Mapping[str, Any] = {"type": "string", "pattern": f"^{ID.pattern}$"}
_OPTIONAL_ID = {**_ID, "type": ["string", "null"]}
_VARIABLE = {"type": "string", "pattern": r"\$\{[A-Za-z_]"}
_FILLED = {
    "type": ["boolean", "null"],
    "default": True,
    "description": "Whether ${NAME} in a string of this file is replaced; false in a saved state",
}
_TEXT: Mapping[str, Any] = {"type": ["string", "null"]}
_MOMENT = {
    "type": ["string", "null"],
    "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "description": "UTC, such as 2025-09-03T23:19:51Z",
}
_TOKENS = {
    "type": ["array", "null"],
    "items": {"type": "string", "pattern": f"^{TOKEN.pattern}$"},
    "uniqueItems": True,
}


def fixture_schema() -> dict[str, Any]:
    """The schema, in draft 2020-12."""
    environment = _environment()
    whole = _object(
        **environment,
        environments={
            "type": ["object", "null"],
            "propertyNames": {**_ID, "not": {"const": "default"}},
            "additionalProperties": {"$ref": "#/$defs/environment"},
        },
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Fixture of the Talkover mock server",
        **_with_extensions({**whole, "properties": {"variables": _FILLED, **whole["properties"]}}),
        "$defs": {
            "environment": _with_extensions(_object(**environment)),
            "agent": _agent(),
            "webhook": _webhook(WEBHOOK_FIELDS),
            "campaign": _campaign(),
            "campaign_webhook": _webhook(CAMPAIGN_WEBHOOK_FIELDS),
            "log_entry": _log_entry(),
            "call": _call(),
            "step": _object(*_required(STEP_FIELDS), **_schemas(STEP_FIELDS)),
            "stub": _object(*_required(STUB_FIELDS), **_schemas(STUB_FIELDS)),
        },
    }


@cache
def _whole() -> dict[str, Any]:
    return fixture_schema()


def schema_of(path: Path) -> Mapping[str, Any]:
    """The schema of the value at a path of a fixture; empty where any value may stand."""
    found: Mapping[str, Any] = _whole()
    for step in path:
        key = "items" if isinstance(step, int) else "additionalProperties"
        following = found.get("properties", {}).get(step) or found.get(key)
        if not isinstance(following, dict):
            return {}
        if "$ref" in following:
            following = _whole()["$defs"][following["$ref"].rpartition("/")[2]]
        found = following["anyOf"][0] if "anyOf" in following else following
    return found


def is_simple(schema: Mapping[str, Any]) -> bool:
    """Whether a value is true, false or a number."""
    is_one = "enum" in schema or {"boolean", "integer", "number"} & set(_types(schema))
    return bool(is_one) and not _is_text(schema)


def _is_text(schema: Mapping[str, Any]) -> bool:
    return "string" in _types(schema) or any(isinstance(each, str) for each in schema.get("enum", ()))


def _types(schema: Mapping[str, Any]) -> Sequence[str]:
    types: str | Sequence[str] = schema.get("type", ())
    return [types] if isinstance(types, str) else types


def _object(*required: str, **properties: Any) -> dict[str, Any]:
    admitting = {name: _or_variable(schema) for name, schema in properties.items()}
    schema = {"type": "object", "properties": admitting, "additionalProperties": False}
    return {**schema, "required": list(required)} if required else schema


def _with_extensions(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {**schema, "patternProperties": {"^x-": {"description": "Ignored; holds anchors for aliases"}}}


def _environment() -> dict[str, Any]:
    return {
        "tokens": {**_TOKENS, "description": "The bearer tokens of this environment"},
        "expired_tokens": {**_TOKENS, "description": "Tokens that the API refuses with TOKEN_EXPIRED"},
        "agents": {"type": ["array", "null"], "items": {"$ref": "#/$defs/agent"}},
        "campaigns": {"type": ["array", "null"], "items": {"$ref": "#/$defs/campaign"}},
        "calls": {"type": ["array", "null"], "items": {"$ref": "#/$defs/call"}},
        "scenarios": {
            "type": ["object", "null"],
            "propertyNames": _ID,
            "additionalProperties": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/step"}},
        },
        "payloads": {
            "type": ["object", "null"],
            "propertyNames": {"enum": list(ALL_EVENTS)},
            "additionalProperties": {"type": "object"},
        },
        "stubs": {"type": ["array", "null"], "items": {"$ref": "#/$defs/stub"}},
        "settings": {**_object(**_schemas(SETTING_FIELDS)), "type": ["object", "null"]},
    }


def _agent() -> dict[str, Any]:
    """The schema of an agent; other keys are allowed, and the API serves them last."""
    own = ("id", "name", "created_at", "updated_at")
    texts_and_others = {key: _TEXT if key in AGENT_TEXTS else {} for key in AGENT_DEFAULTS if key not in own}
    return {
        **_object(
            "name",
            **texts_and_others | _schemas(AGENT_FIELDS),
            id=_OPTIONAL_ID,
            name={"type": "string", "minLength": 1},
            created_at=_MOMENT,
            updated_at=_MOMENT,
            cache_clears={"type": ["integer", "null"], "minimum": 0, "default": 0},
            webhooks={"type": ["array", "null"], "items": {"$ref": "#/$defs/webhook"}},
        ),
        "additionalProperties": True,
    }


def _webhook(fields: Sequence[Field]) -> dict[str, Any]:
    return _object(
        *_required(fields),
        id=_OPTIONAL_ID,
        **_schemas(fields),
        created_at=_MOMENT,
        updated_at=_MOMENT,
        logs={"type": ["array", "null"], "items": {"$ref": "#/$defs/log_entry"}},
        status={"enum": ["active", "disabled", "error", None], "description": "Derived, except for error"},
    )


def _campaign() -> dict[str, Any]:
    """The schema of a campaign; other keys are allowed, and the API serves them last."""
    return {
        **_object(
            *_required(CAMPAIGN_FIELDS),
            **_schemas(CAMPAIGN_FIELDS),
            id=_OPTIONAL_ID,
            created_at=_MOMENT,
            updated_at=_MOMENT,
            webhooks={"type": ["array", "null"], "items": {"$ref": "#/$defs/campaign_webhook"}},
        ),
        "additionalProperties": True,
    }


def _log_entry() -> dict[str, Any]:
    fields = _schemas(LOG_ENTRY_FIELDS)
    return _object(*_required(LOG_ENTRY_FIELDS), id=_OPTIONAL_ID, **fields, created_at=_MOMENT)


def _call() -> dict[str, Any]:
    times = {"created_at": _MOMENT, "started_at": _MOMENT, "updated_at": _MOMENT}
    return _object(*_required(CALL_FIELDS), id=_OPTIONAL_ID, **_schemas(CALL_FIELDS), **times)


def _required(fields: Sequence[Field]) -> list[str]:
    return [field.name for field in fields if field.required]


def _schemas(fields: Sequence[Field]) -> dict[str, Any]:
    """The schemas of all fields by name; an optional field may be null."""
    return {field.name: dict(field.schema) if field.required else _or_null(field.schema) for field in fields}


def _or_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of an optional field: null stands for its default, and the served state contains such nulls."""
    if not schema:
        return {}
    if "enum" in schema:
        return {**schema, "enum": [*schema["enum"], None]}
    return {**schema, "type": [*_types(schema), "null"]}


def _or_variable(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema, or where a form of text is expected also a text with a variable."""
    if "items" in schema:
        return {**schema, "items": _or_variable(schema["items"])}
    if not (is_simple(schema) or (_is_text(schema) and {"pattern", "enum"} & schema.keys())):
        return {**schema}
    notes = {key: schema[key] for key in ("description", "default") if key in schema}
    form = {key: value for key, value in schema.items() if key not in notes}
    return {"anyOf": [form, _VARIABLE], **notes}
