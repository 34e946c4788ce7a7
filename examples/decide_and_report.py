"""Decide on the run logs in runs/, print the findings with their gates, and write and check the package."""

from pathlib import Path

import milo_bench as mb

decision = mb.decide_logs(mb.DecideOptions(logs=sorted(Path("runs").glob("*.jsonl")), title="My first decision"))
print(mb.plain_text(decision.figures, decision.verdict))
for finding in decision.findings:
    print(finding.workload, finding.target, finding.kind, finding.route)
    for gate in finding.gates:
        print("   ", gate.outcome, mb.plain_text(decision.figures, gate.reason))

pages = mb.report_decision(decision, "package")
print("open", pages[0])

verification = mb.verify_package("package")
print(verification.figures, "figures recomputed:", verification.recomputed)
for difference in verification.differences:
    print(difference.file, difference.figure, difference.package, difference.recomputed)
