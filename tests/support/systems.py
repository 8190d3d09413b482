"""What tests need of the system and its Python: on one that lacks it, the module is left out, with a reason."""

import os
import socket
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

POSIX = "a POSIX system: signals, pipes, forks, devices, or a shell"
LINUX = "Linux: its /proc, and sizes in its units"
TOOLS = "Python 3.11 or newer: schemathesis, which asks from outside, has no release for an older one"
HAS = {POSIX: os.name == "posix", LINUX: Path("/proc/self/status").exists(), TOOLS: sys.version_info >= (3, 11)}

NEEDS = {
    "deliveries/test_lookups": POSIX,
    "doors/test_client_originals": POSIX,
    "doors/test_env_command": POSIX,
    "doors/test_log": POSIX,
    "doors/test_remote_refusals": POSIX,
    "doors/test_serve": POSIX,
    "doors/test_serve_port_file": POSIX,
    "doors/test_serve_process": LINUX,
    "doors/test_watch": POSIX,
    "loading/test_fixture_limits": LINUX,
    "page/test_page_copying": POSIX,
    "page/test_page_hostile": POSIX,
    "web/test_forks": POSIX,
    "web/test_waits": POSIX,
    "whole/test_beside_others": POSIX,
    "whole/test_bounds": LINUX,
    "whole/test_container": POSIX,
    "whole/test_openapi_fuzzing": TOOLS,
    "whole/test_package": POSIX,
    "whole/test_readme": POSIX,
    "whole/test_scaling": POSIX,
    "whole/test_soak": LINUX,
    "whole/test_surroundings": POSIX,
    "whole/test_workflows": POSIX,
}
"""By the path below tests/, without its ending. Whatever is not named here must run everywhere."""


class LeftOut(pytest.Module):
    """A module of tests that is not even imported."""

    reason = ""

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        pytest.skip(self.reason, allow_module_level=True)


def left_out(path: Path, parent: pytest.Collector) -> LeftOut | None:
    """The module as one that is left out, or None where this system has what it needs."""
    needed = NEEDS.get("/".join(path.with_suffix("").parts[-2:]))
    if needed is None or HAS[needed]:
        return None
    module: LeftOut = LeftOut.from_parent(parent, path=path)
    module.reason = f"needs {needed}"
    return module


def can_listen_on(host: str) -> bool:
    """Whether this machine has the address. Without further set-up, macOS has no loopback address but 127.0.0.1."""
    try:
        socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError:
        return False
    return True


needs_second_loopback = pytest.mark.skipif(not can_listen_on("127.0.0.2"), reason="needs the address 127.0.0.2")
