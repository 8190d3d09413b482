"""All environments of a server: finds them by token or name, opens and closes them while the server runs."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import count
from threading import Lock

from talkover_mock.base.clock import Clock, real_time
from talkover_mock.base.real_time import RealTime
from talkover_mock.base.refusals import Conflict, Missing, Unfit
from talkover_mock.base.shapes.values import EnvironmentMark, EnvironmentState
from talkover_mock.base.words import brief, nearest
from talkover_mock.deliveries.pump import Pump
from talkover_mock.deliveries.sharing import Sharing
from talkover_mock.dialect.errors import ExpiredToken, InvalidToken
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.schedules import Schedule
from talkover_mock.environments.snapshots import check_name
from talkover_mock.loading.fixture import DEFAULT, EnvironmentFixture, Fixture
from talkover_mock.state.names import is_token
from talkover_mock.state.store import Baseline

MOST_ENVIRONMENTS = 10_000
MOST_FAILED = 20
"""Environments that stay after a failed test."""
FOR_PAGES = "@web-pages"
"""Ends the name of a copy; no environment can be opened under such a name."""
MOST_KEPT = 5_000
_MOST_CLOSED_TOKENS = 100_000
_FOR_A_PAGE = "the environment is a copy for foreign web pages, from which nothing is sent (see --allow-origin)"


class World:
    """The environments of one server: the fixture's are permanent, others are opened and closed beside them."""

    def __init__(
        self,
        fixture: Fixture,
        *,
        time: Callable[[], datetime] = real_time,
        deliver_to: Sequence[str] = (),
        most_kept: int = MOST_KEPT,
        mask_tokens: bool = False,
    ) -> None:
        """`time` gives every clock the real time. With `mask_tokens`, journals keep the tokens of calls masked.

        `deliver_to` are hosts outside this machine and its network to which deliveries are really sent; `most_kept`
        is the number of requests, and the number of deliveries, that an environment keeps.
        """
        self._pump, self.mask_tokens = Pump(), mask_tokens
        self.own_ports: set[int] = set()
        """The ports that serve this world; no delivery goes there."""
        self.catch_up: Callable[[], str] = lambda: ""
        """Called before a reset: takes edited fixture files over if they are watched. A word on those not in use."""
        self._sharing = Sharing(self._pump.wake, tuple(deliver_to), most_kept, self.own_ports)
        self._time, self._numbers = time, count(1)
        self._lock = Lock()
        self._environments: dict[str, Environment] = {}
        self._by_token: dict[str, Environment] = {}
        self._closed_tokens: dict[str, str] = {}
        self.failed: dict[str, None] = {}
        """The names of the environments that are kept after a failed test, in the order of marking."""
        self._stopped = False
        self._started = RealTime.monotonic()
        self._permanent = frozenset(fixture)
        for name, each in fixture.items():
            self._add(Environment(name, each, Clock(time), self._sharing))

    @property
    def default(self) -> Environment:
        return self._environments[DEFAULT]

    @property
    def uptime(self) -> float:
        """Seconds since the world was created, to the millisecond."""
        return round(RealTime.monotonic() - self._started, 3)

    @property
    def environments(self) -> Mapping[str, Environment]:
        """The environments by name, as they are now."""
        with self._lock:
            pages = [each.for_pages for each in self._environments.values()]
            return {**self._environments, **{each.name: each for each in pages if each}}

    def by_token(self, token: str) -> Environment:
        """The environment that the token opens. Raises InvalidToken, ExpiredToken.

        Takes no lock, since the event loop asks too: a token is always in one of the two tables or in both, whose
        look-ups are atomic. Between two of them it may have moved back to the first, which is why that is asked again.
        """
        environment = self._by_token.get(token)
        if environment is None:
            closed = self._closed_tokens.get(token)
            environment = self._by_token.get(token)
            if environment is None and closed is not None:
                raise InvalidToken(f"the token belonged to environment {closed}, which has been closed")
        if environment is None:
            if self.default.tokens:
                raise InvalidToken("no environment has this token; the default environment has other tokens")
            return self.default
        if token in environment.expired_tokens:
            raise ExpiredToken(f"the fixture lists the token under expired_tokens of {environment.name}")
        return environment

    def of_token(self, token: str | None) -> Environment:
        """The environment that has the token, expired or not; the default one for an unknown token."""
        return self._by_token.get(token or "", self.default)

    @property
    def tokens(self) -> list[str]:
        """The tokens of all environments, expired ones too."""
        with self._lock:
            return list(self._by_token)

    def has_token(self, token: str) -> bool:
        """Whether an environment has the token, expired or not."""
        return token in self._by_token

    def had_token(self, token: str) -> bool:
        """Whether the token was that of an environment which has been closed."""
        return token in self._closed_tokens

    def by_name(self, name: str) -> Environment:
        """The environment of a name. Raises Missing."""
        original, suffix, rest = name.partition(FOR_PAGES)
        environment = self._environments.get(original)
        if environment and suffix:
            environment = None if rest else environment.for_pages
        if environment is None:
            hint = nearest(name, list(self._environments)) or "; GET environments lists them"
            raise Missing("No such environment", f"no environment is named {brief(name)}{hint}")
        return environment

    def find(self, text: str) -> list[Environment]:
        """The environments with the text in their name or title, in any case, in the order of their opening."""
        wanted, found = text.casefold(), self.environments.values()
        return [each for each in found if wanted in each.name.casefold() or wanted in each.title.casefold()]

    def state_of(self, environment: Environment) -> EnvironmentState:
        """How it came, and for one that was opened whether its test has failed; `copy` is that of foreign web pages."""
        if environment.name in self._permanent:
            return "fixture"
        if environment.name in self.failed:
            return "failed, kept"
        return "copy" if environment.name.endswith(FOR_PAGES) else "open"

    def for_page(self, environment: Environment) -> Environment:
        """The copy of an environment's baseline for all foreign web pages; made when the first one comes.

        Nothing that it delivers is sent. It ends with the next reset of its original, and when that is closed.
        """
        return environment.for_pages or self._copy_for_pages(environment)

    def _copy_for_pages(self, environment: Environment) -> Environment:
        with self._lock:
            copy = environment.for_pages
            if copy is None:
                name, fixture = environment.name + FOR_PAGES, EnvironmentFixture(environment.baseline, ())
                sharing = self._sharing._replace(capture=_FOR_A_PAGE)
                copy = environment.for_pages = Environment(name, fixture, Clock(self._time), sharing)
                if environment.closed:
                    copy.close()
            return copy

    def open(
        self,
        origin: Environment | Baseline,
        name: str | None = None,
        token: str | None = None,
        schedule: Schedule | None = None,
        title: str = "",
    ) -> Environment:
        """Opens an environment on a baseline or another's; makes a missing name or token. Raises Conflict, Unfit."""
        with self._lock:
            baseline = origin.baseline if isinstance(origin, Environment) else origin
            name = name or self._free_name()
            token = token or "talq_" + secrets.token_hex(12)
            self._check_new(name, token)
            fixture = EnvironmentFixture(baseline, (token,))
            environment = Environment(name, fixture, Clock(self._time), self._sharing, schedule)
            environment.title, environment.journal_start = title, self.default.journal.position
            self._add(environment)
            self._closed_tokens.pop(token, None)
        return environment

    def close(self, name: str) -> Environment:
        """Closes an opened environment; its token is invalid from then on. Raises Missing, Conflict."""
        environment = self.by_name(name)
        if name.endswith(FOR_PAGES):
            self.by_name(name.removesuffix(FOR_PAGES)).end_for_pages()
            return environment
        with self._lock:
            environment = self.by_name(name)
            if name in self._permanent:
                detail = f"environment {brief(name)} comes from the fixture; reset it instead"
                raise Conflict("The environment stays", detail)
            self._remove(name)
        environment.close()
        return environment

    def mark(self, name: str, mark: EnvironmentMark) -> None:
        """Notes whether the test of an opened environment has failed. Raises Missing, Conflict.

        Nothing else about the environment changes. One failure too many closes the environment that was marked first.
        """
        with self._lock:
            state = self.state_of(self.by_name(name))
            if state in ("fixture", "copy"):
                detail = f"environment {brief(name)} was not opened for a test: its state is {state}"
                raise Conflict("No environment of a test", detail)
            if mark == "open":
                self.failed.pop(name, None)
            else:
                self.failed.setdefault(name)
            surplus = [self._remove(each) for each in [*self.failed][:-MOST_FAILED]]
        for each in surplus:
            each.close()

    def _remove(self, name: str) -> Environment:
        """Takes an environment out of the tables. The caller holds the lock, and then closes the environment."""
        environment = self._environments.pop(name)
        self.failed.pop(name, None)
        for token in environment.tokens:
            self._closed_tokens[token] = name
            del self._by_token[token]
        while len(self._closed_tokens) > _MOST_CLOSED_TOKENS:
            del self._closed_tokens[next(iter(self._closed_tokens))]
        return environment

    def follow(self, fixture: Fixture) -> list[str]:
        """Takes an edited fixture. The names of the environments that somebody has changed: they follow when reset.

        Environments that were opened from the fixture follow too; those that it no longer has are closed.
        Raises Conflict for a name or token of an opened environment, and then changes nothing.
        """
        with self._lock:
            self._check_free(fixture)
            added = {name: each for name, each in fixture.items() if name not in self._permanent}
            new = [Environment(name, each, Clock(self._time), self._sharing) for name, each in added.items()]
            gone = [self._environments.pop(name) for name in self._permanent.difference(fixture)]
            known = [self._environments[name] for name in self._permanent.intersection(fixture)]
            moved = {id(each.baseline): fixture[each.name].baseline for each in known}
            following = [(each, each.baseline) for each in self._environments.values() if id(each.baseline) in moved]
            for each, before in following:
                each.baseline = moved[id(before)]
            for each in known:
                each.tokens, each.expired_tokens = fixture[each.name].tokens, fixture[each.name].expired_tokens
            for each in new:
                self._add(each)
            self._closed_tokens.update({token: each.name for each in gone for token in each.tokens})
            self._by_token = {
                token: each for each in self._environments.values() for token in (*each.tokens, *each.expired_tokens)
            }
            for token in self._by_token:
                self._closed_tokens.pop(token, None)
            self._permanent = frozenset(fixture)
        for each in gone:
            each.close()
        return [each.name for each, before in following if not each.follow(before)]

    def _check_free(self, fixture: Fixture) -> None:
        """Raises Conflict where an opened environment has a name or a token of the fixture."""
        opened = [each for name, each in self._environments.items() if name not in self._permanent]
        for name, wanted in fixture.items():
            for each in opened:
                if name == each.name or {*each.tokens}.intersection((*wanted.tokens, *wanted.expired_tokens)):
                    detail = f"environment {each.name} was opened with the name or a token of {name}; close it first"
                    raise Conflict("The environment is taken", detail)

    def stop(self) -> None:
        """Ends every delivery, every wait and every thread. Stopping twice does nothing."""
        with self._lock:
            self._stopped = True
        for environment in self.environments.values():
            environment.close()
        self._pump.stop()

    def _add(self, environment: Environment) -> None:
        self._environments[environment.name] = environment
        for token in (*environment.tokens, *environment.expired_tokens):
            self._by_token[token] = environment
        if self._stopped:
            environment.close()

    def _free_name(self) -> str:
        return next(name for n in self._numbers if (name := f"environment-{n}") not in self._environments)

    def _check_new(self, name: str, token: str) -> None:
        check_name(name)
        if not is_token(token):
            raise Unfit("Bad token", "a token is up to 500 visible ASCII characters without a comma")
        if name in self._environments:
            raise Conflict("The name is taken", f"an environment is already named {brief(name)}; close it first")
        if token in self._by_token:
            other = self._by_token[token].name
            raise Conflict("The token is taken", f"the token already belongs to environment {brief(other)}")
        if len(self._environments) >= MOST_ENVIRONMENTS:
            detail = f"{MOST_ENVIRONMENTS} environments are open, which is the limit; close some"
            raise Conflict("Too many environments", detail)
