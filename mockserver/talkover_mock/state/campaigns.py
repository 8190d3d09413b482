"""The API's operations on campaigns; the events of a change of status are in `deliveries.campaigning`."""

from collections.abc import Mapping
from threading import RLock
from typing import Any

from talkover_mock.base.clock import Clock
from talkover_mock.base.moments import to_seconds
from talkover_mock.base.shapes.values import CampaignStatus
from talkover_mock.dialect.errors import CampaignNotFound
from talkover_mock.dialect.fields import CAMPAIGN_FILTERS
from talkover_mock.state.checking import filtered
from talkover_mock.state.records import Campaign
from talkover_mock.state.store import State


class Campaigns:
    """One environment's campaigns. Every operation is atomic under the environment's lock."""

    __slots__ = ("_clock", "_lock", "_state")

    def __init__(self, state: State, lock: RLock, clock: Clock) -> None:
        self._state, self._lock, self._clock = state, lock, clock

    def find(self, id: str) -> Campaign:
        """The campaign with this id. Raises CampaignNotFound."""
        campaign = self._state.campaigns.get(id)
        if campaign is None:
            raise CampaignNotFound(id)
        return campaign

    def search(self, query: Mapping[str, Any]) -> tuple[list[Campaign], int]:
        """The campaigns that pass the query's filters, oldest first, and the size of a page. Raises FiltersInvalid."""
        filters = filtered(query, CAMPAIGN_FILTERS)
        with self._lock:
            campaigns = list(self._state.campaigns.values())
        return [each for each in campaigns if filters["status"] in (None, each.status)], filters["per_page"]

    def put_status(self, id: str, status: CampaignStatus) -> Campaign:
        """Gives a campaign a status. Raises CampaignNotFound."""
        with self._lock:
            campaign = self.find(id)
            details = {**campaign.details, "updated_at": to_seconds(self._clock.now())}
            campaign = campaign._replace(status=status, details=details)
            self._state.put_campaign(campaign)
        return campaign
