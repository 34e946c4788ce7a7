"""A registry and run logs in, a decision on each role out, recorded with its evidence; applied, and taken back."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from milo_bench.api.gateway.challengers import live_verdicts
from milo_bench.api.roles.escalating import read_escalations
from milo_bench.api.roles.gathering import RoleEvidence, gather_roles
from milo_bench.api.settings import load_settings
from milo_bench.config.roles.edit import Keys, value_at, with_values
from milo_bench.config.roles.file import RegistryFile, RoleConfig, load_registry, read_registry
from milo_bench.config.settings import Settings
from milo_bench.core.errors import ConfigError, UsageError
from milo_bench.core.files import write_file
from milo_bench.core.hashing import sha256_data, sha256_file, sha256_text
from milo_bench.core.records import TargetRecord
from milo_bench.core.text import one_line
from milo_bench.core.version import __version__
from milo_bench.core.weights.gguf_header import BadHeader, read_gguf_header
from milo_bench.decide.promotion.family import error_shares
from milo_bench.decide.promotion.judge import RoleFacts, judge_challengers, with_live_work
from milo_bench.decide.promotion.pairs import make_pairs, merge_pairs, target_figures
from milo_bench.decide.promotion.records import (
    CostTier,
    LiveVerdict,
    PeopleFigure,
    PromotionRecord,
    RateFigure,
    RegistryChange,
    RoleDecision,
    RoleOutcome,
    RolePair,
    TargetFigures,
)
from milo_bench.decide.promotion.wording import changed_value
from milo_bench.report.files.roles import roles_report
from milo_bench.roles.history import (
    append_history,
    earlier_pairs,
    looks_at,
    read_history,
    rejections_running,
)
from milo_bench.targets.llamacpp.weights import BUILTIN, find_smollm2


@dataclass(frozen=True)
class Promotion:
    """One look: its record as written, the report's path, and whether a registry was changed."""

    record: PromotionRecord
    report: Path
    applied: tuple[RegistryChange, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether an incumbent must go."""
        return any(role.changed for role in self.record.roles)

    @property
    def can_be_applied(self) -> bool:
        """Whether ``apply`` has something to change: an incumbent, or a challenger that is to be retired."""
        retired = any(one.verdict == "retire" for role in self.record.roles for one in role.decisions)
        return (self.changed or retired) and not self.applied


def promote_roles(
    logs: Sequence[Path],
    registry: Path,
    *,
    config: Path | None = None,
    apply: bool = False,
    fresh: bool = False,
    audit: Path | None = None,
    review: Path | None = None,
    unsafe_here: bool = False,
    env: Mapping[str, str] | None = None,
    now: datetime | None = None,
) -> Promotion:
    """Decide on every role of ``registry`` from ``logs`` and what earlier looks saw; record it and write the report.

    With ``fresh`` only cases from after the release of both models count, and the registry must have the dates.
    ``apply`` changes registry and routing.
    ``audit`` is the folder of a gateway's audit: what its trials say of a challenger on live work counts too.
    ``review`` is a file that ``review import`` wrote: its scores stand beside review pain and decide nothing.
    Raises ConfigError for the registry, DataError for a log, a review or a history that cannot be used.
    """
    env = os.environ if env is None else env
    now = now or datetime.now(UTC)
    file = load_registry(registry)
    if fresh:
        _require_release_dates(file)
    settings = load_settings(config, env)
    history = read_history(registry.parent / file.history)
    evidence = gather_roles(logs, file, env, review=review, unsafe_here=unsafe_here)
    live = live_verdicts(audit, file) if audit is not None else {}
    judge = _Judge(file, settings, evidence, history, live, fresh=fresh)
    decided = tuple(judge.role(name, role) for name, role in file.roles.items())
    before = next((one for one in reversed(history) if one.kind == "decision"), None)
    record = PromotionRecord(
        kind="decision",
        at=now.isoformat(timespec="seconds"),
        logs=evidence.logs,
        suites=evidence.suites,
        cases=sha256_data(sorted(evidence.fixtures.items())),
        models={name: model_of(target) for name, target in evidence.targets.items()},
        registry=sha256_text(file.text),
        tool_version=__version__,
        roles=decided,
        pairs=judge.pairs,
        outcomes={name: judge.outcomes(role) for name, role in file.roles.items()},
        fresh=fresh,
        recorded=file.recorded,
        shared=True,
        escalations=read_escalations(logs),
        review=sha256_file(review) if review is not None else "",
    )
    report = _report_path(registry.parent / file.reports, now)
    named = msgspec.structs.replace(record, report=report.name)
    write_file(report, roles_report(file, named, before), mode=0o644)
    written = append_history(registry.parent / file.history, named)
    applied: tuple[RegistryChange, ...] = ()
    if apply:
        applied = apply_decisions(registry, file, written, now)
    return Promotion(written, report, applied)


def _require_release_dates(file: RegistryFile) -> None:
    """Without the release of both models nobody knows which cases are from after it. Raises UsageError."""
    compared = dict.fromkeys(target for role in file.roles.values() if role.challengers for target in role.targets)
    unknown = [target for target in compared if target not in file.released]
    if unknown:
        message = f"The registry has no release date of {', '.join(unknown)}, so --fresh cannot tell which cases count."
        raise UsageError(message, hint=f"add it under released: in {file.path}, e.g. {unknown[0]}: 2026-03-01")


class _Judge:
    """Decides role after role, and keeps the pairs that it rested on."""

    def __init__(
        self,
        file: RegistryFile,
        settings: Settings,
        evidence: RoleEvidence,
        history: Sequence[PromotionRecord],
        live: Mapping[tuple[str, str], Sequence[tuple[LiveVerdict, tuple[str, ...]]]],
        *,
        fresh: bool,
    ) -> None:
        self._file, self._settings, self._evidence, self._history = file, settings, evidence, history
        self._live = live
        self._fresh = fresh
        self.pairs: dict[str, dict[str, tuple[RolePair, ...]]] = {}

    def outcomes(self, role: RoleConfig) -> dict[str, tuple[RoleOutcome, ...]]:
        """All outcomes of a role by target, the ones that count."""
        names = [*role.targets, *(name for name in self._evidence.outcomes if name not in role.targets)]
        return {name: tuple(self._of(name, role).values()) for name in names if self._of(name, role)}

    def role(self, name: str, role: RoleConfig) -> RoleDecision:
        models = {target: model_of(record) for target, record in self._evidence.targets.items()}
        pairs = {}
        for challenger in role.challengers:
            after = max(self._released(challenger), self._released(role.incumbent)) if self._fresh else 0
            mine = make_pairs(self._of(challenger, role), self._of(role.incumbent, role), role, self._file.policy)
            mine = tuple(pair for pair in mine if pair.time >= after)
            earlier = earlier_pairs(self._history, name, role.incumbent, challenger, models)
            pairs[challenger] = merge_pairs((pair for pair in earlier if pair.time >= after), mine)
        self.pairs[name] = pairs
        facts = RoleFacts(
            families={target: self._family(target) for target in role.targets},
            tiers={target: self._tier(target) for target in role.targets},
            gone=frozenset(target for target in role.targets if self._gone(target)),
            rejections={
                target: rejections_running(self._history, name, target, pairs[target]) for target in role.challengers
            },
            shares=error_shares(self._history, name, role.incumbent, role.challengers, models, fresh=self._fresh),
        )
        decisions = tuple(
            with_live_work(one, self._live.get((name, one.target), ()))
            for one in judge_challengers(role, pairs, facts, self._file.policy)
        )
        promoted = next((one.target for one in decisions if one.verdict == "promote"), "")
        retired = {one.target for one in decisions if one.verdict == "retire"}
        left = [target for target in role.challengers if target != promoted and target not in retired]
        return RoleDecision(
            role=name,
            incumbent=promoted or role.incumbent,
            before=role.incumbent,
            challengers=(*([role.incumbent] if promoted else []), *left),
            figures=tuple(self._figures(target, role) for target in role.targets),
            decisions=decisions,
            cases=len({fixture for target in role.targets for fixture in self._of(target, role)}),
            looks=looks_at(self._history, name) + 1,
            notes=tuple(self._notes(role, facts)),
        )

    def _of(self, target: str, role: RoleConfig) -> dict[str, RoleOutcome]:
        found = self._evidence.outcomes.get(target, {})
        return {fixture: one for fixture, one in found.items() if one.workload in role.workloads}

    def _figures(self, target: str, role: RoleConfig) -> TargetFigures:
        outcomes = list(self._of(target, role).values())
        released = self._file.released.get(target)
        figures = target_figures(
            target,
            outcomes,
            role,
            self._file.policy,
            family=self._family(target),
            tier=self._tier(target),
            released=released.isoformat() if released else "",
        )
        before = sum(one.time < self._released(target) for one in outcomes) if released else 0
        return msgspec.structs.replace(figures, before_release=before, people=tuple(self._people(target, role)))

    def _people(self, target: str, role: RoleConfig) -> Iterator[PeopleFigure]:
        """What people scored this target's answers, to the role's workloads and as the role counts them."""
        for candidate, measure in self._evidence.people:
            if candidate.target != target or candidate.workload not in role.workloads or candidate.decoding != "free":
                continue
            ends = (measure.interval.low, measure.interval.high) if measure.interval is not None else (None, None)
            score = RateFigure(measure.value, measure.n or 0, *ends, measure.unit)
            yield PeopleFigure(measure.name.removeprefix("review_"), candidate.workload, score)

    def _released(self, target: str) -> int:
        day = self._file.released.get(target)
        return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) if day else 0

    def _family(self, target: str) -> str:
        record = self._evidence.targets.get(target)
        return target_facts(target, self._file, self._settings)[0] or (record.family if record is not None else "")

    def _tier(self, target: str) -> CostTier:
        return target_facts(target, self._file, self._settings)[1]

    def _gone(self, target: str) -> bool:
        named = target in self._file.families or target in self._file.tiers
        return target not in self._settings.targets and not named

    def _notes(self, role: RoleConfig, facts: RoleFacts) -> list[str]:
        notes = [self._evidence.labels] if self._evidence.labels and "review" in role.workloads else []
        if role.incumbent in facts.gone:
            notes.append(f"bench.yaml no longer has the incumbent {role.incumbent}: name another in the registry")
        for target in role.targets:
            record = self._evidence.targets.get(target)
            named = self._file.families.get(target, "")
            if record is not None and record.family and named and record.family != named:
                notes.append(f"the registry says {target} is {named}, the run says {record.family}")
            if said := _of_another_family(target, facts.families.get(target, ""), self._settings):
                notes.append(said)
            if not facts.families.get(target):
                notes.append(f"the family of {target} is unknown")
        return notes


def model_of(target: TargetRecord) -> str:
    """What two runs must share to be of one model: the digest of its weights, or the name that it is asked for by."""
    return target.model_digest or " ".join(part for part in (target.api, target.model, target.quantisation) if part)


def target_facts(target: str, file: RegistryFile, settings: Settings) -> tuple[str, CostTier]:
    """Family and cost tier of a target: what bench.yaml says, else the registry; "" and unknown where neither does."""
    config = settings.targets.get(target)
    named = file.tiers.get(target)
    family = (config.family if config is not None else "") or file.families.get(target, "")
    if config is None:
        return family, named or "unknown"
    if config.price is not None:
        paid = config.price.input_usd_per_mtok or config.price.output_usd_per_mtok
        return family, "paid" if paid else "free"
    return family, named or ("unknown" if config.hosted else "free")


def _of_another_family(target: str, family: str, settings: Settings) -> str:
    """What the weights' own metadata say where it is not ``family``, "" where they agree or say nothing."""
    config = settings.targets.get(target)
    if config is None or not config.weights or not family:
        return ""
    weights = find_smollm2() if config.weights in BUILTIN else Path(config.weights).expanduser()
    if weights is None:
        return ""
    try:
        header = read_gguf_header(weights)
    except (OSError, BadHeader):
        return ""
    told = re.sub(r"[^a-z0-9]", "", (header.name or header.architecture).lower())
    words = [word for word in re.split(r"[^a-z0-9]+", family.lower()) if len(word) > 2]
    if not told or not words or any(word in told for word in words):
        return ""
    return (
        f"bench.yaml says that {target} is of the family {family}, its weights say {header.name or header.architecture}"
    )


def apply_decisions(
    registry: Path, file: RegistryFile, record: PromotionRecord, now: datetime
) -> tuple[RegistryChange, ...]:
    """Write new incumbents, challengers and retired ones into the registry, and new targets into routing.yaml."""
    values: dict[Path, dict[Keys, object]] = {}
    for decided in record.roles:
        role = file.roles[decided.role]
        retired = [one for one in decided.decisions if one.verdict == "retire"]
        if not decided.changed and not retired:
            continue
        at: Keys = ("roles", decided.role)
        mine = values.setdefault(registry, {})
        if decided.changed:
            mine[(*at, "incumbent")] = decided.incumbent
        mine[(*at, "challengers")] = list(decided.challengers)
        if retired:
            day = now.date().isoformat()
            rows = [{"target": o.target, "date": o.date.isoformat(), "reason": o.reason} for o in role.retired]
            rows += [{"target": o.target, "date": day, "reason": o.reasons[-1]} for o in retired]
            mine[(*at, "retired")] = rows
        if decided.changed and file.routing:
            routing = registry.parent / file.routing
            values.setdefault(routing, {}).update(_routing_values(routing, role, decided))
    changes = []
    for path, new in values.items():
        text = path.read_text(encoding="utf-8")
        changes += [RegistryChange(path.name, keys, value_at(text, keys), value) for keys, value in new.items()]
        changed = with_values(text, new, name=str(path))
        if path == registry:
            read_registry(changed, name=str(path))
        write_file(path, changed)
    if changes:
        applied = PromotionRecord(kind="applied", at=now.isoformat(timespec="seconds"), changes=tuple(changes))
        append_history(registry.parent / file.history, applied)
    return tuple(changes)


def apply_last_look(registry: Path, *, now: datetime | None = None) -> tuple[RegistryChange, ...]:
    """Apply the newest look at the roles of ``registry``, as ``promote_roles`` does with ``apply``.

    Raises UsageError where there is none, where it was applied or taken back already, or where the registry was
    changed since.
    """
    file = load_registry(registry)
    history = read_history(registry.parent / file.history)
    if not history or history[-1].kind != "decision":
        message = "There is no new look at these roles to apply."
        raise UsageError(message, hint="milo-bench roles promote LOG")
    record = history[-1]
    if record.registry != sha256_text(file.text):
        message = f"{registry.name} was changed after the last look at it."
        raise UsageError(message, hint="look again: milo-bench roles promote LOG")
    changes = apply_decisions(registry, file, record, now or datetime.now(UTC))
    if not changes:
        raise UsageError("The last look changes no role.", hint="run more cases, then look again.")
    return changes


def _routing_values(path: Path, role: RoleConfig, decided: RoleDecision) -> dict[Keys, object]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"Cannot read {path}: {error.strerror}.", hint="correct 'routing' in the registry.") from None
    rules = value_at(text, ("rules",)) or []
    values: dict[Keys, object] = {}
    for number, rule in enumerate(rules):
        workload = (rule.get("when") or {}).get("workload")
        named = workload if isinstance(workload, list) else [workload]
        mine = rule.get("id") == role.rule if role.rule else any(one in role.workloads for one in named)
        if mine and rule.get("target") == decided.before:
            values[("rules", number, "target")] = decided.incumbent
    if not values:
        message = f"{path} has no rule with the target {decided.before} for the role '{decided.role}'."
        raise ConfigError(message, hint="name its id as 'rule' in the registry.")
    challengers = value_at(text, ("challengers",)) or []
    ended = {rules[keys[1]].get("id") for keys in values if isinstance(keys[1], int)}
    left = [
        one
        for one in challengers
        if one.get("target") != decided.incumbent or not (one.get("role") == decided.role or one.get("rule") in ended)
    ]
    if len(left) < len(challengers):  # its trial is over: it has the work now
        values[("challengers",)] = left
    return values


