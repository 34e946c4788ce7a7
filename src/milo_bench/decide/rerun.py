"""How a run log came to be in, the shell line that makes one like it out; words quoted for a shell."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

from milo_bench.config.policy.file import shipped_policies, shipped_policy
from milo_bench.config.policy.operator import SHIPPED_OPERATOR_POLICY
from milo_bench.core.records import LoadWindow, ProbeResult, RunHeader
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.records import KeptFile

RUN = "milo-bench run "
_LEVELS = {"closed": "--concurrency", "open": "--rate"}


def rerun_command(
    header: RunHeader,
    *,
    name: str,
    attempts: int,
    load: Sequence[LoadWindow],
    probes: Sequence[ProbeResult],
    operator: bool = False,
) -> str:
    """The command behind a log: ``milo-bench run``, ``load``, ``probe`` or ``operator run``, by what the log holds."""
    if operator:
        return _operator_line(header, name)
    if header.imported:
        return _import_line(header, name)
    if attempts or not (load or probes):
        return _run_line(header, name)
    if load:
        return _load_line(header, name, load)
    return _probe_line(name, probes)


def _probe_line(name: str, probes: Sequence[ProbeResult]) -> str:
    """A command for each target, with the logs that were searched and the command that restarted its server."""
    found: dict[str, list[str]] = {}
    for probe in probes:
        given = probe.evidence.get("given") if isinstance(probe.evidence, dict) else None
        words = found.setdefault(probe.target, [])
        if not isinstance(given, dict) or words:
            continue
        for log in given.get("logs", ()):
            words += ["--logs", str(log)]
        if given.get("restart_command"):
            words += ["--restart-command", shlex.join(str(word) for word in given["restart_command"])]
    return " && ".join(
        f"milo-bench probe {shlex.join([target, *words, '--out', name])}" for target, words in found.items()
    )


def _run_line(header: RunHeader, name: str) -> str:
    plan = header.plan
    words = ["--suite", header.suite_folder or header.suite.name, "--models", ",".join(plan.targets)]
    words += [word for pair in sorted(plan.variants.items()) for word in ("--variant", "=".join(pair))]
    if plan.limit is not None:
        words += ["--limit", str(plan.limit)]
    else:  # of a sample every workload is part, of a whole run those that were asked for
        words += [word for contract in header.workloads for word in ("--workload", contract.name)]
    if plan.decodings != ("free",):
        words += ["--decoding", "both" if len(plan.decodings) > 1 else plan.decodings[0]]
    for option, value, usual in (
        ("--concurrency", plan.concurrency, 1),
        ("--repeats", plan.repeats, 1),
        ("--retries", plan.retries, 0),
        ("--seed", plan.seed, 0),
    ):
        words += [option, str(value)] if value != usual else []
    if header.store_text != "full":
        words += ["--store-text", header.store_text]
    if any(target.hosted for target in header.targets):
        words.append("--allow-hosted")
    return RUN + _quoted([*words, "--out", name])


def _import_line(header: RunHeader, name: str) -> str:
    files = [file.name for file in header.imported]
    first = header.imported[0]
    words = [*files, "--format", first.format, "--suite", header.suite_folder or header.suite.name]
    words += [word for pair in sorted(first.columns.items()) for word in ("--map", "=".join(pair))]
    words += ["--target", first.target] if first.target else []
    words += [word for target in header.targets if target.hosted for word in ("--hosted", target.model)]
    return "milo-bench import " + _quoted([*words, "--out", name])


def _load_line(header: RunHeader, name: str, load: Sequence[LoadWindow]) -> str:
    words = ["--suite", header.suite.name, "--model", load[0].target]
    words += [word for contract in header.workloads for word in ("--workload", contract.name)]
    for mode, option in _LEVELS.items():
        levels = dict.fromkeys(f"{window.level:g}" for window in load if window.mode == mode)
        if levels:
            words += [option, ",".join(levels)]
            break
    measured = load[0].figures.measured_s
    if measured is not None:
        words += ["--duration", f"{measured:g}s"]
    return "milo-bench load " + _quoted([*words, "--out", name])


def rerun_commands(
    evidence: Evidence,
    policy: KeptFile,
    economics: KeptFile | None,
    operators: KeptFile | None,
) -> tuple[str, ...]:
    """Lines that measure again and work the decision out again."""
    found = [log.command for log in evidence.logs if log.command]
    words = [log.path for log in evidence.logs]
    # A shipped policy is taken without being named, and is no file that could be.
    words += [] if policy == operators or _is_shipped(policy) else ["--policy", policy.path]
    if operators is not None and operators.path != SHIPPED_OPERATOR_POLICY:
        words += ["--operator-policy", operators.path]
    words += ["--economics", economics.path] if economics is not None else []
    words += ["--review", "review.json"] if evidence.reviews else []
    if evidence.inventories:
        found.append("milo-bench inventory --json > inventory.json")
        words += ["--inventory", "inventory.json"]
    found.append(f"milo-bench decide {_quoted(words)} --out decision.json")
    return (*found, "milo-bench report decision.json --out package/", "milo-bench verify package/")


def _is_shipped(policy: KeptFile) -> bool:
    names = {f"{name}.yaml": name for name in shipped_policies()}
    found = shipped_policy(names[policy.path]) if policy.path in names else None
    return found is not None and found.text == policy.text


def _operator_line(header: RunHeader, name: str) -> str:
    """The line that plays the same tasks again."""
    plan = header.plan
    tasks = ",".join(dict.fromkeys(fixture.rpartition(".")[0] for fixture in plan.fixtures))
    own = f"--own-tasks {shlex.quote(header.suite_folder)} " if header.suite_folder else ""
    return (
        f"milo-bench operator run {own}--models {shlex.quote(','.join(plan.targets))} --tasks {shlex.quote(tasks)} "
        f"--repeats {plan.repeats} --seed {plan.seed} --out {shlex.quote(name)}"
    )


def _quoted(words: Iterable[str]) -> str:
    return " ".join(shlex.quote(word) for word in words)
