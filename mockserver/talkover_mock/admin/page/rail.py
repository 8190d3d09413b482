"""The webhooks beside the list: by agent and campaign, folded where there are many, searched and turned over."""

from collections.abc import Callable, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from talkover_mock.admin.page.address import Address
from talkover_mock.base.words import digits
from talkover_mock.environments.environment import Environment
from talkover_mock.state.records import Agent, Campaign, Webhook

FEW_WEBHOOKS = 25
"""With no more webhooks than this, every agent is open."""
MOST_AGENTS = 25
MOST_WEBHOOKS = 10
_LOCAL = ("localhost", "127.0.0.1")


class Shown(NamedTuple):
    """A webhook with the word that is worth knowing, and how that stands out."""

    webhook: Webhook
    url: str
    word: str
    tone: str


class Group(NamedTuple):
    """An agent or a campaign: how many of its webhooks are on, and those that are shown if it is open."""

    owner: Agent | Campaign
    kind: str
    on: int
    total: int
    found: int
    """How many match the search."""
    first: int
    """The number of the first one shown, from 1."""
    shown: Sequence[Shown]
    is_open: bool


class Rail(NamedTuple):
    """The column of webhooks; `before` and `after` are the numbers of agents at which the next pages begin."""

    on: int
    total: int
    owners: int
    agents: int
    found: int
    first: int
    groups: Sequence[Group]
    before: int
    after: int


class _Owner(NamedTuple):
    record: Agent | Campaign
    kind: str
    webhooks: Sequence[Webhook]


def rail_of(environment: Environment, address: Address, word: Callable[[Webhook], tuple[str, str]]) -> Rail:
    """`word` is what is worth knowing of a webhook, and how it stands out."""
    owners = _owners(environment)
    total = sum(len(owner.webhooks) for owner in owners)
    find, only = address.value("find").strip().lower(), address.value("agent")
    matching = [found for owner in owners if only in ("", owner.record.id) and (found := _matching(owner, find))]
    first = min(_number(address.value("agents")), max(1, len(matching)))
    shown = matching[first - 1 : first - 1 + MOST_AGENTS]
    is_small, folds = total <= FEW_WEBHOOKS, set(address.values("fold"))
    groups: list[Group] = []
    for number, (owner, webhooks) in enumerate(shown):
        has_room = sum(len(group.shown) for group in groups) < FEW_WEBHOOKS
        opened = is_small or bool(only) or (bool(find) and has_room) or (number == 0 and first == 1)
        is_open = opened is not (owner.record.id in folds)
        start = min(_number(address.value("from")), max(1, len(webhooks))) if only else 1
        most = len(webhooks) if is_small else MOST_WEBHOOKS
        page = webhooks[start - 1 : start - 1 + most] if is_open else ()
        groups.append(
            Group(
                owner=owner.record,
                kind=owner.kind,
                on=sum(each.enabled for each in owner.webhooks),
                total=len(owner.webhooks),
                found=len(webhooks),
                first=start,
                shown=[Shown(each, short_url(each.webhook_url), *word(each)) for each in page],
                is_open=is_open,
            )
        )
    return Rail(
        on=sum(each.enabled for owner in owners for each in owner.webhooks),
        total=total,
        owners=len(owners),
        agents=sum(owner.kind == "agent" for owner in owners),
        found=len(matching),
        first=first,
        groups=groups,
        before=max(1, first - MOST_AGENTS) if first > 1 else 0,
        after=first + MOST_AGENTS if len(matching) >= first + MOST_AGENTS else 0,
    )


def _owners(environment: Environment) -> list[_Owner]:
    """Every agent, then every campaign, with its webhooks."""
    agents, campaigns = environment.agent_ids(), environment.campaign_ids()
    records: list[tuple[Agent | Campaign | None, str]] = [(environment.agent(id), "agent") for id in agents]
    records += [(environment.campaign(id), "campaign") for id in campaigns]
    return [
        _Owner(record, kind, [found for id in environment.webhook_ids(record.id) if (found := environment.webhook(id))])
        for record, kind in records
        if record
    ]


def _matching(owner: _Owner, find: str) -> tuple[_Owner, Sequence[Webhook]] | None:
    """The owner with the webhooks that the search finds: all where the owner itself is found. None if nothing is."""
    if not find or find in owner.record.name.lower() or find in owner.record.id.lower():
        return owner, owner.webhooks
    found = [each for each in owner.webhooks if _is_found(each, find)]
    return (owner, found) if found else None


def _is_found(webhook: Webhook, find: str) -> bool:
    return find in webhook.name.lower() or find in webhook.webhook_url.lower() or find in webhook.id.lower()


def _number(text: str) -> int:
    """A number of a row from 1 in the address; 1 for any other text."""
    return digits(text) or 1


def short_url(url: str) -> str:
    """The URL; without its scheme where that is plain HTTP to a name without dots, as most are in tests."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    is_near = parts.scheme == "http" and ("." not in (parts.hostname or ".") or parts.hostname in _LOCAL)
    return url.partition("://")[2] if is_near else url
