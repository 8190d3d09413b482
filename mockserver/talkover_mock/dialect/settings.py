"""The settings of a fixture: behaviour that may differ between Talkover accounts."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from talkover_mock.base.shapes.state import Overrides
from talkover_mock.dialect.fields import boolean_field, choice_field, integer_field, text_field
from talkover_mock.dialect.rules import Field, Invalid, fields_of, integer, label, text
from talkover_mock.dialect.signing import SCHEMES

PLANS: Mapping[str, int] = {"standard": 100, "professional": 1000}
"""Requests a minute by plan (documented)."""
_MOST_SECONDS = 86_400


class Settings(NamedTuple):
    """One environment's settings. `retry_schedule` in seconds; with None, the API's own value or schedule holds."""

    plan: str
    rate_limit: int | None
    enforce_rate_limit: bool
    create_status: int
    failed_test_status: int
    signature_scheme: str
    signature_header: str | None
    signature_prefix: str | None
    retry_schedule: tuple[float, ...] | None
    delivery_json: str
    payload_envelope: bool
    call_scenario: str | None
    seed: int

    @property
    def calls_a_minute(self) -> int:
        return self.rate_limit or PLANS[self.plan]

    def overrides(self) -> Overrides:
        """The settings that differ from the defaults, as a fixture gives them."""
        found = self._asdict()
        changed = {name: value for name, value in found.items() if value != getattr(DEFAULTS, name)}
        given = {name: list(value) if isinstance(value, tuple) else value for name, value in changed.items()}
        return cast(Overrides, given)


def seconds_list(name: str, value: Any) -> tuple[float, ...]:
    """Reads a list of waiting times in seconds; the last one repeats."""
    if type(value) is not list or not value:
        raise Invalid(f"The {label(name)} must be a list of at least one number of seconds.")
    wrong = [i for i, each in enumerate(value) if type(each) not in (int, float) or not 0 <= each <= _MOST_SECONDS]
    if wrong:
        text = f"must be a number of seconds from 0 to {_MOST_SECONDS}."
        raise Invalid(entries={f"{name}.{i}": [f"The {name}.{i} {text}"] for i in wrong})
    return tuple(value)


def _status_field(name: str, *options: int) -> Field:
    def rule(name: str, value: Any) -> int:
        if type(value) is int and value in options:
            return value
        raise Invalid(f"The selected {label(name)} is invalid.")

    return Field(name, rule, {"enum": list(options), "default": options[0]}, default=options[0])


def _header_name(name: str, value: Any) -> str:
    if type(value) is str and 0 < len(value) <= 100 and all(c.isascii() and (c.isalnum() or c in "-_") for c in value):
        return value
    raise Invalid(f"The {label(name)} must be the name of a header: letters, digits and -_.")


_SECONDS = {"type": "number", "minimum": 0, "maximum": _MOST_SECONDS}

SETTING_FIELDS: Sequence[Field] = (
    choice_field("plan", *PLANS),
    Field("rate_limit", integer(1, 1_000_000), {"type": "integer", "minimum": 1, "maximum": 1_000_000}),
    boolean_field("enforce_rate_limit", default=False),
    _status_field("create_status", 200, 201),
    integer_field("failed_test_status", 200, 599, default=200),
    choice_field("signature_scheme", *SCHEMES),
    Field("signature_header", _header_name, {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,100}$"}),
    Field("signature_prefix", text(100), {"type": "string", "maxLength": 100}),
    Field("retry_schedule", seconds_list, {"type": "array", "minItems": 1, "items": _SECONDS}),
    choice_field("delivery_json", "php", "plain"),
    boolean_field("payload_envelope", default=True),
    text_field("call_scenario", 100),
    integer_field("seed", 0, 2**63 - 1, default=0),
)
"""The keys of `settings` in a fixture, with their defaults."""


def to_settings(given: Mapping[str, Any]) -> Settings:
    """The settings that a fixture gives, with the defaults of absent ones. Raises Invalid.

    The empty text counts as absent, but as a `signature_prefix` it means no prefix.
    """
    settings = Settings(**fields_of(given, SETTING_FIELDS))
    return settings._replace(signature_prefix="") if given.get("signature_prefix") == "" else settings


def is_setting(name: str, value: Any) -> bool:
    """Whether a setting can have this value."""
    try:
        to_settings({name: value})
    except Invalid:
        return False
    return True


DEFAULTS = to_settings({})
