"""Campaigns in progress: a change of status is an event."""

from collections.abc import Mapping
from threading import RLock
from typing import Any

from talkover_mock.base.refusals import Conflict
from talkover_mock.deliveries.operations import Deliveries
from talkover_mock.dialect.errors import CampaignStays, Maintenance
from talkover_mock.dialect.fields import CAMPAIGN_CHANGES, STATUS_FIELDS
from talkover_mock.state.campaigns import Campaigns
from talkover_mock.state.checking import checked
from talkover_mock.state.records import Campaign, CampaignId


class Campaigning:
    """One environment's campaigns in progress. Every operation is atomic under the environment's lock."""

    __slots__ = ("_campaigns", "_deliveries", "_lock")

    def __init__(self, lock: RLock, campaigns: Campaigns, deliveries: Deliveries) -> None:
        self._lock, self._campaigns, self._deliveries = lock, campaigns, deliveries

    def set_status(self, id: str, body: Mapping[str, Any]) -> Campaign:
        """Changes the status, and emits the event of the change.

        Raises CampaignNotFound, ValidationFailed, CampaignStays, and Maintenance, which changes nothing, when too many
        deliveries are queued.
        """
        with self._lock:
            before = self._campaigns.find(id).status
            status = checked(body, STATUS_FIELDS)["status"]
            event = CAMPAIGN_CHANGES.get(before, {}).get(status)
            if event is None:
                raise CampaignStays(before, status)
            try:
                self._deliveries.emit(CampaignId(id), event, extra={"status": status})
            except Conflict as full:
                raise Maintenance(full.detail) from None
            return self._campaigns.put_status(id, status)
