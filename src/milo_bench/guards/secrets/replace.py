"""Texts in, the same texts with placeholders for the secrets in them out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from milo_bench.core.hiding.parts import MovedText
from milo_bench.guards.secrets.find import SECRET_KINDS, find_secrets


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
