"""Makes applications faster: tests create thousands, all with the same templates and the same routes."""

from collections.abc import Iterator
from typing import Any, ClassVar

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.routing import Map, Rule


class _Templates(BytecodeCache):
    """Compiled templates in memory."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


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
    """Compiles each template and each route once in a process."""
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": _Templates()}
    Flask.url_rule_class = _Rule
