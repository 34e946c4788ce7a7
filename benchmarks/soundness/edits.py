"""A run log, its policy and its decision edited to look better in, how many edits verify does not find out.

Each edit is made three ways: in the file, as anyone can; sealed anew with this very tool and decided again, as a cheat
with time would; and that again where the package was signed before, with a key that the cheat does not have.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.soundness.road import Found, Random, Road, Row
from milo_bench import api
from milo_bench.core.errors import MiloError
from milo_bench.core.hashing import sha256_text
from milo_bench.core.records import (
    Attempt,
    AttemptKey,
    Fixture,
    FixtureSelection,
    Plan,
    Record,
    RunEnd,
    RunHeader,
    Seal,
    TargetRecord,
    Timings,
    Usage,
)
from milo_bench.core.version import __version__
from milo_bench.decide.records import Decision
from milo_bench.report.signature import (
    SIGNATURE,
    envelope_bytes,
    make_statement,
    new_key,
    read_private_key,
    sign_statement,
)
from milo_bench.run.prepare import prepare
from milo_bench.run.spec import RunSpec
from milo_bench.store.log.lines import decode_line
from milo_bench.store.log.writer import RunLogWriter
from milo_bench.suites import load_suite
from milo_bench.suites.fixtures import fixture_hash

WORKLOAD: Final = "topics"
CREATED_AT: Final = "2026-01-02T00:00:00Z"
POLICY: Final = """
policy: 1
workloads:
  topics:
    gates:
      - {measure: accuracy, at_least: 0.9}
findings:
  - {finding: reject, name: leaks, when: [probe_failed_critical]}
  - {finding: keep, name: adequate, when: [all_gates_pass]}
  - {finding: reject, name: unfit, when: [any_gate_failed]}
  - {finding: defer, name: open, when: []}
