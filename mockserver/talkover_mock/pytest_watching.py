"""What happens at the server of a pytest run beside a test's own environment, from the test's beginning on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

import pytest

from talkover_mock.base.refusals import Missing
from talkover_mock.client import MockServer, MockServerError
from talkover_mock.environments.strays import has_token, is_late, strays
from talkover_mock.pytest_report import Section, guarded, presented, sections_of_another, sections_of_strays

if TYPE_CHECKING:
    from talkover_mock.environments.environment import Environment
    from talkover_mock.environments.journal import Exchange
    from talkover_mock.local import Local

Call = Mapping[str, Any]
T = TypeVar("T")
_GONE = ("Unknown token", "No such environment")
"""The titles of the problems that an environment which is closed has."""


def added(before: list[T], now: list[T]) -> list[T]:
    """What was added to a list, of which the oldest may have gone."""
    same = next(n for n in range(min(len(before), len(now)), -1, -1) if before[len(before) - n :] == now[:n])
    return now[same:]


class Meanwhile(Protocol):
    """The calls since the beginning of a test that came to none of its own environments."""

    def strays(self) -> Sequence[Call]:
        """The calls without a token of any environment, where all of them are the test's."""

    def unmatched(self) -> Sequence[Call]:
        """Those of `strays` that no route of the API took, and that are of no earlier test."""

    def elsewhere(self, own: Sequence[str]) -> Sequence[Call]:
        """The calls to environments that are not among `own`; `environment` has the name."""


class AtOwnServer:
    """At a server that the run has started: nobody else calls it."""

    def __init__(self, local: Local) -> None:
        self._world = local.world
        self._begun = {name: each.journal.position for name, each in self._world.environments.items()}
        self._kept = self._unmatched()

    def strays(self) -> Sequence[Call]:
        """See `Meanwhile`."""
        return presented(self._strays())

    def unmatched(self) -> Sequence[Call]:
        """See `Meanwhile`."""
        return presented([each for each in added(self._kept, self._unmatched()) if not is_late(self._world, each)])

    def _unmatched(self) -> list[Exchange]:
        return [each for each in self._world.default.journal.unmatched() if not has_token(self._world, each)]

    def _strays(self) -> Sequence[Exchange]:
        return strays(self._world, self._begun[self._world.default.name])

    def elsewhere(self, own: Sequence[str]) -> Sequence[Call]:
        """See `Meanwhile`."""
        others = {name: each for name, each in self._world.environments.items() if name not in own}
        return [
            {**call, "environment": name}
            for name, other in others.items()
            for call in presented([each for each in self._new(other) if has_token(self._world, each)])
        ]

    def _new(self, environment: Environment) -> Sequence[Exchange]:
        return environment.journal.since(self._begun.get(environment.name, (0, 0)))


class AtRunningServer:
    """At a server that runs elsewhere. Its other clients call it too, and a wrong token may open its default one."""

    def __init__(self, default: MockServer) -> None:
        self._default, self._since = default, default.clock()["now"]

    def strays(self) -> Sequence[Call]:
        """See `Meanwhile`: no call is surely the test's."""
        return ()

    def unmatched(self) -> Sequence[Call]:
        """See `strays`."""
        return ()

    def elsewhere(self, own: Sequence[str]) -> Sequence[Call]:
        """See `Meanwhile`: those to the default environment, which also has the calls with a wrong token."""
        if self._default.name in own:
            return ()
        return [{**call, "environment": self._default.name} for call in self._default.requests(since=self._since)]


class Run(NamedTuple):
    """The server of a run. `default` is the client of its default environment; `local` is the run's own server."""

    server: MockServer
    default: MockServer
    local: Local | None
    managed: set[str]
    """The names of the environments that the plugin itself has opened."""
    told: dict[str, list[Call]]
    """By name, the unmatched calls of `opened` of which a test knows, or nobody."""

    def meanwhile(self) -> Meanwhile:
        return AtOwnServer(self.local) if self.local else AtRunningServer(self.default)

    def opened(self) -> Sequence[MockServer]:
        """The environments that tests and their fixtures have opened, and not closed."""
        return [each for name, each in list(self.server.opened.items()) if name not in self.managed]

    def begin(self) -> Mapping[str, int]:
        """Begins a test: the calls to those so far are not its own. Returns the number of the latest call to each."""
        self.take_unmatched()
        return self._of_each(self._latest)

    def take_unmatched(self) -> Sequence[Call]:
        """The unmatched calls, which nobody has taken, to those and to the closed ones that have not allowed them."""
        slips = [each for each in self.server.slips if each["name"] not in self.managed]
        closed = [(each["name"], list[Call](each["unmatched"])) for each in slips]
        self.server.slips.clear()
        allowed = {each.name for each in self.opened() if each.allows_unmatched}
        found = list[Call]()
        for name, calls in [*closed, *self._of_each(self.unmatched).items()]:
            new = added(self.told.get(name, []), calls)
            found += [] if name in allowed else [{**call, "environment": name} for call in new]
            self.told[name] = calls
        return found

    def unmatched(self, environment: MockServer) -> list[Call]:
        """The latest unmatched calls with the environment's token, whatever was reset or cleared."""
        if self.local:
            world = self.local.world
            kept = world.by_name(environment.name).journal.unmatched()
            return [*presented([each for each in kept if has_token(world, each)])]
        return [*environment.mark_environment(environment.name, "open")["unmatched"]]

    @contextmanager
    def needs(self, environment: MockServer) -> Iterator[None]:
        """Fails in one sentence if the environment, of the run or of a test, is closed."""
        try:
            yield
        except (Missing, MockServerError) as error:
            if not _is_gone(error):
                raise
            of = "run" if environment is self.server else "test"
            text = f"the environment of this {of}, {environment.name}, was closed while the {of} went on"
            raise pytest.fail.Exception(text, pytrace=False) from None

    def sections(self, begun: Mapping[str, int], own: MockServer | None, meanwhile: Meanwhile | None) -> list[Section]:
        """The report's sections of all that is not in the test's `own` environment."""
        found = list[Section]()
        calls = self._of_each(lambda each: each.requests(after=self._after(each, begun)))
        for other in self.opened():
            new = calls.get(other.name, ())
            if new or other.name not in begun:
                found += sections_of_another(other, new)
        if own and meanwhile:
            names = [own.name, *calls]
            found += guarded(lambda: sections_of_strays(meanwhile.strays(), meanwhile.elsewhere(names)))
        return found

    def _of_each(self, ask: Callable[[MockServer], T]) -> Mapping[str, T]:
        """What each of those answers, by name. One that another client has closed is forgotten."""
        found = {}
        for each in self.opened():
            try:
                found[each.name] = ask(each)
            except (Missing, MockServerError) as error:
                if not _is_gone(error):
                    raise
                self.server.opened.pop(each.name, None)
        return found

    def _after(self, environment: MockServer, begun: Mapping[str, int]) -> int:
        """The number of the latest call at that position; a reset since then makes all calls new."""
        number = begun.get(environment.name, 0)
        return number if self._latest(environment) >= number else 0

    def _latest(self, environment: MockServer) -> int:
        if self.local:
            return self.local.world.by_name(environment.name).journal.position[1]
        calls = environment.requests()
        return calls[-1]["number"] if calls else 0


def _is_gone(error: Missing | MockServerError) -> bool:
    """Whether an error says that the environment is closed."""
    return isinstance(error, Missing) or error.problem.get("title") in _GONE
