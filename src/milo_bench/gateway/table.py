"""routing.yaml and the suites it was decided on in, the table that a gateway serves by out, or why it cannot."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Final

import msgspec

from milo_bench.config.routing.challengers import TRIAL_ERROR, Challenger
from milo_bench.config.routing.file import DEFAULT, RoutingFile, load_routing
from milo_bench.config.routing.rule import CUT_UNCITED, MODEL_ROUTES, RUNTIME_CHECKS, Action, RoutingRule
from milo_bench.config.settings import Settings
from milo_bench.core.errors import ConfigError, MiloError, UsageError
from milo_bench.core.files import read_whole
from milo_bench.core.hashing import sha256_bytes
from milo_bench.core.records import Behaviour, Workload
from milo_bench.core.records.contract import LABEL
from milo_bench.core.suggest import hint_for
from milo_bench.decide.routing.rules import actions_of
from milo_bench.gateway.roles import ServedRole, error_of_trials, load_roles
from milo_bench.grade.engine import served_gap, validate_checks
from milo_bench.grade.uncited import CitationForm, citation_form
from milo_bench.suites.load import Suite, load_suite

# Steps that run.prepare takes before the prompt, so a contract that has them takes them whatever the rule says.
PREPARED_STEPS = frozenset({"event_selection", "conflict_bypass"})


@dataclass(frozen=True)
class RuleContract:
    """What one action asks of a model's answer: the workload's contract cut to the checks that decide its route.

    ``asked`` is the whole contract, as it was measured: a model is asked by it.
    """

    workload: Workload | None
    guards: frozenset[str]  # broken: the rule's fallback
    watched: frozenset[str]  # every check that must be known, those of rules on answers too
    wants_label: bool
    cuts: CitationForm | None  # its sentences that cite nothing, in this form, are cut
    asked: Workload | None = None
    # Its answer may still be held back, so not a byte of it leaves before it is judged.
    guarded: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "guarded", bool(self.watched or self.wants_label or self.cuts))


NOTHING_ASKED: Final = RuleContract(None, frozenset(), frozenset(), wants_label=False, cuts=None)


@dataclass(frozen=True)
class RoutingTable:
    """A routing file with the contract of each (rule, workload). ``digest`` is of the file's bytes.

    What each request asks of it stands in plain fields: a cached property costs ten times as much to read.
    """

    file: RoutingFile
    digest: str
    suites: tuple[Suite, ...]
    workloads: frozenset[str]
    roles: Mapping[str, ServedRole] = field(default_factory=dict)
    behaviours: Mapping[str, Behaviour] = field(default_factory=dict)  # of targets, as they were measured
    trial_error: float = TRIAL_ERROR  # the chance that a challenger that is not worse is ever stopped
    asks_words: bool = field(init=False)  # whether any rule depends on the number of words
    asks_hours: bool = field(init=False)  # on when a request comes
    asks_keywords: bool = field(init=False)
    asks_cases: bool = field(init=False)
    asks_tokens: tuple[str, ...] = field(init=False)  # the targets by whose tokenizer a rule counts
    challengers: Mapping[str, tuple[Challenger, ...]] = field(init=False)  # by rule, who challenges its target
    role_workloads: Mapping[str, tuple[str, ...]] = field(init=False)
    mark: str = field(init=False)  # the first 16 digits of the digest, as the audit has it
    _contracts: dict[tuple[int, str], RuleContract] = field(default_factory=dict, compare=False)
    _passing: dict[int, bool] = field(default_factory=dict, compare=False)
    _variants: dict[tuple[str, str, str], Workload] = field(default_factory=dict, compare=False)
    _uses: dict[str, frozenset[str]] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        whens = [rule.when for rule in self.file.rules]
        limited = any(action.limits.max_words is not None for action in actions_of(self.file))
        counted = dict.fromkeys(when.tokens.target for when in whens if when.tokens is not None)
        for name, value in (
            ("asks_words", limited or any(when.words is not None for when in whens)),
            ("asks_hours", any(when.hours is not None for when in whens)),
            ("asks_keywords", any(when.keyword_sets for when in whens)),
            ("asks_cases", any(when.asks_of_case for when in whens)),
            ("asks_tokens", tuple(counted)),
            ("challengers", self._challenged()),
            ("role_workloads", {role: served.workloads for role, served in self.roles.items()}),
            ("mark", self.digest[:16]),
        ):
            object.__setattr__(self, name, value)

    def _challenged(self) -> dict[str, tuple[Challenger, ...]]:
        """Challengers of a rule, for all of its work, or for that of a role that clients name."""
        found: dict[str, tuple[Challenger, ...]] = {}
        for one in self.file.challengers:
            rule = one.rule if one.rule is not None else self.roles[one.role or ""].chain.rule
            found[rule] = (*found.get(rule, ()), one)
        return found

    def contract(self, place: int, workload: str, door: str = "chat") -> RuleContract:
        """The contract of the action at ``place`` for ``workload``; no check reads embeddings."""
        if door == "embeddings":
            return NOTHING_ASKED
        found = self._contracts.get((place, workload))
        if found is None:
            found = self._contracts[place, workload] = _contract(self, place, workload)
        return found

    def passes_on(self, place: int) -> bool:
        """Whether the action at ``place`` sends a client's own messages on as they are."""
        found = self._passing.get(place)
        if found is None:
            action = actions_of(self.file)[place]
            found = self._passing[place] = not (action.redact or action.prompt or action.finding)
        return found

    def prompt_of(self, place: int, workload: str) -> Workload | None:
        """The measured contract whose prompt the action at ``place`` renders for ``workload``; None where none is."""
        return self.contract(place, workload).asked

    def targets_of(self, workload: str) -> frozenset[str]:
        """The targets that the rules of a workload call, fallbacks aside."""
        return frozenset(
            target
            for action in actions_of(self.file)
            if not isinstance(action, RoutingRule) or not action.when.workload or workload in action.when.workload
            for target in (action.target, action.verifier)
            if target
        )

    def redacts(self, workload: str) -> bool:
        """Whether a rule for a workload sends no personal data."""
        return any(
            action.redact
            and (not isinstance(action, RoutingRule) or not action.when.workload or workload in action.when.workload)
            for action in actions_of(self.file)
        )

    def rolls_back(self, workload: str, target: str) -> bool:
        """Whether a rule that sends this work to ``target`` says that drift rolls it back."""
        return any(
            action.on_drift == "roll_back"
            and target in (action.target, action.verifier)
            and (not isinstance(action, RoutingRule) or not action.when.workload or workload in action.when.workload)
            for action in actions_of(self.file)
        )

    def uses_of(self, workload: str) -> frozenset[str]:
        """The uses that rules tell apart for ``workload``; none where they send its every use the same way."""
        found = self._uses.get(workload)
        if found is None:
            found = self._uses[workload] = frozenset(
                use
                for rule in self.file.rules
                if not rule.when.workload or workload in rule.when.workload
                for use in rule.when.use
            )
        return found

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """The tags that rules ask for."""
        return tuple(dict.fromkeys(tag for rule in self.file.rules for tag in rule.when.tags))

    def named(self, place: int) -> str:
        action = actions_of(self.file)[place]
        return action.id if isinstance(action, RoutingRule) else DEFAULT


