"""The path of a file that a person wrote in, its text out; what is wrong with the file as one error."""

from __future__ import annotations

from pathlib import Path

from milo_bench.core.errors import ConfigError


def read_written(path: Path, *, where_from: str) -> str:
    """The UTF-8 text of ``path``. Raises ConfigError; ``where_from`` is the hint where there is no such file."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        message = f"{path} does not exist."
        raise ConfigError(message, hint=where_from) from None
    except UnicodeDecodeError as error:
        message = f"{path} is not UTF-8 (byte {error.start})."
        raise ConfigError(message, hint="save it as UTF-8.") from None
    except OSError as error:
        message = f"Cannot read {path}: {error.strerror}."
        raise ConfigError(message, hint="check the path and its permissions.") from None
