"""Where bytes would really go in, whether that is inside the team's own network out; decided on resolved addresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import Any, Final

from milo_bench.config.hosts import is_inside
from milo_bench.config.settings import is_own_network
from milo_bench.core.text import one_line

_FORWARDED: Final = "x-litellm-model-api-base"  # where LiteLLM's proxy sent the request on to
# Fields that public APIs, and the delivery networks before them, put into an answer; proxies hand them on.
_PUBLIC: Final = {
    "openai-processing-ms": "OpenAI",
    "openai-organization": "OpenAI",
    "anthropic-organization-id": "Anthropic",
    "x-groq-region": "Groq",
    "mistral-correlation-id": "Mistral",
    "azureml-model-session": "Azure",
    "apim-request-id": "Azure",
    "x-amzn-requestid": "Amazon",
    "cf-ray": "Cloudflare",
    "x-amz-cf-id": "Amazon CloudFront",
}
_SIGNS: Final = frozenset(_PUBLIC)


class LeavesNetworkError(OSError):
    """The next hop of a target that is not called hosted is outside the team's own network."""


def require_inside(host: str, resolved: Sequence[str]) -> None:
    """Raises LeavesNetworkError where any of the addresses that ``host`` resolved to is outside."""
    for address in resolved:
        if not is_inside(address):
            raise LeavesNetworkError(f"{host} is {address}, which is outside your network")


def forwarded_to(headers: Mapping[str, str]) -> str:
    """The server outside the team's own network that a proxy says it sent a request on to; "" where it says none."""
    return outside(headers[_FORWARDED]) if _FORWARDED in headers else ""


def public_sign(headers: Mapping[str, str]) -> str:
    """Who outside wrote a field of this answer, and which: ``Cloudflare ('cf-ray')``; "" where none is known."""
    if _SIGNS.isdisjoint(headers):
        return ""
    found = next(name for name in _PUBLIC if name in headers)
    return f"{_PUBLIC[found]} ('{found}')"


def outside(place: object) -> str:
    """``place``, an address with or without its scheme, where it is outside the team's own network; else ""."""
    if not isinstance(place, str) or not place.strip():
        return ""
    url = place.strip() if "://" in place else f"https://{place.strip()}"
    return "" if is_own_network(url) else one_line(url.partition("?")[0].rpartition("@")[2], 100)


def is_excepted(host: str, port: int, entries: str) -> bool:
    """Whether a NO_PROXY list covers ``host``: names with their subdomains, addresses, networks (10.0.0.0/8), ``*``."""
    try:
        literal: Any = ip_address(host)
    except ValueError:
        literal = None
    dotted = f".{host.casefold()}"
    for entry in (one.strip().casefold() for one in entries.split(",")):
        name, _, only_port = entry.rpartition(":") if entry.count(":") == 1 else (entry, "", "")
        if only_port and only_port != str(port):
            continue
        if name == "*":
            return True
        if literal is not None:
            try:
                if literal in ip_network(name.strip("[]"), strict=False):
                    return True
            except ValueError:
                pass
        suffix = name.removeprefix("*").lstrip(".")
        if suffix and dotted.endswith(f".{suffix}"):
            return True
    return False
