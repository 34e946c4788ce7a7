"""An audit of the gateway and a registry in, how each challenger does on live work and what a promotion needs out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from milo_bench.core import units
from milo_bench.core.errors import PrerequisiteError, UsageError

if TYPE_CHECKING:
    from milo_bench.config.roles.file import RegistryFile
    from milo_bench.decide.promotion.records import (
        ChallengerDecision,
        LiveTrial,
        LiveVerdict,
        PromotionRecord,
        RoleVerdict,
    )
    from milo_bench.evidence.audited.challengers import LiveWork


def compare_challengers(audit: Path, registry: Path | None = None) -> tuple[LiveTrial, ...]:
    """Each challenger beside its incumbent, by measures that need no right answer, and by the rules of the roles.

    Raises PrerequisiteError where there is no audit, UsageError where no challenger got any work.
    """
    from milo_bench.config.roles.file import PromotionPolicy, load_registry
    from milo_bench.roles.history import read_history

    file = load_registry(registry) if registry is not None else None
    works = _read(audit)
    if not works:
        message = f"No challenger got work in {audit}."
        raise UsageError(message, hint="list one under 'challengers:' in routing.yaml. See docs/how-to/gateway.md.")
    history = read_history(registry.parent / file.history) if registry is not None and file is not None else ()
    policy = file.policy if file is not None else PromotionPolicy()
    beside = Counter(work.rule for work in works)
    return tuple(_trial(work, policy.error / beside[work.rule], registry, file, history) for work in works)


def live_verdicts(audit: Path, file: RegistryFile) -> dict[tuple[str, str], list[tuple[LiveVerdict, tuple[str, ...]]]]:
    """By role and challenger, what each of its trials on live work says, and why.

    Raises PrerequisiteError where there is no audit.
    """
    from milo_bench.decide.promotion.judge import judge_live

    works = _read(audit)
    beside = Counter(work.rule for work in works)
    found: dict[tuple[str, str], list[tuple[LiveVerdict, tuple[str, ...]]]] = {}
    for work in works:
        role = _role_of(work, file)
        if role:
            error = file.policy.error / beside[work.rule]
            verdict, reasons, _ = judge_live(work.pairs(file.policy), file.policy, error=error)
            found.setdefault((role, work.challenger), []).append((verdict, reasons))
    return found


def _read(audit: Path) -> tuple[LiveWork, ...]:
    from milo_bench.evidence.audited.challengers import read_challengers
    from milo_bench.store.audit.verify import read_audit
    from milo_bench.store.audit.writer import audit_files

    if not audit_files(audit):
        message = f"{audit} contains no audit."
        raise PrerequisiteError(message, hint="name the folder that 'milo-bench serve --audit' wrote.")
    return read_challengers(read_audit(audit))


def _trial(
    work: LiveWork,
    error: float,
    registry: Path | None,
    file: RegistryFile | None,
    history: Sequence[PromotionRecord],
) -> LiveTrial:
    from milo_bench.config.roles.file import PromotionPolicy
    from milo_bench.decide.promotion.judge import judge_live
    from milo_bench.decide.promotion.records import LiveTrial

    policy = file.policy if file is not None else PromotionPolicy()
    pairs = work.pairs(policy)
    live, reasons, comparisons = judge_live(pairs, policy, error=error)
    further = [one.further for one in comparisons if not one.not_worse]
    role = _role_of(work, file)
    look = _last_look(history, role, work)
    missing = [] if live == "not_worse" else [_live_missing(live, work)]
    missing += _missing_of_role(role, look, registry)
    verdict: RoleVerdict = "reject" if live == "worse" else "hold" if missing else "promote"
    mine = work.answers("challenger")
    return LiveTrial(
        rule=work.rule, mode=work.mode, incumbent=work.incumbent, challenger=work.challenger, role=role,
        workloads=tuple(sorted(filter(None, work.workloads))), live=live, verdict=verdict, reasons=reasons,
        missing=tuple(missing), comparisons=comparisons, answers=len(mine), others=len(work.answers("incumbent")),
        pairs=len(pairs), unchecked=sum(not one.checked for one in mine), failed=work.failed(),
        checks=tuple(sorted(work.checks)), queued=_queued(work),
        p50_s=(work.p50_s("challenger"), work.p50_s("incumbent")),
        further=None if live != "undecided" or None in further else max(filter(None, further), default=None),
    )  # fmt: skip


def _queued(work: LiveWork) -> tuple[int, int] | None:
    """Only a canary's answer decides whether a person gets the request."""
    if work.mode == "shadow":
        return None
    return sum(one.queued for one in work.answers("challenger")), sum(one.queued for one in work.answers("incumbent"))


def _role_of(work: LiveWork, file: RegistryFile | None) -> str:
    """The role whose challenger it is: the one of this rule, else the first that covers its work."""
    if file is None:
        return ""
    for name, role in file.roles.items():
        mine = role.rule == work.rule if role.rule else not work.workloads.isdisjoint(role.workloads)
        if mine and work.challenger in role.challengers and work.incumbent in (role.incumbent, ""):
            return name
    return ""


def _last_look(history: Sequence[PromotionRecord], role: str, work: LiveWork) -> ChallengerDecision | None:
    """What the last look at the role's cases said of the challenger beside the same incumbent."""
    for record in reversed(history):
        for decided in record.roles if record.kind == "decision" else ():
            if decided.role == role and decided.before == work.incumbent:
                return next((one for one in decided.decisions if one.target == work.challenger), None)
    return None


def _live_missing(live: str, work: LiveWork) -> str:
    if not work.blocks:
        return "answers of both: the incumbent has none to compare with"
    return "live work on which it is not worse" if live == "worse" else "more live work"


def _missing_of_role(role: str, look: ChallengerDecision | None, registry: Path | None) -> list[str]:
    """What the roles' own rules still need: right answers are compared there, with cost tier and families."""
    if registry is None:
        return ["right answers: give --registry with a role that it challenges"]
    if not role:
        return [f"right answers: no role of {registry.name} has it as a challenger of this incumbent and work"]
    if look is None:
        return [f"right answers: 'milo-bench roles promote LOG' has not compared them in the role {role}"]
    if look.verdict == "promote":
        return []
    more = (
        f" (about {look.further:,} more {units.things(look.further, 'commit')} would decide it)" if look.further else ""
    )
    return [f"right answers: the last comparison in the role {role} says {look.verdict}{more}"]


def trial_record(trial: LiveTrial) -> Mapping[str, object]:
    """Plain data of a trial, for scripts."""
    import msgspec

    found: dict[str, object] = msgspec.to_builtins(trial)
    return found
