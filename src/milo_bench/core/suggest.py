"""A wrong word and the right ones in, "Did you mean …?" out."""

from __future__ import annotations

from collections.abc import Iterable


def closest(word: str, choices: Iterable[str]) -> str | None:
    """The choice most like ``word``, or None where nothing is near."""
    import difflib  # 0.2 MB that only a mistake needs

    by_folded = {choice.casefold(): choice for choice in choices}
    near = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[near[0]] if near else None


def hint_for(word: str, choices: Iterable[str], *, noun: str = "values") -> str:
    """ "Did you mean 'x'? Valid values are: …" for an unknown ``word``."""
    known = sorted(choices)
    listed = f"Valid {noun} are: {', '.join(known)}." if known else f"There are no {noun}."
    guess = closest(word, known)
    return f"Did you mean '{guess}'? {listed}" if guess else listed
