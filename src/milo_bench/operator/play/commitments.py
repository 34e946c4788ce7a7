"""A run's secret and its episodes in, the secret of each and what commits the run to it out.

Evidence ids, phrasing and the earlier order of an episode come from a secret. The header of the log states the SHA-256
of each before the first episode, and each episode states its own once it is over, so that none was chosen afterwards.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from milo_bench.core.errors import DataError
from milo_bench.core.files import PRIVATE, write_file
from milo_bench.core.hashing import sha256_text
from milo_bench.core.records import AttemptKey, Episode


def draw_run_secret() -> str:
    return secrets.token_hex(32)


def episode_secret(run_secret: str, key: AttemptKey) -> str:
    """What one episode is drawn from; of no use for any other."""
    return hmac.digest(run_secret.encode(), _name(key).encode(), "sha256").hex()[:32]


def commitments(run_secret: str, keys: Iterable[AttemptKey]) -> dict[str, str]:
    """The SHA-256 of the secret of each episode, by its name."""
    return {_name(key): sha256_text(episode_secret(run_secret, key)) for key in keys}


def broken_commitments(committed: Mapping[str, str], episodes: Iterable[Episode]) -> Iterator[str]:
    """The names of episodes whose secret is not the one that the run committed itself to."""
    for episode in episodes:
        started = next((line for line in episode.log if line.get("type") == "started"), None)
        wanted = committed.get(_name(episode.key))
        if started is not None and wanted is not None and sha256_text(str(started.get("secret", ""))) != wanted:
            yield _name(episode.key)


def secret_path(log: Path) -> Path:
    """Where the secret of a run is kept, for a resume: once an episode is over, the log says what it was drawn from."""
    return log.with_suffix(".secret")


def keep_secret(log: Path, run_secret: str) -> None:
    write_file(secret_path(log), run_secret.encode(), mode=PRIVATE)


def kept_secret(log: Path) -> str:
    """The secret of a run that is resumed. Raises DataError where it is missing."""
    try:
        return secret_path(log).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        message = f"{secret_path(log)} is missing, so the rest of the run cannot be what it committed itself to."
        raise DataError(message, hint="restore the file, or start a new run with another --out.") from None


def _name(key: AttemptKey) -> str:
    return f"{key.fixture} {key.target} {key.repeat}"
