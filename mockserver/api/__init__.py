"""The families of the API: every module here has `register(api)`, which declares its routes.

It may have a `SECTION` too: what fixtures then hold of it beside agents.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

from mockserver.sections import Section


def families() -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(__path__, __name__ + "."):
        yield importlib.import_module(found.name)


def sections() -> list[Section]:
    return [family.SECTION for family in families() if hasattr(family, "SECTION")]
