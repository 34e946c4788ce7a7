"""Long documents with gold rows and the rows that systems gave in; rows found, exact, invented and repeated out."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.recorded.aliases import aliases_of
from benchmarks.recorded.cost import measured
from benchmarks.recorded.data import rows
from milo_bench import api
from milo_bench.decide.remedies.length_limit import fit_length_limit
from milo_bench.evidence.joining import join_columns
from milo_bench.stats.cases.columns import Cases, FixtureTable, fixture_table
from milo_bench.stats.cases.measures import measure_cases
from milo_bench.store.log.reader import read_run_log
from milo_bench.suites.importing.importer import CheckEntry, Imported, ImportedCase, WorkloadDraft
from milo_bench.suites.importing.suite_folder import write_imported

_RUN = re.compile(r"(.+?)-run(\d+)$")
MEASURES = ("row_recall", "row_exact", "row_precision", "row_invented_rate", "row_repeated_rate")
_PROMPT = "{# role: user #}\nList every record of the document as a JSON array of objects.\n\n{{ input['document'] }}\n"


def report(name: str, documents: Path, answers: Path, out: Path) -> int:
    """Import, grade and print; how many promises are broken."""
    with measured() as cost:
        log = _imported(name, documents, answers, out)
        read = read_run_log(log)
        fixtures = list(read.fixtures.values())
        words = [len(str(fixture.input["document"]).split()) for fixture in fixtures]
        table = fixture_table(fixtures, words=words)
        columns = join_columns([read], table)
    gold = sum(len(fixture.expect["rows"]) for fixture in fixtures)
    print(f"\n{name}: {len(columns)} systems on {len(fixtures)} documents of {min(words):,} to {max(words):,} words")
    print(f"  {len(read.attempts)} answers with {gold:,} gold rows imported and graded in {cost.text}")
    print(f"  {'system':<14} {'runs':>4} {'found':>22} {'exact':>24} {'precision':>22} {'invented':>8} {'repeated':>8}")
    for candidate, cases in columns.items():
        found = {name: measure_cases(cases, table, name) for name in MEASURES}
        shown = [_shown(found[name].value, found[name].interval) for name in MEASURES[:3]]
        invented, repeated = (found[name].k or 0 for name in MEASURES[3:])
        runs = len(np.unique(cases.repeat))
        print(
            f"  {candidate.target:<14} {runs:>4} {shown[0]:>22} {shown[1]:>24} {shown[2]:>22} "
            f"{invented:>8,} {repeated:>8,}"
        )
        exact = found["row_exact"].k or 0
        limit = _limit(cases, table)
        print(f"    {exact / runs:,.0f} exact rows a run. {limit}")
        for line in _runs(cases, table):
            print(f"    {line}")
    print(
        "  intervals are of groups of similar documents. Exact is by our reading of values: case, spaces and writing of"
    )
    print("  numbers aside, and other words for a value aside that the suite lists (Alabama for AL).")
    return 0


def _imported(name: str, documents: Path, answers: Path, out: Path) -> Path:
    imported = Imported()
    aliases = aliases_of(row for document in rows(documents) for row in document["gold"])
    checks: list[CheckEntry] = ["answer_present", {"record_list": {"aliases": aliases}}]
    imported.workloads.append(WorkloadDraft("rows", "Record lists", _PROMPT, checks, None, 64_000))
    for number, row in enumerate(rows(documents), start=1):
        place = f"{documents.name} line {number}"
        case = ImportedCase(row["id"], {"document": row["document"]}, {"rows": row["gold"]}, place, "rows")
        imported.cases.append(case)
    suite, log = out / "suite", out / "imported.jsonl"
    origins = {"": {"source": documents.name}}
    write_imported(imported, out=suite, form="jsonl", name=name, origins=origins)
    with tempfile.TemporaryDirectory() as folder:
        # A model that was run twice is one model with repeats.
        plain = Path(folder) / answers.name.removesuffix(".gz")
        with plain.open("w", encoding="utf-8") as file:
            for row in rows(answers):
                run = _RUN.match(row["model"])
                named = {"model": run[1], "repeat": int(run[2])} if run else {"model": row["model"], "repeat": 1}
                kept = {"id": row["id"], **named, "output": json.dumps(row["answer"], ensure_ascii=False)}
                file.write(json.dumps(kept, ensure_ascii=False) + "\n")
        api.import_recorded(api.RecordedImport(files=[plain], out=log, format="jsonl", suite=str(suite)))
    return log


def _shown(value: float | None, interval: object) -> str:
    if value is None:
        return "none"
    low, high = getattr(interval, "low", None), getattr(interval, "high", None)
    return f"{value:.1%}" if low is None or high is None else f"{value:.1%} ({low:.1%}–{high:.1%})"


def _limit(cases: Cases, table: FixtureTable) -> str:
    """The length past which more rows are missed, where the documents show one."""
    held, asked = cases.parts["record_list.found"]
    # Of a document without gold rows none can be missed.
    of_fixture = np.unique(cases.fixture[asked > 0])
    missed = np.array(
        [1 - held[cases.fixture == place].sum() / asked[cases.fixture == place].sum() for place in of_fixture]
    )
    limit = fit_length_limit(table.words[of_fixture], missed)
    if limit is None:
        return "No length limit stands out."
    return (
        f"Length limit {limit.words:,} words ({limit.low:,}–{limit.high:,}): "
        f"{limit.below:.1%} of rows missed up to it, {limit.above:.1%} beyond."
    )


def _runs(cases: Cases, table: FixtureTable) -> list[str]:
    """Rows found and exact of each repeat, where there are several."""
    repeats = np.unique(cases.repeat)
    if len(repeats) < 2:
        return []
    lines = []
    for repeat in repeats:
        one = cases.take(cases.repeat == repeat)
        recall, exact = (measure_cases(one, table, name) for name in ("row_recall", "row_exact"))
        lines.append(f"run {int(repeat) + 1}: {recall.k or 0:,} rows found, {exact.k or 0:,} exact")
    return lines
