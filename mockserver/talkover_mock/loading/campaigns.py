"""Reads the campaigns of a fixture, with their webhooks."""

from functools import partial
from typing import Any

from talkover_mock.base.moments import to_seconds
from talkover_mock.base.words import nearest
from talkover_mock.dialect.fields import CAMPAIGN_FIELDS
from talkover_mock.dialect.reasons import Path
from talkover_mock.dialect.rules import Invalid, fields_of
from talkover_mock.loading.calls import check_agent
from talkover_mock.loading.reader import CREATED, Reader
from talkover_mock.state.records import CAMPAIGN_DEFAULTS, Campaign
from talkover_mock.state.store import State

CAMPAIGN_KEYS = (*CAMPAIGN_DEFAULTS, "webhooks")
_OWN = ("id", "name", "agent_id", "status", "webhooks")
_TIMES = ("created_at", "updated_at")


def read_campaign(reader: Reader, path: Path, data: Any) -> None:
    """Adds a campaign, laid over the campaign of the state with its id. That its agent exists is checked at the end."""
    mistakes = reader.mistakes
    if type(data) is not dict:
        return mistakes.add(path, "must be a mapping with at least a name and an agent_id", data)
    if reader.over:
        data = _over_known(reader, path, reader.over, data)
    moments = {key: reader.moment(path, key, data) for key in _TIMES}
    created = moments["created_at"] or CREATED
    before = len(reader.over.campaigns) if reader.over else 0
    id = reader.record_id(path, data, created, f"{reader.name}/campaigns", before + len(reader.found.campaigns))
    try:
        values = fields_of(data, CAMPAIGN_FIELDS)
    except Invalid as invalid:
        mistakes.add_invalid(path, data, invalid, CAMPAIGN_FIELDS)
        values = {**invalid.values}
    else:
        reader.found.check_at_the_end(mistakes, partial(check_agent, reader, path, values["agent_id"]))
    given = {key: value for key, value in values.items() if value is not None}
    details = {key: value for key, value in {**data, **given}.items() if key not in (*_OWN, *_TIMES)}
    for key in details:
        if near := "" if key in CAMPAIGN_KEYS else nearest(key, CAMPAIGN_KEYS, cutoff=0.8):
            mistakes.add((*path, key), f"unknown key{near}")
    times = {key: to_seconds(moment) for key, moment in moments.items() if moment}
    details = {**reader.plain(path, details), **times}
    campaign = Campaign(id, values["name"] or "", values["agent_id"] or "", values["status"], details)
    reader.found.campaigns[id] = campaign
    for i, webhook in enumerate(mistakes.list_at(path, data, "webhooks")):
        reader.webhook((*path, "webhooks", i), campaign, webhook)


def _over_known(reader: Reader, path: Path, over: State, data: dict[str, Any]) -> dict[str, Any]:
    known = reader.known(path, data, "a campaign", over.campaigns)
    if known is None:
        return data
    return {**known.details, "name": known.name, "agent_id": known.agent_id, "status": known.status, **data}
