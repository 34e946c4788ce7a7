"""Run logs and audits: a damaged one is refused with its line, and a resume loses no whole line of it."""

from __future__ import annotations

import json
import warnings
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec

from benchmarks.fuzz.damage import damaged, damaged_tree, dumped
from benchmarks.fuzz.throw import Kind, Lost
from milo_bench.core.errors import MiloError, RowLeftOut
from milo_bench.core.records import (
    Attempt,
    AttemptKey,
    CheckSpec,
    Failure,
    Fixture,
    LoadWindow,
    Plan,
    ProbeResult,
    RunEnd,
    RunHeader,
    Seal,
    SuiteRef,
    TargetRecord,
    Telemetry,
    Timings,
    Warmup,
    Workload,
)
from milo_bench.evidence.scorecards import score_logs
from milo_bench.store.audit.chain import head_bytes
from milo_bench.store.audit.records import AuditedRequest
from milo_bench.store.audit.verify import read_audit, verify_audit
from milo_bench.store.audit.writer import AuditWriter
from milo_bench.store.log.reader import last_seal, read_run_log
from milo_bench.store.log.sealing import SEAL_START, Chain
from milo_bench.store.log.writer import RunLogWriter

_FIXTURES: Final = tuple(
    Fixture(id=f"f{n}", workload="notes", input={"text": f"Anna wrote {n}"}, expect={"label": "a"}, hash=f"h{n}")
    for n in range(4)
)
_KEY: Final = b"k" * 32


def _header() -> RunHeader:
    work = Workload("notes", "notes", "{{ input.text }}", "p", (CheckSpec("label", {"labels": ["a", "b"]}),))
    target = TargetRecord("a", "openai", "m", endpoint="http://127.0.0.1:1")
    plan = Plan(fixtures=tuple(one.id for one in _FIXTURES), targets=("a",), repeats=2)
    suite = SuiteRef("s", "1", "sh")
    return RunHeader("r1", "2026-01-01T00:00:00+00:00", "0.2", suite, (work,), (target,), plan)


