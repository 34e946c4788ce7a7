"""Attempts of one worker in, its segment of the run's log on its node's disk out; what dead workers left, read back."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from milo_bench.core.errors import MiloError, PrerequisiteError
from milo_bench.core.records import Attempt, RunHeader
from milo_bench.store.log.attempts import attempt_lines, decode_attempt
from milo_bench.store.log.lines import open_log
from milo_bench.store.log.reader import read_open_log
from milo_bench.store.log.writer import RunLogWriter


def default_segments() -> Path:
    """The folder of segments on this node where bench.yaml names none: the user's own, and it survives a restart."""
    state = os.environ.get("XDG_STATE_HOME")
    with suppress(RuntimeError):  # no home
        return Path(state) if state else Path.home() / ".local" / "state" / "milo-bench" / "segments"
    return Path(tempfile.gettempdir()) / "milo-bench-segments"


class Segments:
    """The segments of one run on one node: one file for each worker that ever worked on it, itself a run log."""

    def __init__(self, folder: Path, run_id: str) -> None:
        self._folder = folder / run_id

    def new(self, name: str, header: RunHeader) -> RunLogWriter:
        """The segment of a worker that begins; ``name`` is its own.

        Raises PrerequisiteError where it cannot be made.
        """
        hint = "free some space there, or set fleet.segments in bench.yaml to another folder."
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return RunLogWriter.create(self._folder / f"{name}.jsonl", header, ())
        except OSError as error:
            reason = error.strerror or str(error)
            raise PrerequisiteError(f"Cannot make {self._folder}: {reason}.", hint=hint) from None
        except PrerequisiteError as error:
            raise PrerequisiteError(error.message, hint=hint) from None

    def left(self) -> Iterator[Attempt]:
        """Every attempt in the segments there are; a torn last line is none.

        A segment whose seals do not hold gives nothing: its attempts are sent again.
        """
        for path in sorted(self._folder.glob("*.jsonl")):
            with suppress(MiloError):
                with open_log(path) as file:
                    log = read_open_log(path, file)
                for part in log.attempts.ranges if log is not None else ():
                    for number, line in attempt_lines(path, part):
                        yield decode_attempt(path, number, line, part.schema)

    def remove(self) -> None:
        """Every row is in the log: a second copy of people's texts is not kept."""
        shutil.rmtree(self._folder, ignore_errors=True)