def restored_values(record: PromotionRecord) -> Iterator[tuple[str, str, str]]:
    """File, place in it and the value that is there again, for each change that ``record`` took back."""
    for change in record.changes:
        yield change.file, ".".join(str(key) for key in change.keys), one_line(changed_value(change.before), 200)


def rollback_roles(registry: Path, *, now: datetime | None = None) -> PromotionRecord:
    """Take back the last promotion that was applied. Raises UsageError where there is none, ConfigError on conflict."""
    now = now or datetime.now(UTC)
    file = load_registry(registry)
    path = registry.parent / file.history
    back = 0
    for record in reversed(read_history(path)):
        if record.kind == "rolled_back":
            back += 1
        elif record.kind == "applied" and back:
            back -= 1
        elif record.kind == "applied":
            break
    else:
        raise UsageError(
            "No promotion was applied that could be rolled back.", hint="milo-bench roles promote LOG --apply"
        )
    for name in dict.fromkeys(change.file for change in record.changes):
        mine = [change for change in record.changes if change.file == name]
        place = registry if name == registry.name else registry.parent / file.routing
        text = place.read_text(encoding="utf-8")
        for change in mine:
            if _plain(value_at(text, change.keys)) != _plain(change.after):
                message = f"{place} was changed since: {'.'.join(map(str, change.keys))} is not as it was applied."
                raise ConfigError(message, hint="change it back by hand.")
        values = {change.keys: change.before if change.before is not None else [] for change in mine}
        write_file(place, with_values(text, values, name=str(place)))
    undone = PromotionRecord(kind="rolled_back", at=now.isoformat(timespec="seconds"), changes=record.changes)
    return append_history(path, undone)


def _plain(value: object) -> object:
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {str(key): str(one) for key, one in value.items()}
    return value


def _report_path(folder: Path, now: datetime) -> Path:
    name = f"local-model-benchmark-{now.date().isoformat()}"
    for number in range(1, 1000):
        path = folder / (f"{name}.md" if number == 1 else f"{name}-{number}.md")
        if not path.exists():
            return path
    raise UsageError(f"{folder} has 999 reports of one day.", hint="move some of them away.")
