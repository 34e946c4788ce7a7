"""What a task is: a start at a seed, a judgement over the finished case, and the policies that prove it sound."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence, Sized
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeAlias

from msgspec import Struct, field

from milo_bench.core.registry import Registry
from milo_bench.operator.worlds.draw import Draw
from milo_bench.operator.worlds.faults import Fault
from milo_bench.operator.worlds.records import (
    ClaimKind,
    FinishStatus,
    Form,
    LogLine,
    ToolReply,
    ToolResult,
    Wrote,
)
from milo_bench.operator.worlds.world import Tool, WorldState

if TYPE_CHECKING:
    from milo_bench.operator.worlds.case import EpisodeView
    from milo_bench.operator.worlds.desk import Desk
    from milo_bench.operator.worlds.grade import Score

TaskGroup: TypeAlias = Literal[
    "provider fails mid-task",
    "stale source of truth",
    "dirty gate",
    "evidence and inference",
    "proof before done",
    "partial or suspicious output",
]


class Start(Struct, frozen=True):
    """An episode before its first call. ``facts`` is the truth, for the judge alone; no tool shows it."""

    brief: str
    state: WorldState
    tools: tuple[Tool, ...]
    faults: tuple[Fault, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)
    offset_s: float = 0.0


class Need(Struct, frozen=True):
    """Evidence that the claims must rest on: any result that ``matches``, cited by a claim of ``kind``."""

    what: str
    matches: Callable[[ToolResult], bool]
    kind: ClaimKind | None = None


class Judgement(Struct, frozen=True):
    """What a task says about a finished case.

    ``allowed`` says which changes belong to the task; any other is collateral. ``minefields`` are
    sentences, each naming a thing that must never happen and did. ``fresh_s`` is how old the
    content of cited evidence may be at the end. Any of ``status`` is a right ending.
    """

    end_state: bool
    trap: bool
    status: tuple[FinishStatus, ...]
    needs: tuple[Need, ...]
    allowed: Callable[[Wrote], bool]
    minefields: tuple[str, ...] = ()
    fresh_s: float = 3600.0


def result_of(what: str, tool: str, *, kind: ClaimKind | None = None, **data: Any) -> Need:
    """The need for a good result of ``tool`` whose data hold the given values."""

    def matches(item: ToolResult) -> bool:
        return item.ok and item.tool == tool and all(item.data.get(name) == value for name, value in data.items())

    return Need(what, matches, kind)


def allow_only(*subjects: str) -> Callable[[Wrote], bool]:
    """Changes of these subjects, and of the operator's own journal, belong to the task."""
    return lambda line: line.subject in subjects or line.subject == "journal"


class OpenSession(Protocol):
    """One episode as whoever plays it knows it; the world behind it may be in this process or in a sandbox."""

    @property
    def task(self) -> Task: ...

    @property
    def seed(self) -> int: ...

    @property
    def form(self) -> Form: ...

    @property
    def brief(self) -> str: ...

    @property
    def tools(self) -> Mapping[str, ShownTool]: ...

    @property
    def log(self) -> Sequence[LogLine]: ...

    @property
    def visible(self) -> Sized:
        """The replies that an operator may still see."""

    @property
    def finish(self) -> object | None:
        """None until the operator has ended the episode itself."""

    @property
    def over(self) -> bool: ...

    def call(self, tool: str, arguments: str | bytes | Mapping[str, Any]) -> ToolReply: ...

    def score(self) -> Score: ...


class ShownTool(Protocol):
    """A tool as an operator sees it."""

    @property
    def name(self) -> str: ...

    @property
    def group(self) -> str: ...

    @property
    def description(self) -> str: ...

    def schema(self) -> dict[str, Any]: ...


class Task(ABC):
    """One task of the bench. ``twins`` has a clean form with the same brief, whose right course differs.

    There the trap is absent and caution fails, or the fault went the other way (a lost call that did take effect).

    ``ceilings`` are the asserted maximum scores of the degenerate policies; a policy that is not
    named must score 0. ``mined``: what its trap leads to must never happen, so to miss the trap is to fail a minefield.
    """

    number: ClassVar[int]
    name: ClassVar[str]
    title: ClassVar[str]
    group: ClassVar[TaskGroup]
    twins: ClassVar[bool] = False
    customer_facing: ClassVar[bool] = False
    mined: ClassVar[bool] = False
    ceilings: ClassVar[Mapping[str, int]] = {}

    @property
    def phrased(self) -> bool:
        """Whether the names of its brief are put into sentences; a team's own tasks say theirs as written."""
        return type(self).__module__.startswith("milo_bench.operator.worlds.tasks")

    @property
    def forms(self) -> tuple[Form, ...]:
        return ("trap", "clean") if self.twins else ("trap",)

    def open_session(self, seed: int, form: Form, secret: str | None = None) -> AbstractContextManager[OpenSession]:
        """A new episode of this task, for as long as the context lasts; draws a ``secret`` unless given one."""
        from milo_bench.operator.worlds.session import Session

        return nullcontext(Session(self, seed, form, secret=secret))

    @abstractmethod
    def start(self, draw: Draw, form: Form) -> Start:
        """The world at the start; the same draws for both forms."""

    @abstractmethod
    def judge(self, case: EpisodeView) -> Judgement:
        """Predicates over state, log and finish; never over prose."""

    @abstractmethod
    def oracle(self, desk: Desk) -> None:
        """Does the task right, from the brief and the replies alone."""

    @abstractmethod
    def naive(self, desk: Desk) -> None:
        """Does what the brief says and believes the first output; it falls into the trap."""


TASKS: Registry[Task] = Registry("operator task", "milo_bench.operator.worlds.tasks")