@cache
def sound_log() -> bytes:
    """A small log with a row of nearly every kind."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.jsonl"
        writer = RunLogWriter.create(path, _header(), _FIXTURES)
        for number in range(7):
            failure = Failure("reset", "gone") if number == 3 else None
            key = AttemptKey(f"f{number % 4}", "a", number // 4)
            times = Timings(number, number, number + 1.5, first_content_s=number + 0.5, chunk_gaps_s=(0.1, 0.2))
            writer.append(Attempt(key, f"q{number}", times, output="" if failure else "a", failure=failure))
            if number % 3 == 2:
                writer.flush()
        writer.append(Telemetry(at_s=3.0, target="a", memory_bytes=10))
        writer.append(ProbeResult("a", "streaming", "1", "pass", "info", "it streams"))
        writer.append(LoadWindow("a", "closed", 1.0, 0.0, 1.0))
        writer.append(Warmup("a", 0.0, 1.0))
        writer.close(RunEnd("2026-01-01T00:01:00+00:00", 7, 1, complete=False, reason="interrupted", ended_s=9.0))
        return path.read_bytes()


def _sealed(lines: list[bytes]) -> bytes:
    """Lines as one who can compute seals would write them."""
    chain, found = Chain(), []
    for line in lines:
        if line.startswith(SEAL_START):
            plan = msgspec.json.decode(line, type=Seal).plan
            found.append(msgspec.json.encode(chain.seal(plan)))
            continue
        chain.add(line)
        found.append(line)
    return b"".join(line + b"\n" for line in found)


def odd_log(random: Random) -> bytes:
    """A log of which a row says something odd, sealed as if it had been written so."""
    lines = sound_log().splitlines()
    places = [n for n, line in enumerate(lines) if not line.startswith(SEAL_START)]
    place = random.choice(places)
    row: Any = json.loads(lines[place])
    if random.random() < 0.1:
        lines[place] = _written(row, random.choice(("input", "expect", "x")), random.choice((70, 900, 1_000, 50_000)))
    else:
        lines[place] = dumped(damaged_tree(random, row)).encode("utf-8", "surrogatepass")
    return _sealed(lines)


def _written(row: dict[str, Any], name: str, depth: int) -> bytes:
    """A row with one value of any depth, which no encoder would write."""
    head = json.dumps(row)[:-1]
    return f"{head}, {json.dumps(name)}: {'[' * depth}1{']' * depth}}}".encode()


def _log(random: Random, folder: Path) -> None:
    path = folder / "log.jsonl"
    data = damaged(random, sound_log()) if random.random() < 0.6 else odd_log(random)
    path.write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RowLeftOut)
        _read(path)
    last_seal(path)
    _resume(path, data)


def _read(path: Path) -> None:
    for check_seals in (True, False):
        try:
            log = read_run_log(path, check_seals=check_seals)
            for _ in log.attempts:
                pass
        except MiloError as error:
            check_readable(error)
    try:
        score_logs([path])
    except MiloError as error:
        check_readable(error)


def _resume(path: Path, data: bytes) -> None:
    """A refused resume leaves the file as it was; one that is taken up cuts nothing but a last line without its end."""
    try:
        resumed = RunLogWriter.resume(path, _header(), _FIXTURES)
    except MiloError as error:
        check_readable(error)
        if path.read_bytes() != data:
            raise Lost("a resume that was refused changed the log") from error
        return
    resumed.writer.close()
    whole = data[: data.rfind(b"\n") + 1]
    if not path.read_bytes().startswith(whole):
        raise Lost("a resume changed whole lines")
    if b"\n" not in data and len(data) > len(sound_log()) - 500:
        raise Lost(f"a resume cut {len(data)} bytes that are no torn first line")


def _torn(random: Random, folder: Path) -> None:
    """Killed at any byte: everything whole is there again, and each finished key is known."""
    path = folder / "torn.jsonl"
    data = sound_log()[: random.randrange(1, len(sound_log()))]
    path.write_bytes(data)
    resumed = RunLogWriter.resume(path, _header(), _FIXTURES)
    resumed.writer.close()
    whole = data[: data.rfind(b"\n") + 1]
    if not path.read_bytes().startswith(whole):
        raise Lost("a whole line is gone")
    if len(resumed.done) != whole.count(b'{"type":"attempt"'):
        raise Lost(f"{len(resumed.done)} keys are known, {whole.count(b'attempt')} rows are whole")
    read_run_log(path)


@cache
def _audited() -> bytes:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        audit = Path(folder) / "audit"
        writer = AuditWriter(audit, _KEY)
        for number in range(6):
            writer.write(
                lambda n, number=number: AuditedRequest(n, "2026-01-01T00:00:00Z", f"r{number}", "answered", 200)
            )
        writer.close()
        return (audit / "audit-000001.jsonl").read_bytes()


def _audit(random: Random, folder: Path) -> None:
    """Every change of an audit is found; taking one up again never shortens what was acknowledged."""
    audit = folder / "audit"
    audit.mkdir(exist_ok=True)
    path, head = audit / "audit-000001.jsonl", folder / "audit.head"
    data = damaged(random, _audited())
    path.write_bytes(data)
    head.write_bytes(
        head_bytes(_KEY, 7, _audited()[-67:-3])
        if random.random() < 0.8
        else damaged(random, head_bytes(_KEY, 7, b"0" * 64))
    )
    try:
        check = verify_audit(audit, _KEY, head=head)
        if check.ok and not check.unfinished and data != _audited():
            raise Lost("an audit that was changed was found whole")
    except MiloError as error:
        check_readable(error)
    list(read_audit(audit))
    try:
        AuditWriter(audit, _KEY, head=head).close()
    except MiloError as error:
        check_readable(error)
        if path.read_bytes() != data:
            raise Lost("an audit that was refused was changed") from error


def check_readable(error: MiloError) -> None:
    """An error of the house: a sentence, and not a whole file."""
    for one in (error, *error.also):
        if len(one.message) > 4_000:
            raise Lost(f"an error of {len(one.message)} characters: {one.message[:80]!r}")


KINDS = (
    Kind("logs", _log, 6),
    Kind("torn-logs", _torn, 3),
    Kind("audits", _audit, 3),
)
