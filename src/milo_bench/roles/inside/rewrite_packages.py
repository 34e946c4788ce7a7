"""Packages with plugins for pytest in, what pytest compiles their files to out, line by line; a program of the sandbox.

pytest rewrites the assertions of each file of such a package, which for a large one takes longer than most tests. It
reads what it wrote the time before, and in the sandbox it can write nothing. No package but pytest is imported here.
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
        said = {"file": str(place), "tail": rewrite.PYC_TAIL, "data": base64.b64encode(compiled.getvalue()).decode()}
        data = json.dumps(said).encode() + b"\n"
        while data:
            data = data[os.write(self.out, data) :]


def _is_short(place: Path) -> bool:
    return place.is_file() and place.stat().st_size <= _MOST_BYTES


def main() -> int:
    out = os.dup(1)
    os.dup2(2, 1)
    import pytest

    options = ["-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", os.getcwd(), os.getcwd()]
    pytest.main(options, plugins=[Rewriter(out)])
    return 0


if __name__ == "__main__":
    sys.exit(main())
