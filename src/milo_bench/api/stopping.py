"""What a run was told about when to stop in; its stopping rule, what carries it out, and its budget out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from milo_bench.config.policy.file import POLICY_FILE, PolicyFile, load_policy, read_policy, shipped_policy
from milo_bench.core.errors import ConfigError, UsageError
from milo_bench.core.paths import AnyPath
from milo_bench.core.records import Stopping, TargetRecord
from milo_bench.evidence.until_decided.beside import BesideBaseline, read_baseline
from milo_bench.evidence.until_decided.watch import UntilDecided
from milo_bench.probes.base import PROBES
from milo_bench.roles.execute import needs_coder
from milo_bench.run.budget import Budget
from milo_bench.run.own_checks import LiveChecks
from milo_bench.run.spec import RunSpec
from milo_bench.store.log.reader import read_run_log
from milo_bench.suites.fresh import FRESH_SEED, RETELLINGS, FreshFixtures, can_draw
from milo_bench.suites.load import Suite
from milo_bench.suites.trust import own_checks_of

if TYPE_CHECKING:
    from milo_bench.api.running import RunOptions

MOST_FIXTURES: Final = 1_000  # of a workload, with fresh ones, unless the run says otherwise


def stopping_of(options: RunOptions, suite: Suite, targets: Sequence[TargetRecord]) -> Stopping | None:
    """The rule of a run until decided; None for a run of everything.

    Raises UsageError for options that belong to such a rule alone, and ConfigError for a policy that cannot be used
    or does not cover what is run. A recorded baseline is refused as ``read_baseline`` does.
    """
    if not options.until_decided:
        for given, flag in (
            (options.policy, "--policy"),
            (options.max_fixtures, "--max-fixtures"),
            (options.baseline, "--baseline"),
        ):
            if given is not None:
                raise UsageError(
                    f"{flag} belongs to a run until decided.", hint="add --until-decided, or leave it out."
                )
        return None
    if options.execute_later and own_checks_of(suite.workloads) is not None:
        message = "A run until decided executes the suite's own checks on each answer as it comes."
        raise UsageError(message, hint="leave out --execute-later or --until-decided.")
    if needs_coder(suite.workloads):
        message = f"Answers to the suite '{suite.ref.name}' are executed after a run, so no gate is decided during it."
        raise UsageError(message, hint="leave out --until-decided.")
    policy = _policy(options, suite)
    chosen = set(options.workloads) or {fixture.workload for fixture in suite.fixtures}
    if not chosen & policy.workloads.keys():
        message = f"{policy.path} has no gates for {', '.join(sorted(chosen))}."
        raise ConfigError(message, hint="add the workload to the policy, or give another one with --policy.")
    # Fixtures chosen by tag or by a sample are not what a generator would add to.
    draws = can_draw(suite) and not options.tags and options.limit is None
    if options.max_fixtures is not None and not draws:
        why = "it has no generator" if not can_draw(suite) else "--tag and --limit choose among its fixtures"
        message = f"No fresh fixtures can be drawn for '{suite.ref.name}': {why}."
        raise UsageError(message, hint="leave out --max-fixtures.")
    return Stopping(
        policy=policy.path,
        policy_text=policy.text,
        fresh_seed=FRESH_SEED + options.seed if draws else None,
        most_fixtures=(options.max_fixtures or MOST_FIXTURES) if draws else 0,
        beside=None if options.baseline is None else read_baseline(Path(options.baseline), policy, suite.ref, targets),
    )


def steer(
    spec: RunSpec,
    stopping: Stopping,
    suite: Suite,
    targets: Sequence[TargetRecord],
    resumed: Path | None,
    baseline: AnyPath | None,
) -> UntilDecided:
    """What carries out ``stopping``; ``resumed`` is the log that goes on, if it is there.

    ``baseline`` is the log of recorded answers, if the rule has one.
    """
    policy = read_policy(stopping.policy_text, name=stopping.policy)
    fresh = None if stopping.fresh_seed is None else FreshFixtures(suite, stopping.fresh_seed, retellings=RETELLINGS)
    log = resumed if resumed is not None and resumed.exists() and resumed.stat().st_size else None
    more = {} if fresh is None else {name: most for name in suite.workloads if (most := fresh.most(name)) is not None}
    own = own_checks_of(spec.workloads)
    live = None if own is None else LiveChecks(own)
    beside = None
    if stopping.beside is not None and baseline is not None:
        beside = BesideBaseline(read_run_log(Path(baseline), strict=True), stopping.beside)
    return UntilDecided(spec, policy, targets, fresh=fresh, most_fresh=more, resumed=log, live=live, beside=beside)


def check_budget(budget: Budget, targets: Sequence[TargetRecord]) -> None:
    """Raises UsageError for a budget in dollars where nothing has a price."""
    if budget.max_usd is not None and not any(target.price is not None for target in targets):
        message = "--max-usd has nothing to count: no target has a price."
        raise UsageError(message, hint="add price: to the target in bench.yaml, or use --max-minutes.")


def _policy(options: RunOptions, suite: Suite) -> PolicyFile:
    if options.policy is not None:
        return load_policy(Path(options.policy), probes=PROBES.names())
    own = suite.root / POLICY_FILE.name
    if not suite.is_builtin and own.is_file():
        return load_policy(own, probes=PROBES.names())
    found = shipped_policy(suite.ref.name)
    if found is None:
        message = f"There is no policy for the suite '{suite.ref.name}', so no gate says when it is decided."
        raise ConfigError(message, hint="milo-bench policy new SUITE, or add --policy FILE.")
    return found
