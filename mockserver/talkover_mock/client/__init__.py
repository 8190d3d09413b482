"""The harness's client: every admin route as a method (mock_server.py), over HTTP (remote.py) or straight to the server
of this process (transport.py), and searches (searching.py).
It imports nothing else of the package but the shapes that its methods take and return.
A rule of the API or a limit of the server never belongs here: the client asks, and raises what the server refuses.
"""

from talkover_mock.base.shapes.admin import Clock, ClosedEnvironment, Environment, MarkedEnvironment, Request, Snapshot
from talkover_mock.base.shapes.deliveries import Delivery, EmittedEvent, Skipped, SkippedDelivery
from talkover_mock.base.shapes.faults import CallFault, DeliveryFault, Fault
from talkover_mock.base.shapes.state import Agent, AgentWebhook, Call, Campaign, CampaignWebhook, State, Stub, Webhook
from talkover_mock.base.shapes.values import Action, CampaignEvent, DeliveryAction, Event, Preset
from talkover_mock.client.emitting import Emitted
from talkover_mock.client.errors import MockServerError
from talkover_mock.client.mock_server import MockServer
from talkover_mock.client.types import Probed

__all__ = [
    "Action",
    "Agent",
    "AgentWebhook",
    "Call",
    "CallFault",
    "Campaign",
    "CampaignEvent",
    "CampaignWebhook",
    "Clock",
    "ClosedEnvironment",
    "Delivery",
    "DeliveryAction",
    "DeliveryFault",
    "Emitted",
    "EmittedEvent",
    "Environment",
    "Event",
    "Fault",
    "MarkedEnvironment",
    "MockServer",
    "MockServerError",
    "Preset",
    "Probed",
    "Request",
    "Skipped",
    "SkippedDelivery",
    "Snapshot",
    "State",
    "Stub",
    "Webhook",
]
