"""Reads fixture documents into the baselines and tokens of environments."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from talkover_mock.dialect.reasons import Path
from talkover_mock.dialect.rules import Invalid
from talkover_mock.dialect.settings import SETTING_FIELDS, to_settings
from talkover_mock.loading.calls import read_call
from talkover_mock.loading.campaigns import read_campaign
from talkover_mock.loading.collected import Collected
from talkover_mock.loading.mistakes import Mistakes, Source
from talkover_mock.loading.payloads import read_payloads
from talkover_mock.loading.reader import Reader
from talkover_mock.loading.scenarios import check_scenario, read_scenarios
from talkover_mock.loading.variables import VARIABLES
from talkover_mock.state.names import ID, NAME_TEXT, is_token
from talkover_mock.state.records import Webhook
from talkover_mock.state.store import Baseline, State

DEFAULT = "default"
_NOTHING = Baseline()
_STATE_KEYS = ("agents", "calls", "campaigns", "payloads", "scenarios", "settings", "stubs")
_BODY_KEYS = ("tokens", "expired_tokens", *_STATE_KEYS)
_TOKENS = "unknown key of a state; give tokens in a fixture file, or as `token` when you open an environment"
_NOT_IN_AN_ENVIRONMENT = {VARIABLES: "unknown key of an environment; it belongs at the top of the file"}
_NOT_IN_A_STATE = {
    "tokens": _TOKENS,
    "expired_tokens": _TOKENS,
    "environments": "unknown key of a state: it describes one environment; give others in a fixture file, or open them",
}


class EnvironmentFixture(NamedTuple):
    """The start of one environment. Without `tokens`, the default environment accepts any bearer token."""

    baseline: Baseline = Baseline()
    tokens: tuple[str, ...] = ()
    expired_tokens: tuple[str, ...] = ()


Fixture = Mapping[str, EnvironmentFixture]
"""Environments by name; `default` is always among them."""


def read_fixture(sources: Sequence[Source]) -> Fixture:
    """Reads the environments that the fixtures describe together.

    The settings, scenarios and payloads of the default environment are those of the others too, which may have their
    own.
    Raises FixtureError with all mistakes of all fixtures.
    """
    reader = _FixtureReader(sources)
    for source in sources:
        reader.read(source)
    for found in reader.environments.values():
        found.finish(reader.mistakes)
    reader.mistakes.raise_if_any()
    first = reader.environments[DEFAULT]
    return {
        name: EnvironmentFixture(
            found.baseline(first.settings, first.scenarios, first.payloads),
            tuple(found.tokens),
            tuple(found.expired_tokens),
        )
        for name, found in reader.environments.items()
    }


def to_baseline(
    source: Source,
    over: State | None = None,
    before: Baseline | State = _NOTHING,
    with_logs: bool = True,
) -> Baseline:
    """The baseline of a fixture that describes one environment. Raises FixtureError.

    With `over`, each record is laid over the record of that state with the same id: absent keys keep their values.
    The fixture's settings, scenarios and payloads are laid over those that were there `before`. `with_logs` allows
    delivery log entries.
    """
    mistakes = Mistakes()
    mistakes.source = source
    found = Collected([source.data])
    if mistakes.is_mapping((), source.data, (*_STATE_KEYS, VARIABLES), _NOT_IN_A_STATE, extensible=True):
        variables = source.data.get(VARIABLES)
        if variables is not None and variables is not False:
            text = "must be false or left out: a state has no variables"
            mistakes.add((VARIABLES,), text, variables)
        reader = Reader(mistakes, DEFAULT, found, over)
        reader.with_logs, reader.scenarios_before = with_logs, before.scenarios
        _read_body(reader, (), source.data)
    found.finish(mistakes)
    mistakes.raise_if_any()
    return found.baseline(before.settings.overrides(), before.scenarios, before.payloads)


def changed_webhook(source: Source, over: State, webhook: Webhook) -> Webhook:
    """The webhook of the state with some keys of a fixture's webhook laid over it. Raises FixtureError."""
    mistakes = Mistakes()
    mistakes.source = source
    found = Collected()
    if not isinstance(source.data, dict):
        mistakes.add((), "must be a mapping with keys of a webhook", source.data)
    elif source.data.get("id") not in (None, webhook.id):
        mistakes.add(("id",), f"must be left out, or {webhook.id}", source.data["id"])
    else:
        reader = Reader(mistakes, DEFAULT, found, over)
        reader.with_logs = False
        reader.webhook((), over.owner_of(webhook), {**source.data, "id": webhook.id})
    mistakes.raise_if_any()
    return found.webhooks[webhook.id]


