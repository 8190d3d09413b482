"""What the system tells of a process: the time, the memory and the threads that it has used."""

import os
import re
from pathlib import Path

from benchmarks.figures import LeftOut


def processor_seconds(process: int) -> float:
    """Of the process itself, and of the system for it. Raises LeftOut."""
    fields = _read(process, "stat").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_megabytes(process: int) -> float:
    """Raises LeftOut."""
    return _status(process, "VmRSS") * 1024 / 1e6


def thread_count(process: int) -> int:
    """Raises LeftOut."""
    return _status(process, "Threads")


def _status(process: int, name: str) -> int:
    found = re.search(rf"^{name}:\s*(\d+)", _read(process, "status"), re.MULTILINE)
    return int(found[1]) if found else 0


def _read(process: int, name: str) -> str:
    try:
        return Path(f"/proc/{process}/{name}").read_text()
    except FileNotFoundError:
        raise LeftOut("only Linux tells here what a process uses") from None
