"""A source file's text in, what in it only makes tests pass out, by the language that its path says."""

from __future__ import annotations

from milo_bench.roles.languages.code import JAVASCRIPT
from milo_bench.roles.tamper import signs_of_tampering


def tampering_signs(text: str, path: str) -> frozenset[str]:
    """The signs in a file; none in a language that is not parsed."""
    if path.endswith((".py", ".pyi")):
        return signs_of_tampering(text)
    if path.endswith(JAVASCRIPT.endings):
        # Only here: its grammars take as long to load as all of this package.
        from milo_bench.roles.languages.javascript.tamper import signs_in_javascript

        return signs_in_javascript(text, path)
    return frozenset()
