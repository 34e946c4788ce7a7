"""What mining a commit gives: a case, or a reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from milo_bench.core.records import Frozen
from milo_bench.roles.declared import TestCommand
from milo_bench.roles.languages.code import BUILT_IN, CodeLanguage

MinedRole: TypeAlias = Literal["coder", "review", "reason", "draft"]
MINED_ROLES: tuple[MinedRole, ...] = ("coder", "review", "reason", "draft")


class Rejection(Frozen, frozen=True, omit_defaults=False):
    """A commit that gave no case of one kind. ``reason`` is one of few, ``detail`` says what was found in this one."""

    role: str
    commit: str
    reason: str
    detail: str = ""


class Mined(Frozen, frozen=True):
    """A case as a line of fixtures.jsonl, and the objects that judging it needs."""

    role: str
    fixture: dict[str, Any]
    trees: tuple[str, ...] = ()
    blobs: tuple[str, ...] = ()


class NoCase(Exception):
    """This commit gives no case, and why. Never seen by a user: it becomes a ``Rejection``."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail[:300]


@dataclass(frozen=True)
class MiningOptions:
    """What to mine. ``limit`` is of cases for each role, ``commits`` of commits examined, ``minutes`` of time.

    ``since`` and ``until`` are dates, ``paths`` of the repository; ``repeats`` is how often tests are run to find
    flaky ones. ``language`` is built in, or that of ``command``.
    """

    repository: Path
    out: Path
    roles: tuple[MinedRole, ...] = MINED_ROLES
    limit: int = 40
    commits: int = 2000
    minutes: float = 60.0
    since: str = ""
    until: str = ""
    paths: tuple[str, ...] = ()
    seed: int = 0
    repeats: int = 5
    workers: int = 2
    unsafe_here: bool = False
    language: str = "python"
    command: TestCommand | None = None

    @property
    def code_language(self) -> CodeLanguage:
        """What is source and what is test."""
        if self.command is not None:
            return CodeLanguage(self.language, self.language, self.command.endings, self.command.tests)
        return BUILT_IN[self.language]