def load_table(path: Path, settings: Settings, suites: Iterable[str], registry: Path | None = None) -> RoutingTable:
    """Read and check everything that rules and roles refer to. Raises ConfigError that names what is missing."""
    written = _bytes_of(path)
    file = load_routing(path)
    if _bytes_of(path) != written:  # the digest in the audit is that of the rules that are served
        raise ConfigError(f"{path} changed while it was read.", hint="write it under another name and rename it.")
    _check_targets(file, settings, path)
    behaviours = _read_decision(file, path)
    loaded = _suites(file, suites, path)
    named = {name for rule in file.rules for name in rule.when.workload}
    known = named | {name for suite in loaded for name in suite.workloads}
    roles = {} if registry is None else load_roles(registry, file, frozenset(known))
    known |= {name for role in roles.values() for name in role.workloads}
    _check_challengers(file, roles, path, registry)
    error = TRIAL_ERROR if registry is None else error_of_trials(registry)
    table = RoutingTable(file, sha256_bytes(written), loaded, frozenset(known), roles, behaviours, error)
    for place, action in enumerate(actions_of(file)):
        for workload in _workloads_of(action, known):
            contract = table.contract(place, workload)
            if contract.workload is not None:
                validate_checks(contract.workload)
    return table


def _bytes_of(path: Path) -> bytes:
    """The file as it is, b"" where it cannot be read: reading its rules says why."""
    try:
        return read_whole(path)
    except OSError:
        return b""


