"""Takes out of an account what no fixture can have, and notes it by its record and key, without its value."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from talkover_mock.base.words import brief, number_of, printable
from talkover_mock.dialect.reasons import Path
from talkover_mock.learning.writing import literal
from talkover_mock.loading.fixture import read_fixture
from talkover_mock.loading.mistakes import FixtureError, Source, shown
from talkover_mock.loading.variables import filled

_MOST_NOTES = 100
_REQUIRED = ("id", "name", "webhook_url", "events", "agent_id")
"""Keys without which a record is left out whole."""
_Record = dict[str, Any]
_Around = Callable[[_Record], Any]
"""Makes a fixture with one record in it."""


class Sieve:
    """Lets through what a fixture can have. Each record is looked at alone: a bad one takes no other with it."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._notes: list[str] = []
        self._count = 0

    @property
    def notes(self) -> list[str]:
        """What was left out: the first 100 notes, and the number of the others."""
        more = self._count - len(self._notes)
        return [*self._notes, *([f"Left out: {more} more values and records."] if more else [])]

    def sifted(self, document: Mapping[str, Sequence[_Record]]) -> dict[str, list[_Record]]:
        """The agents and campaigns that are left, with their webhooks."""
        agents = self._owners("agent", document["agents"], lambda own: {"agents": [own]})
        known = {agent["id"] for agent in agents}

        def of_campaign(own: _Record) -> dict[str, Any]:
            its = own.get("agent_id")
            return {"agents": [{"id": its, "name": "A"}] if its in known else [], "campaigns": [own]}

        campaigns = self._owners("campaign", document.get("campaigns", ()), of_campaign)
        return {"agents": agents, **({"campaigns": campaigns} if campaigns else {})}

    def _owners(self, kind: str, records: Sequence[_Record], around: _Around) -> list[_Record]:
        found = []
        for record in records:
            said, hooks = f"{kind} {brief(record.get('id'))}", record["webhooks"]
            bare = {key: value for key, value in record.items() if key != "webhooks"}
            own = self._kept(said, bare, around, (f"{kind}s", 0))
            if own:
                found.append({**own, "webhooks": self._webhooks(said, kind, own, hooks, around)})
            elif hooks:
                self._note(f"{number_of(len(hooks), 'webhook')} of {said}", f"the {kind} is")
        return found

    def _webhooks(self, of: str, kind: str, own: _Record, hooks: Sequence[_Record], around: _Around) -> list[_Record]:
        slim = {key: own[key] for key in _REQUIRED if key in own}
        place = (f"{kind}s", 0, "webhooks", 0)

        def around_one(hook: _Record) -> Any:
            return around({**slim, "webhooks": [hook]})

        kept = (self._kept(f"webhook {brief(each.get('id'))} of {of}", each, around_one, place) for each in hooks)
        return [each for each in kept if each]

    def _kept(self, said: str, record: _Record, around: _Around, place: Path) -> _Record | None:
        """The record without what a fixture can't have; None of a record that can't be without that."""
        while paths := _mistakes(around(record)):
            steps = sorted({path[len(place) :] for path in paths}, key=_order, reverse=True)
            for each in steps:
                if not each or (len(each) == 1 and each[0] in _REQUIRED) or not _drop(record, each):
                    key = f" under {printable(str(each[0]))}" if each else ""
                    self._note(said, f"a fixture can't have what the API tells of it{key}")
                    return None
                self._note(f"{printable(shown(each))} of {said}", "a fixture can't have what the API tells there")
        if record["id"] in self._ids:
            self._note(said, "another record has its id")
            return None
        self._ids.add(record["id"])
        return record

    def _note(self, what: str, why: str) -> None:
        self._count += 1
        if self._count <= _MOST_NOTES:
            self._notes.append(f"Left out: {what}, since {why}.")


def _mistakes(document: Any) -> list[Path]:
    """The places of what a fixture can't have; the text is there for the dollars that `literal` writes twice."""
    try:
        read_fixture([filled(Source("the account", "$", literal(document)), {})])
    except FixtureError as error:
        return [each.steps for each in error.mistakes]
    return []


def _order(path: Path) -> list[tuple[bool, int, str]]:
    """Later items of a list come after earlier ones: they are dropped first."""
    return [(isinstance(step, int), step if isinstance(step, int) else 0, str(step)) for step in path]


def _drop(record: Any, path: Path) -> bool:
    """Drops the value at a path; false where none is."""
    *above, last = path
    try:
        for step in above:
            record = record[step]
        del record[last]
    except (LookupError, TypeError):
        return False
    return True
