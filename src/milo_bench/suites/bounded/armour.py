"""A text in, the same text without what PGP encrypted in it out, and how many such parts there were."""

from __future__ import annotations

import re
from typing import Final

ENCRYPTED_HINT: Final = "decrypt it in your mail program, and save it again."
_BEGIN: Final = "-----BEGIN PGP MESSAGE"
_ENCRYPTED: Final = re.compile(rf"[> \t]*{_BEGIN}.*?(?:-----END PGP MESSAGE[^\n]*|\Z)", re.DOTALL)


def without_armour(text: str) -> tuple[str, int]:
    """``text`` without its encrypted parts, and their number. A part without an end goes to the end of the text."""
    return _ENCRYPTED.subn("", text) if _BEGIN in text else (text, 0)
