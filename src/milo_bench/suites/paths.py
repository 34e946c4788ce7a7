"""A suite's folder and a path that its author wrote in, a file inside that folder out; where shipped suites are.

A checkout has the suites that come with the program as plain files. An installed package keeps their fixtures
compressed (``setup.py``), which is a fifth of the size: ``fixtures/timeline.jsonl`` is then
``fixtures/timeline.jsonl.gz``. Names, lines and hashes are those of the plain file. A suite from elsewhere is never
unpacked: a small file could become one of any size.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Final

from milo_bench.config.written import Problem, read_text
from milo_bench.core.text import one_line

_SUITES: Final = Path(__file__).parent
BUILTIN: Final = _SUITES / "builtin"
EARLIER: Final = _SUITES / "earlier"  # as older versions had them: NAME@VERSION, NAME@LANGUAGE@VERSION
LANGUAGES: Final = _SUITES / "languages"  # built-in suites in other languages, as NAME@LANGUAGE


def find_inside(root: Path, written: str, where: str) -> Path | Problem:
    """The regular file that ``written`` names in ``root``, or what is wrong with it.

    A suite may come from anyone, so absolute paths, ``..`` and links that lead out are refused.
    """
    pure = PurePosixPath(written)
    if not written.strip() or "\0" in written:
        return Problem(where, "an empty file name", "give a file in the suite's folder.")
    if pure.is_absolute() or ".." in pure.parts or "\\" in written or ":" in pure.parts[0]:
        return Problem(where, f"'{written}' is outside the suite's folder", "copy the file into the suite's folder.")
    path = root / pure
    try:
        path.lstat()
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:  # too long a name, a folder that is a file, half a character
        reason = error.strerror if isinstance(error, OSError) else "not a name that a file can have"
        what = f"cannot use the file name '{one_line(written)}': {reason}"
        return Problem(where, what, "give a file in the suite's folder.")
    if not path.resolve().is_relative_to(root.resolve()):
        return Problem(where, f"'{written}' is a link out of the suite's folder", "copy the file into the folder.")
    if not path.exists():
        return Problem(where, f"there is no file '{written}'", _nearby(root, pure))
    if not path.is_file():
        return Problem(where, f"'{written}' is not a file", "give a file, not a folder.")
    return path


def _nearby(root: Path, pure: PurePosixPath) -> str:
    folder = root / pure.parent
    names = sorted(item.name for item in folder.iterdir() if item.is_file()) if folder.is_dir() else []
    if not names:
        return f"create it at {root / pure}."
    from milo_bench.core.suggest import hint_for

    return hint_for(pure.name, names, noun=f"files in {pure.parent}/")


def is_shipped(path: Path) -> bool:
    """Whether ``path`` is in the folder of a suite that came with the program, so not the user's."""
    return any(path.is_relative_to(folder) for folder in (BUILTIN, EARLIER, LANGUAGES))


def on_disk(path: Path) -> Path:
    """The file that holds ``path`` of a suite: itself, or its compressed form where a shipped suite has that alone."""
    if not is_shipped(path) or path.exists():
        return path
    packed = path.with_name(f"{path.name}.gz")
    return packed if packed.is_file() else path


def read_fixture_file(path: Path) -> str | Problem:
    """The text of a suite's fixture file, packed or plain, or what is wrong with the file."""
    file = on_disk(path)
    if file == path:
        return read_text(path)
    import gzip

    return gzip.decompress(file.read_bytes()).decode("utf-8")
