"""The fragments of changelog.d in, a section of CHANGELOG.md out; the fragments are removed.

``python changelog.d/collect.py 0.2.0 2027-01-15``
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

HEAD = "# Changes\n"


def section(version: str, date: str, fragments: dict[str, str]) -> str:
    """One section from the texts of fragments by file name; each fragment becomes a list entry or keeps its list."""
    entries = []
    for name in sorted(fragments):
        text = fragments[name].strip()
        entries.append(text if text.startswith("- ") else "- " + text.replace("\n", "\n  ").replace("\n  \n", "\n\n"))
    return f"## {version} ({date})\n\n" + "\n".join(entries) + "\n"


def with_section(changes: str, added: str) -> str:
    """``changes`` (the text of CHANGELOG.md, or nothing) with ``added`` as its newest section."""
    older = changes.removeprefix(HEAD).strip("\n")
    return HEAD + "\n" + added + (f"\n{older}\n" if older else "")


def main(version: str, date: str, root: Path) -> None:
    if not re.fullmatch(r"\d+\.\d+\.\d+", version) or not re.fullmatch(r"\d{4}-\d\d-\d\d", date):
        raise SystemExit("usage: python changelog.d/collect.py VERSION YYYY-MM-DD")
    files = sorted((root / "changelog.d").glob("*.md"))
    if not files:
        raise SystemExit("changelog.d has no fragments: nothing to release.")
    added = section(version, date, {file.stem: file.read_text(encoding="utf-8") for file in files})
    changes = root / "CHANGELOG.md"
    before = changes.read_text(encoding="utf-8") if changes.exists() else ""
    changes.write_text(with_section(before, added), encoding="utf-8")
    for file in files:
        file.unlink()


if __name__ == "__main__":
    version_and_date = [*sys.argv[1:], "", ""]
    main(version_and_date[0], version_and_date[1], Path(__file__).parents[1])