"""
LogEdit = Callable[[list[Record]], list[Record]]


@dataclass(frozen=True)
class Edit:
    """One way to make evidence look better: of the log's records, of the policy, or of the decision's file."""

    name: str
    log: LogEdit | None = None
    policy: Callable[[str], str] | None = None
    decision: Callable[[Decision], Decision] | None = None
    raw: Callable[[bytes], bytes] | None = None  # of the log's file


def write_log(path: Path) -> None:
    """Topics of messages, named by a model that is wrong on every third."""
    suite = load_suite("demo_v1")
    fixtures = [fixture for fixture in suite.fixtures if fixture.workload == WORKLOAD]
    workload = suite.workloads[WORKLOAD]
    spec = RunSpec(
        suite=suite.ref,
        workloads={WORKLOAD: workload},
        fixtures={fixture.id: fixture for fixture in suite.fixtures},
        plan=Plan(tuple(fixture.id for fixture in fixtures), ("local",)),
        tool_version=__version__,
        selection=FixtureSelection(workloads=(WORKLOAD,)),
    )
    header = spec.header((TargetRecord("local", "openai", "m"),), now=datetime(2026, 1, 1, tzinfo=UTC))
    writer = RunLogWriter.create(path, header, fixtures)
    for number, fixture in enumerate(fixtures):
        right = str(fixture.expect["label"])
        wrong = "late" if right != "late" else "invoice"
        start = float(number)
        writer.append(
            Attempt(
                key=AttemptKey(fixture.id, "local"),
                request_hash=prepare(fixture, workload, seed=0).request_hash,
                timings=Timings(start, start, start + 0.9, first_content_s=start + 0.3, chunk_gaps_s=(0.3, 0.25)),
                output=wrong if number % 3 == 0 else right,
                finish_reason="stop",
                usage=Usage(100, 3),
            )
        )
    writer.close(RunEnd("2026-01-01T01:00:00Z", len(fixtures), 0, True))


# ---------------------------------------------------------------- the edits

_replace = msgspec.structs.replace


def _each(kind: type[Record], change: Callable[[Record], Record]) -> LogEdit:
    return lambda records: [change(one) if isinstance(one, kind) else one for one in records]


def _gold_answers(records: list[Record]) -> list[Record]:
    right = {one.id: str(one.expect["label"]) for one in records if isinstance(one, Fixture)}
    return [_replace(one, output=right[one.key.fixture]) if isinstance(one, Attempt) else one for one in records]


def _faster(one: Record) -> Record:
    assert isinstance(one, Attempt)
    times = one.timings
    return _replace(one, timings=_replace(times, ended_s=times.started_s + 0.4))


def _faster_throughout(one: Record) -> Record:
    assert isinstance(one, Attempt)
    times = one.timings
    start = times.started_s
    gaps = tuple(gap / 2 for gap in times.chunk_gaps_s)
    first = start + 0.15
    return _replace(one, timings=Timings(start, start, start + 0.45, first_content_s=first, chunk_gaps_s=gaps))


def _gold(one: Record) -> Record:
    """The gold as the model answered it."""
    assert isinstance(one, Fixture)
    label = "late" if one.expect["label"] != "late" else "invoice"
    expect = {**one.expect, "label": label}
    return _replace(one, expect=expect, hash=fixture_hash(one.workload, one.input, expect))


def _without_wrong(records: list[Record], *, plan: bool) -> list[Record]:
    """Without the answers that are wrong, their fixtures, and with counts that agree."""
    right = {one.id: str(one.expect["label"]) for one in records if isinstance(one, Fixture)}
    gone = {one.key.fixture for one in records if isinstance(one, Attempt) and one.output != right[one.key.fixture]}
    kept: list[Record] = []
    for one in records:
        if isinstance(one, RunHeader) and plan:
            fixtures = tuple(id for id in one.plan.fixtures if id not in gone)
            one = _replace(one, plan=_replace(one.plan, fixtures=fixtures))
        if isinstance(one, RunEnd):
            one = _replace(one, attempts=one.attempts - len(gone))
        if isinstance(one, Attempt) and one.key.fixture in gone:
            continue
        if isinstance(one, Fixture) and one.id in gone and plan:
            continue
        kept.append(one)
    return kept


def _checks_struck_out(one: Record) -> Record:
    assert isinstance(one, RunHeader)
    (workload,) = one.workloads
    checks = tuple(check for check in workload.checks if check.name != "label")
    return _replace(one, workloads=(_replace(workload, checks=checks),))


def _other_prompt(one: Record) -> Record:
    assert isinstance(one, RunHeader)
    (workload,) = one.workloads
    source = workload.prompt_source + "\nThink well.\n"
    return _replace(one, workloads=(_replace(workload, prompt_source=source, prompt_hash=sha256_text(source)),))


def _reordered(records: list[Record]) -> list[Record]:
    attempts = [one for one in records if isinstance(one, Attempt)][::-1]
    return [attempts.pop() if isinstance(one, Attempt) else one for one in records[:2]] + [
        attempts.pop(0) if isinstance(one, Attempt) else one for one in records[2:]
    ]


def _cut(records: list[Record]) -> list[Record]:
    """Without the last answers, and with an end line that counts the rest and calls it complete."""
    attempts = [one for one in records if isinstance(one, Attempt)]
    gone = {one.key for one in attempts[len(attempts) // 2 :]}
    kept = [one for one in records if not (isinstance(one, Attempt) and one.key in gone)]
    return [_replace(one, attempts=one.attempts - len(gone)) if isinstance(one, RunEnd) else one for one in kept]


def _kept_verdict(decision: Decision) -> Decision:
    return _replace(decision, findings=tuple(_replace(one, kind="keep") for one in decision.findings))


def _lenient(text: str) -> str:
    return text.replace("at_least: 0.9", "at_least: 0.3")


def _old_digest(decision: Decision) -> Decision:
    return _replace(decision, policy=_replace(decision.policy, sha256=sha256_text(POLICY)))


EDITS: Final = (
    Edit("gold inserted into answers", log=_gold_answers),
    Edit("ends of answers moved forward", log=_each(Attempt, _faster)),
    Edit("every time of an answer halved", log=_each(Attempt, _faster_throughout)),
    Edit("fixtures removed with their counts", log=lambda records: _without_wrong(records, plan=True)),
    Edit("wrong answers removed with their counts", log=lambda records: _without_wrong(records, plan=False)),
    Edit("checks struck out under the suite's hash", log=_each(RunHeader, _checks_struck_out)),
    Edit("gold changed to what was answered", log=_each(Fixture, _gold)),
    Edit("another prompt", log=_each(RunHeader, _other_prompt)),
    Edit("rows reordered", log=_reordered),
    Edit("tail cut", log=_cut),
    Edit("verdict flipped", decision=_kept_verdict),
    Edit("policy changed, decided anew", policy=_lenient),
    Edit("policy changed, decided anew, old sha256 kept", policy=_lenient, decision=_old_digest),
)


# ---------------------------------------------------------------- made and looked at


def is_found(edit: Edit, folder: Path, *, sealed_anew: bool, signed: bool) -> bool:
    """Whether ``edit``, made in the empty ``folder``, is found by verify (or by a command that refuses the log).

    A reader holds the policy if the log was not sealed anew, the public key if the package was ``signed`` before the
    edit, and else nothing.
    """
    log, policy = folder / "run.jsonl", folder / "policy.yaml"
    write_log(log)
    policy.write_text(POLICY)
    decision = api.decide_logs(api.DecideOptions((log,), policy=policy), created_at=CREATED_AT)
    (folder / "held.yaml").write_text(POLICY)
    held = None if sealed_anew else api.HeldFiles(policy=folder / "held.yaml")
    if signed:
        held = api.HeldFiles(key=new_key(folder / "key"))
        envelope = sign_statement(make_statement(decision), read_private_key(folder / "key"))
        (folder / SIGNATURE).write_bytes(envelope_bytes(envelope))
    try:
        if edit.log is not None:
            edit_log(log, edit.log, sealed_anew=sealed_anew)
        if edit.policy is not None:
            policy.write_text(edit.policy(POLICY))
        if edit.log is not None or edit.policy is not None:
            decision = api.decide_logs(api.DecideOptions((log,), policy=policy), created_at=CREATED_AT)
        if edit.decision is not None:
            decision = edit.decision(decision)
        api.write_decision(folder / "decision.json", decision)
        return bool(api.verify_decision(folder / "decision.json", held=held).differences)
    except MiloError:
        return True


def edit_log(path: Path, edit: LogEdit, *, sealed_anew: bool) -> None:
    """Rewrite the log at ``path``: with its old seals left where they are, or sealed anew by the tool itself."""
    lines = path.read_bytes().splitlines(keepends=True)
    records = [decode_line(path, number, line) for number, line in enumerate(lines, start=1)]
    if sealed_anew:
        header, *rest = edit([one for one in records if not isinstance(one, Seal)])
        assert isinstance(header, RunHeader)
        path.unlink()
        writer = RunLogWriter.create(path, header, ())
        for one in rest:
            writer.append(one)
        writer.close()
        return
    path.write_bytes(b"".join(_as_text(one) for one in edit(records)))


def _as_text(record: Record) -> bytes:
    """A line as an editor of the file would leave it."""
    return json.dumps(msgspec.to_builtins(record), separators=(",", ":")).encode() + b"\n"


WAYS: Final = (
    ("in the file, policy held", False, False),
    ("sealed anew, package signed before", True, True),
    ("sealed anew, package not signed", True, False),
)


def missed(sealed_anew: bool, signed: bool) -> list[str]:
    """Names of the edits that are not found."""
    names = []
    for edit in EDITS:
        with tempfile.TemporaryDirectory() as folder:
            if not is_found(edit, Path(folder), sealed_anew=sealed_anew, signed=signed):
                names.append(edit.name)
    return names


def simulate(runs: int, random: Random) -> Sequence[Row]:
    """A row for each way of editing; nothing here is drawn, so ``runs`` does not enter."""
    rows = []
    for way, sealed_anew, signed in WAYS:
        names = missed(sealed_anew, signed)
        promised = None if sealed_anew and not signed else 0.0
        rows.append(Row(f"{len(EDITS)} edits, {way}", promised, Found(len(names), len(EDITS))))
        rows += [Row(f"  not found: {name}", None, Found(1, 1)) for name in names]
    return rows


ROAD = Road("evidence edited after the run", "edits that verify does not find", simulate)
