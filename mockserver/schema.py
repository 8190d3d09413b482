"""The JSON Schema of fixture files, made from the same rules that check them."""

from typing import Any

from mockserver.reader import ID
from mockserver.rules import WEBHOOK_FIELDS

_ID = {"type": "string", "pattern": f"^{ID.pattern}$"}
_MOMENT = {"type": "string", "description": "UTC, such as 2025-09-03T23:19:51Z"}
_TOKENS = {"type": "array", "items": {"type": "string", "pattern": r"^[!-+\--~]{1,500}$"}, "uniqueItems": True}


def fixture_schema() -> dict[str, Any]:
    """A schema in draft 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Fixture of the Talkover mock server",
        **_object(
            **_environment(),
            environments={
                "type": "object",
                "propertyNames": {**_ID, "not": {"const": "default"}},
                "additionalProperties": {"$ref": "#/$defs/environment"},
            },
        ),
        "$defs": {"environment": _object(**_environment()), "agent": _agent(), "webhook": _webhook()},
    }


def _object(*required: str, **properties: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": list(required)} if required else schema


def _environment() -> dict[str, Any]:
    return {
        "tokens": {**_TOKENS, "description": "The bearer tokens that open this environment"},
        "expired_tokens": {**_TOKENS, "description": "Tokens that are answered with TOKEN_EXPIRED"},
        "agents": {"type": "array", "items": {"$ref": "#/$defs/agent"}},
        "settings": _object(),
    }


def _agent() -> dict[str, Any]:
    """Further keys are allowed: they are served last."""
    return {
        **_object(
            "name",
            id=_ID,
            name={"type": "string", "minLength": 1},
            created_at=_MOMENT,
            updated_at=_MOMENT,
            cache_clears={"type": "integer", "minimum": 0, "default": 0},
            webhooks={"type": "array", "items": {"$ref": "#/$defs/webhook"}},
        ),
        "additionalProperties": True,
    }


def _webhook() -> dict[str, Any]:
    required = [field.name for field in WEBHOOK_FIELDS if field.required]
    fields = {field.name: dict(field.schema) for field in WEBHOOK_FIELDS}
    return _object(
        *required,
        id=_ID,
        **fields,
        created_at=_MOMENT,
        updated_at=_MOMENT,
        status={"enum": ["active", "disabled", "error"], "description": "Derived, except for error"},
    )
