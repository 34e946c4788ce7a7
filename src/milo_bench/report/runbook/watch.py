"""A decision's gates in; shell lines that hold live records against them out.

The queries read run logs as they are (JSON lines) with the DuckDB shell, so they work on the
records of live traffic as well, which have the same shape.
"""

from __future__ import annotations

from milo_bench.decide.records import Decision, Figure, Finding, GateResult
from milo_bench.decide.rerun import RUN
from milo_bench.report.runbook.shell import comment_text, shell_word, sql_string

_COLUMNS = (
    "{type: 'VARCHAR', key: 'STRUCT(target VARCHAR)', failure: 'STRUCT(kind VARCHAR)', bypass: 'VARCHAR', "
    "finish_reason: 'VARCHAR', timings: 'STRUCT(intended_s DOUBLE, ended_s DOUBLE)'}"
)
_ROWS = f"read_json('$LOGS', format='newline_delimited', ignore_errors=true, columns={_COLUMNS})"
# Measures that follow from a record alone; the rest needs answers judged, which `milo-bench gate` does.
_LIVE = {
    "failure_rate": ("MOST_FAILED", "avg((failure IS NOT NULL)::INT)"),
    "cut_at_max_tokens_rate": ("MOST_CUT", "avg((finish_reason = 'length')::INT)"),
    # A request that failed never ended: it counts as endless, not as quick.
    "latency_p95_s": (
        "MOST_P95_S",
        "quantile_disc(CASE WHEN failure IS NULL THEN timings.ended_s - timings.intended_s "
        "ELSE 'infinity'::DOUBLE END, 0.95)",
    ),
}


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


def watch_lines(decision: Decision, finding: Finding) -> tuple[str, ...]:
    """Lines that print the target where a live measure is beyond its threshold, and nothing while all is well."""
    lines: list[str] = []
    for measure, (name, formula) in _LIVE.items():
        known = _threshold(decision, finding, measure)
        if known is None or known[0].value is None:
            continue
        figure, number, why = known
        lines += [
            f"{name}={plain_number(number)}    # {why}: {comment_text(figure.id)}",
            f'duckdb -noheader -list -c "SELECT key.target, {formula} AS seen FROM {_ROWS}'  # noqa: S608  printed, not run
            f" WHERE type = 'attempt' AND coalesce(bypass, '') = '' AND key.target = {sql_string(finding.target)}"
            f' GROUP BY 1 HAVING seen > ${name}"',
        ]
    return ("LOGS='runs/live-*.jsonl'", *lines) if lines else ()


def _threshold(decision: Decision, finding: Finding, measure: str) -> tuple[Figure, float, str] | None:
    """The bound of the gate where there is one, else the upper end of what was measured."""
    gate = _gate(finding, measure)
    if gate is not None:
        bound = decision.figures.get(gate.bound)
        if bound is not None and bound.value is not None:
            return bound, bound.value, "threshold of the gate"
    measured = decision.figures.get(f"measure/{finding.candidate.text}/{measure}")
    if measured is None or measured.value is None:
        return None
    high = measured.high if measured.high is not None else measured.value
    return measured, high, "upper end of the measured interval" if measured.high is not None else "as measured"


def _gate(finding: Finding, measure: str) -> GateResult | None:
    return next(
        (one for one in finding.gates if one.measure == measure and not one.slice and one.direction == "at_most"), None
    )


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
