"""A decision in; shell lines that count alarms, and that measure again and compare, out."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping
from typing import Final

from milo_bench.config.alarms import AlarmsFile
from milo_bench.decide.records import Decision, LogRef
from milo_bench.decide.rerun import RUN, suite_to_copy
from milo_bench.report.runbook.shell import comment_text, shell_word

_AGAIN: Final = "../again"  # beside the package, which keeps nothing but its own files
_BASELINE: Final = "--baseline"
_NAMES: Final = ("--models", "--verifier")
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
    """New runs and probes of the local targets, and their comparison with this package: exit 1 with what regressed.

    Every run is asked as it was, with its variants, and each day has logs of its own, beside the package.
    """
    lines: list[str] = []
    logs: list[str] = []
    names = [target.name for target in decision.targets if not target.hosted]
    # Load and probes plan no attempts, and operator work has a runner of its own.
    again: dict[str, str] = {}  # by where a command wrote its log
    # A run beside recorded answers comes after the one that records them.
    for log in sorted(decision.logs, key=lambda one: _BASELINE in shlex.split(one.command)):
        words = _asked_again(log, names, again) if log.planned else ()
        if words:
            said = " ".join(word if word in logs else shell_word(word) for word in words)  # $DAY is not quoted
            logs.append(f"{_AGAIN}/run-{len(logs) + 1}-$DAY.jsonl")
            again[_written(log)] = logs[-1]
            lines.append(f"milo-bench run {said} --out {logs[-1]}")
    probed = {one.result.target for one in decision.probes}
    probes = f"{_AGAIN}/probes-$DAY.jsonl"
    lines += [f"milo-bench probe {shell_word(name)} --out {probes}" for name in names if name in probed]
    logs += [probes] if probed.intersection(names) else []
    if not logs:
        return ()
    own = dict.fromkeys(suite for log in decision.logs if log.command and (suite := suite_to_copy(log.command)))
    copies = (f"# Put a copy of the suite's folder here first: {comment_text(suite)}" for suite in own)
    return (*copies, "DAY=$(date +%F)", *lines, f"milo-bench gate --baseline . {' '.join(logs)}")


def _written(log: LogRef) -> str:
    """Where the command behind ``log`` writes it."""
    words = shlex.split(log.command)
    return words[words.index("--out") + 1] if "--out" in words[:-1] else ""


def _asked_again(log: LogRef, local: Collection[str], again: Mapping[str, str]) -> tuple[str, ...]:
    """The words of the run behind ``log``, for the local targets alone and without its log; none where it had none.

    ``again`` are logs that were made again before it. A recorded baseline that is not run again is left out.
    """
    if not log.command:
        return ("--suite", log.suite.name, "--models", ",".join(local)) if local else ()
    if not log.command.startswith(RUN):
        return ()
    words = iter(shlex.split(log.command.removeprefix(RUN)))
    kept: list[str] = []
    for word in words:
        if word == "&&":
            break  # judges of its answers follow
        if word in _NAMES:
            mine = [name for name in next(words, "").split(",") if name in local]
            if word == "--models" and not mine:
                return ()
            kept += [word, ",".join(mine)] if mine else []
        elif word == _BASELINE:
            recorded = again.get(next(words, ""))
            kept += [word, recorded] if recorded else []
        elif word == "--out":
            next(words, "")
        elif word != "--allow-hosted":
            kept.append(word)
    return tuple(kept)
