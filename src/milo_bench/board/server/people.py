"""A token, a cookie or a proxy's header in, the person who asks out, with what that person can do."""

from __future__ import annotations

import hmac
import time
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_address
from typing import Final, Literal

import msgspec
from starlette.requests import Request

from milo_bench.core.records import Frozen
from milo_bench.core.text import visible
from milo_bench.store.state import Engine
from milo_bench.store.state.people import (
    MOST_NAME,
    RIGHTS,
    Right,
    find_person,
    person_named,
    token_hash,
    token_hash_of,
)

SESSION_S: Final = 14 * 86_400


class BoardPerson(Frozen, frozen=True):
    """Who asks. ``name`` goes with every verdict, comment and answer."""

    name: str
    rights: tuple[Right, ...] = RIGHTS
    token: str = ""  # the hash of the person's token, which a session ends with; "" for the owner
    way: Literal["session", "bearer", "proxy"] = "session"

    def may(self, right: Right) -> bool:
        return right in self.rights


@dataclass(frozen=True)
class ProxyHeader:
    """The header in which a proxy that signs people in names them; it is believed from ``peers`` alone."""

    name: str
    peers: tuple[str, ...] = ("127.0.0.1", "::1")

    def is_from(self, host: str) -> bool:
        """Whether ``host`` is one of the peers, however the address is written: a socket for both families gives
        10.0.0.1 as ::ffff:10.0.0.1.
        """
        return bool(host) and _plain_address(host) in map(_plain_address, self.peers)


class BoardAccess:
    """Who is let in. ``owner`` has all rights, by the token that the board printed when it started."""

    def __init__(
        self, engine: Engine, secret: bytes, token: str, owner: BoardPerson | None, proxy: ProxyHeader | None = None
    ) -> None:
        self._engine = engine
        self._secret = secret
        self._token_hash = token_hash(token)
        self._owner = owner
        self._proxy = proxy

    def by_token(self, token: str) -> BoardPerson | None:
        """The person whose token it is, None where it is nobody's."""
        given = token_hash(token)
        if self._owner is not None and hmac.compare_digest(given, self._token_hash):
            return self._owner
        found = find_person(self._engine, given)
        return None if found is None else BoardPerson(found.name, found.rights, given)

    def of_request(self, request: Request, cookie: str) -> BoardPerson | None:
        """By a bearer token, the proxy's header, or the session of the cookie called ``cookie``."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            known = self.by_token(token.strip())
            return None if known is None else msgspec.structs.replace(known, way="bearer")
        if self._proxy is not None and self._proxy.is_from(request.client.host if request.client else ""):
            named = [name.strip() for name in request.headers.getlist(self._proxy.name) if name.strip()]
            if named:
                return self._by_proxy(named)
        return self._by_session(request.cookies.get(cookie, ""))

    def new_session(self, person: BoardPerson) -> str:
        """What the cookie holds: the name and an end, signed for the token that it was given for."""
        body = f"{person.name.encode().hex()}.{int(time.time()) + SESSION_S}"
        return f"{body}.{self._sign(_session_of(person), body)}"

    def form_token(self, person: BoardPerson, cookie: str) -> str:
        """What each form of this session carries, so that no other page can send one in its name."""
        return self._sign("form", f"{person.name}.{cookie}")

    def is_form_token(self, given: str, person: BoardPerson, cookie: str) -> bool:
        return hmac.compare_digest(given.encode(), self.form_token(person, cookie).encode())

    def _by_session(self, cookie: str) -> BoardPerson | None:
        body, _, signature = cookie.rpartition(".")
        name_hex, _, ends = body.partition(".")
        try:
            name = bytes.fromhex(name_hex).decode()
        except ValueError:
            return None
        found = person_named(self._engine, name)
        token = token_hash_of(self._engine, name) if found is not None else ""
        known = [] if found is None or not token else [BoardPerson(found.name, found.rights, token)]
        if self._owner is not None and name == self._owner.name:
            known.append(self._owner)
        for person in known:
            # A session of one who is only called like the owner, or whose token was replaced, is not of this one.
            if hmac.compare_digest(signature.encode(), self._sign(_session_of(person), body).encode()):
                return person if int(ends) >= time.time() else None
        return None

    def _by_proxy(self, named: list[str]) -> BoardPerson | None:
        """Nobody where the header came twice: the first may be what the client sent to the proxy."""
        name = named[0]
        if len(named) > 1 or len(name) > MOST_NAME or visible(name, keep="") != name:
            return None
        found = person_named(self._engine, name)
        return BoardPerson(name, ("look",) if found is None else found.rights, way="proxy")

    def _sign(self, what: str, text: str) -> str:
        return hmac.new(self._secret, f"{what}\x00{text}".encode(), sha256).hexdigest()


def _session_of(person: BoardPerson) -> str:
    return f"session {person.token or 'owner'}"


def _plain_address(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return str(getattr(address, "ipv4_mapped", None) or address)


def is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


def known_hosts(host: str, more: Collection[str]) -> frozenset[str]:
    """The names in Host that a request has to have; others are of pages that reached us by another name."""
    usual = ("127.0.0.1", "localhost", "::1") if is_loopback(host) else (host,)
    return frozenset(name.lower() for name in (*usual, *more))
