"""The 22 events that a webhook of an agent can subscribe to, and the 13 of a campaign's webhook."""

from collections.abc import Mapping, Sequence
from typing import get_args

from talkover_mock.base.shapes.values import CampaignEvent, Event

EVENTS: Mapping[Event, str] = {
    "event_phone_call_started": "Phone call has started",
    "event_phone_call_ended": "Phone call has ended",
    "event_phone_call_did_not_connect": "Phone call failed to connect",
    "event_phone_call_connected": "Phone call connection established",
    "event_phone_call_disconnected": "Phone call connection closed",
    "event_phone_call_error": "Phone call connection error occurred",
    "event_participant_joined": "Participant joined the call",
    "event_participant_left": "Participant left the call",
    "event_voicemail_detected": "Voicemail system detected",
    "event_voicemail_message_left": "Message left on voicemail",
    "event_conversation_started": "Human conversation started",
    "event_conversation_ended": "Human conversation ended",
    "event_action": "Agent executed an action",
    "event_action_failed": "Agent action failed",
    "event_recording": "Call recording event",
    "event_connection_established": "Call connection established",
    "event_connection_closed": "Call connection closed",
    "event_connection_error": "Call connection error occurred",
    "event_user_connected": "User connected to the call",
    "event_user_disconnected": "User disconnected from the call",
    "event_client_connected": "Client connected to the call",
    "event_client_disconnected": "Client disconnected from the call",
}
"""The available events with their descriptions, in the documented order."""

CAMPAIGN_EVENTS: Sequence[str] = get_args(CampaignEvent)
"""The available events of a campaign, in the documented order."""

ALL_EVENTS: Sequence[str] = (*dict.fromkeys((*EVENTS, *CAMPAIGN_EVENTS)),)
"""Those of agents, then those that only campaigns have."""
