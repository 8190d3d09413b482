"""`python -m benchmarks [SUBJECT...]` prints the figures of these subjects, or of all."""

import importlib
import pkgutil
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from types import ModuleType

from benchmarks.figures import HEADING, LeftOut


def main(names: Sequence[str]) -> int:
    """The exit code: a figure that misses its goal is no failure, since the machine may be busy."""
    subjects = _subjects()
    unknown = [name for name in names if name not in subjects]
    if unknown:
        print(f"no such subject: {', '.join(unknown)}; there are {', '.join(subjects)}", file=sys.stderr)
        return 2
    begin = perf_counter()
    print(HEADING)
    verdicts = [_print(name, subjects[name]) for name in names or subjects]
    print(f"{sum(verdicts)} missed, in {perf_counter() - begin:.0f} seconds")
    return 0


def _print(name: str, subject: ModuleType) -> int:
    """Prints each figure once it is measured; returns how many missed their goals."""
    missed = 0
    try:
        for figure in subject.measure():
            print(figure.line(name), flush=True)
            missed += figure.missed
    except LeftOut as reason:
        print(f"{name:10} LEFT OUT from here on: {reason}", flush=True)
    return missed


def _subjects() -> dict[str, ModuleType]:
    found = (each.name for each in pkgutil.iter_modules([str(Path(__file__).parent)]) if each.name != "__main__")
    modules = {name: importlib.import_module(f"benchmarks.{name}") for name in found}
    return {name: module for name, module in modules.items() if hasattr(module, "measure")}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
