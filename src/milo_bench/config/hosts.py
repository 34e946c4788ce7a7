"""The host of an address as a person wrote it in, its one spelling and whether it is of the team's own network out."""

from __future__ import annotations

import re
import socket
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from milo_bench.config.checked import Mistake

_NUMBERS = re.compile(r"(?:0x[0-9a-f]+|[0-9]+)(?:\.(?:0x[0-9a-f]+|[0-9]+)){0,3}")


def is_http_address(url: str) -> bool:
    """Whether ``url`` is an http or https address with a host and a port that exist."""
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in ("http", "https")
            and bool(canonical_host(parts.hostname or ""))
            and parts.port != 0
            and not any(ord(char) <= 32 or ord(char) == 127 for char in url)
        )
    except ValueError:
        return False


def canonical_host(host: str) -> str:
    """ASCII in lower case; an IPv4 address in any of the forms that resolvers take (decimal, octal, hexadecimal, short,
    full-width digits) as four decimal numbers; an IPv6 zone after ``%``. Raises Mistake for what is not a host.
    """
    if ":" in host:
        return host.replace("%25", "%").lower()
    try:
        plain = host.lower() if host.isascii() else host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise Mistake("is not a host name") from None
    numbers = plain.removesuffix(".")  # 134744072. is that address too, whatever a resolver would make of it
    if _NUMBERS.fullmatch(numbers):
        try:
            return socket.inet_ntoa(socket.inet_aton(numbers))
        except OSError:
            raise Mistake("is not an IPv4 address") from None
    return plain


def is_inside(address: str) -> bool:
    """Whether ``address`` (IPv4 or IPv6, resolved) is not routed publicly: private, loopback, link-local or shared."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if isinstance(found, IPv6Address) and found.teredo is not None:
        return False  # a tunnel over public addresses, whatever its own is called
    return not found.is_global and not found.is_multicast