class _FixtureReader:
    """Reads whole fixtures, one after another, into environments."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.mistakes = Mistakes()
        self._documents = [source.data for source in sources if isinstance(source.data, dict)]
        self.environments: dict[str, Collected] = {DEFAULT: Collected(self._documents)}
        self._tokens: dict[str, str] = {}

    def read(self, source: Source) -> None:
        self.mistakes.source = source
        data = source.data
        if not self.mistakes.is_mapping((), data, (*_BODY_KEYS, VARIABLES, "environments"), extensible=True):
            return
        if not isinstance(data.get(VARIABLES), bool | None):
            self.mistakes.add((VARIABLES,), "must be true or false, and no variable itself", data[VARIABLES])
        self._environment((), DEFAULT, data)
        environments = data.get("environments")
        if not isinstance(environments, dict | None):
            return self.mistakes.add(("environments",), "must be a mapping of names to environments", environments)
        for name, body in (environments or {}).items():
            self._named_environment(("environments", name), name, body)

    def _named_environment(self, path: Path, name: object, body: Any) -> None:
        if name == DEFAULT:
            self.mistakes.add(path, "put the keys of the default environment at the top level of the file")
        elif not isinstance(name, str) or not ID.fullmatch(name):
            quotes = self.mistakes.unquoted(name, ID.fullmatch)
            self.mistakes.add(path, f"the name must be a string: {NAME_TEXT}", hint=quotes)
        elif self.mistakes.is_mapping(path, body, _BODY_KEYS, _NOT_IN_AN_ENVIRONMENT, extensible=True):
            self._environment(path, name, body)

    def _environment(self, path: Path, name: str, body: dict[str, Any]) -> None:
        found = self.environments.setdefault(name, Collected(self._bodies(name)))
        for kind, tokens in (("tokens", found.tokens), ("expired_tokens", found.expired_tokens)):
            for i, token in enumerate(self.mistakes.list_at(path, body, kind)):
                if self._is_token((*path, kind, i), name, token):
                    tokens.append(token)
        reader = Reader(self.mistakes, name, found, of_a_file=True)
        reader.scenarios_before = self.environments[DEFAULT].scenarios
        _read_body(reader, path, body)

    def _bodies(self, name: str) -> list[Any]:
        """The unchecked parts of all documents that describe an environment."""
        worlds = [document.get("environments") for document in self._documents]
        return [environments.get(name) for environments in worlds if isinstance(environments, dict)]

    def _is_token(self, path: Path, name: str, token: object) -> bool:
        if not is_token(token):
            text = "must be a token: visible ASCII characters, no comma"
            self.mistakes.add(path, text, token, self.mistakes.unquoted(token, is_token))
            return False
        if token in self._tokens:
            self.mistakes.add(path, f"the token already belongs to environment {self._tokens[token]}", token)
            return False
        self._tokens[token] = name
        return True


def _read_body(reader: Reader, path: Path, body: dict[str, Any]) -> None:
    for i, agent in enumerate(reader.mistakes.list_at(path, body, "agents")):
        reader.agent((*path, "agents", i), agent)
    for i, campaign in enumerate(reader.mistakes.list_at(path, body, "campaigns")):
        read_campaign(reader, (*path, "campaigns", i), campaign)
    for i, call in enumerate(reader.mistakes.list_at(path, body, "calls")):
        read_call(reader, (*path, "calls", i), call)
    if body.get("scenarios") is not None:
        read_scenarios(reader, (*path, "scenarios"), body["scenarios"])
    if body.get("payloads") is not None:
        read_payloads(reader, (*path, "payloads"), body["payloads"])
    for i, stub in enumerate(reader.mistakes.list_at(path, body, "stubs")):
        reader.stub((*path, "stubs", i), stub)
    if body.get("settings") is not None:
        _read_settings(reader, (*path, "settings"), body["settings"])


def _read_settings(reader: Reader, path: Path, given: Any) -> None:
    if not reader.mistakes.is_mapping(path, given, [field.name for field in SETTING_FIELDS]):
        return
    try:
        to_settings(given)
    except Invalid as invalid:
        reader.mistakes.add_invalid(path, given, invalid, SETTING_FIELDS)
    else:
        reader.found.settings.update(given)
        if name := (given.get("call_scenario") or "").strip():
            check = partial(check_scenario, reader, (*path, "call_scenario"), name)
            reader.found.check_at_the_end(reader.mistakes, check)
