"""Explains why the API refused a call, in one sentence: where an unknown id is known, and which id is near."""

from collections.abc import Callable
from itertools import islice

from talkover_mock.base.words import brief
from talkover_mock.dialect.call_errors import CallNotFound
from talkover_mock.dialect.errors import (
    AgentNotFound,
    ApiError,
    CampaignNotFound,
    LogNotFound,
    NotFound,
    ValidationFailed,
    WebhookNotFound,
)
from talkover_mock.dialect.reasons import explained
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.world import World

_MOST_CANDIDATES = 10_000
_MOST_NAMES = 2
_MOST_ENVIRONMENTS = 500
_MOST_CHARACTERS = 200


def explain(error: ApiError, environment: Environment | None, world: World) -> str:
    """The sentence for an error; empty when there is nothing to add to the answer itself."""
    if isinstance(error, ValidationFailed):
        return explained(error.given, error.errors)
    if error.reason or environment is None or not isinstance(error, NotFound):
        return error.reason
    environment = world.environments.get(environment.name, environment)  # a stale call has an earlier state of it
    if isinstance(error, AgentNotFound):
        return _explain_owner("agent", error.id, environment, world)
    if isinstance(error, CampaignNotFound):
        return _explain_owner("campaign", error.id, environment, world)
    if isinstance(error, WebhookNotFound):
        return _explain_webhook(error.id, error.owner_id, environment, world)
    return _explain_record(error, environment)


def _explain_owner(kind: str, id: str, environment: Environment, world: World) -> str:
    """Why no agent, or no campaign, has an id."""
    is_agent, baseline = kind == "agent", environment.baseline
    if environment.agent(id) if is_agent else environment.campaign(id):
        return _came_later(kind, id)
    if other := _other_kind(id, environment):
        return f"{id} is the id of {other}, not of {'an agent' if is_agent else 'a campaign'}"
    if id in (baseline.agents if is_agent else baseline.campaigns):
        return f"{kind} {id} is in the fixture, but not in the current state; a reset brings it back"
    elsewhere = _elsewhere(environment, world, lambda each: each.agent(id) if is_agent else each.campaign(id))
    if elsewhere:
        return f"{kind} {id} is in {elsewhere}; the token selects {environment.name}"
    ids = environment.agent_ids() if is_agent else environment.campaign_ids()
    return f"no {kind} in environment {environment.name} has the id {brief(id)}{_near(id, ids)}"


def _other_kind(id: str, environment: Environment) -> str:
    """The kind of the record that has the id; the empty text without one."""
    if webhook := environment.webhook(id):
        return f"a webhook (of {webhook.owner})"
    if environment.agent(id):
        return "an agent"
    return "a campaign" if environment.campaign(id) else ""


def explain_unknown_webhook(id: str, environment: Environment) -> str:
    """The sentence for a webhook id that no agent or campaign of the environment has."""
    owners = (*environment.agent_ids(), *environment.campaign_ids())
    known = [each for owner_id in owners for each in environment.webhook_ids(owner_id)]
    return f"no webhook in environment {environment.name} has the id {brief(id)}{_near(id, known)}"


def explain_unknown_token(token: str, world: World) -> str:
    """The sentence for a token that no environment has. It names the nearest one's environment, not that token."""
    near = _nearest(token, world.tokens)
    hint = f"; nearest: the token of environment {world.of_token(near).name}" if near else ""
    return f"no environment has this token{hint}; requests without a token act on the default environment"


def _explain_webhook(id: str, owner_id: str, environment: Environment, world: World) -> str:
    webhook, owner = environment.webhook(id), f"{'campaign' if environment.campaign(owner_id) else 'agent'} {owner_id}"
    if webhook:
        is_its_own = webhook.owner_id == owner_id
        return _came_later("webhook", id) if is_its_own else f"webhook {id} belongs to {webhook.owner}, not to {owner}"
    if other := _other_kind(id, environment):
        return f"{id} is the id of {other}, not of a webhook"
    reset = "; a reset brings it back" if id in environment.baseline.webhooks else ""
    if environment.was_deleted(id):
        return f"webhook {id} has been deleted{reset}"
    if reset:
        return f"webhook {id} is in the fixture, but not in the current state{reset}"
    elsewhere = _elsewhere(environment, world, lambda other: other.webhook(id))
    if elsewhere:
        return f"webhook {id} is in {elsewhere}; the token selects {environment.name}"
    near = _near(id, environment.webhook_ids(owner_id))
    return f"{owner} has no webhook with the id {brief(id)}{near}"


def _explain_record(error: NotFound, environment: Environment) -> str:
    if isinstance(error, CallNotFound):
        call = environment.calls.get(error.id)
        if call and call.agent_id == error.agent_id:
            return _came_later("call", error.id)
        if call:
            return f"call {error.id} belongs to agent {call.agent_id}, not to agent {error.agent_id}"
        near = _near(error.id, environment.calls.ids_of(error.agent_id))
        return f"agent {error.agent_id} has no call with the id {brief(error.id)}{near}"
    if isinstance(error, LogNotFound):
        return f"the webhook's log has no entry {brief(error.id)}, or dropped it at its limit; GET the webhook's logs"
    return f"environment {environment.name} has no record with the id {brief(error.id)}"


def _came_later(kind: str, id: str) -> str:
    """Why a record was not found that is there by now."""
    return f"{kind} {id} was not there when the API looked for it, but is there now"


def _elsewhere(environment: Environment, world: World, holds: Callable[[Environment], object]) -> str:
    """The names of other environments that hold a record; empty without any."""
    others = islice(world.environments.values(), _MOST_ENVIRONMENTS)
    names = [other.name for other in others if other is not environment and holds(other)]
    if len(names) > _MOST_NAMES:
        return f"environments {', '.join(names[:_MOST_NAMES])} and {len(names) - _MOST_NAMES} more"
    return f"environment{'s' if len(names) > 1 else ''} {' and '.join(names)}" if names else ""


def _near(id: str, known: list[str]) -> str:
    if not known:
        return "; there are none"
    if near := _nearest(id, known):
        return f"; nearest: {near}"
    return f"; the only one is {known[0]}" if len(known) == 1 else f"; there are {len(known)}, such as {known[0]}"


def _nearest(id: str, known: list[str]) -> str:
    """The known id with which most characters are shared, if they are half of it; else the empty text."""
    id = id[:_MOST_CHARACTERS]
    best = max(known[:_MOST_CANDIDATES], key=lambda other: _likeness(id, other), default="")
    return best if _likeness(id, best) * 2 >= len(best) else ""


def _likeness(one: str, other: str) -> int:
    """The number of characters that two ids share at the front and the back, in any case; a typo changes few."""
    one, other = one.lower(), other.lower()
    shorter = min(len(one), len(other))
    front = next((i for i in range(shorter) if one[i] != other[i]), shorter)
    back = next((i for i in range(shorter - front) if one[-1 - i] != other[-1 - i]), shorter - front)
    return front + back
