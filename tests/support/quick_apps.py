"""Makes applications faster: tests create thousands, all with the same templates."""

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache


class _Templates(BytecodeCache):
    """Compiled templates in memory."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


def remember_what_is_compiled() -> None:
    """Compiles each template once in a process."""
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": _Templates()}
