"""The words, texts and numbers in documents."""

from typing import Annotated, Literal

Event = Literal[
    "event_phone_call_started",
    "event_phone_call_ended",
    "event_phone_call_did_not_connect",
    "event_phone_call_connected",
    "event_phone_call_disconnected",
    "event_phone_call_error",
    "event_participant_joined",
    "event_participant_left",
    "event_voicemail_detected",
    "event_voicemail_message_left",
    "event_conversation_started",
    "event_conversation_ended",
    "event_action",
    "event_action_failed",
    "event_recording",
    "event_connection_established",
    "event_connection_closed",
    "event_connection_error",
    "event_user_connected",
    "event_user_disconnected",
    "event_client_connected",
    "event_client_disconnected",
]
"""The events of an agent's webhook."""
CampaignEvent = Literal[
    "campaign.created",
    "campaign.started",
    "campaign.paused",
    "campaign.completed",
    "campaign.updated",
    "campaign_call.queued",
    "campaign_call.started",
    "campaign_call.completed",
    "campaign_call.retry_scheduled",
    "campaign_call.failed",
    "event_recording",
    "event_call_transcript",
    "event_call_report",
]
"""The events of a campaign's webhook."""
AnyEvent = Event | CampaignEvent
CallStatus = Literal["initiated", "ringing", "answered", "completed", "failed", "busy", "no-answer"]
CampaignStatus = Literal["draft", "active", "paused", "completed", "cancelled"]
AgentStatus = Literal["draft", "published"]
WebhookStatus = Literal["active", "disabled", "error"]
DeliveryStatus = Literal["pending", "success", "failed", "retrying"]
WhySkipped = Literal["it does not list the event", "it is disabled"]
Unsuccessful = Literal["pending", "failed", "retrying"]
Direction = Literal["inbound", "outbound"]
HttpMethod = Literal["POST", "PUT", "PATCH"]
"""The methods of a delivery."""
CallMethod = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
StubMethod = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
AuthorizationScheme = Literal["none", "bearer", "basic", "api_key", "custom"]
Language = Literal[
    "pt-BR",
    "pt-PT",
    "en-US",
    "en-CA",
    "es-ES",
    "fr-FR",
    "de-DE",
    "it-IT",
    "nl-NL",
    "ja-JP",
    "ko-KR",
    "zh-TW",
]
"""The languages of an agent (documented)."""
SignatureScheme = Literal["hmac", "github", "stripe", "standard", "shopify"]
DeliveryJson = Literal["php", "plain"]
Plan = Literal["standard", "professional"]

Preset = Literal[
    "missing_token",
    "invalid_token",
    "expired_token",
    "agent_not_found",
    "webhook_not_found",
    "rate_limited",
    "server_error",
    "maintenance",
    "insufficient_credits",
]
"""The documented answer of that name."""
Action = Literal["hang", "connection_reset", "truncated_body", "malformed_json", "hold", "stale"]
"""
No answer ever, a connection reset, the first half of the answer, or half of its JSON; the operation waits until the
fault is removed; or a GET is answered from the state as it was when the fault was added.
"""
DeliveryAction = Literal[
    "lose_answer",
    "timeout",
    "refused",
    "unresolved",
    "repeat",
    "overlap",
    "delay",
    "drop",
    "bad_signature",
    "tampered",
    "skewed",
]
"""
The answer is lost, so that the attempt counts as failed; a timeout, a refused connection, a name without an address, at
once; copies of it are sent; it leaves while an earlier one is under way; it is overtaken; it is never sent; or it is
signed with another secret, changed after signing, or signed by a clock that is wrong.
"""
On = Literal["calls", "deliveries"]
EnvironmentState = Literal["fixture", "open", "failed, kept", "copy"]
EnvironmentMark = Literal["failed", "open"]
"""What a harness says of the test of an environment."""
Maker = Literal["api", "page"]
Basis = Literal["documented", "inferred from a sample", "measured", "assumed"]
"""How sure a behaviour is, the surest first."""

# Texts

ID_PATTERN = "[A-Za-z0-9][A-Za-z0-9_.-]{0,99}"
PHONE_PATTERN = r"\+[1-9][0-9]{1,14}"
BEARER_PATTERN = r"[!-+\--~]{1,500}"
VISIBLE_PATTERN = r"[^\s\x1C-\x1F\x85\u200B\uFEFF]"
"""A character that trimming leaves."""
_ZERO = "UTC; the fraction is always zero (measured)"
_ANY_NAME = "One that the API has or, where `unknown` asks for it, any other"
_MOMENT_PATTERN = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"

Id = Annotated[str, ("pattern", f"^{ID_PATTERN}$"), ("description", "Generated ones are ordered UUIDs (measured)")]
Token = Annotated[str, ("pattern", f"^{BEARER_PATTERN}$")]
Name = Annotated[str, ("minLength", 1)]
ShortName = Annotated[str, ("minLength", 1), ("maxLength", 255)]
VisibleName = Annotated[str, ("minLength", 1), ("maxLength", 255), ("pattern", VISIBLE_PATTERN)]
VisibleText = Annotated[str, ("minLength", 1), ("pattern", VISIBLE_PATTERN)]
Url = Annotated[str, ("minLength", 1), ("maxLength", 500)]
PhoneNumber = Annotated[str, ("pattern", f"^{PHONE_PATTERN}$"), ("description", "In international format")]
Seconds = Annotated[str, ("pattern", f"^{_MOMENT_PATTERN}Z$"), ("description", "UTC")]
Milliseconds = Annotated[str, ("pattern", rf"^{_MOMENT_PATTERN}\.[0-9]{{3}}Z$"), ("description", "UTC")]
Microseconds = Annotated[str, ("pattern", rf"^{_MOMENT_PATTERN}\.000000Z$"), ("description", _ZERO)]
EventName = Annotated[str, ("minLength", 1), ("maxLength", 255), ("description", _ANY_NAME)]
EventPattern = Annotated[str, ("pattern", "[*]")]
Digest = Annotated[str, ("pattern", "^[0-9a-f]{32}$")]
StruckBy = Annotated[str, ("pattern", r"^fault-[0-9]+ \(.+\)$")]
HeaderName = Annotated[str, ("pattern", "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]
HeaderText = Annotated[str, ("pattern", "^[ -~]*$")]

# Numbers

Count = Annotated[int, ("minimum", 0)]
Ordinal = Annotated[int, ("minimum", 1)]
HttpStatus = Annotated[int, ("minimum", 100), ("maximum", 999)]
OwnStatus = Annotated[int, ("minimum", 200), ("maximum", 599)]
"""The status of an answer that a test gives."""
Timeout = Annotated[int, ("minimum", 5), ("maximum", 120)]
MaxRetries = Annotated[int, ("minimum", 0), ("maximum", 10)]
Fraction = Annotated[float, ("minimum", 0), ("maximum", 1)]
