"""What pyproject.toml cannot say: a wheel has the fixtures of the built-in suites compressed.

They are four fifths of the package as plain text. The bytes depend on the texts alone. A checkout and an editable
install keep the plain files, and ``milo_bench.suites.paths`` reads either.
"""

import gzip
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class PackFixtures(build_py):
    """Copies the package, then packs each fixture file of a built-in suite, in its languages and earlier versions."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            for path in sorted(Path(self.build_lib).glob("milo_bench/suites/*/*/fixtures/*.jsonl")):
                path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
                path.unlink()


setup(cmdclass={"build_py": PackFixtures})
