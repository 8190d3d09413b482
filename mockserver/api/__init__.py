"""The families of the API: every module here has `register(api)`, which declares its routes."""

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType


def families() -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(__path__, __name__ + "."):
        yield importlib.import_module(found.name)
