"""What happens at the server of a pytest run beside a test's own environment, from the test's beginning on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

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

    def strays(self) -> Sequence[Call]:
        """See `Meanwhile`."""
        return presented(self._strays())

    def unmatched(self) -> Sequence[Call]:
        """See `Meanwhile`."""
        found = [each for each in self._strays() if each.is_unmatched and not is_late(self._world, each)]
        return presented(found)

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

    def meanwhile(self) -> Meanwhile:
        return AtOwnServer(self.local) if self.local else AtRunningServer(self.default)

    def opened(self) -> Sequence[MockServer]:
        """The environments that tests and their fixtures have opened, and not closed."""
        return [each for name, each in list(self.server.opened.items()) if name not in self.managed]

    def positions(self) -> Mapping[str, int]:
        """The number of the latest call to each of those."""
        return self._of_each(self._latest)

    def new_calls(self, begun: Mapping[str, int], unmatched: bool | None = None) -> Mapping[str, Sequence[Call]]:
        """The calls since those positions; a reset in between makes all of them new."""
        return self._of_each(lambda each: each.requests(after=self._after(each, begun), unmatched=unmatched))

    def unmatched(self, begun: Mapping[str, int]) -> Sequence[Call]:
        """Those of `new_calls` that no route of the API took, but for environments that allow them."""
        allowed = {each.name for each in self.opened() if each.allows_unmatched}
        return [
            {**call, "environment": name}
            for name, calls in self.new_calls(begun, unmatched=True).items()
            for call in calls
            if name not in allowed
        ]

    def sections(self, begun: Mapping[str, int], own: MockServer | None, meanwhile: Meanwhile | None) -> list[Section]:
        """The report's sections of all that is not in the test's `own` environment."""
        found, calls = list[Section](), self.new_calls(begun)
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
                if isinstance(error, MockServerError) and error.status != HTTPStatus.UNAUTHORIZED:
                    raise
                self.server.opened.pop(each.name, None)
        return found

    def _after(self, environment: MockServer, begun: Mapping[str, int]) -> int:
        number = begun.get(environment.name, 0)
        return number if self._latest(environment) >= number else 0

    def _latest(self, environment: MockServer) -> int:
        if self.local:
            return self.local.world.by_name(environment.name).journal.position[1]
        calls = environment.requests()
        return calls[-1]["number"] if calls else 0
