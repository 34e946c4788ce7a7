"""Text in, the secrets in it out by kind: keys of services, private keys, tokens and passwords.

Keys of known services are told by their own form. Passwords and tokens are told by the word before them, and only
where what follows can be one: no plain word, no placeholder, no variable of a program.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias, get_args

SecretKind: TypeAlias = Literal["private_key", "api_key", "token", "password"]
SECRET_KINDS: Final[tuple[SecretKind, ...]] = get_args(SecretKind)

_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?P<name>[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?)-----.{0,20000}?(?:-----END (?P=name)-----|\Z)",
    re.DOTALL,
)
# Prefixes that the services document for their own keys.
_API_KEY = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}"
    r"|AIza[A-Za-z0-9_-]{35}"
    r"|sk-(?:proj-|ant-|or-|live-)?[A-Za-z0-9_-]{20,200}"
    r"|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,200}"
    r"|hf_[A-Za-z0-9]{30,60}"
    r"|SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}"
    r"|key-[0-9a-f]{32}"
    r"|dop_v1_[0-9a-f]{64}"
    r"|AC[0-9a-f]{32}|SK[0-9a-f]{32}"
    r")(?![A-Za-z0-9])"
)
_TOKEN = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"gh[pousr]_[A-Za-z0-9]{36,255}"
    r"|github_pat_[A-Za-z0-9_]{22,255}"
    r"|gl(?:pat|dt|rt)-[A-Za-z0-9_-]{20,64}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,250}"
    r"|npm_[A-Za-z0-9]{36}"
    r"|pypi-[A-Za-z0-9_-]{50,250}"
    r"|ya29\.[A-Za-z0-9_-]{20,250}"
    r"|eyJ[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{16,1000}"
    r")(?![A-Za-z0-9])"
)
_BEARER = re.compile(r"\b(?:Bearer|Basic|Token)\s+(?P<value>[A-Za-z0-9+/_.=-]{16,2000})")
_IN_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]{1,30}://[^\s:/@]{0,100}:(?P<value>[^\s/@]{3,200})@", re.IGNORECASE)
_NAMED = re.compile(
    r"(?P<name>pass(?:word|wort|wd|phrase|code)|pwd|kennwort|mot de passe|contraseña|\bpin\b"
    r"|secret(?:[ _-]?(?:access)?[ _-]?key)?|api[ _-]?key|access[ _-]?key|auth[ _-]?token|access[ _-]?token"
    r"|refresh[ _-]?token|client[ _-]?secret|\btoken\b)"
    r"[\"']?[ \t]{0,4}(?:\((?:neu|new|temporary)\)[ \t]?)?(?P<mark>:=|=>|[:=]|\bis\b|\bist\b|\blautet\b)[ \t]{0,4}"
    r"(?P<quote>[\"'`]?)(?P<value>[^\s\"'`,;<>]{4,200})(?P=quote)",
    re.IGNORECASE,
)
_NO_SECRET = re.compile(
    r"(?:[*•x.]{3,}|\[.*\]|\{.*\}|\$.*|%.*%|<.*>|null|none|true|false|undefined|required|optional|string|hidden"
    r"|redacted|expired|changed?|reset|invalid|correct|incorrect|wrong|forgotten|vergessen|geändert|missing"
    r"|os\.environ.*|process\.env.*|env[.(].*|getenv.*)[.!?)]*",
    re.IGNORECASE,
)
_STRONG: Final = 2.5  # bits per character; words of a language have less variety in as many characters


@dataclass(frozen=True)
class Secret:
    """``text[start:end]`` is a secret. What it says is never part of a message."""

    kind: SecretKind
    start: int
    end: int


def find_secrets(text: str) -> tuple[Secret, ...]:
    """Secrets in ``text`` by position, without overlaps; of two readings the earlier and longer one stays."""
    found = sorted(_found(text), key=lambda one: (one.start, -one.end))
    kept: list[Secret] = []
    for one in found:
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return tuple(kept)


def _found(text: str) -> Iterator[Secret]:
    if "PRIVATE KEY" in text:
        for match in _PRIVATE_KEY.finditer(text):
            yield Secret("private_key", match.start(), match.end())
    for match in _API_KEY.finditer(text):
        yield Secret("api_key", match.start(), match.end())
    for match in _TOKEN.finditer(text):
        yield Secret("token", match.start(), match.end())
    for match in _BEARER.finditer(text):
        if _looks_random(match["value"]):
            yield Secret("token", match.start("value"), match.end("value"))
    for match in _IN_ADDRESS.finditer(text):
        if not _NO_SECRET.fullmatch(match["value"]):
            yield Secret("password", match.start("value"), match.end("value"))
    for match in _NAMED.finditer(text):
        yield from _named(match)


def _named(match: re.Match[str]) -> Iterator[Secret]:
    value = match["value"].rstrip(".?)") if not match["quote"] else match["value"]
    if len(value) < 4 or _NO_SECRET.fullmatch(value) or value.startswith(("[", "//")):
        return
    name = match["name"].casefold()
    is_password = name.startswith(("pass", "pwd", "kennwort", "mot", "contra")) or name == "pin"
    # After a plain word, "password is required" is a sentence; a password has a digit or a sign in it.
    if match["mark"].isalpha() or not match["quote"]:
        telling = any(not character.isalpha() for character in value)
        if not telling and not (is_password and not match["mark"].isalpha() and _mixed_case(value)):
            return
    if name == "pin" and not value.isdigit():
        return
    if not is_password and not _looks_random(value):
        return
    kind: SecretKind = "password" if is_password else "api_key" if "key" in name else "token"
    yield Secret(kind, match.start("value"), match.start("value") + len(value))


def _mixed_case(value: str) -> bool:
    return not value.islower() and not value.isupper() and not value.istitle()


def _looks_random(value: str) -> bool:
    """Whether a word is as varied as a key: at least 8 characters, digits or signs among letters."""
    if len(value) < 8 or not any(c.isalpha() for c in value) or not any(not c.isalpha() for c in value):
        return False
    counts = Counter(value)
    bits = -sum(count / len(value) * math.log2(count / len(value)) for count in counts.values())
    return bits >= _STRONG


class MovedText(Protocol):
    """A redacted text that knows where each character of the original went."""

    @property
    def text(self) -> str: ...

    def move(self, start: int, end: int) -> tuple[int, int]: ...


class PersonalRedactor(Protocol):
    """What ``SecretsRedactor`` hands the rest to; ``guards.personal.data.Redactor`` is one."""

    def begin(self, known: tuple[str, ...]) -> None: ...

    def learn(self, text: str) -> None: ...

    def redact(self, text: str) -> MovedText: ...

    def counts(self) -> Mapping[str, int]: ...


@dataclass(frozen=True)
class _Moved:
    """Two redactions of a text, one after the other."""

    text: str
    replaced: tuple[tuple[int, int, int], ...]  # start and end in the original, length of the placeholder
    then: MovedText

    def move(self, start: int, end: int) -> tuple[int, int]:
        return self.then.move(self._at(start, to_end=False), self._at(end, to_end=True))

    def _at(self, position: int, *, to_end: bool) -> int:
        shift = 0
        for start, end, length in self.replaced:
            if position >= end:
                shift += length - (end - start)
            elif position > start:
                return start + shift + (length if to_end else 0)
        return position + shift


class SecretsRedactor:
    """Replaces secrets by ``[PASSWORD_1]``, ``[API_KEY_1]`` …, then hands the text to ``personal``.

    A secret has one placeholder for as long as the redactor lives. ``keep`` names kinds that stay.
    """

    def __init__(self, personal: PersonalRedactor, *, keep: Iterable[str] = ()) -> None:
        self._personal = personal
        self._keep = frozenset(keep)
        self._numbers: dict[tuple[str, str], int] = {}
        self._counts: Counter[str] = Counter()

    def begin(self, known: tuple[str, ...] = ()) -> None:
        """A new fixture starts."""
        self._personal.begin(known)

    def learn(self, text: str) -> None:
        """Look at a text before any is redacted."""
        self._personal.learn(self._replace(text, counted=False)[0])

    def redact(self, text: str) -> MovedText:
        """``text`` with placeholders for secrets and personal data."""
        plain, replaced = self._replace(text, counted=True)
        then = self._personal.redact(plain)
        return _Moved(then.text, tuple(replaced), then)

    def counts(self) -> Mapping[str, int]:
        """Replacements so far by kind."""
        return {**self._personal.counts(), **{kind: self._counts[kind] for kind in SECRET_KINDS if self._counts[kind]}}

    def _replace(self, text: str, *, counted: bool) -> tuple[str, list[tuple[int, int, int]]]:
        pieces, replaced, position = [], [], 0
        for secret in find_secrets(text):
            if secret.kind in self._keep:
                continue
            value = text[secret.start : secret.end]
            number = self._numbers.setdefault((secret.kind, value), self._next(secret.kind))
            placeholder = f"[{secret.kind.upper()}_{number}]"
            self._counts[secret.kind] += counted
            pieces += [text[position : secret.start], placeholder]
            replaced.append((secret.start, secret.end, len(placeholder)))
            position = secret.end
        pieces.append(text[position:])
        return "".join(pieces), replaced

    def _next(self, kind: str) -> int:
        return 1 + sum(1 for known, _ in self._numbers if known == kind)
