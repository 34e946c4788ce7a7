"""A name in, the files of a small suite that can be run as it is out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from milo_bench.core.errors import UsageError
from milo_bench.suites.manifest import NAME_PATTERN

_FILES: Final = Path(__file__).parent / "starter"
_TEMPLATE: Final = ".template"  # keeps an example from being a module of this program


def starter_files(name: str, folder: Path) -> dict[str, str]:
    """Every file of the starter suite but its policy, with ``name`` and ``folder`` filled in.

    Raises UsageError for a name that a suite cannot have.
    """
    if re.fullmatch(NAME_PATTERN, name) is None:
        message = f"'{name}' cannot be the name of a suite."
        raise UsageError(message, hint="give another with --name: letters, digits, '_', '-' and '.'.")
    files = {}
    for path in sorted(_FILES.rglob("*")):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            place = path.relative_to(_FILES).as_posix().removesuffix(_TEMPLATE)
            files[place] = text.replace("NAME", name).replace("FOLDER", folder.as_posix())
    return files
