"""The families of the API: every module in `routes` has `register(api)`, which declares its routes."""

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import talkover_mock.api.routes


def families() -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(talkover_mock.api.routes.__path__, "talkover_mock.api.routes."):
        yield importlib.import_module(found.name)
