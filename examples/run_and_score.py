"""Run a suite against a scripted target, print its measures and open what failed."""

from pathlib import Path

import milo_bench as mb

Path("script.yaml").write_text("reply: {text: 'The case is closed.'}\n", encoding="utf-8")
options = mb.RunOptions(
    suite="case_ops_v1",
    models=["scripted"],
    targets={"scripted": mb.TargetConfig(api="fake", script="script.yaml")},
    limit=6,
    out="runs/first.jsonl",
)
finished = mb.run_suite(options)
if not finished.end.complete:
    raise SystemExit(f"{finished.done} of {finished.planned} attempts: {finished.why}")

(card,) = mb.score_logs(finished.path)
for measure in card.measures:
    if not measure.slice:  # slices narrow a measure to a field, a tag or a check
        print(measure.workload, measure.target, measure.name, mb.measure_text(measure))

for row in mb.grade_logs(finished.path):
    for verdict in row.graded.verdicts:
        if verdict.outcome == "fail":
            print(row.fixture.id, verdict.check, verdict.category, verdict.reason)
