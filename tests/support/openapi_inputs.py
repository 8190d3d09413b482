"""The schemas of input in openapi.yaml that are made of the fields in dialect/, which the rules read.

A field's schema is what one should write. The API takes other values besides (measured): what a schema can say of them
is added by the type of the field, and for a few fields by hand.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from talkover_mock.base.shapes.values import VISIBLE_PATTERN
from talkover_mock.dialect.call_fields import CALL_FIELDS
from talkover_mock.dialect.fields import AGENT_FIELDS, CAMPAIGN_FIELDS, CAMPAIGN_WEBHOOK_FIELDS, WEBHOOK_FIELDS
from talkover_mock.dialect.rules import Field
from talkover_mock.dialect.scenarios import SCENARIOS, STEP_FIELDS
from talkover_mock.dialect.settings import SETTING_FIELDS
from talkover_mock.state.records import AGENT_DEFAULTS, AGENT_TEXTS

Schema = dict[str, Any]


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_NOTHING = ref("Nothing")
_NULL: Schema = {"type": "null"}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_OPTIONAL_ID: Schema = {"anyOf": [ref("Id"), _NULL]}
_MOMENT: Schema = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}, _NULL]}
_HEADER: Schema = {
    "type": "object",
    "required": ["key", "value"],
    "properties": {key: {"type": "string", "minLength": 1, "pattern": VISIBLE_PATTERN} for key in ("key", "value")},
}
_LIST_OR_OBJECT = "A list; an object with such values counts as one (measured)"
_OF_CAMPAIGN = "A webhook of a campaign also has `include_call_events`, and other events"
_NO_EVENTS = "PHP knows no difference; it names no event, so nothing is kept (measured)"

_NOTES = {
    "webhook_secret": "Never answered",
    "timeout": "Seconds",
    "include_call_events": "Whether every call event of the campaign's agent comes too (assumed)",
}
_IN_PATH = "[A-Za-z0-9_.~!$&'()*+,;=:@/-]*"
_URL: Schema = {
    "type": "string",
    "maxLength": 500,
    "pattern": "^(https?|ftp|wss?)://([A-Za-z0-9_.-]+(:[A-Za-z0-9_.-]+)?@)?"
    r"(\[::[0-9A-Fa-f]{1,4}\]|[A-Za-z0-9_.$+=~-]+[A-Za-z0-9]\.?)(:[0-9]+)?"
    + "".join(
        f"({mark}{part}(%[0-9A-Fa-f]{{2}}{part})*)?"
        for mark, part in (
            ("/", _IN_PATH),
            (r"\?", r"[A-Za-z0-9_.~!$&'()*+,;=:@/?\[\]-]*"),
            ("#", "[A-Za-z0-9_.~!$&'()*+,;=:@/?-]*"),
        )
    )
    + "$",
    "description": "A scheme and a host of at least two characters; localhost, container names, IP addresses and any "
    "port are fine, and so are the other schemes that the framework lists (measured on Laravel 8.83)",
}


def _events(name: str) -> Schema:
    """The list of events; an object with such values counts as one."""
    forms = [
        {"type": "array", "minItems": 1, "items": ref(name)},
        {"type": "object", "minProperties": 1, "additionalProperties": ref(name)},
    ]
    return {"description": _LIST_OR_OBJECT, "anyOf": forms}


_CUSTOM_HEADERS: Schema = {
    "description": _LIST_OR_OBJECT,
    "anyOf": [{"type": "array", "items": _HEADER}, {"type": "object", "additionalProperties": _HEADER}, _NOTHING],
}
_TEMPLATES_IN_API: Schema = {
    "anyOf": [
        {"type": "object", "description": "By the name of an event"},
        {"type": "array", "description": _NO_EVENTS},
        _NOTHING,
    ]
}


def _templates(name: str) -> Schema:
    """In a fixture, where another name than an event's is a mistake."""
    return {"anyOf": [{"type": "object", "propertyNames": ref(name)}, {"type": "array", "maxItems": 0}, _NOTHING]}


def taken(field: Field, with_texts: bool = False) -> Schema:
    """What the field takes: its schema, and what counts as such a value; `with_texts` also numbers as texts."""
    schema = {key: value for key, value in field.schema.items() if key != "default"}
    kind = schema.get("type")
    if kind == "boolean":
        return {"enum": [True, False, 1, 0, "1", "0", None, ""]}
    if "enum" in schema:
        return schema if field.required else {"enum": [*schema["enum"], None, ""]}
    if kind == "string" and "pattern" not in schema:
        visible = {"minLength": 1, "pattern": VISIBLE_PATTERN} if field.required else {}
        return {**schema, **visible} if field.required else {**schema, "type": ["string", "null"]}
    forms = [schema, *(_number_texts(schema) if with_texts and kind == "integer" else [])]
    return schema if field.required else {"anyOf": [*forms, _NOTHING]}


