"""A base URL in, where to connect and what may be shown of it out."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import quote, urlsplit

from milo_bench.config.hosts import canonical_host
from milo_bench.core.errors import ConfigError

_PATH: Final = "/%~:@!$&'()*+,;="  # what a path may have as it is; an escape stays one


@dataclass(frozen=True)
class Address:
    """A server's place. ``path`` has no slash at its end; user info and query are not kept."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def tls(self) -> bool:
        return self.scheme == "https"

    @property
    def host_header(self) -> str:
        host = f"[{self.host.partition('%')[0]}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"

    @property
    def shown(self) -> str:
        """Scheme, host and port: what a record and an error may say."""
        return f"{self.scheme}://{self.host_header}"

    @property
    def is_loopback(self) -> bool:
        try:
            found = ip_address(self.host)
            return (getattr(found, "ipv4_mapped", None) or found).is_loopback
        except ValueError:
            name = self.host.removesuffix(".")
            return name == "localhost" or name.endswith(".localhost")


def parse_address(url: str) -> Address:
    """Split ``url``. Raises ConfigError where it is no http or https address."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, canonical_host(parts.hostname or "")
    except ValueError:
        parts, port, host = urlsplit(""), None, ""
    if parts.scheme not in ("http", "https") or not host or _has_control(url):
        message = "A base_url is not an http or https address."
        raise ConfigError(message, hint="write http://HOST:PORT or https://HOST, e.g. http://127.0.0.1:8080/v1")
    if parts.username or parts.password:
        message = f"The base_url of {parts.hostname} carries a user name or password."
        raise ConfigError(message, hint="put the key into an environment variable and set api_key_env: MY_KEY")
    default = 443 if parts.scheme == "https" else 80
    return Address(parts.scheme, host, port or default, quote(parts.path.rstrip("/"), safe=_PATH))


def ollama_url(value: str) -> str:
    """``OLLAMA_HOST`` as an address to connect to.

    It is also the address that Ollama binds: it may lack scheme and port, and 0.0.0.0 or ::
    mean every interface, of which the loopback is the one to call.
    """
    text = value.strip().strip("\"'") or "127.0.0.1"
    if "://" not in text:
        text = f"http://{text}"
    scheme, _, rest = text.partition("://")
    authority, slash, path = rest.partition("/")
    if authority.count(":") > 1 and not authority.startswith("["):
        authority = f"[{authority}]"
    host, colon, port = authority.rpartition(":")
    if not colon or authority.endswith("]"):
        host, port = authority, ""
    host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)  # noqa: S104  # mapped, not bound
    default = {"http": "11434", "https": "443"}.get(scheme, "11434")
    return f"{scheme}://{host}:{port or default}{slash}{path}".rstrip("/")


def _has_control(url: str) -> bool:
    return any(ord(char) <= 32 or ord(char) == 127 for char in url)
