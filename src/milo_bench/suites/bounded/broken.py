"""The error for one file that cannot be read: the others are read all the same."""

from __future__ import annotations

from typing import ClassVar


class DocumentBroken(Exception):
    """One document cannot be read; the message says why, ``hint`` what would help."""

    HINT: ClassVar[str] = "correct or remove it. The rest is imported."

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint or self.HINT


class PartBroken(DocumentBroken):
    """One part of an archive cannot be read; the others may."""


class NoSuchForm(DocumentBroken):
    """A document has no pages that could be drawn: it can be read, but is no picture."""


class PackageMissing(DocumentBroken):
    """One document needs a package that is not installed. ``extra`` is the extra of milo-bench that brings it."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what}. Reading it needs: pip install 'milo-bench[{extra}]'", hint=f"pip install 'milo-bench[{extra}]'"
        )
        self.extra = extra


def locked() -> DocumentBroken:
    """The error of a file that only a password opens."""
    return DocumentBroken("locked with a password", hint="save it without a password.")
