"""Decides where deliveries may really go: to this machine and its network, and elsewhere only when allowed."""

import socket
from collections.abc import Container, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import urlsplit

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
_LOCAL_NAMES = ("host.docker.internal",)


class Captured(Exception):
    """The delivery is captured instead of sent; the text says why."""


class Unresolved(Exception):
    """The name has no address."""


class Target(NamedTuple):
    """A host to connect to: its `addresses` are tried in turn, without another look-up."""

    host: str
    port: int
    addresses: tuple[str, ...]


def resolve(url: str, deliver_to: Sequence[str] = (), own_ports: Container[int] = ()) -> Target:
    """The target of an http or https URL. Raises Unresolved, and Captured: without a look-up where the name decides.

    Allowed are loopback and private addresses, names of one label (containers have them), `host.docker.internal`, and
    any address of a host in `deliver_to` but metadata addresses. The mock itself, on one of its `own_ports`, is never
    called: a web page may create webhooks, and could so drive the admin routes.
    """
    parts = urlsplit(url)
    host = ascii_name(parts.hostname or "").rstrip(".")
    port = parts.port if parts.port is not None else 443 if parts.scheme == "https" else 80
    opened = host in {name.lower().rstrip(".") for name in deliver_to}
    literal = _literal(host)
    if literal and _is_metadata(literal):
        raise Captured(f"{host} is a link-local or metadata address; such addresses are never called")
    if not (opened or _is_near(host, literal)):
        raise Captured(f"{host} is not on this machine or network; start with --deliver-to {host} to deliver there")
    addresses = [address for address in _addresses(host, port) if _may_be_called(address, opened)]
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
    return "." not in host or host in _LOCAL_NAMES or host.endswith(".localhost")


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


def _addresses(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unresolved(str(error)) from None
    literals = (_literal(str(sockaddr[0])) for *_, sockaddr in found)
    return list(dict.fromkeys(address for address in literals if address is not None))


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
