"""Steps of a soak around agents that go, and around a client's campaign, each compared with the model."""

from datetime import datetime
from random import Random

from talkover_mock.base.shapes.values import CampaignEvent
from talkover_mock.client import MockServer
from tests.soak.api import AddedFault, ApiClient
from tests.support import model
from tests.support.model import Json

GONE_AGENTS = "/api/v1/agents/gone-of-"
"""How the paths of the agents begin that are made to be deleted."""
STATUSES = ("active", "active", "paused", "completed", "draft")
EVENT: CampaignEvent = "campaign_call.started"
Due = tuple[str, str]
"""The event and the webhook of a delivery."""


def campaign_of(agent: str, url: str) -> Json:
    """The campaign of an agent, with one webhook, which lists no event of a change of status."""
    webhook = {"id": f"{agent}-of-campaign", "name": "Of a campaign", "webhook_url": url, "events": [EVENT]}
    return {"id": f"campaign-of-{agent}", "name": "Campaign", "agent_id": agent, "webhooks": [webhook]}


def delete_an_agent(server: MockServer, api: ApiClient, id: str, webhook: Json) -> None:
    """Makes an agent, and deletes it once its call has ended."""
    server.merge_state({"agents": [{"id": id, "name": "Gone", "webhooks": [{**webhook, "enabled": False}]}]})
    root = f"/api/v1/agents/{id}"
    _, placed = _answered(api, "POST", f"{root}/call", {"to": "+1234567890"})
    assert _answered(api, "DELETE", root)[0] == 409
    assert _answered(api, "POST", f"{root}/end-call", {"call_sid": placed["data"]["id"]})[0] == 200
    assert _answered(api, "DELETE", root)[0] == 200
    assert _answered(api, "PATCH", f"{root}/webhooks/{webhook['id']}/toggle") == (404, model.NO_AGENT)


def use_campaign(server: MockServer, api: ApiClient, known: model.World, choice: Random, round: int) -> set[Due]:
    """Toggles the webhook, changes the status or emits. Returns the deliveries to come."""
    [campaign] = known.campaigns.values()
    [id], root = campaign["webhooks"], f"/api/v1/campaigns/{campaign['id']}"
    what = choice.choice(("toggle", "status", "event", "event"))
    if what == "toggle":
        answer = _answered(api, "PATCH", f"{root}/webhooks/{id}/toggle")
        now = _moment(server.webhook(id)["updated_at"])
        assert answer == known.of_campaign("toggle", campaign["id"], id, now)
    elif what == "status":
        status = choice.choice(STATUSES)
        answer = _answered(api, "PATCH", f"{root}/status", {"status": status})
        now = _moment(answer[1].get("data", {}).get("updated_at", model.GIVEN))
        assert answer == known.set_campaign_status(campaign["id"], status, now)
    else:
        emitted = server.emit(campaign_id=campaign["id"], event=EVENT, data={"round": round}, wait=0)
        assert [each["webhook_id"] for each in emitted] == [id] * campaign["webhooks"][id]["enabled"]
        return {(each["event_id"], each["webhook_id"]) for each in emitted}
    return set()


def _answered(api: ApiClient, method: str, path: str, body: Json | None = None) -> tuple[int, Json]:
    """The answer to a call that no fault of the client can meet."""
    answer = api.call(method, body=body, root=path)
    assert not isinstance(answer, AddedFault)
    return answer


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
