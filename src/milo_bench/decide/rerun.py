"""How a run log came to be in, the shell line that makes one like it out; words quoted for a shell."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath
from typing import Final

from milo_bench.config.policy.file import shipped_policies, shipped_policy_text
from milo_bench.config.policy.operator import SHIPPED_OPERATOR_POLICY
from milo_bench.config.rubric import builtin_rubrics
from milo_bench.core.records import LoadWindow, ModelJudgement, ProbeResult, RunHeader, Timeouts
from milo_bench.core.records.judgements import VERIFIER
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.records import KeptFile

RUN = "milo-bench run "
POLICY_NAME: Final = "policy.yaml"  # as a package has them
OPERATOR_POLICY_NAME: Final = "operator_policy.yaml"
ECONOMICS_NAME: Final = "economics.yaml"
REVIEW_NAME: Final = "review.json"
_USUAL: Final = Timeouts()
_LEVELS = {"closed": "--concurrency", "open": "--rate"}


def rerun_command(
    header: RunHeader,
    *,
    name: str,
    attempts: int,
    load: Sequence[LoadWindow],
    probes: Sequence[ProbeResult],
    operator: bool = False,
    judgements: Sequence[ModelJudgement] = (),
    baseline: str = "",
) -> str:
    """The command behind a log: ``milo-bench run``, ``load``, ``probe`` or ``operator run``, by what the log holds.

    ``baseline`` is where the answers are measured again that a run was compared with.
    Model judges of its answers follow, each by its name: a rubric of one's own is a file that the package lacks.
    """
    lines = [
        _first_command(
            header, name=name, attempts=attempts, load=load, probes=probes, operator=operator, baseline=baseline
        )
    ]
    for judge, target, against in dict.fromkeys((one.name, one.target, one.against) for one in judgements):
        if judge.startswith(VERIFIER):
            lines[0] += f" --verifier {shlex.quote(target)}"
            continue
        rubric = judge if judge in builtin_rubrics() else f"{judge}.yaml"
        words = [name, "--judge", target, "--rubric", rubric, *(["--against", against] if against else [])]
        lines.append(f"milo-bench judge run {shlex.join(words)}")
    return " && ".join(lines)


def _first_command(
    header: RunHeader,
    *,
    name: str,
    attempts: int,
    load: Sequence[LoadWindow],
    probes: Sequence[ProbeResult],
    operator: bool,
    baseline: str,
) -> str:
    if operator:
        return _operator_line(header, name)
    if header.imported:
        return _import_line(header, name)
    if attempts or not (load or probes):
        return _run_line(header, name, baseline)
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
        for chosen in given.get("probes", ()):
            words += ["--probe", str(chosen)]
        words += ["--quick"] if given.get("quick") else []
        for log in given.get("logs", ()):
            words += ["--logs", str(log)]
        if given.get("restart_command"):
            words += ["--restart-command", shlex.join(str(word) for word in given["restart_command"])]
    return " && ".join(
        f"milo-bench probe {shlex.join([target, *words, '--out', name])}" for target, words in found.items()
    )


def _suite_of(header: RunHeader) -> str:
    """The folder of a team's suite; a built-in one by name, in another language as ``case_ops_v1@de``."""
    if header.suite_folder:
        pure = PurePath(header.suite_folder.replace("\\", "/"))
        return pure.name if _is_elsewhere(header.suite_folder) else header.suite_folder
    languages = {contract.locale.partition("-")[0] for contract in header.workloads if contract.locale}
    language = languages.pop() if len(languages) == 1 else ""
    return f"{header.suite.name}@{language}" if language not in ("", "en") else header.suite.name


def _run_line(header: RunHeader, name: str, baseline: str) -> str:
    plan = header.plan
    words = ["--suite", _suite_of(header), "--models", ",".join(plan.targets)]
    words += [word for pair in sorted(plan.variants.items()) for word in ("--variant", "=".join(pair))]
    words += ["--limit", str(plan.limit)] if plan.limit is not None else []
    selection = header.selection
    if selection is not None:
        words += [word for name in selection.workloads for word in ("--workload", name)]
        words += [word for tag in selection.tags for word in ("--tag", tag)]
    elif plan.limit is None:  # a version that did not record it: of a whole run, those that were asked for
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
    for option, limit_s, usual_s in (
        ("--connect-timeout", plan.timeouts.connect_s, _USUAL.connect_s),
        ("--first-token-timeout", plan.timeouts.first_token_s, _USUAL.first_token_s),
        ("--timeout", plan.timeouts.total_s, _USUAL.total_s),
    ):
        words += [option, f"{limit_s:g}"] if limit_s != usual_s else []
    words += ["--order", plan.order] if plan.order != "interleaved" else []
    words += ["--cache", plan.cache] if plan.cache != "cold" else []
    if plan.stopping is not None:
        words.append("--until-decided")
        # Its rule is that of a file: the policy of the decision, as the package has it.
        words += [] if _is_shipped(plan.stopping.policy, plan.stopping.policy_text) else ["--policy", POLICY_NAME]
        words += ["--max-fixtures", str(plan.stopping.most_fixtures)] if plan.stopping.most_fixtures else []
        words += ["--baseline", baseline] if plan.stopping.beside is not None and baseline else []
    if header.store_text != "full":
        words += ["--store-text", header.store_text]
    if any(target.hosted for target in header.targets):
        words.append("--allow-hosted")
    return RUN + _quoted([*words, "--out", name])


