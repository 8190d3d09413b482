"""Calls with no token of an environment: they are in the default environment's journal, and may be of any test."""

from talkover_mock.base.headers import bearer_token
from talkover_mock.environments.journal import Exchange
from talkover_mock.environments.world import World


def strays(world: World, since: tuple[int, int]) -> list[Exchange]:
    """The calls of that kind which are kept, since a position of the default environment's journal."""
    return [each for each in world.default.journal.since(since) if not has_token(world, each)]


def has_token(world: World, exchange: Exchange) -> bool:
    """Whether a call had a token of an environment or is the page's. Where journals mask tokens, any token counts."""
    token = _token_of(exchange)
    return exchange.by == "page" or (token is not None and (world.mask_tokens or world.has_token(token)))


def is_late(world: World, exchange: Exchange) -> bool:
    """Whether a call had the token of an environment that is closed by now: it may be of an earlier test."""
    return world.had_token(_token_of(exchange) or "")


def _token_of(exchange: Exchange) -> str | None:
    return bearer_token(exchange.request_headers.get("Authorization", ""))
