"""The sample of live work that a gateway kept in, a suite of it with a run log of its answers out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import yaml

from milo_bench.core.errors import MiloError, UsageError
from milo_bench.core.files import write_file
from milo_bench.core.hashing import sha256_data
from milo_bench.core.suggest import hint_for

if TYPE_CHECKING:
    from milo_bench.core.records import Fixture
    from milo_bench.store.state.samples import SampledWork
    from milo_bench.suites.load import Suite

SUITE_FOLDER, FIXTURES = "suite", "live.jsonl"
LOG_NAME = "answers.jsonl"


@dataclass(frozen=True)
class ExportedSample:
    """``fixtures`` in ``suite``, ``answers`` of them in ``log`` (None where there is none), ``left_out`` by reason."""

    suite: Path
    log: Path | None
    fixtures: int
    answers: int
    left_out: Mapping[str, int]


def samples_of(state: str, *, workloads: tuple[str, ...] = (), since: float = 0.0) -> tuple[SampledWork, ...]:
    """The sample in a state database, the oldest first. Raises PrerequisiteError where there is no database."""
    from milo_bench.store.state.database import open_state
    from milo_bench.store.state.samples import read_samples

    return read_samples(open_state(state, make=False), workloads=workloads, since=since)


def export_sample(
    state: str, suite: str, out: Path, *, workloads: tuple[str, ...] = (), since: float = 0.0
) -> ExportedSample:
    """Write the sample as a suite with the contracts of ``suite`` and its answers as a run log into the folder ``out``.

    The fixtures expect nothing: they have no right answer until people give one. Raises UsageError where nothing was
    sampled, ``out`` is taken or ``suite`` has none of the workloads.
    """
    from milo_bench.suites.load import load_suite
    from milo_bench.suites.write import refuse_taken

    refuse_taken(out)
    base = load_suite(suite)
    for name in workloads:
        if name not in base.workloads:
            message = f"The suite '{base.ref.name}' has no workload '{name}'."
            raise UsageError(message, hint=hint_for(name, base.workloads, noun="workloads"))
    found = samples_of(state, workloads=workloads, since=since)
    left_out: Counter[str] = Counter()
    fixtures, kept = _fixtures(found, base, left_out)
    if not fixtures:
        said = "; ".join(f"{count}: {why}" for why, count in left_out.items())
        message = "There is nothing to export" + (f" ({said})." if said else ": nothing was sampled.")
        raise UsageError(message, hint="set gateway.sample in bench.yaml, e.g. 'sample: 2%', and serve.")
    out.mkdir(parents=True, exist_ok=True)
    folder = _write_suite(base, fixtures, out / SUITE_FOLDER)
    answered = [one for one in kept if one.target and one.output]
    log = _write_log(answered, folder, out) if answered else None
    return ExportedSample(folder, log, len(fixtures), len(answered), left_out)


def _fixtures(
    found: Sequence[SampledWork], base: Suite, left_out: Counter[str]
) -> tuple[list[Fixture], list[SampledWork]]:
    from milo_bench.run.prepare import prepare
    from milo_bench.store.state.samples import sampled_fixture
    from milo_bench.suites.fixtures import make_fixture

    fixtures, kept, seen = [], [], set()
    for one in found:
        workload = base.workloads.get(one.workload)
        if workload is None:
            left_out[f"the suite has no workload '{one.workload}'"] += 1
            continue
        if one.prompt == "free":
            left_out["messages of the client's own, which no measured prompt covers"] += 1
            continue
        content = sha256_data([one.workload, one.input])
        if content in seen:  # redaction makes two cases alike, or one came twice
            left_out["the same case as another one"] += 1
            continue
        fixture = make_fixture(sampled_fixture(one))
        try:
            prepare(fixture, workload, decoding="free")
        except MiloError:
            left_out["the case does not fit the prompt of the suite"] += 1
            continue
        seen.add(content)
        fixtures.append(fixture)
        kept.append(one)
    return fixtures, kept


def _write_suite(base: Suite, fixtures: Sequence[Fixture], out: Path) -> Path:
    from milo_bench.suites.fixtures import fixture_line
    from milo_bench.suites.write import write_suite

    files: dict[str, str | bytes] = {
        name: base.path(name).read_bytes() for name in base.files if name not in base.manifest.fixtures
    }
    files[FIXTURES] = "".join(fixture_line(one) + "\n" for one in fixtures)
    used = {one.workload for one in fixtures}
    data = yaml.safe_load(base.manifest.text)
    data |= {"name": f"{base.ref.name}_live", "version": f"{base.ref.version}+live", "fixtures": [FIXTURES]}
    data["workloads"] = {name: one for name, one in data["workloads"].items() if name in used}
    for key in ("generator", "seed"):
        data.pop(key, None)
    files["suite.yaml"] = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=110)
    return write_suite(out, files)


def _write_log(answered: Sequence[SampledWork], suite: Path, out: Path) -> Path:
    """The answers as any recorded answers are imported, so that grade, score and review read them as others."""
    from milo_bench.api.recording import import_recorded
    from milo_bench.recorded.importing import RecordedImport

    lines = [
        msgspec.json.encode(
            {
                "id": f"live-{one.request.removeprefix('r_')}", "workload": one.workload, "target": one.target,
                "output": one.output, "latency_s": one.took_s,
            }
        )
        for one in answered
    ]  # fmt: skip
    recorded, log = out / "recorded.jsonl", out / LOG_NAME
    write_file(recorded, b"\n".join(lines) + b"\n", hint="choose another folder with --out.")
    import_recorded(RecordedImport([recorded], log, format="jsonl", suite=str(suite)))
    return log
