"""What follows a word such as "password" in, whether it can be one out: no word, no placeholder, no program."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Final

_PLACEHOLDER: Final = re.compile(
    r"(?:[*•x.…_-]{3,}|\[.*\]|\{.*\}|\$.*|%.*%|<.*>|%[sd(].*|@.*|null|none|nil|true|false|undefined|required|optional|string"
    r"|hidden|redacted|expired|changed?|change[_-]?(?:me|it)|reset|invalid|correct|incorrect|wrong|forgotten|vergessen"
    r"|geändert|missing|os\.environ.*|process\.env.*|env[.(].*|getenv.*|pass(?:word|wort|wd|phrase)?|secret|pwd|user"
    r"|username|todo|tbd|n/a|(?:sk|pk|key|ghp|xox[bp])[-_](?:\.{3}|…|x{3,}).*)[.!?)]*",
    re.IGNORECASE,
)
_SAYS_YOUR: Final = re.compile(
    r"(?i)(?:^|[_\W])(?:your|dein|ihr|votre|su|example|beispiel|placeholder|insert|enter|dummy|sample|replace)(?:[_\W]|$)"
)
_PROGRAM: Final = re.compile(r"!?[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+(?:[(\[;].*)?[)}\]]*|[A-Za-z_]\w*\(.*|[A-Za-z_]\w*\[.*")
_WORDS: Final = re.compile(r"(?:[a-zA-Z]+|v?\d{1,4})(?:[-_./](?:[a-zA-Z]+|v?\d{1,4}))*")
_FIGURE: Final = re.compile(
    r"\d{1,4}(?:[-./:]\d{1,4}){1,3}|[+-]?[\d.,']+(?:%|€|\$|[a-zA-Z]{1,3})?|\S+\.(?:pdf|docx?|xlsx?|txt|html?|csv|png|jpe?g)"
    r"|https?://.*|/[\w./-]*|\S+@\S+\.\w+",
    re.IGNORECASE,
)
_NOT_FIRST: Final = ("[", "(", ".", ",", "//", "$(", "{{")
_STRONG_BITS: Final = 2.5  # per character; words of a language have less variety in as many characters


def is_placeholder(value: str) -> bool:
    """Whether a value stands for one: a blank, a variable, an example, an expression of a program."""
    if (
        _PLACEHOLDER.fullmatch(value)
        or _SAYS_YOUR.search(value)
        or value.startswith(("[", "(", ".", ",", "//", "$(", "{{"))
    ):
        return True
    if value.isupper() and "_" in value and not any(one.isdigit() for one in value):
        return True  # YOUR_API_KEY
    return _PROGRAM.fullmatch(value) is not None


def looks_random(value: str) -> bool:
    """Whether a word is as varied as a key: at least 8 characters, digits or signs among letters, no row of words."""
    if len(value) < 8 or not any(c.isalpha() for c in value) or not any(not c.isalpha() for c in value):
        return False
    if _WORDS.fullmatch(value) and not _mixed_run(value):
        return False
    counts = Counter(value)
    bits = -sum(count / len(value) * math.log2(count / len(value)) for count in counts.values())
    return bits >= _STRONG_BITS


def _mixed_run(value: str) -> bool:
    """Whether letters and digits meet without a sign between them, a version's v excepted."""
    return re.search(r"[A-Za-z]{2}\d|\d[A-Za-z]{2}|[a-z][A-Z][a-z]?[A-Z]", value) is not None


def looks_like_password(value: str, *, told: bool, said: bool = False) -> bool:
    """Whether a value can be a password.

    ``told``: a sign or a quote says that a value follows, so a digit, a sign or odd capitals are enough. Otherwise it
    needs letters and digits, and must be no date, amount, file, address or row of words. ``said``: a verb stands before
    it, and then words may end in a number.
    """
    plain = value.rstrip(".,!?)")
    if len(value) < 4 or is_placeholder(value) or plain.endswith(("%", "€")):
        return False
    if told:
        odd = not plain.islower() and not plain.isupper() and not plain.istitle()
        return any(not one.isalpha() for one in plain) or odd
    if len(value) < 6 or _FIGURE.fullmatch(plain) or "=" in plain:
        return False
    if "-" in plain and plain.islower() and _WORDS.fullmatch(plain) and not (said and plain[-1].isdigit()):
        return False
    return any(one.isalpha() for one in value) and any(one.isdigit() for one in value)
