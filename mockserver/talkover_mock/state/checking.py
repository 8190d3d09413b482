"""The values that a request's fields stand for, or the API's refusal of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from talkover_mock.dialect.errors import FiltersInvalid, ValidationFailed
from talkover_mock.dialect.rules import Field, Invalid, fields_of
from talkover_mock.state.records import Webhook


def checked(body: Mapping[str, Any], fields: Sequence[Field], over: Webhook | None = None) -> dict[str, Any]:
    """The stored values of a request's fields, laid over the values of `over`. Raises ValidationFailed."""
    kept = {field.name: getattr(over, field.name) for field in fields} if over else None
    try:
        return fields_of(body, fields, kept)
    except Invalid as invalid:
        raise ValidationFailed(invalid.entries, body) from None


def filtered(query: Mapping[str, Any], fields: Sequence[Field]) -> dict[str, Any]:
    """The values of a list's filters. Raises FiltersInvalid."""
    try:
        return fields_of(query, fields)
    except Invalid as invalid:
        raise FiltersInvalid(invalid.entries, query) from None
