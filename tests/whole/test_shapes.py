"""The shapes of documents agree with the fields and tables that say the same of the input."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from talkover_mock.base.shapes import state, values
from talkover_mock.dialect.call_fields import CALL_FIELDS
from talkover_mock.dialect.events import EVENTS
from talkover_mock.dialect.fields import CAMPAIGN_WEBHOOK_FIELDS, WEBHOOK_FIELDS
from talkover_mock.dialect.rules import Field
from talkover_mock.dialect.settings import SETTING_FIELDS
from talkover_mock.dialect.signing import SCHEMES
from talkover_mock.loading.stubs import STUB_FIELDS
from tests.support.openapi_schemas import schemas
from tests.support.rows import each_row

LIMITS = ("minimum", "maximum", "minItems", "maxLength", "enum")
SAME: Mapping[str, tuple[Any, Sequence[Field]]] = {
    "Overrides": (state.Overrides, SETTING_FIELDS),
    "StateWebhook": (state.AgentWebhook, WEBHOOK_FIELDS),
    "StateCampaignWebhook": (state.CampaignWebhook, CAMPAIGN_WEBHOOK_FIELDS),
    "Call": (state.Call, CALL_FIELDS),
    "Stub": (state.Stub, STUB_FIELDS),
}


def limits(schema: Mapping[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = schemas()[schema["$ref"].rpartition("/")[2]]
    found = {key: schema[key] for key in LIMITS if key in schema}
    return {key: {*value} if isinstance(value, list) else value for key, value in found.items()}


@each_row("name", SAME)
def test_a_shape_has_the_keys_and_the_limits_of_its_fields(name: str) -> None:
    shape, fields = SAME[name]
    assert {field.name for field in fields} <= set(shape.__annotations__)
    shown = schemas()[name]["properties"]
    compared = 0
    for field in fields:
        of_shape, of_field = limits(shown[field.name]), limits(field.schema)
        both = of_shape.keys() & of_field.keys()
        assert {key: of_shape[key] for key in both} == {key: of_field[key] for key in both}, field.name
        compared += len(both)
    assert compared > 2


def test_words_are_those_of_the_tables() -> None:
    assert get_args(values.Event) == tuple(EVENTS)
    assert get_args(values.SignatureScheme) == tuple(SCHEMES)
