"""The records read for one environment so far, before they become its baseline."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from talkover_mock.dialect.reasons import Path
from talkover_mock.dialect.scenarios import Scenario
from talkover_mock.dialect.settings import to_settings
from talkover_mock.loading.mistakes import Mistakes, Source
from talkover_mock.state.records import Agent, Call, Campaign, LogEntry, Stub, Webhook
from talkover_mock.state.store import Baseline


class Collected:
    """One environment's records so far; `places` holds the source and path of each id.

    `bodies` are all parts of fixtures that describe the environment: a generated id differs from every id in them.
    """

    def __init__(self, bodies: Sequence[Any] = ()) -> None:
        self._bodies = bodies
        self.agents: dict[str, Agent] = {}
        self.webhooks: dict[str, Webhook] = {}
        self.webhook_ids: dict[str, list[str]] = {}
        self.cache_clears: dict[str, int] = {}
        self.logs: list[LogEntry] = []
        self.calls: dict[str, Call] = {}
        self.campaigns: dict[str, Campaign] = {}
        self.scenarios: dict[str, Scenario] = {}
        self.scenario_places: dict[str, tuple[Source, Path]] = {}
        self.payloads: dict[str, Any] = {}
        self.payload_places: dict[str, tuple[Source, Path]] = {}
        self.stubs: dict[str, Stub] = {}
        self.settings: dict[str, Any] = {}
        self.tokens: list[str] = []
        self.expired_tokens: list[str] = []
        self.places: dict[str, tuple[Source, Path]] = {}
        self._checks: list[tuple[Source, Callable[[], None]]] = []

    def baseline(
        self, settings: Mapping[str, Any], scenarios: Mapping[str, Scenario], payloads: Mapping[str, Any]
    ) -> Baseline:
        """The baseline of the records; what has no records is laid over the given, as a fixture has it."""
        ids = {owner_id: tuple(ids) for owner_id, ids in self.webhook_ids.items()}
        return Baseline(
            self.agents,
            self.webhooks,
            ids,
            self.cache_clears,
            to_settings({**settings, **self.settings}),
            tuple(self.logs),
            self.stubs,
            self.calls,
            {**scenarios, **self.scenarios},
            self.campaigns,
            {**payloads, **self.payloads},
        )

    def check_at_the_end(self, mistakes: Mistakes, check: Callable[[], None]) -> None:
        """Has a check made when everything is read; its mistakes belong to the fixture that is being read now."""
        self._checks.append((mistakes.source, check))

    def finish(self, mistakes: Mistakes) -> None:
        """Makes the checks that needed everything to be read."""
        for source, check in self._checks:
            mistakes.source = source
            check()

    @cached_property
    def given_ids(self) -> frozenset[str]:
        """The ids in `bodies`, not checked yet. Computed only when an id must be generated."""
        bodies = [body for body in self._bodies if type(body) is dict]
        records = [record for body in bodies for key in body for record in _mappings(body, key)]
        webhooks = [webhook for record in records for webhook in _mappings(record, "webhooks")]
        return frozenset(id for record in records + webhooks if type(id := record.get("id")) is str)


def _mappings(body: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The mappings in the list under a key; empty when the value is not a list."""
    values = body.get(key)
    return [each for each in values if type(each) is dict] if type(values) is list else []
