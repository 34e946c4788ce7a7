"""Run each variant of a prompt, put their measures into one table, and compare each with the first, pair by pair."""

from pathlib import Path

import milo_bench as mb

WORKLOAD = "timeline"

Path("script.yaml").write_text("reply: {text: 'The case is closed.'}\n", encoding="utf-8")
scripted = mb.TargetConfig(api="fake", script="script.yaml")

suite = mb.load_suite("case_ops_v1")
logs: dict[str, Path] = {}
rows: list[dict[str, object]] = []
for variant in ("", *suite.variants[WORKLOAD]):
    name = variant or "built-in"
    options = mb.RunOptions(
        suite="case_ops_v1",
        models=["scripted"],
        targets={"scripted": scripted},
        workloads=[WORKLOAD],
        variants={WORKLOAD: variant} if variant else {},
        limit=5,
        out=f"prompts/{name}.jsonl",
    )
    logs[name] = mb.run_suite(options).path
    for card in mb.score_logs(logs[name]):
        rows += [{"variant": name, "measure": m.name, "value": m.value, "n": m.n} for m in card.measures if not m.slice]

for row in rows:  # with pandas: pandas.DataFrame(rows).pivot(index="measure", columns="variant", values="value")
    print(row)

for comparison in mb.compare_logs([mb.SideRef(path) for path in logs.values()]):
    print(comparison.first, "against", comparison.second)
    for mean in comparison.means:
        print(mean.workload, mean.name, mean.difference, mean.interval)
