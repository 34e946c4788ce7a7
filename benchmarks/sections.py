"""A benchmark's sections and its command line in, the sections to run out; ``--help`` says what each measures."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence


def wanted_sections(
    module: str, about: str | None, sections: Mapping[str, str], arguments: Sequence[str] | None = None
) -> list[str]:
    """The sections that ``arguments`` name (by default those of this process), all of them where none is named.

    ``sections`` maps each to a line about it. Ends the process with exit code 0 after ``--help``, and 2 for a name
    that is not one of them.
    """
    lines = [f"  {name:<10} {line}" for name, line in sections.items()]
    parser = argparse.ArgumentParser(
        prog=f"python -m {module}",
        description=(about or "").strip(),
        epilog="\n".join(["sections:", *lines]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("section", nargs="*", help="what to measure (default: everything)")
    named: list[str] = parser.parse_args(arguments).section
    for name in named:
        if name not in sections:
            parser.error(f"unknown section '{name}'. hint: one of {', '.join(sections)}")
    return named or list(sections)