def _number_texts(schema: Mapping[str, Any]) -> list[Schema]:
    """The texts that count as whole numbers, and true, which counts as 1."""
    low, high = schema["minimum"], schema["maximum"]
    tens = [(ten, max(low - 10 * ten, 0), min(high - 10 * ten, 9)) for ten in range(low // 10, high // 10 + 1)]
    numbers = "|".join(f"{ten or ''}{first if first == last else f'[{first}-{last}]'}" for ten, first, last in tens)
    truth = [{"const": True, "description": "Counts as 1"}] if low <= 1 <= high else []
    return [{"type": "string", "pattern": rf"^\+?({numbers})$"}, *truth]


def _properties(fields: Sequence[Field], by_hand: Mapping[str, Schema], with_texts: bool = False) -> Schema:
    """The fields by name, with their notes and defaults; some are written by hand."""
    found = {each.name: by_hand.get(each.name) or taken(each, with_texts) for each in fields}
    return {each.name: _noted(found[each.name], each) for each in fields}


def _noted(schema: Schema, field: Field) -> Schema:
    default = field.default if isinstance(field.default, str | int) else None
    text = str(default).lower() if isinstance(default, bool) else str(default)
    notes = [note for note in (_NOTES.get(field.name), f"{text} by default" if default is not None else None) if note]
    return {"description": "; ".join(notes), **schema} if notes else schema


def _object(properties: Schema, required: Sequence[str] = (), **more: Any) -> Schema:
    return {"type": "object", **({"required": list(required)} if required else {}), "properties": properties, **more}


def _names(fields: Sequence[Field]) -> list[str]:
    return [field.name for field in fields if field.required]


def _of_webhook(fields: Sequence[Field], events: str, templates: Schema) -> Schema:
    """The fields of a webhook by name."""
    by_hand = {
        "webhook_url": _URL,
        "events": _events(events),
        "custom_headers": _CUSTOM_HEADERS,
        "payload_templates": templates,
    }
    return _properties(fields, by_hand, with_texts=True)


def _in_fixture(fields: Sequence[Field], events: str, sent: str) -> Schema:
    """The keys of a fixture's webhook by name."""
    status = {"enum": ["error", None], "description": "Also active or disabled, where that agrees with enabled"}
    own = _of_webhook(fields, events, _templates(sent))
    return {"id": _OPTIONAL_ID, **own, "created_at": _MOMENT, "updated_at": _MOMENT, "status": status}


def schemas() -> dict[str, Schema]:
    """The schemas by their names in the document."""
    limits = "The limits and defaults are documented; what is taken for a number or a boolean is measured."
    of_agent = _of_webhook(WEBHOOK_FIELDS, "Event", _TEMPLATES_IN_API)
    of_campaign = _of_webhook(CAMPAIGN_WEBHOOK_FIELDS, "CampaignEvent", _TEMPLATES_IN_API)
    changed = _in_fixture(WEBHOOK_FIELDS, "Event", "Event")
    in_campaign = _in_fixture(CAMPAIGN_WEBHOOK_FIELDS, "CampaignEvent", "AnyEvent")
    required = _names(WEBHOOK_FIELDS)
    times = {"created_at": _MOMENT, "updated_at": _MOMENT}
    scenario = {
        "description": "One that is built in, or that the fixture or the environment has",
        "enum": [*SCENARIOS, None, ""],
    }
    return {
        "WebhookFields": {"description": limits, **_object(of_agent)},
        "NewWebhook": _object(of_agent, required),
        "CampaignWebhookFields": {"description": "As for an agent's webhook (assumed)", **_object(of_campaign)},
        "NewCampaignWebhook": _object(of_campaign, required),
        "ChangedWebhook": {"description": _OF_CAMPAIGN, **_object(changed, additionalProperties=False)},
        "FixtureWebhook": {"allOf": [ref("ChangedWebhook")], "required": required},
        "FixtureCampaignWebhook": _object(in_campaign, required, additionalProperties=False),
        "FixtureAgent": {"description": "Further keys are served as they are", **_agent(times)},
        "FixtureCampaign": {"description": "Further keys are served as they are", **_campaign(times)},
        "FixtureStep": _object(
            _properties(STEP_FIELDS, {"after": _AFTER, "event": ref("Event")}),
            _names(STEP_FIELDS),
            additionalProperties=False,
        ),
        "FixtureCall": _object(
            {"id": _OPTIONAL_ID, **_properties(CALL_FIELDS, {}), "created_at": _MOMENT, "started_at": _MOMENT, **times},
            _names(CALL_FIELDS),
            additionalProperties=False,
        ),
        "Settings": {
            "description": "What a user of another account could see differently; null is the default",
            **_object(_properties(SETTING_FIELDS, {"call_scenario": scenario}), additionalProperties=False),
        },
    }


_AFTER: Schema = {
    "description": "Seconds since the step before it; a text may have the unit",
    "type": ["number", "string", "null"],
    "minimum": 0,
    "maximum": 86_400,
    "pattern": r"^[0-9]{1,4}(\.[0-9]{1,6})?(ms|s|)$",
}


def _agent(times: Schema) -> Schema:
    texts = {name: _TEXT_OR_NULL for name in AGENT_DEFAULTS if name in AGENT_TEXTS}
    properties = {
        "id": _OPTIONAL_ID,
        "name": {"type": "string", "minLength": 1},
        **texts,
        **_properties(AGENT_FIELDS, {}),
        **times,
        "cache_clears": {"type": ["integer", "null"], "minimum": 0},
        "webhooks": {"type": ["array", "null"], "items": ref("FixtureWebhook")},
    }
    return _object(properties, ["name"])


def _campaign(times: Schema) -> Schema:
    webhooks = {"type": ["array", "null"], "items": ref("FixtureCampaignWebhook")}
    properties = {"id": _OPTIONAL_ID, **_properties(CAMPAIGN_FIELDS, {}), **times, "webhooks": webhooks}
    return _object(properties, _names(CAMPAIGN_FIELDS))
