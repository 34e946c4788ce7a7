"""Text in, the secrets in it out by kind: keys of services, private keys, tokens and passwords.

Keys of known services are told by their own form. Passwords and tokens are told by the words around them, and only
where what follows can be one: no plain word, no placeholder, no variable of a program.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from milo_bench.guards.secrets.forms import formed_secrets
from milo_bench.guards.secrets.named import named_secrets

SecretKind: TypeAlias = Literal["private_key", "api_key", "token", "password"]
SECRET_KINDS: Final[tuple[SecretKind, ...]] = get_args(SecretKind)


@dataclass(frozen=True)
class Secret:
    """``text[start:end]`` is a secret. What it says is never part of a message."""

    kind: SecretKind
    start: int
    end: int


def find_secrets(text: str) -> tuple[Secret, ...]:
    """Secrets in ``text`` by position, without overlaps; of two readings the earlier and longer one stays."""
    found = [Secret(*one) for one in formed_secrets(text)]
    found.extend(Secret(*one) for one in named_secrets(text))
    found.sort(key=lambda one: (one.start, -one.end))
    kept: list[Secret] = []
    for one in found:
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return tuple(kept)
