"""A folder of Python files in, the files as they will be run and their digest out; nothing of them is run here."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from milo_bench.config.written import Problem, place, read_text
from milo_bench.core.errors import ConfigError, DataError, UsageError
from milo_bench.core.hashing import sha256_data, sha256_text

MOST_FILES: Final = 100
LARGEST_CHARS: Final = 512_000


@dataclass(frozen=True)
class TaskFolder:
    """The ``.py`` files of a folder by name, and one digest over all of them."""

    path: Path
    files: Mapping[str, str]
    digest: str

    @property
    def name(self) -> str:
        return self.path.resolve().name


def read_task_folder(path: Path) -> TaskFolder:
    """Read every ``.py`` file directly in ``path``. Raises UsageError, DataError or ConfigError."""
    if not path.is_dir():
        message = f"There is no folder of operator tasks at {path}."
        raise UsageError(message, hint="see docs/how-to/own-operator-tasks.md for a complete one.")
    found = sorted(file for file in path.glob("*.py") if file.is_file())
    if not found:
        raise UsageError(f"{path} has no .py file with a task.", hint="see docs/how-to/own-operator-tasks.md.")
    if len(found) > MOST_FILES:
        raise DataError(f"{path} has more than {MOST_FILES} Python files.", hint="give the tasks their own folder.")
    files: dict[str, str] = {}
    for file in found:
        if not file.resolve().is_relative_to(path.resolve()):
            raise DataError(f"{file} is a link out of its folder.", hint="copy the file into the folder.")
        text = read_text(file)
        if isinstance(text, Problem):
            raise DataError(f"{text}.", hint=text.hint)
        try:
            ast.parse(text)
        except SyntaxError as error:
            raise ConfigError(f"{place(file, error.lineno)}: not valid Python: {error.msg}.") from None
        except (ValueError, RecursionError, MemoryError) as error:
            raise ConfigError(f"{file}: not valid Python: {str(error) or 'nested too deeply'}.") from None
        files[file.name] = text
    if sum(map(len, files.values())) > LARGEST_CHARS:
        raise DataError(f"The Python files in {path} have more than {LARGEST_CHARS:,} characters.")
    return TaskFolder(path, files, sha256_data([[name, sha256_text(text)] for name, text in files.items()]))
