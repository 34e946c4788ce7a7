"""Words that must not leave in; the forms under which they could, and whether and where a text contains one, out."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote

from milo_bench.core.hiding.shown import HIDDEN

_SHORTEST: Final = 8  # a shorter one is a placeholder, and hiding it would change answers that use the word
_CERTAIN: Final = 16  # from this length on it is a key whatever it is made of
_HELD_FROM: Final = 5  # so many first characters of a key are told by its kind: "sk-pr", "Beare"
# How JSON, addresses, HTML and source code write a character; a backslash may itself be escaped any number of times.
_ESCAPED: Final = re.compile(
    r"%([0-9a-f]{2})"
    r"|(?<!\\)\\++(?:u\{0{0,6}([0-9a-f]{2})\}|u00([0-9a-f]{2})|x([0-9a-f]{2})|(/))"
    r"|&#x0{0,6}([0-9a-f]{2});|&#0{0,6}([0-9]{2,3});",
    re.IGNORECASE,
)
_ROUNDS: Final = 3  # an escape of an escape of an escape
_DECIMAL: Final = 7  # the group of _ESCAPED that is not hexadecimal


def patterns(word: str) -> Iterator[tuple[str, bytes]]:
    """``(form, bytes)``: as it is, percent-encoded whole, in base64 at each of three offsets, hex, UTF-16.

    Usual URL encoding leaves letters and digits as they are, so it is found as plain text.
    """
    raw = word.encode()
    yield "plain", raw
    yield "upper case", raw.upper()
    yield "URL-encoded", "".join(f"%{byte:02X}" for byte in raw).encode()
    yield "URL-encoded", "".join(f"%{byte:02x}" for byte in raw).encode()
    yield "hex", raw.hex().encode()
    yield "UTF-16", word.encode("utf-16-le")
    for offset in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            # Six bits a character: only those that no neighbouring byte touches are the same everywhere.
            text = encode(b"\0" * offset + raw)
            stable = text[-(-offset * 8 // 6) : (offset + len(raw)) * 8 // 6]
            yield "base64", stable
            escaped = quote(stable.decode()).encode()
            if escaped != stable:
                yield "base64, URL-encoded", escaped


def unescaped(text: str) -> str:
    """``text`` with each character as itself that JSON, an address, HTML or source code wrote as its number."""
    for _ in range(_ROUNDS):
        if not any(mark in text for mark in ("%", "\\", "&#")):
            break
        plain = _ESCAPED.sub(_character, text)
        if plain == text:
            break
        text = plain
    return text


def _character(found: re.Match[str]) -> str:
    number = found.lastindex or 0
    if found[number] == "/":
        return "/"
    return chr(int(found[number], 10 if number == _DECIMAL else 16))


class KeySearch:
    """Finds keys in texts: as they are, in base64 or hex, and with any of their characters escaped.

    Placeholders ("none", "EMPTY") are no keys. A text is read in time that grows with its length.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        real = {key for key in keys if len(key) >= _CERTAIN or (len(key) >= _SHORTEST and any(map(str.isdigit, key)))}
        self._keys = sorted(real, key=len, reverse=True)
        forms = {pattern.decode("latin-1") for key in self._keys for _, pattern in patterns(key)}
        forms |= {key.encode().hex().upper() for key in self._keys}
        self._forms = sorted(forms, key=len, reverse=True)
        self._raw = [form.encode("latin-1") for form in self._forms]
        self.longest = max(map(len, self._forms), default=0)

    def __bool__(self) -> bool:
        return bool(self._keys)

    def within(self, text: str | bytes) -> bool:
        """Whether a key is in ``text``; bytes are read as the ASCII of a wire."""
        if not self._keys:
            return False
        if isinstance(text, bytes):
            if any(form in text for form in self._raw):
                return True
            if not any(mark in text for mark in (b"%", b"\\", b"&#")):
                return False
            text = text.decode("latin-1")
        return any(form in text for form in self._forms) or self._is_escaped(text)

    def hidden(self, text: str) -> str:
        """``text`` with ``(hidden)`` in the place of each key."""
        if not self.within(text):
            return text
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        if not self._is_escaped(text):
            return text
        # What was escaped has other places than the text: where the key is is known in the plain text alone.
        text = unescaped(text)
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        return text

    def begins_at_end(self, text: str) -> bool:
        """Whether ``text`` ends with the first characters of a key, so that what comes next tells whether it is one."""
        text = unescaped(text[-4 * self.longest :])
        for form in self._forms:
            at = text.find(form[:_HELD_FROM], max(0, len(text) - len(form) + 1))
            while at >= 0:
                if form.startswith(text[at:]):
                    return True
                at = text.find(form[:_HELD_FROM], at + 1)
        return False

    def _is_escaped(self, text: str) -> bool:
        plain = unescaped(text)
        return plain != text and any(form in plain for form in self._forms)


NO_KEYS: Final = KeySearch(())