def _workloads_of(action: Action, known: Iterable[str]) -> tuple[str, ...]:
    named = action.when.workload if isinstance(action, RoutingRule) else ()
    return named or tuple(sorted(known))


def _check_targets(file: RoutingFile, settings: Settings, path: Path) -> None:
    for name, target in file.targets.items():
        if name not in settings.targets:
            where = settings.path or "bench.yaml"
            message = f"{path} uses the target '{name}', which is not in {where}."
            raise ConfigError(message, hint=hint_for(name, settings.targets, noun="targets"))
        if settings.targets[name].hosted != target.hosted:
            said = "hosted" if target.hosted else "not hosted"
            message = f"{path} says that '{name}' is {said}, but the settings say the opposite."
            raise ConfigError(message, hint="correct 'hosted' in bench.yaml, or decide again.")


def _check_challengers(file: RoutingFile, roles: Mapping[str, ServedRole], path: Path, registry: Path | None) -> None:
    """A role that is challenged is served, and the registry knows who challenges it: it decides on promotions."""
    for one in file.challengers:
        if one.role is None:
            continue
        if one.role not in roles:
            message = f"{path} has a challenger of the role '{one.role}', which is not served."
            hint = "give --registry." if registry is None else hint_for(one.role, roles, noun="roles")
            raise ConfigError(message, hint=hint)
        role = roles[one.role]
        rule = next(rule for rule in file.rules if rule.id == role.chain.rule)
        if rule.route not in ("local", "hosted"):
            message = f"{path} has a challenger of the role '{one.role}', whose rule has the route {rule.route}."
            raise ConfigError(message, hint="a challenger needs a rule with the route local or hosted.")
        if one.target not in role.challengers:
            message = f"'{one.target}' challenges the role '{one.role}' in {path}, but not in {registry}."
            raise ConfigError(message, hint=f"add it to the challengers of '{one.role}' in the registry.")


def _read_decision(file: RoutingFile, path: Path) -> dict[str, Behaviour]:
    """Where the decision is beside the table: how its targets behaved, once each finding of a rule is found in it."""
    decision = path.parent / "decision.json"
    if not decision.exists():
        return {}
    try:
        data = json.loads(read_whole(decision))
        known = {str(one.get("id")) for one in data.get("findings", ())}
        behaved = {
            str(one.get("name")): msgspec.convert(one.get("behaviour") or {}, Behaviour)
            for one in data.get("targets", ())
        }
    except (ValueError, AttributeError, OSError, msgspec.ValidationError):
        message = f"{decision} is not a decision."
        raise ConfigError(message, hint="write the package again with 'milo-bench report'.") from None
    for action in actions_of(file):
        if action.finding and action.finding not in known:
            rule = action.id if isinstance(action, RoutingRule) else DEFAULT
            message = f"Rule '{rule}' of {path} rests on the finding '{action.finding}', which is not in {decision}."
            raise ConfigError(message, hint="decide again, or correct the rule.")
    return {name: one for name, one in behaved.items() if one.openings and name in file.targets}


def _suites(file: RoutingFile, named: Iterable[str], path: Path) -> tuple[Suite, ...]:
    names = list(named)
    decided_on, _, _ = file.validity.suite.partition(" ")
    if not names and decided_on:
        names = [decided_on]
    loaded = []
    for name in names:
        try:
            suite = load_suite(name)
        except UsageError as error:
            message = f"{path} was decided on the suite '{name}', which cannot be loaded: {error.message}"
            raise ConfigError(message, hint="name its folder with --suite.") from None
        wanted = file.validity.suite_hash
        if suite.ref.name == decided_on and wanted and suite.ref.hash != wanted:
            message = f"The suite '{name}' is not the one that {path} was decided on (other hash)."
            raise ConfigError(message, hint="use the suite of the decision, or run and decide again.")
        loaded.append(replace(suite, fixtures=(), fixture_places={}))  # contracts are served by, fixtures are not
    return tuple(loaded)


