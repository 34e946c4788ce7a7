"""A registry in: mine what is new, run, escalate, decide, report and page; all of it in one call, for cron."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from milo_bench.api.roles.escalating import escalate_roles
from milo_bench.api.roles.mining import language_command, mine_repository
from milo_bench.api.roles.page import write_roles_page
from milo_bench.api.roles.promoting import Promotion, promote_roles
from milo_bench.api.running import RunOptions, run_suite
from milo_bench.api.settings import load_settings
from milo_bench.config.roles.file import load_registry
from milo_bench.core import units
from milo_bench.core.errors import IncompleteRun, UsageError
from milo_bench.roles.mining.records import MINED_ROLES, MiningOptions
from milo_bench.run.events import RunListener


@dataclass(frozen=True)
class RolesRun:
    """What one scheduled run did: the logs it wrote, the decision, and the page."""

    logs: tuple[Path, ...]
    promotion: Promotion
    page: Path


@dataclass(frozen=True)
class RolesRunOptions:
    """How to run. ``limit`` fixtures of each suite are run, ``cases`` is the most new cases mined for each role."""

    registry: Path
    out: Path
    site: Path
    config: Path | None = None
    limit: int | None = None
    cases: int = 10
    minutes: float = 60.0
    apply: bool = False
    fresh: bool = False
    allow_hosted: bool = False
    unsafe_here: bool = False


def run_roles(
    options: RolesRunOptions,
    env: Mapping[str, str] | None = None,
    *,
    say: Callable[[str], None] = lambda line: None,
    listener: RunListener | None = None,
    now: datetime | None = None,
) -> RolesRun:
    """Mine every repository of the registry, run all its targets on the suites, decide, and write report and page.

    A target that bench.yaml lacks is left out, so that the decision can retire it. Raises UsageError where the
    registry names no repository or no target is left, IncompleteRun where a run was interrupted.
    """
    env = os.environ if env is None else env
    now = now or datetime.now(UTC)
    file = load_registry(options.registry)
    home = options.registry.parent
    if not file.repositories:
        message = f"{options.registry} has no repository to mine."
        raise UsageError(message, hint="add 'repositories:' with '- {path: REPOSITORY, suite: FOLDER}'.")
    named = tuple(dict.fromkeys(target for role in file.roles.values() for target in role.targets))
    known = load_settings(options.config, env).targets
    targets = tuple(target for target in named if target in known)
    if not targets:
        message = f"bench.yaml has no target of {options.registry}."
        raise UsageError(message, hint=f"add one of {', '.join(named[:5])} to bench.yaml.")
    for target in named:
        if target not in known:
            say(f"{target} is not in bench.yaml, so it is not run")
    steps = []
    for target in dict.fromkeys(target for role in file.roles.values() for target in role.escalation):
        if target not in known:
            say(f"{target} is not in bench.yaml, so no review is escalated to it")
        elif known[target].hosted and not options.allow_hosted:
            say(f"{target} is hosted, so no review is escalated to it without --allow-hosted")
        else:
            steps.append(target)
    workloads = tuple(dict.fromkeys(name for role in file.roles.values() for name in role.workloads))
    logs = []
    for number, repository in enumerate(file.repositories, start=1):
        suite = home / repository.suite
        mined = tuple(role for role in MINED_ROLES if role in workloads)
        mining = MiningOptions(home / repository.path, suite, mined, limit=options.cases, minutes=options.minutes)
        mining = replace(
            mining,
            unsafe_here=options.unsafe_here,
            language=repository.language,
            command=language_command(repository.language, options.registry),
        )
        report = mine_repository(mining, env).summary()
        new = f"{report.new:,} new {units.things(report.new, 'case')}"
        say(f"{report.repository}: {new}, {sum(report.cases.values())} in all")
        if not report.cases:
            continue
        log = options.out / f"roles-{now.strftime('%Y%m%d-%H%M%S')}-{number}.jsonl"
        finished = run_suite(
            RunOptions(
                suite=suite,
                models=targets,
                out=log,
                config=options.config,
                limit=options.limit,
                workloads=tuple(name for name in workloads if name in report.cases),
                allow_hosted=options.allow_hosted,
                unsafe_here=options.unsafe_here,
            ),
            env,
            listeners=[] if listener is None else [listener],
        )
        if not finished.end.complete:
            raise IncompleteRun(finished.why or "The run was interrupted.", hint=f"the log is {log}.")
        logs.append(log)
        say(f"{log}: {finished.done} attempts, {finished.coder.count} coder answers run")
        if steps:
            escalate_roles(
                log,
                options.registry,
                config=options.config,
                allow_hosted=options.allow_hosted,
                steps=steps,
                env=env,
            )
    if not logs:
        raise UsageError("No repository gave a case.", hint="see rejected.jsonl in the suites' folders.")
    promotion = promote_roles(
        logs,
        options.registry,
        config=options.config,
        apply=options.apply,
        fresh=options.fresh,
        unsafe_here=options.unsafe_here,
        env=env,
        now=now,
    )
    page = write_roles_page(options.registry, options.site, config=options.config, env=env)
    return RolesRun(tuple(logs), promotion, page)
