"""What every reader of a foreign log takes and gives: files and the person's wishes in, answers and an account out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from milo_bench.config.written import Problem
from milo_bench.core.records import Decoding, FailureKind, Frozen, ToolCall, Usage
from milo_bench.core.registry import Registry
from milo_bench.recorded.files import RecordFile

GoldKind: TypeAlias = Literal["", "label", "choice", "number", "text", "fields", "rows", "tool_calls", "expect"]
GOLD_KINDS: Final[tuple[GoldKind, ...]] = ("label", "choice", "number", "text", "fields", "rows", "tool_calls")
MOST_BROKEN: Final = 1_000  # entries that are named one by one; a file with more is not of this format


class RecordedAnswer(Frozen, frozen=True):
    """One answer as its tool recorded it.

    ``id`` is the case in the tool's words, "" where it has none: cases are then told apart by ``input``. ``repeat``
    counts from 0, None where the tool does not count. ``gold`` is the expectation as the tool has it (None for none),
    ``gold_kind`` how it is meant ("" to be guessed from all of them; "expect" is a fixture's own expectation).
    ``line`` counts lines, or entries of an array or archive, from 1. ``cached`` answers have no times.
    """

    file: int
    line: int
    target: str
    output: str
    tool: str
    version: str = ""
    id: str = ""
    input: dict[str, Any] = {}
    workload: str = ""
    repeat: int | None = None
    decoding: Decoding = "free"
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str = ""
    usage: Usage = Usage()
    failure: FailureKind | None = None
    failure_message: str = ""
    bypass: str = ""
    gold: Any = None
    gold_kind: GoldKind = ""
    choices: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    cached: bool = False
    times_s: dict[str, float] = {}
    server_timings: dict[str, float] = {}
    verdicts: dict[str, Any] = {}
    cost_usd: float | None = None


@dataclass
class LeftBehind:
    """Something that an import did not carry over: how often, where first, and what to do about it."""

    what: str
    hint: str
    where: str
    count: int = 0


@dataclass
class Account:
    """What came of reading: guesses, what was not carried over, what was broken."""

    guesses: list[str] = field(default_factory=list)
    left: dict[str, LeftBehind] = field(default_factory=dict)
    broken: list[Problem] = field(default_factory=list)
    broken_count: int = 0

    def guess(self, said: str) -> None:
        if said not in self.guesses:
            self.guesses.append(said)

    def leave(self, what: str, where: str, hint: str) -> None:
        """Count something that is not carried over; the first place is named."""
        found = self.left.get(what)
        if found is None:
            found = self.left[what] = LeftBehind(what, hint, where)
        found.count += 1

    def broke(self, where: str, what: str, hint: str) -> None:
        """Name an entry that cannot be read; the rest is read."""
        self.broken_count += 1
        if len(self.broken) < MOST_BROKEN:
            self.broken.append(Problem(where, what, hint, kind="data"))


@dataclass(frozen=True)
class ReadRequest:
    """A person's wishes. ``columns`` maps what an answer has to columns of a table or dotted keys of JSON objects.

    ``target`` names the model where the file does not. ``fixtures`` are the suite's fixture ids in order, for files
    with one list of answers a model.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    target: str = ""
    fixtures: Sequence[str] = ()


Read: TypeAlias = Callable[[Sequence[RecordFile], ReadRequest, Account], Iterator[RecordedAnswer]]


@dataclass(frozen=True)
class RecordedFormat:
    """A format: what reads it, what its files are in a few words, and the endings it is guessed from.

    ``mapped``: it takes a column map. ``same_input``: an id names one input, so another input under it is a mistake
    (tools that render prompts by model write different ones for one case).
    """

    read: Read
    says: str
    endings: tuple[str, ...] = ()
    mapped: bool = False
    same_input: bool = False


FORMATS: Registry[RecordedFormat] = Registry("format", "milo_bench.recorded.formats")


def format_key(name: str) -> str:
    """The registered name of a format as it is written on a command line: ``lm-eval`` is ``lm_eval``."""
    return name.strip().lower().replace("-", "_")


def format_names() -> tuple[str, ...]:
    """Every format as it is written on a command line."""
    return tuple(name.replace("_", "-") for name in FORMATS.names())
