"""What has been read into one environment so far, before it becomes its baseline."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from mockserver.documents import Path
from mockserver.mistakes import Source
from mockserver.records import Agent, Webhook
from mockserver.store import Baseline


class Collected:
    """One environment's records so far; `places` remembers where each id came from.

    `bodies` are all that will be read into it: no id is generated that one of them gives.
    """

    def __init__(self, bodies: Sequence[Any] = ()) -> None:
        self._bodies = bodies
        self.agents: dict[str, Agent] = {}
        self.webhooks: dict[str, Webhook] = {}
        self.webhook_ids: dict[str, list[str]] = {}
        self.cache_clears: dict[str, int] = {}
        self.tokens: list[str] = []
        self.expired_tokens: list[str] = []
        self.places: dict[str, tuple[Source, Path]] = {}

    def baseline(self) -> Baseline:
        ids = {agent_id: tuple(ids) for agent_id, ids in self.webhook_ids.items()}
        return Baseline(self.agents, self.webhooks, ids, self.cache_clears)

    @cached_property
    def given_ids(self) -> frozenset[str]:
        """The ids in `bodies`, which are not checked yet. Found only when an id is to be generated."""
        agents = [agent for body in self._bodies for agent in _mappings(body, "agents")]
        webhooks = [webhook for agent in agents for webhook in _mappings(agent, "webhooks")]
        return frozenset(id for record in agents + webhooks if type(id := record.get("id")) is str)


def _mappings(body: Any, key: str) -> list[dict[str, Any]]:
    """The mappings in the list under a key, of something that need not be what it should be."""
    values = body.get(key) if type(body) is dict else None
    return [each for each in values if type(each) is dict] if type(values) is list else []
