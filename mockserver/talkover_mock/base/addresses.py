"""Names and addresses of this machine, as programs on it and in its containers know it; URLs as they may be shown."""

import re
from collections.abc import Collection

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
CONTAINER_HOSTS = ("host.docker.internal", "host.containers.internal", "host.testcontainers.internal")
"""The names by which containers know the machine that runs them: Docker's, Podman's and Testcontainers'."""
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""The addresses of a server that listens on every address, each with the local one under which it answers."""
LAST_PORT = 65535

_USER = re.compile(r"((?<=:)/{1,2}|\A/{0,2})(?:[^/?#\s\"']*@|[^/?#\s:\"']*:(?![0-9]*(?:[/?#\s\"']|$))[^\s\"']*@)")
"""The name and the password of a URL, also of one that has them in a wrong way, such as with a slash in them."""


def url_of(host: str, port: int) -> str:
    """The URL of a server bound to `host`: `http://127.0.0.1:7357`; the local one if it is bound to every address."""
    host = EVERYWHERE.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def check_host(host: object) -> None:
    """Raises ValueError for what is no host to listen on: sockets take the empty text for every address."""
    if not isinstance(host, str) or not host:
        text = "a host to listen on is a name or an address, such as 127.0.0.1, or 0.0.0.0 for every address"
        raise ValueError(f"{text} (got {host!r:.80})")


def check_port(port: object) -> None:
    """Raises ValueError for what is no port to listen on: some systems listen on another one then."""
    if type(port) is not int or not 0 <= port <= LAST_PORT:
        raise ValueError(f"a port is a number from 0 to {LAST_PORT}, 0 for a free one (got {port!r:.80})")


def check_hosts(hosts: object) -> None:
    """Raises ValueError for anything but several hosts: the characters of one would be hosts that nobody has."""
    if not isinstance(hosts, Collection) or isinstance(hosts, str) or not all(isinstance(each, str) for each in hosts):
        raise ValueError(f'deliver_to is a list of hosts, such as ["example.com"] (got {hosts!r:.80})')


def without_password(text: str) -> str:
    """The text with its URLs as they may be shown: without names and passwords."""
    return _USER.sub(r"\1", text) if "@" in text else text
