"""What the mock does, how sure that is, and the probes that show it: the contents of conformance.yaml."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import yaml

from talkover_mock.base.own_files import own_file
from talkover_mock.base.shapes.values import Basis

_READING = ("GET", "HEAD", "OPTIONS")
ABSENT: Any = object()
"""Stands for a body that a probe does not compare."""


class Ask(NamedTuple):
    """A request; `path` is below `/api/v1`, with placeholders. A header that is None is left out."""

    method: str
    path: str
    headers: Mapping[str, str | None]
    body: str

    @property
    def reads(self) -> bool:
        return self.method in _READING


class Expected(NamedTuple):
    """What comes back. A header that is None must be absent; `layout` is `compact`, `indented` or empty."""

    status: int
    headers: Mapping[str, str | None]
    body: Any
    layout: str
    lacks: str


class Probe(NamedTuple):
    """One request whose answer shows a behaviour. `needs` is the kind of server that it is for; empty for any.

    `teaches` names the setting that another status in the answer reveals; it may be empty. `page` is the answer on a
    page of the vendor's that the mock does not follow.
    """

    ask: Ask
    first: Sequence[Ask]
    expected: Expected
    needs: str
    teaches: str
    page: Expected | None

    @property
    def reads(self) -> bool:
        """Whether it changes nothing."""
        return self.ask.reads and not self.first


class Behaviour(NamedTuple):
    """One behaviour of the mock; `setting` is the key of the fixture's `settings` that overrides it.

    `versions` are those in which it was measured; `pages` says where the vendor's pages contradict each other;
    `unproven` says why there are no probes; `heard` names what a delivery shows of it.
    """

    subject: str
    text: str
    basis: Basis
    setting: str | None
    versions: str | None
    pages: str | None
    unproven: str | None
    heard: str | None
    probes: Sequence[Probe]


class Conformance(NamedTuple):
    """The behaviours in their order, and the shapes that have a name."""

    behaviours: Sequence[Behaviour]
    shapes: Mapping[str, Any]


@lru_cache(maxsize=1)
def conformance() -> Conformance:
    """Reads the file when it is first asked for."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C is much faster
    document = yaml.load(own_file("conformance.yaml").decode(), loader)  # noqa: S506
    rows = [(subject, row) for subject, rows in document["behaviours"].items() for row in rows]
    return Conformance([_behaviour(subject, row) for subject, row in rows], document["shapes"])


def _behaviour(subject: str, row: Mapping[str, Any]) -> Behaviour:
    notes = {name: row.get(name) for name in ("setting", "versions", "pages", "unproven", "heard")}
    probes = tuple(_probe(each) for each in row.get("probes", ()))
    return Behaviour(subject=subject, text=row["text"], basis=row["basis"], probes=probes, **notes)


def _probe(given: Mapping[str, Any]) -> Probe:
    first, page = [_ask(each) for each in given.get("first", ())], given.get("page")
    by_page = _expected({**given, **page}) if page else None
    return Probe(_ask(given), first, _expected(given), given.get("needs", ""), given.get("teaches", ""), by_page)


def _expected(given: Mapping[str, Any]) -> Expected:
    return Expected(
        given["status"],
        given.get("headers", {}),
        given.get("body", ABSENT),
        given.get("layout", ""),
        given.get("lacks", ""),
    )


def _ask(given: Mapping[str, Any]) -> Ask:
    method, _, path = given["ask"].partition(" ")
    headers = {"Authorization": "Bearer {token}", **given.get("with", {})}
    body = given.get("raw") or given.get("form") or ""
    if "json" in given:
        headers["Content-Type"], body = "application/json", json.dumps(given["json"])
    elif "form" in given:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    return Ask(method, path, headers, body)
