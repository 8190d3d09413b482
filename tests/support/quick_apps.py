"""Makes applications faster: tests create thousands, all with the same routes."""

from collections.abc import Iterator
from typing import Any, ClassVar

from flask import Flask
from werkzeug.routing import Map, Rule


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


def remember_what_is_compiled() -> None:
    """Compiles each route once in a process."""
    Flask.url_rule_class = _Rule
