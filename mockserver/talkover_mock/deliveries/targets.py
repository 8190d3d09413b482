"""Decides where deliveries may really go: to this machine and its network, and elsewhere only when allowed."""

import posixpath
import re
import socket
from collections.abc import Callable, Container, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from talkover_mock.base.addresses import CONTAINER_HOSTS

Address = IPv4Address | IPv6Address


def _networks(*names: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(map(ip_network, names))


_NEAR = _networks(
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "0.0.0.0",
    "::1",
    "fc00::/7",
    "::",
)
"""Loopback and private addresses, and the unspecified addresses, which reach this machine too.

Not the library's `is_private`, which also counts addresses for documentation, and more with each version of Python.
"""
_METADATA = _networks(
    "169.254.0.0/16",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "fe80::/10",
    "fd00:ec2::/32",
    "fd00:c1::/32",
    "fd20:ce::/32",
)
"""Link-local addresses, and the other addresses at which clouds serve credentials."""
_NAT64 = ip_network("64:ff9b::/96")
_LOOPBACK = ("127.0.0.1", "::1")
_ADMIN = "__admin"
_AFTER_A_NAME = re.compile("[;?#\0][^/]*")
"""Parameters of a step of a path, and what ends a path for a server that decodes it first."""
_MOST_DECODED = 5
"""How often a path is decoded: a proxy on the way may decode it once more than its receiver."""


class Captured(Exception):
    """The delivery is captured instead of sent; the text says why."""


class Unresolved(Exception):
    """The name has no address."""


class Target(NamedTuple):
    """A host to connect to: its `addresses` are tried in turn, without another look-up."""

    host: str
    port: int
    addresses: tuple[str, ...]


def look_up(host: str, port: int) -> list[str]:
    """The addresses of a name, in the system's order. Raises Unresolved."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unresolved(str(error)) from None
    return [str(address[0]) for *_, address in found]


def resolve(
    url: str,
    deliver_to: Sequence[str] = (),
    own_ports: Container[int] = (),
    look_up: Callable[[str, int], list[str]] = look_up,
) -> Target:
    """The target of an http or https URL. Raises Unresolved, and Captured: without a look-up where the URL decides.

    Allowed are loopback and private addresses, names of one label (containers have them), `CONTAINER_HOSTS`, and
    any address of a host in `deliver_to` but metadata addresses. The admin routes of any mock, and this mock itself on
    one of its `own_ports`, are never called: a webhook could drive them past the guard against web pages.
    """
    parts = urlsplit(url)
    if _is_admin(parts.path):
        raise Captured(f"the path is /{_ADMIN} or below it; the admin routes of a mock server are never called")
    host = ascii_name(parts.hostname or "").rstrip(".")
    port = parts.port if parts.port is not None else 443 if parts.scheme == "https" else 80
    opened = host in {name.lower().rstrip(".") for name in deliver_to}
    literal = _literal(host)
    if literal and _is_metadata(literal):
        raise Captured(f"{host} is a link-local or metadata address; such addresses are never called")
    if not (opened or _is_near(host, literal)):
        raise Captured(f"{host} is not on this machine or network; start with --deliver-to {host} to deliver there")
    found = [host] if literal else _with_other_loopback(host, look_up(host, port))
    literals = dict.fromkeys(address for address in map(_literal, found) if address is not None)
    addresses = [address for address in literals if _may_be_called(address, opened)]
    if not addresses:
        raise Captured(f"{host} has no address that may be called")
    if port in own_ports and any(map(_is_own, addresses)):
        raise Captured("the target is the mock server itself, and it never delivers to itself")
    return Target(host, port, tuple(map(str, addresses)))


def ascii_name(host: str) -> str:
    """A host's name in ASCII, as it is looked up; full stops of other scripts become dots. Raises Unresolved."""
    try:
        return host if host.isascii() else host.encode("idna").decode()
    except UnicodeError as error:
        raise Unresolved(str(error)) from None


def _is_near(host: str, literal: Address | None) -> bool:
    if literal is not None:
        return _may_be_called(literal, opened=False)
    return "." not in host or host in CONTAINER_HOSTS or host.endswith(".localhost")


def _may_be_called(address: Address, opened: bool) -> bool:
    if _is_metadata(address):
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return opened or any(address in network for network in _NEAR)


def _is_metadata(address: Address) -> bool:
    """Whether it is a metadata address, also when an IPv6 address wraps it: mapped, 6to4, or NAT64."""
    forms: list[Address | None] = [address]
    if isinstance(address, IPv6Address):
        forms += [address.ipv4_mapped, address.sixtofour]
        forms += [IPv4Address(int(address) & 0xFFFFFFFF)] if address in _NAT64 else []
    return any(form in network for form in forms if form is not None for network in _METADATA)


def _is_admin(path: str) -> bool:
    """Whether some server or proxy may take the path for `/__admin` or below: decoded, and as it is or normalized."""
    for _ in range(_MOST_DECODED):
        path, encoded = unquote(path), path
        plain = _AFTER_A_NAME.sub("", path.replace("\\", "/")).lstrip("/")
        for each in (plain, posixpath.normpath("/" + plain).lstrip("/")):
            if each.partition("/")[0].lower() == _ADMIN:
                return True
        if path == encoded:
            break
    return False


def _with_other_loopback(host: str, found: list[str]) -> list[str]:
    """For `localhost`, both loopback addresses: an application may listen on the one that the system does not name."""
    if host == "localhost" or host.endswith(".localhost"):
        return [*found, *(each for each in _LOOPBACK if set(found) & set(_LOOPBACK))]
    return found


def _is_own(address: Address) -> bool:
    """Whether this machine has the address: only its own can be bound."""
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((str(address), 0))
        except OSError:
            return False
    return True


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
