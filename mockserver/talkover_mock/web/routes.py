"""Routes: how both surfaces declare them, and which one a request's path is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from talkover_mock.dialect.endpoints import API

if TYPE_CHECKING:
    from talkover_mock.dialect.errors import Wording
    from talkover_mock.environments.environment import Environment

ADMIN = "/__admin"
_VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
METHODS = (*_VERBS, "OPTIONS")
"""The methods that the API has an answer to."""
_MOST_CACHED = 2_000


@dataclass(frozen=True)
class Route:
    """One method of one path, such as `/api/v1/agents/<agent_id>`; `view` makes the answer.

    A quick view neither waits nor goes through many records: an event loop may call it.
    """

    method: str
    path: str
    view: Callable[..., Any]
    wording: Wording | None = None
    """Of a route of the API that needs a token: the errors that the vendor documents in other words there."""
    environment_of: Callable[..., Environment] | None = None
    """Of a route of the harness that is about one environment: finds that of a request, and the view takes it."""
    is_quick: bool = False

    @cached_property
    def operation(self) -> str:
        """The route as openapi.yaml writes it, such as `GET /api/v1/agents/{agent_id}`."""
        return shown(f"{self.method} {self.path}")


class Match(NamedTuple):
    """The routes of a path by method, and the ids in the path by name."""

    routes: Mapping[str, Route]
    ids: Mapping[str, str]

    def route(self, method: str) -> Route | None:
        """The route of a method; HEAD is answered wherever GET is."""
        return self.routes.get(method) or (self.routes.get("GET") if method == "HEAD" else None)

    def allowed(self) -> list[str]:
        """The methods that the path answers, in the order of Laravel's verbs."""
        return in_order(verb for verb in _VERBS if self.route(verb))


def shown(route: str) -> str:
    """A route as openapi.yaml writes it, such as `GET /api/v1/agents/{agent_id}`."""
    return route.replace("<", "{").replace(">", "}")


def in_order(methods: Iterable[str]) -> list[str]:
    """Methods in the order of Laravel's verbs."""
    given = set(methods)
    return [verb for verb in _VERBS if verb in given]


class _Step:
    """What may follow one step of a path: fixed words, or any id."""

    __slots__ = ("any", "names", "routes", "words")

    def __init__(self) -> None:
        self.words: dict[str, _Step] = {}
        self.any: _Step | None = None
        self.routes: dict[str, Route] = {}
        self.names: Sequence[str] = ()


class Routes:
    """The routes of one surface, found step by step: a slash at the end is allowed, a double slash is not.

    They never change, so that all applications of a process share them. The ids of a path stand in angle brackets; a
    star at its end is any further steps, or none.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root, self._all = _Step(), tuple(routes)
        for route in self._all:
            self._place(route)
        self.match = lru_cache(maxsize=_MOST_CACHED)(self._match)
        """The routes of a decoded path, or None. The latest paths are remembered."""

    def _place(self, route: Route) -> None:
        step, names = self._root, []
        for part in route.path.strip("/").split("/"):
            if part == "*":
                step.any = step
            elif part[:1] == "<":
                names.append(part[1:-1])
                step.any = step = step.any or _Step()
            else:
                step = step.words.setdefault(part, _Step())
        step.routes[route.method], step.names = route, names

    def _match(self, path: str) -> Match | None:
        step, ids = self._root, []
        parts = path.split("/")
        if parts[0] or len(parts) < 2:
            return None
        for part in parts[1:-1] if not parts[-1] and len(parts) > 2 else parts[1:]:
            following = step.words.get(part)
            if following is None:
                if not part or step.any is None:
                    return None
                following = step.any
                ids.append(part)
            step = following
        return Match(step.routes, dict(zip(step.names, ids, strict=step.any is not step))) if step.routes else None

    def __iter__(self) -> Iterator[Route]:
        return iter(self._all)

    def words(self) -> set[str]:
        """Every fixed word of a path."""
        return {part for route in self._all for part in route.path.split("/") if part and part[0] != "<"}


def is_api_pattern(pattern: str) -> bool:
    """Whether a path of the API can match a pattern; one that can't would match nothing, and never say so."""
    start, star, _ = pattern.partition("*")
    return start.startswith(API + "/") or (star != "" and (API + "/").startswith(start))


def is_admin(path: str) -> bool:
    """Whether a path belongs to the admin surface, however many slashes it begins with."""
    return f"{path.lstrip('/')}/".startswith(ADMIN[1:] + "/")
