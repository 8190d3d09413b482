"""Makes applications faster: tests create thousands, all with the same routes."""

from collections.abc import Iterator
from threading import Lock
from typing import Any, ClassVar

from flask import Flask
from werkzeug.routing import Map, Rule, RuleFactory


class _Rule(Rule):
    """A rule that is compiled once for all maps that have its like."""

    _compiled: ClassVar[dict[tuple[Any, ...], Rule]] = {}

    def get_rules(self, map: Map) -> Iterator[Rule]:
        automatic = getattr(self, "provide_automatic_options", None)  # set by Flask
        options = (map.strict_slashes, map.merge_slashes, map.host_matching, automatic)
        yield self._compiled.setdefault((self.rule, self.endpoint, *sorted(self.methods or ()), *options), self)

    def bind(self, map: Map, rebind: bool = False) -> None:
        if self.map is None or rebind:
            super().bind(map, rebind)


class _Map(Map):
    """A map that takes its rules in when it is first asked. Calls of the API never ask it: Flask does not see them."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._late: list[RuleFactory] = []
        self._adding = Lock()
        super().__init__(*arguments, **options)

    def add(self, rulefactory: RuleFactory) -> None:
        self._late.append(rulefactory)

    def update(self) -> None:
        with self._adding:
            late, self._late = self._late, []
            for each in late:
                super().add(each)
        super().update()


def remember_what_is_compiled() -> None:
    """Compiles each route once in a process, and only for an application that is asked for it."""
    Flask.url_rule_class = _Rule
    Flask.url_map_class = _Map