def _import_line(header: RunHeader, name: str) -> str:
    files = [file.name for file in header.imported]
    first = header.imported[0]
    words = [*files, "--format", first.format, "--suite", _suite_of(header)]
    words += [word for pair in sorted(first.columns.items()) for word in ("--map", "=".join(pair))]
    words += ["--target", first.target] if first.target else []
    words += [word for target in header.targets if target.hosted for word in ("--hosted", target.model)]
    return "milo-bench import " + _quoted([*words, "--out", name])


def _load_line(header: RunHeader, name: str, load: Sequence[LoadWindow]) -> str:
    words = ["--suite", _suite_of(header), "--model", load[0].target]
    words += [word for contract in header.workloads for word in ("--workload", contract.name)]
    for mode, option in _LEVELS.items():
        levels = dict.fromkeys(f"{window.level:g}" for window in load if window.mode == mode)
        if levels:
            words += [option, ",".join(levels)]
            break
    measured = load[0].figures.measured_s
    if measured is not None:
        # Timers end a little early or late: what was asked for is the nearest tenth of a second.
        words += ["--duration", f"{round(measured, 1) or measured:g}s"]
    words += ["--cache", header.plan.cache] if header.plan.cache != "cold" else []
    hosted = {target.name for target in header.targets if target.hosted}
    words += ["--allow-hosted"] if load[0].target in hosted else []
    return "milo-bench load " + _quoted([*words, "--out", name])


def rerun_commands(
    evidence: Evidence,
    policy: KeptFile,
    economics: KeptFile | None,
    operators: KeptFile | None,
) -> tuple[str, ...]:
    """Lines that measure again and work the decision out again, in a copy of the package's folder.

    The policy, the economics and bench.yaml are the package's own files, by the names that they have there.
    """
    # A run beside recorded answers comes after the one that records them.
    found = sorted((log.command for log in evidence.logs if log.command), key=lambda one: " --baseline " in one)
    own = dict.fromkeys(suite for command in found if (suite := suite_to_copy(command)))
    found = [*(f"# Put a copy of the suite's folder here first: {shlex.quote(suite)}" for suite in own), *found]
    names = again_paths([log.path for log in evidence.logs])
    words = list(names)
    # A shipped policy is taken without being named, and is no file that could be.
    words += [] if policy == operators or _is_shipped(policy.path, policy.text) else ["--policy", POLICY_NAME]
    if operators is not None and operators.path != SHIPPED_OPERATOR_POLICY:
        words += ["--operator-policy", OPERATOR_POLICY_NAME]
    words += ["--economics", ECONOMICS_NAME] if economics is not None else []
    if evidence.reviews or evidence.labels:
        answers = [name for name, log in zip(names, evidence.logs, strict=True) if log.attempted]
        found += _review_again(answers, at_random=bool(evidence.labels))
    if evidence.inventories:
        found.append("milo-bench inventory --json > inventory.json")
        words += ["--inventory", "inventory.json"]
    found.append(f"milo-bench decide {_quoted(words)} --out decision.json")
    return (*found, "milo-bench report decision.json --out package/", "milo-bench verify package/")


def _review_again(answers: Sequence[str], *, at_random: bool) -> Iterator[str]:
    """How people come to score the answers that are measured again, as comments: a script cannot wait for them."""
    draw = [*answers, *(["--at-random"] if at_random else []), "--out", "sheet.csv"]
    yield "# People scored the old answers. To have the new ones scored before they are decided on:"
    yield f"#   milo-bench review sample {_quoted(draw)}"
    yield f"#   milo-bench review import sheet.csv --out {REVIEW_NAME}"
    yield f"# Then add to the next 'milo-bench decide': --review {REVIEW_NAME}"


def again_paths(paths: Sequence[str]) -> tuple[str, ...]:
    """Where each log is written when it is measured again: the path itself, or one below runs/ on this machine.

    A path from the root, from a home or above the working folder means nothing on another machine.
    """
    found: list[str] = []
    for path in paths:
        name = f"runs/{PurePath(path.replace(chr(92), '/')).name}" if _is_elsewhere(path) else path
        stem, _, ending = name.rpartition(".") if "." in PurePath(name).name else (name, "", "")
        number = 2
        while name in found:
            name, number = f"{stem}-{number}.{ending}" if ending else f"{stem}-{number}", number + 1
        found.append(name)
    return tuple(found)


def suite_to_copy(command: str) -> str:
    """The folder of a suite that a command names and that is not built in; "" where it names none."""
    words = shlex.split(command)
    named = words[words.index("--suite") + 1] if "--suite" in words[:-1] else ""
    return "" if named.partition("@")[0] in shipped_policies() else named


def _is_elsewhere(path: str) -> bool:
    """Whether ``path`` goes from the root, from a home or above the working folder."""
    pure = PurePath(path.replace("\\", "/"))
    return pure.is_absolute() or ".." in pure.parts or ":" in "".join(pure.parts[:1]) or path.startswith("~")


def _is_shipped(path: str, text: str) -> bool:
    names = {f"{name}.yaml": name for name in shipped_policies()}
    return path in names and shipped_policy_text(names[path]) == text


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
