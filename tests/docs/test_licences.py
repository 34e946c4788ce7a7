"""The licence page names each pinned package with the licence that its installed metadata states."""

import re
import runpy
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LICENCES = runpy.run_path(str(ROOT / "requirements/licences.py"))
PAGE = (ROOT / "docs/reference/licences.md").read_text(encoding="utf-8")
PINS = [(part, *pin) for part in LICENCES["PARTS"] for pin in LICENCES["pins"](part)]

# Free to use, change and pass on, for whoever installs the package. MPL-2.0 only binds changes of its own files. The
# LGPL binds changes of a library or program that users can replace, as they can a package of its own; nothing under
# it may be copied into this one.
ACCEPTED = {
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "CNRI-Python",
    "LGPL-2.0-or-later",
    "LGPL-2.1-or-later",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "PSF-2.0",
    "Zlib",
}


@pytest.mark.parametrize(("part", "name", "version"), PINS, ids=[f"{part}-{name}" for part, name, _ in PINS])
def test_each_pinned_package_is_on_the_page_with_an_accepted_licence(part: str, name: str, version: str) -> None:
    section = PAGE.partition(f"## {LICENCES['PARTS'][part]}")[2].partition("\n## ")[0]
    row = re.search(rf"^\| {re.escape(name)} \| {re.escape(version)} \| (.+) \|$", section, flags=re.MULTILINE)
    assert row, f"{name} {version} is not on the page: run `make docs`"
    assert set(re.split(r" (?:AND|OR) ", row[1])) <= ACCEPTED
    try:
        installed = metadata.version(name)
    except metadata.PackageNotFoundError:
        return  # a pin for another platform or Python
    assert installed == version, "the environment is older than the pins: run `make install`"
    assert row[1] == LICENCES["licence_of"](name)


def test_the_page_lists_nothing_but_the_pins() -> None:
    rows = re.findall(r"^\| ([a-z][\w.-]*) \| [^|]+ \| [^|]+ \|$", PAGE, flags=re.MULTILINE)
    assert [row for row in rows if row != "package"] == [name for _, name, _ in PINS]
