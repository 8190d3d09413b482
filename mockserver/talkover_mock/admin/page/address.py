"""The address of the page: what it shows, as fields of its query, and the addresses that its links lead to."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from urllib.parse import urlencode

from talkover_mock.admin.routes import deliveries, requests
from talkover_mock.base.words import brief, digits, near_or_all
from talkover_mock.environments.activity import View
from talkover_mock.web.routes import ADMIN

PAGE = ADMIN + "/"
VIEWS: Mapping[View, str] = {"all": "All", "requests": "Requests", "deliveries": "Deliveries", "problems": "Problems"}
WEBHOOKS = "webhooks"
"""The view of a narrow window that shows the webhooks instead of the activity."""
FILTERS: Mapping[str, Sequence[str]] = {
    "requests": tuple(requests.FILTERS),
    "deliveries": tuple(deliveries.FILTERS),
}
"""The words of the admin routes that filter a view."""
TOOLS = ("emit", "calls", "clock", "faults", "snapshots", "reset", "webhook")
_TOOLS = ("tool", "edit", "owner", "what", "fault_method", "fault_path", "fault_event", "fault_webhook")
_RAIL = ("find", "agents", "agent", "from", "fold")
_LIST = ("before", "open")
_POPUP = "environments"
"""The search in the list of environments, which no link keeps."""
_OF_THE_REQUEST = ("environment", "wait", "said")
_WORDS = {word for words in FILTERS.values() for word in words}


class Address:
    """The fields of one query that the page knows; calling it gives the address with some of them changed."""

    def __init__(self, environment: str, given: Iterable[tuple[str, str]]) -> None:
        known = {"show", *_TOOLS, *_RAIL, *_LIST, *_WORDS}
        self.environment = environment
        self._start = f"{PAGE}?{_encoded(('environment', environment))}"
        asked = [(name, value) for name, value in given if name not in _OF_THE_REQUEST]
        self._given = [(name, value) for name, value in asked if name in known and value]
        self._asked = [(name, value) for name, value in asked if name in (*known, _POPUP) or value]
        self.unknown = [name for name, value in asked if name not in (*known, _POPUP)]
        self._known = sorted(known)

    def value(self, name: str) -> str:
        """The first value of a field; empty without one."""
        return next(self.values(name), "")

    def values(self, name: str) -> Iterator[str]:
        return (value for each, value in self._given if each == name)

    @property
    def show(self) -> str:
        """The view as it was asked for: one of VIEWS, or WEBHOOKS."""
        return shown if (shown := self.value("show")) in (*VIEWS, WEBHOOKS) else "all"

    @property
    def view(self) -> View:
        """The view of the activity."""
        return next((view for view in VIEWS if view == self.show), "all")

    @property
    def filters(self) -> list[tuple[str, str]]:
        """The words that filter the view."""
        words = FILTERS.get(self.view, ())
        return [(name, value) for name, value in self._given if name in words]

    def __call__(self, **changes: str | None) -> str:
        """The address with other values of these fields; None leaves a field out. `from_` stands for `from`."""
        new = {name.rstrip("_"): value for name, value in changes.items()}
        kept = [(name, value) for name, value in self._given if name not in new]
        return self._of([*kept, *((name, value) for name, value in new.items() if value)])

    @property
    def asked(self) -> str:
        """The address that shows just this again, with what a link does not keep."""
        return self._of(self._asked)

    def mistakes(self) -> list[str]:
        """What the page does not understand of the address, each in a sentence with the nearest word."""
        views = (*VIEWS, WEBHOOKS)
        found = [f"unknown word {brief(name)} in the address{near_or_all(name, self._known)}" for name in self.unknown]
        for name, words in {"show": views, "tool": TOOLS}.items():
            value = self.value(name)
            if value and value not in words:
                found.append(f"unknown {name} {brief(value)}{near_or_all(value, words)}")
        if self.show != WEBHOOKS:
            fitting = FILTERS.get(self.view, ())
            names = dict.fromkeys(name for name, _ in self._given if name in _WORDS and name not in fitting)
            found += [
                f"{name} does not filter {VIEWS[self.view]}{near_or_all(name, fitting) if fitting else ''}"
                for name in names
            ]
        numbers = [name for name in ("before", "agents", "from") if self.value(name)]
        found += [
            f"{name} must be a number (got {brief(self.value(name))})"
            for name in numbers
            if digits(self.value(name)) is None
        ]
        return found

    def viewing(self, show: str, **filters: str) -> str:
        """Another view, with these filters, of the same webhooks and tool."""
        kept = [(name, value) for name, value in self._given if name in (*_RAIL, "tool")]
        return self._of([*kept, ("show", show), *filters.items()])

    def tool(self, name: str, **fields: str) -> str:
        """The same with another tool open, or with none."""
        kept = [(each, value) for each, value in self._given if each not in _TOOLS]
        return self._of([*kept, *([("tool", name)] if name else []), *fields.items()])

    def switched(self, name: str, value: str) -> str:
        """The same with one value more of a repeated field (`open`, `fold`), or without the value if it is there."""
        pair = (name, value)
        return self._of([each for each in self._given if each != pair] if pair in self._given else [*self._given, pair])

    def only(self, id: str) -> str:
        """The address of one row, to send to a colleague."""
        return self._of([("open", id)]) + f"#{id}"

    def hidden(self, *names: str) -> list[tuple[str, str]]:
        """The fields that a form of these names has to send along."""
        return [("environment", self.environment), *((each, value) for each, value in self._given if each not in names)]

    def _of(self, fields: list[tuple[str, str]]) -> str:
        return "&".join((self._start, *map(_encoded, fields)))


@lru_cache(maxsize=1_000)
def _encoded(field: tuple[str, str]) -> str:
    """One field as a query has it; a page has the same ones in each of its many links."""
    return urlencode([field])