def _contract(table: RoutingTable, place: int, workload: str) -> RuleContract:
    actions = actions_of(table.file)
    action = actions[place]
    guards = frozenset(action.checks)
    watched, wants_label = set(guards), False
    for rule in table.file.rules[:place]:
        if rule.when.needs_answer and (not rule.when.workload or workload in rule.when.workload):
            watched |= set(rule.when.failed_checks)
            wants_label |= bool(rule.when.local_label)
    wants_label |= action.route == "mixed"
    base = _find_workload(table, workload, action)
    if action.route not in MODEL_ROUTES:
        return NOTHING_ASKED
    cuts = CUT_UNCITED in action.guardrails
    if base is None:
        if watched or wants_label:
            what = ", ".join(sorted(watched)) or "a label"
            message = (
                f"Rule '{table.named(place)}' judges answers of '{workload}' ({what}), but no suite has its contract."
            )
            raise ConfigError(message, hint="name the suite with --suite NAME-OR-FOLDER.")
        return RuleContract(None, guards, frozenset(watched), wants_label, "events" if cuts else None)
    if wants_label and not any(spec.name == LABEL for spec in base.checks):
        needs = "route mixed" if action.route == "mixed" else "local_label"
        message = f"Rule '{table.named(place)}' needs a label ({needs}), but '{workload}' has no 'label' check."
        raise ConfigError(message, hint="use failed_checks, or another route.")
    # A check that decides nothing here is not even loaded: some of them are large.
    has = {spec.name for spec in base.checks if spec.name in watched and not served_gap(spec)}
    if unknown := sorted(guards - has):
        raise _cannot_guard(table.named(place), workload, base, unknown[0])
    form = citation_form(base) if cuts else None
    if cuts and form is None:
        message = (
            f"Rule '{table.named(place)}' cuts sentences without a citation, but no check of '{workload}' asks"
            " each sentence for one."
        )
        raise ConfigError(message, hint=f"remove {CUT_UNCITED} from its guardrails.")
    judged = _cut(base, watched & has, wants_label)
    return RuleContract(judged, guards, frozenset(watched & has), wants_label, form, asked=base)


def _cannot_guard(rule: str, workload: str, base: Workload, check: str) -> ConfigError:
    for spec in base.checks:
        if spec.name == check:
            message = f"Rule '{rule}' has the guardrail '{check}', but in '{workload}' {served_gap(spec)}."
            return ConfigError(message, hint="set it in suite.yaml and measure again, or remove the guardrail.")
    message = f"Rule '{rule}' has the guardrail '{check}', which '{workload}' does not check."
    return ConfigError(message, hint="add the check to the workload in suite.yaml and measure again, or remove it.")


def _cut(base: Workload, watched: Iterable[str], wants_label: bool) -> Workload:
    """The contract with the checks that decide a route and no others."""
    decide = {*watched, LABEL} if wants_label else set(watched)
    checks = [spec for name in RUNTIME_CHECKS for spec in base.checks if spec.name == name and name in decide]
    return msgspec.structs.replace(base, checks=tuple(checks), own=None)


def _variant(table: RoutingTable, suite: Suite, workload: str, variant: str) -> Workload:
    """Read once for all rules of the table that use it."""
    place = (str(suite.root), workload, variant)
    found = table._variants.get(place)
    if found is None:
        found = table._variants[place] = load_suite(place[0], variants={workload: variant}).workloads[workload]
    return found


def _find_workload(table: RoutingTable, name: str, action: Action) -> Workload | None:
    for suite in table.suites:
        if name not in suite.workloads:
            continue
        found = suite.workloads[name]
        if action.variant:
            try:
                found = _variant(table, suite, name, action.variant)
            except MiloError as error:
                message = f"The table uses the variant '{action.variant}' of '{name}': {error.message}"
                raise ConfigError(message, hint=error.hint) from None
        if action.prompt and found.prompt_name != action.prompt:
            message = f"The table rests on the prompt '{action.prompt}', but '{name}' now has '{found.prompt_name}'."
            raise ConfigError(message, hint="use the suite of the decision, or run and decide again.")
        return found
    return None


def shown_contracts(table: RoutingTable) -> Mapping[str, str]:
    """Workload to the prompt that is rendered for it, for the terminal."""
    return {name: suite.workloads[name].prompt_name for suite in table.suites for name in suite.workloads}
