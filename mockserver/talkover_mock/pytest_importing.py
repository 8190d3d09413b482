"""Has the package imported as Python does it: the plugin imports this module before any other.

pytest rewrites the asserts of all modules in a plugin's distribution. This package has none, and looking for them would
take a third of a second in every fresh container, where nothing is kept of an earlier run, and a twentieth elsewhere.
"""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType


class _Plainly:
    """A finder before that of pytest."""

    @staticmethod
    def find_spec(fullname: str, path: Sequence[str] | None, target: ModuleType | None = None, /) -> ModuleSpec | None:
        return PathFinder.find_spec(fullname, path, target) if fullname.startswith("talkover_mock.") else None


sys.meta_path.insert(0, _Plainly)
