"""Words of a command line in, what the installed program printed out: real processes, real exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tests.cli.forked.zygote import Zygote
from tests.patience import WAIT_S

BIN = Path(sys.executable).parent
WITHOUT_ROOT = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search")


@dataclass(frozen=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one error's sentence; fails the test where there is none, or a traceback."""
        assert "Traceback" not in self.out + self.err, self.err
        errors = [line for line in self.err.splitlines() if line.startswith("error: ")]
        assert len(errors) == 1, self.err
        assert sum(line.startswith("hint: ") for line in self.err.splitlines()) == 1, self.err
        return errors[0].removeprefix("error: ")

    @property
    def hint(self) -> str:
        return next(line.removeprefix("hint: ") for line in self.err.splitlines() if line.startswith("hint: "))

    def json(self) -> Any:
        """Standard output as the one JSON document that it must be."""
        return json.loads(self.out)


def environment() -> dict[str, str]:
    """Our own without what points elsewhere."""
    named = ("MILO_BENCH_CONFIG", "OPENAI_API_KEY", "OPENAI_BASE_URL", "OLLAMA_HOST")
    return {name: value for name, value in os.environ.items() if name not in named}


def milo(*words: str, folder: Path, given: str = "", shell: str = "", before: Sequence[str] = ()) -> Said:
    """Run ``milo-bench WORDS`` in ``folder``; ``shell`` is put around it, with ``"$@"`` for the command."""
    # What the interpreter reads when it starts cannot be changed in a fork.
    if not shell and not before and sys.platform == "linux" and _read_at_start() == _STARTED_WITH:
        return _forked(words, folder, given)
    command = [*before, str(BIN / "milo-bench"), *words]
    if shell:
        command = ["bash", "-c", shell, "bash", *command]
    done = subprocess.run(
        command, cwd=folder, env=environment(), input=given, capture_output=True, text=True, timeout=WAIT_S
    )
    return Said(done.returncode, done.stdout, done.stderr)


def _read_at_start() -> dict[str, str]:
    return {name: value for name, value in environment().items() if name.startswith(("PYTHON", "LC_", "LANG"))}


_STARTED_WITH = _read_at_start()


def _forked(words: Sequence[str], folder: Path, given: str) -> Said:
    code, out, err = _zygote().run(
        words, folder=folder, environment=environment(), given=given.encode(), limit_s=WAIT_S
    )
    return Said(code, out.decode(), err.decode())


@lru_cache
def _zygote() -> Zygote:
    return Zygote(environment())
