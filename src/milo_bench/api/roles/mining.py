"""A repository in, a mined suite out; a mined suite in, its selftest out; a log of coder answers in, executions out."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from milo_bench.api.settings import load_settings
from milo_bench.config.roles.file import BUILT_IN_LANGUAGES, load_registry
from milo_bench.core.errors import UsageError
from milo_bench.core.paths import AnyPath
from milo_bench.core.records import Execution
from milo_bench.core.records.roles import RolesSelftest
from milo_bench.core.weights.cache import cache_directory
from milo_bench.fleet.places import On, cluster_on
from milo_bench.roles.declared import TestCommand
from milo_bench.roles.execute import ExecutedCoder, execute_coder_answers
from milo_bench.roles.labels import label_precision
from milo_bench.roles.mining.mine import Listener, MiningReport, mine
from milo_bench.roles.mining.records import MiningOptions
from milo_bench.roles.mining.suite_files import write_suite_files
from milo_bench.roles.selftest import selftest_answers, selftest_coder
from milo_bench.suites.load import load_suite


def environments_folder(env: Mapping[str, str]) -> Path:
    """Where environments of mined repositories are kept, one folder for each lock digest."""
    return cache_directory(env) / "environments"


def language_command(language: str, registry: Path | None) -> TestCommand | None:
    """How tests of ``language`` are run where ``registry`` defines it, None for one that is built in.

    Raises UsageError for a language that neither knows.
    """
    if language in BUILT_IN_LANGUAGES:
        return None
    own = load_registry(registry).languages if registry is not None else {}
    if language not in own:
        known = ", ".join([*BUILT_IN_LANGUAGES, *own])
        where = f"{registry} has no language" if registry is not None else "There is no language"
        hint = f"choose one of {known}, or define it under 'languages:' of the file given with --registry."
        raise UsageError(f"{where} '{language}'.", hint=hint)
    return TestCommand(**own[language].model_dump())


def mine_repository(
    options: MiningOptions,
    env: Mapping[str, str] | None = None,
    *,
    listen: Listener = lambda event: None,
    on: On = "here",
) -> MiningReport:
    """Mine a git repository into a suite's folder, or go on there. Raises the errors of ``roles.mining.mine.mine``.

    ``on``: "ray" proves coder cases on the nodes of the cluster of bench.yaml, and raises PrerequisiteError without it.
    """
    env = os.environ if env is None else env
    with cluster_on(on, lambda: load_settings(None, os.environ).fleet) as cluster:
        provers = None
        if cluster is not None:
            from milo_bench.fleet.mining import RayMiners

            provers = partial(RayMiners, cluster, environments_folder)
            options = replace(options, workers=cluster.processors)
        report = mine(options, environments_folder(env), env, listen=listen, provers=provers)
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", options.out.resolve().name).strip("-.") or "mined"
    write_suite_files(report, options.out, name=name)
    return report


def selftest_roles(
    suite: AnyPath,
    env: Mapping[str, str] | None = None,
    *,
    cheats: int = 8,
    seed: int = 0,
    unsafe_here: bool = False,
    done: Callable[[str, str], None] = lambda kind, fixture: None,
) -> RolesSelftest:
    """Judge true, empty and cheating answers to a mined suite. Raises UsageError where it holds no mined work."""
    env = os.environ if env is None else env
    loaded = load_suite(str(suite))
    result = RolesSelftest(loaded.ref.name, label_precision(loaded.root))
    coder = tuple(fixture for fixture in loaded.fixtures if "coder" in fixture.expect)
    result.rows += selftest_coder(
        coder,
        loaded.root,
        environments_folder(env),
        env,
        cheats=cheats,
        seed=seed,
        unsafe_here=unsafe_here,
        done=done,
    )
    result.rows += selftest_answers(loaded.workloads, loaded.fixtures)
    if not result.rows:
        message = f"The suite '{loaded.ref.name}' has no mined work."
        raise UsageError(message, hint="milo-bench roles mine REPOSITORY --out FOLDER")
    return result


def execute_coder(
    log: AnyPath,
    env: Mapping[str, str] | None = None,
    *,
    suite: AnyPath | None = None,
    unsafe_here: bool = False,
    done: Callable[[Execution], None] = lambda execution: None,
) -> ExecutedCoder:
    """Run the coder answers of a log that were not run yet, in the sandbox, and record what they showed."""
    env = os.environ if env is None else env
    cache = environments_folder(env)
    return execute_coder_answers(log, cache, suite=suite, env=env, unsafe_here=unsafe_here, done=done)
