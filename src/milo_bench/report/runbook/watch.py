"""A decision in; shell lines that count alarms, and that measure again and compare, out."""

from __future__ import annotations

from milo_bench.config.alarms import AlarmsFile
from milo_bench.decide.records import Decision
from milo_bench.decide.rerun import RUN
from milo_bench.report.runbook.shell import shell_word

WATCH = f"milo-bench audit watch audit --alarms {AlarmsFile.file_name}"


def plain_number(number: float, *, up: bool = True) -> str:
    """A number for a command: four digits, rounded so that a limit is never tighter than what was measured."""
    text = f"{number:.4g}"
    shown = float(text)
    if up and shown < number:
        shown += 10.0 ** _exponent(text)
    return f"{shown:.10g}"


def _exponent(text: str) -> int:
    mantissa, _, power = text.partition("e")
    decimals = len(mantissa.partition(".")[2])
    return int(power or 0) - decimals


def gate_lines(decision: Decision) -> tuple[str, ...]:
    """New runs and probes of the local targets, and their comparison with this package: exit 1 with what regressed."""
    lines, logs = [], []
    names = [target.name for target in decision.targets if not target.hosted]
    targets = ",".join(names) or "TARGET"
    # Load and probes plan no attempts, and operator work has a runner of its own.
    asked = [log for log in decision.logs if log.planned and (not log.command or log.command.startswith(RUN))]
    for number, suite in enumerate(dict.fromkeys(log.suite.name for log in asked)):
        logs.append("runs/again.jsonl" if not number else f"runs/again-{number}.jsonl")
        lines.append(f"milo-bench run --suite {shell_word(suite)} --models {shell_word(targets)} --out {logs[-1]}")
    probed = {one.result.target for one in decision.probes}
    for name in names:
        if name in probed:
            lines.append(f"milo-bench probe {shell_word(name)} --out runs/probes-again.jsonl")
    if probed.intersection(names):
        logs.append("runs/probes-again.jsonl")
    return (*lines, f"milo-bench gate --baseline . {' '.join(logs)}") if logs else ()
