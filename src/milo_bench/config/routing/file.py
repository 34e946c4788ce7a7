"""routing.yaml in, checked rules out, and back into a file for people; mistakes are named with their line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from milo_bench.config.checked import Checked, CheckedFile, FileKind, load_checked, read_checked
from milo_bench.config.routing.challengers import Challenger
from milo_bench.config.routing.operators import LADDER, OperatorGrant
from milo_bench.config.routing.rule import (
    MODEL_ROUTES,
    Action,
    GivenName,
    RoutingRule,
)
from milo_bench.config.written import Problem, as_error
from milo_bench.core.suggest import hint_for

ROUTING_SCHEMA: Final = 1
DEFAULT: Final = "default"  # what the default is called where a rule's id is
MOST_RULES: Final = 500


class RoutingTarget(Checked):
    """A model that rules may name. ``model_digest`` is what was measured; rules hold for no other weights."""

    model: str
    hosted: bool = False
    model_digest: str = ""
    quantisation: str = ""


class Validity(Checked):
    """What the rules rest on, and when they are void: once a target serves weights of another digest."""

    void_when: Literal["model_digest_changes", "never"] = "model_digest_changes"
    decided_at: str = ""
    suite: str = ""
    suite_hash: str = ""
    policy_sha256: str = ""
    logs: tuple[str, ...] = ()  # sha256 of each run log


class RoutingFile(CheckedFile):
    """All of routing.yaml. The first rule that applies decides; where none does, ``default`` does.

    Rules on an answer are judged once the model that a later rule (or the default) calls has
    answered. A sensitive case never reaches a hosted target while ``sensitive_to_hosted`` is false:
    it goes to human review instead, whatever the rules say. ``challengers`` get a share of live work, to be compared
    with the targets of the rules.
    """

    file_name: ClassVar[str] = "routing.yaml"

    schema_version: Literal[1] = ROUTING_SCHEMA
    title: str = ""
    validity: Validity = Validity.usual()
    targets: dict[GivenName, RoutingTarget] = {}
    sensitive_to_hosted: bool = False
    flags_file: Annotated[str, Field(pattern=r"^([A-Za-z0-9][A-Za-z0-9_.-]{0,79})?$")] = ""  # beside this file
    rules: Annotated[tuple[RoutingRule, ...], Field(max_length=MOST_RULES)] = ()
    default: Action = Field(examples=[{"route": "human_review"}])
    challengers: Annotated[tuple[Challenger, ...], Field(max_length=100)] = ()
    operators: dict[GivenName, OperatorGrant] = {}  # what each target may do as an operator, by kind of work

    @property
    def flags(self) -> tuple[str, ...]:
        """Every flag that a rule names, in order."""
        actions: tuple[Action, ...] = (*self.rules, self.default)
        return tuple(dict.fromkeys(action.flag for action in actions if action.flag))

    def problems(self) -> Iterator[Problem]:
        for check in (_wrong_targets, _wrong_challengers, _operators_that_disagree, _unreachable_rules):
            yield from check(self)

    def data(self) -> dict[str, Any]:
        """As plain data, settings left at their defaults left out; ``read_routing`` of its YAML gives it back."""
        kept = self.model_dump(mode="json", exclude_defaults=True)
        return {"schema_version": self.schema_version, **kept, "default": _action(self.default)} | (
            {"rules": [rule_data(rule) for rule in self.rules]} if self.rules else {}
        )

    def to_yaml(self) -> str:
        """The file as a person reads it: each rule with a comment that says what it is for."""
        from milo_bench.config.routing.text import routing_text

        return routing_text(self)

    def changed_targets(self, digests: dict[str, str]) -> tuple[str, ...]:
        """Targets whose digest is not the measured one, in the file's order: for these the rules are void.

        ``digests`` maps a target to the digest that it serves now; a target without one in the file or in
        ``digests`` cannot be compared and is not named.
        """
        if self.validity.void_when == "never":
            return ()
        return tuple(
            name
            for name, target in self.targets.items()
            if target.model_digest and digests.get(name) and digests[name] != target.model_digest
        )


def rule_data(rule: RoutingRule) -> dict[str, Any]:
    """A rule as plain data, in the order in which a person reads it: id, when, route, the rest."""
    when = rule.when.model_dump(mode="json", exclude_defaults=True)
    return {"id": rule.id, **({"when": when} if when else {}), **_action(rule)}


def _action(action: Action) -> dict[str, Any]:
    kept = action.model_dump(mode="json", exclude_defaults=True, exclude={"id", "when"})
    return {"route": action.route, **kept}


ROUTING_FILE: Final = FileKind(
    RoutingFile,
    start="start it with 'targets:', 'rules:' and 'default:'.",
    manual="docs/how-to/routing.md",
    where_from="'milo-bench report' writes one. See docs/how-to/routing.md to write your own.",
)


def load_routing(path: Path) -> RoutingFile:
    """Read ``path``. Raises ConfigError naming file, line and remedy of every mistake."""
    return load_checked(path, ROUTING_FILE)


def read_routing(text: str, *, name: str = "routing.yaml") -> RoutingFile:
    """The checked content of ``text``; ``name`` is what errors call it. Raises ConfigError."""
    return read_checked(text, ROUTING_FILE, name=name)


def check_routing(file: RoutingFile) -> None:
    """Targets exist and are what the route says; every rule can be reached. Raises ConfigError with every mistake."""
    if problems := list(file.problems()):
        raise as_error(problems)


def _unreachable_rules(file: RoutingFile) -> Iterator[Problem]:
    seen: set[str] = set()
    for number, rule in enumerate(file.rules):
        here = file.where("rules", number)
        if rule.id in seen:
            yield Problem(here, f"two rules are called '{rule.id}'", "give each rule an id of its own.")
        seen.add(rule.id)
        for target in rule.when.target_health:
            yield from _unknown_target(file, here, f"rule '{rule.id}' uses the health of", target)
        if rule.when.tokens is not None:
            yield from _unknown_target(file, here, f"rule '{rule.id}' counts the tokens of", rule.when.tokens.target)
        if rule.when.sensitive and _sends_out(file, rule) and not file.sensitive_to_hosted:
            what = f"rule '{rule.id}' sends sensitive cases to a hosted target"
            yield Problem(here, what, "send them to human_review, or set 'sensitive_to_hosted: true'.")
        below = (*file.rules[number + 1 :], file.default)
        if rule.when.needs_answer and not any(action.route in MODEL_ROUTES for action in below):
            what = f"rule '{rule.id}' needs an answer, but no rule below it calls a model"
            yield Problem(here, what, "put it above the rule that sends the case to a model.")
        earlier = next((above for above in file.rules[:number] if above.when.covers(rule.when)), None)
        if earlier is not None:
            yield _never_reached(here, rule, earlier)


def _sends_out(file: RoutingFile, rule: RoutingRule) -> bool:
    verifier = file.targets.get(rule.verifier) if rule.verifier else None
    target = file.targets.get(rule.target) if rule.target else None
    if rule.route == "assist" and target is not None and target.hosted:
        return True
    return rule.route == "hosted" or (verifier is not None and verifier.hosted)


def _operators_that_disagree(file: RoutingFile) -> Iterator[Problem]:
    """Work that a target may not do goes to a hosted one that may do more of it."""
    for name, grant in file.operators.items():
        for kind, granted in grant.kinds.items():
            if granted.target is None:
                continue
            here = file.where("operators", name, "kinds", kind)
            goes = f"'{kind}' goes to '{granted.target[:60]}'"
            other = file.operators.get(granted.target)
            if other is None or not other.hosted:
                hosted = [known for known, one in file.operators.items() if one.hosted]
                hint = hint_for(granted.target, hosted, noun="hosted operators")
                yield Problem(here, f"{goes}, which is not a hosted operator of this file", hint)
                continue
            level = other.kinds[kind].level if kind in other.kinds else "none"
            if LADDER.index(level) <= LADDER.index(granted.level):
                yield Problem(here, f"{goes}, which has no higher level for it", "send it to human_review.")


def _never_reached(here: str, rule: RoutingRule, earlier: RoutingRule) -> Problem:
    if earlier.when != rule.when:
        what = f"rule '{rule.id}' is never reached: '{earlier.id}' above it already matches every case"
        return Problem(here, what, "put the narrower rule first.")
    same = earlier.model_copy(update={"id": "", "why": "", "finding": ""}) == rule.model_copy(
        update={"id": "", "why": "", "finding": ""}
    )
    if same:
        return Problem(here, f"rule '{rule.id}' repeats '{earlier.id}'", "remove one of them.")
    what = f"rule '{rule.id}' contradicts '{earlier.id}': the same cases go to {rule.route} and {earlier.route}"
    return Problem(here, what, "keep one of them, or narrow its 'when'.")


def _wrong_targets(file: RoutingFile) -> Iterator[Problem]:
    rules: list[tuple[tuple[str | int, ...], Action]] = [(("rules", n), rule) for n, rule in enumerate(file.rules)]
    for place, action in (*rules, (("default",), file.default)):
        here = file.where(*place)
        called = f"rule '{action.id}'" if isinstance(action, RoutingRule) else "the default"
        for target in action.targets:
            yield from _unknown_target(file, here, f"{called} names", target)
        for name, hosted in ((action.target, action.route == "hosted"), (action.fallback.target, True)):
            known = file.targets.get(name) if name is not None else None
            if action.route == "assist" and name == action.target:
                continue  # a person accepts each draft, whoever wrote it
            if known is not None and known.hosted != hosted:
                is_, should = ("local", "hosted") if hosted else ("hosted", "local")
                what = f"{called} sends cases to '{name}' as {should}, but that target is {is_}"
                yield Problem(here, what, f"name a target with hosted: {str(hosted).lower()}, or change the route.")


def _wrong_challengers(file: RoutingFile) -> Iterator[Problem]:
    """A challenger has an incumbent that it is not itself, and all canaries of one rule or role have at most 100%."""
    actions: dict[str, Action] = {**{rule.id: rule for rule in file.rules}, DEFAULT: file.default}
    shares: dict[str, float] = {}
    seen: set[tuple[str, str]] = set()
    for number, one in enumerate(file.challengers):
        here = file.where("challengers", number)
        yield from _unknown_target(file, here, "a challenger is", one.target)
        if (one.place, one.target) in seen:
            yield Problem(here, f"'{one.target}' challenges {one.place} twice", "remove one of the two.")
        seen.add((one.place, one.target))
        if one.mode == "canary":
            shares[one.place] = shares.get(one.place, 0.0) + one.share
            if shares[one.place] > 1 + 1e-9:
                yield Problem(here, f"the canaries of {one.place} get more than 100%", "lower their shares.")
        if one.rule is None:
            continue  # the gateway knows the roles
        if one.rule not in actions:
            hint = hint_for(one.rule, actions, noun="rules")
            yield Problem(here, f"'{one.target}' challenges the unknown rule '{one.rule[:60]}'", hint)
            continue
        action = actions[one.rule]
        if action.route not in ("local", "hosted"):
            what = f"'{one.target}' challenges rule '{one.rule}', whose route is {action.route}"
            yield Problem(here, what, "name a rule with the route local or hosted.")
        elif action.target == one.target:
            what = f"'{one.target}' challenges rule '{one.rule}', which calls it already"
            yield Problem(here, what, "remove the challenger, or name another target.")
        elif isinstance(action, RoutingRule) and action.when.sensitive and _is_hosted(file, one.target):
            what = f"'{one.target}' is hosted, and rule '{one.rule}' has only sensitive work, which it never gets"
            yield Problem(here, what, "name a local challenger.")


def _is_hosted(file: RoutingFile, target: str) -> bool:
    return target in file.targets and file.targets[target].hosted


def _unknown_target(file: RoutingFile, here: str, said: str, target: str) -> Iterator[Problem]:
    if target not in file.targets:
        hint = hint_for(target, file.targets, noun="targets")
        yield Problem(here, f"{said} the unknown target '{target[:60]}'", hint)
