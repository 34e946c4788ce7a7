"""An environment in, what its test tools would work out again in every run out, line by line; a program of the sandbox.

pytest rewrites the assertions of each file of a package with plugins, which for a large one takes longer than most
tests, and Hypothesis goes through all of Unicode the first time that a test draws text. Both read what they wrote the
time before, and in the sandbox nothing stays. Of the packages only pytest and Hypothesis are imported here.
"""

import base64
import io
import json
import os
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

_MOST_BYTES = 1 << 20  # of a source file
_CODECS = ("utf-8", "ascii")  # those that tests draw text of by default


class Rewriter:
    """Tells each file while pytest is configured, for it needs its configuration to compile."""

    def __init__(self, out: int) -> None:
        self.out = out

    def pytest_configure(self, config: Any) -> None:
        from _pytest.assertion import rewrite
        from _pytest.config import _iter_rewritable_modules

        for found in distributions():
            if not any(point.group == "pytest11" for point in found.entry_points):
                continue
            files = [str(file) for file in found.files or ()]
            modules = set(_iter_rewritable_modules(files))
            for name in files:
                place = Path(str(found.locate_file(name)))
                if name.endswith(".py") and name.partition("/")[0].removesuffix(".py") in modules and _is_short(place):
                    self.tell(rewrite, place, config)

    def tell(self, rewrite: Any, place: Path, config: Any) -> None:
        try:
            stat, code = rewrite._rewrite_test(place, config)
        except (SyntaxError, ValueError):  # a template, or for another version of Python
            return
        compiled = io.BytesIO()
        rewrite._write_pyc_fp(compiled, stat, code)
        _tell(self.out, compiled.getvalue(), file=str(place), tail=rewrite.PYC_TAIL)


def tell_unicode(out: int) -> None:
    """Tell each file that Hypothesis keeps of Unicode, which it writes below the folder that it is called in."""
    try:
        from hypothesis.internal import charmap

        charmap.charmap()
        for codec in _CODECS if hasattr(charmap, "intervals_from_codec") else ():
            charmap.intervals_from_codec(codec)
    except Exception:  # it is not there, or is of another version: then every run does it
        return
    root = Path(".hypothesis")
    for place in sorted(root.glob("unicode_data/**/*")):
        if place.is_file():
            _tell(out, place.read_bytes(), kept=str(place.relative_to(root)))


def _tell(out: int, content: bytes, **more: str) -> None:
    data = json.dumps({**more, "data": base64.b64encode(content).decode()}).encode() + b"\n"
    while data:
        data = data[os.write(out, data) :]


def _is_short(place: Path) -> bool:
    return place.is_file() and place.stat().st_size <= _MOST_BYTES


def main() -> int:
    out = os.dup(1)
    os.dup2(2, 1)
    import pytest

    options = ["-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", os.getcwd(), os.getcwd()]
    pytest.main(options, plugins=[Rewriter(out)])
    tell_unicode(out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
