"""Recorded answers one by one in; each case once, the answers spooled aside with the number of their case, out."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

import msgspec

from milo_bench.core.hashing import sha256_data
from milo_bench.recorded.answer import Account, GoldKind, RecordedAnswer
from milo_bench.recorded.files import RecordFile

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(RecordedAnswer)


@dataclass
class RecordedCase:
    """One case of the recording: what was asked and what was expected. ``where`` is where it is first."""

    id: str
    workload: str
    input: dict[str, Any]
    gold: Any
    gold_kind: GoldKind
    choices: tuple[str, ...]
    tags: tuple[str, ...]
    file: int
    line: int
    where: str


@dataclass
class Recording:
    """Everything that was read. The answers are in a file, because they may be many and long."""

    cases: list[RecordedCase] = field(default_factory=list)
    targets: dict[str, None] = field(default_factory=dict)
    tools: dict[int, tuple[str, str]] = field(default_factory=dict)  # by file: the tool and its version
    count: int = 0
    said_yes_or_no: bool = False  # an answer is the word yes or no: what true and false are then called
    _spool: IO[bytes] = field(default_factory=lambda: tempfile.TemporaryFile(prefix="milo-bench-"))  # noqa: SIM115

    def answers(self) -> Iterator[tuple[int, RecordedAnswer]]:
        """Each answer with the number of its case, in the order in which they were read."""
        self._spool.seek(0)
        while head := self._spool.read(8):
            size, case = int.from_bytes(head[:4], "big"), int.from_bytes(head[4:], "big")
            yield case, _DECODER.decode(self._spool.read(size))

    def close(self) -> None:
        self._spool.close()

    def _put(self, case: int, answer: RecordedAnswer) -> None:
        data = _ENCODER.encode(answer)
        self._spool.write(len(data).to_bytes(4, "big") + case.to_bytes(4, "big") + data)
        self.count += 1
        self.said_yes_or_no = self.said_yes_or_no or answer.output.strip(" .").casefold() in ("yes", "no")


def collect(
    answers: Iterable[RecordedAnswer], files: list[RecordFile], account: Account, *, same_input: bool
) -> Recording:
    """Read every answer. With ``same_input``, an answer under a known id with another input is named and left out."""
    recording = Recording()
    places: dict[tuple[str, str], int] = {}
    hashes: dict[int, str] = {}
    for answer in answers:
        where = files[answer.file].where(answer.line)
        try:
            _ENCODER.encode(answer)
        except OverflowError:
            account.broke(where, "a whole number that no log can store", "write it as text.")
            continue
        digest = sha256_data(answer.input) if answer.input else ""
        if not answer.id and not digest:
            account.broke(where, "neither an id nor an input", "map a column to id or input. See --map.")
            continue
        key = (answer.workload, answer.id or digest)
        number = places.setdefault(key, len(recording.cases))
        if number == len(recording.cases):
            recording.cases.append(_case(answer, digest, where))
            hashes[number] = digest
        elif digest and hashes[number] and digest != hashes[number]:
            if same_input:
                first = recording.cases[number].where
                said = f"the id '{answer.id[:80]}' has another input in {first}"
                account.broke(where, said, "give each input an id of its own, or map no column to id.")
                continue
            account.leave(
                "an input that differs from the first one of its case", where, "tools write prompts by model."
            )
        elif digest and not hashes[number]:
            recording.cases[number].input, hashes[number] = answer.input, digest
        _add_gold(recording.cases[number], answer, account, where)
        recording.targets.setdefault(answer.target)
        recording.tools.setdefault(answer.file, (answer.tool, answer.version))
        recording._put(number, msgspec.structs.replace(answer, input={}, gold=None, choices=(), tags=()))
    return recording


def _case(answer: RecordedAnswer, digest: str, where: str) -> RecordedCase:
    return RecordedCase(
        id=answer.id or f"case-{digest[:12]}",
        workload=answer.workload,
        input=answer.input,
        gold=answer.gold,
        gold_kind=answer.gold_kind,
        choices=answer.choices,
        tags=answer.tags,
        file=answer.file,
        line=answer.line,
        where=where,
    )


def _add_gold(case: RecordedCase, answer: RecordedAnswer, account: Account, where: str) -> None:
    if answer.gold is None:
        return
    if case.gold is None:
        case.gold, case.gold_kind, case.choices = answer.gold, answer.gold_kind, answer.choices
    elif case.gold != answer.gold:
        said = "an expected answer that differs from the first one of its case"
        account.leave(said, where, "the first one is used. Check which of them is correct.")
