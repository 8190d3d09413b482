"""Reads the payloads of a fixture: by event, what is sent in the place of the mock's own payload."""

from functools import partial
from typing import Any

from talkover_mock.dialect.events import ALL_EVENTS
from talkover_mock.dialect.placeholders import OF_PAYLOADS
from talkover_mock.dialect.reasons import Path
from talkover_mock.loading.mistakes import shown
from talkover_mock.loading.reader import Reader
from talkover_mock.loading.templates import check_events, check_placeholders
from talkover_mock.state.records import AGENT_DEFAULTS, CAMPAIGN_DEFAULTS
from talkover_mock.state.store import Baseline, State


def read_payloads(reader: Reader, path: Path, given: Any) -> None:
    """Adds the payloads. Their placeholders are checked at the end: they may name the keys of a later agent."""
    mistakes, places = reader.mistakes, reader.found.payload_places
    if not isinstance(given, dict):
        return mistakes.add(path, "must be a mapping of events to payloads", given)
    check_events(mistakes, path, given, ALL_EVENTS)
    for event, payload in given.items():
        of_payload = (*path, event)
        if event not in ALL_EVENTS:
            continue
        if event in places:
            source, first = places[event]
            mistakes.add(of_payload, f"is already a payload: {shown(first)} in {source.file}")
        elif type(payload) is not dict:
            mistakes.add(of_payload, "must be a mapping, as the JSON of a payload is", payload)
        else:
            places[event] = (mistakes.source, of_payload)
            reader.found.payloads[event] = reader.plain(of_payload, payload)
            reader.found.check_at_the_end(mistakes, partial(_check, reader, of_payload, payload))


class _Any(set[str]):
    """The keys of owners in a state, which may hold a payload that names a key of an agent that is gone."""

    def __contains__(self, key: object) -> bool:
        return True


def _check(reader: Reader, path: Path, payload: Any) -> None:
    before = reader.over or State(Baseline())
    agents = (*before.agents.values(), *reader.found.agents.values())
    campaigns = (*before.campaigns.values(), *reader.found.campaigns.values())
    collection = set[str] if reader.of_a_file else _Any
    keys = {
        "agent": collection((*AGENT_DEFAULTS, *(key for agent in agents for key in agent.details))),
        "campaign": collection((*CAMPAIGN_DEFAULTS, *(key for campaign in campaigns for key in campaign.details))),
    }
    check_placeholders(reader.mistakes, path, payload, keys, OF_PAYLOADS)
