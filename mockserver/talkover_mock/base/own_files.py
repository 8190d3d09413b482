"""The files that are installed with the package."""

from importlib.machinery import SourceFileLoader
from pathlib import Path

_FOLDER = Path(__file__).parents[1]
_LOADER = SourceFileLoader(__name__, __file__)
"""The import system's way to read a file: libraries that fake the file system in a test leave it alone."""


def own_file(name: str) -> bytes:
    """The bytes of a file in the package's folder."""
    return _LOADER.get_data(str(_FOLDER / name))
