"""flags.yaml in, which flags of a routing table are on out; a flag that the file does not name is off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Final, Literal

import yaml

from milo_bench.config.checked import CheckedFile, FileKind, load_checked, read_checked
from milo_bench.config.routing.rule import RuleName
from milo_bench.config.written import Problem, as_error
from milo_bench.core.suggest import hint_for


class FlagsFile(CheckedFile):
    """All of flags.yaml: by flag, whether the models behind it may be called."""

    file_name: ClassVar[str] = "flags.yaml"

    schema_version: Literal[1] = 1
    flags: dict[RuleName, bool] = {}

    @property
    def on(self) -> frozenset[str]:
        """The flags that are on."""
        return frozenset(name for name, state in self.flags.items() if state)


FLAGS_FILE: Final = FileKind(
    FlagsFile,
    start="start it with 'flags:' and one line for each flag of routing.yaml, 'NAME: off'.",
    manual="docs/how-to/routing.md",
    where_from="'milo-bench report' writes one with every flag off.",
)


def load_flags(path: Path, *, known: Sequence[str] = ()) -> FlagsFile:
    """Read ``path``; ``known`` are the flags of the routing table. Raises ConfigError with every mistake."""
    return _known(load_checked(path, FLAGS_FILE), known)


def read_flags(text: str, *, known: Sequence[str] = (), name: str = "flags.yaml") -> FlagsFile:
    """The checked content of ``text``; ``name`` is what errors call it. Raises ConfigError."""
    return _known(read_checked(text, FLAGS_FILE, name=name), known)


def flags_text(flags: Sequence[str]) -> str:
    """A flags.yaml with every flag off, as it is before launch."""
    head = (
        "# One flag for each rule that calls a model. Off: no model is called, the rule's fallback is taken.\n"
        "# A flag that is missing here is off. Turn one on when everything before it in the launch sequence is done.\n"
    )
    lines = "".join(f"  {yaml.safe_dump(name).splitlines()[0]}: off\n" for name in flags)
    return f"{head}schema_version: 1\nflags:{' {}' if not flags else ''}\n{lines}"


def _known(file: FlagsFile, known: Sequence[str]) -> FlagsFile:
    if known and (problems := list(_unknown(file, known))):
        raise as_error(problems)
    return file


def _unknown(file: FlagsFile, known: Sequence[str]) -> Iterator[Problem]:
    for name in file.flags:
        if name not in known:
            what = f"unknown flag '{name[:60]}'"
            yield Problem(file.where("flags", name), what, hint_for(name, known, noun="flags"))
