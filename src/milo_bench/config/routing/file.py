"""routing.yaml in, checked rules out, and back into a file for people; mistakes are named with their line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from milo_bench.config.checked import Checked, CheckedFile, FileKind, load_checked, read_checked
from milo_bench.config.routing.operators import LADDER, OperatorGrant
from milo_bench.config.routing.rule import (
    MODEL_ROUTES,
    Action,
    GivenName,
    RoutingRule,
)
from milo_bench.core.errors import ConfigError
from milo_bench.core.suggest import hint_for

ROUTING_SCHEMA: Final = 1
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
    it goes to human review instead, whatever the rules say.
    """

    schema_version: Literal[1] = ROUTING_SCHEMA
    title: str = ""
    validity: Validity = Validity()
    targets: dict[GivenName, RoutingTarget] = {}
    sensitive_to_hosted: bool = False
    rules: Annotated[tuple[RoutingRule, ...], Field(max_length=MOST_RULES)] = ()
    default: Action = Field(examples=[{"route": "human_review"}])
    operators: dict[GivenName, OperatorGrant] = {}  # what each target may do as an operator, by kind of work

    def data(self) -> dict[str, Any]:
        """As plain data, settings left at their defaults left out; ``read_routing`` of its YAML gives it back."""
        kept = self.model_dump(mode="json", exclude_defaults=True)
        return {"schema_version": self.schema_version, **kept, "default": _action(self.default)} | (
            {"rules": [rule_data(rule) for rule in self.rules]} if self.rules else {}
        )

    def to_yaml(self) -> str:
        """The file as a person reads it: each rule with a comment that says what it is for."""
        from milo_bench.config.routing.text import written

        return written(self)

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
    name="routing.yaml",
    start="start it with 'targets:', 'rules:' and 'default:'.",
    manual="docs/how-to/routing.md",
    where_from="'milo-bench report' writes one. See docs/how-to/routing.md to write your own.",
)


def load_routing(path: Path) -> RoutingFile:
    """Read ``path``. Raises ConfigError naming file, line and remedy of every mistake."""
    return _consistent(load_checked(path, ROUTING_FILE))


def read_routing(text: str, *, name: str = "routing.yaml") -> RoutingFile:
    """The checked content of ``text``; ``name`` is what errors call it. Raises ConfigError."""
    return _consistent(read_checked(text, ROUTING_FILE, name=name))


def _consistent(file: RoutingFile) -> RoutingFile:
    check_routing(file)
    return file


def check_routing(file: RoutingFile) -> None:
    """Targets exist and are what the route says; every rule can be reached. Raises ConfigError."""
    for place, action in _actions(file):
        _targets_exist(file, place, action)
    _operators_agree(file)
    seen: set[str] = set()
    for number, rule in enumerate(file.rules):
        here = file.where("rules", str(number))
        if rule.id in seen:
            message = f"{here}: two rules are called '{rule.id}'."
            raise ConfigError(message, hint="give each rule an id of its own.")
        seen.add(rule.id)
        for target in rule.when.target_health:
            _known_target(file, here, f"rule '{rule.id}' uses the health of", target)
        sends_out = rule.route == "hosted" or (rule.verifier and file.targets[rule.verifier].hosted)
        if rule.when.sensitive and sends_out and not file.sensitive_to_hosted:
            message = f"{here}: rule '{rule.id}' sends sensitive cases to a hosted target."
            raise ConfigError(message, hint="send them to human_review, or set 'sensitive_to_hosted: true'.")
        if rule.when.needs_answer and not any(
            a.route in MODEL_ROUTES for a in (*file.rules[number + 1 :], file.default)
        ):
            message = f"{here}: rule '{rule.id}' needs an answer, but no rule below it calls a model."
            raise ConfigError(message, hint="put it above the rule that sends the case to a model.")
        earlier = next((above for above in file.rules[:number] if above.when.covers(rule.when)), None)
        if earlier is not None:
            raise _never_reached(here, rule, earlier)


def _operators_agree(file: RoutingFile) -> None:
    """Work that a target may not do goes to a hosted one that may do more of it."""
    for name, grant in file.operators.items():
        for kind, granted in grant.kinds.items():
            if granted.target is None:
                continue
            here = file.where("operators", name, "kinds", kind)
            other = file.operators.get(granted.target)
            if other is None or not other.hosted:
                message = (
                    f"{here}: '{kind}' goes to '{granted.target[:60]}', which is not a hosted operator of this file."
                )
                hosted = [known for known, one in file.operators.items() if one.hosted]
                raise ConfigError(message, hint=hint_for(granted.target, hosted, noun="hosted operators"))
            level = other.kinds[kind].level if kind in other.kinds else "none"
            if LADDER.index(level) <= LADDER.index(granted.level):
                message = f"{here}: '{kind}' goes to '{granted.target[:60]}', which has no higher level for it."
                raise ConfigError(message, hint="send it to human_review.")


def _never_reached(here: str, rule: RoutingRule, earlier: RoutingRule) -> ConfigError:
    if earlier.when != rule.when:
        message = f"{here}: rule '{rule.id}' is never reached: '{earlier.id}' above it already matches every case."
        return ConfigError(message, hint="put the narrower rule first.")
    same = earlier.model_copy(update={"id": "", "why": "", "finding": ""}) == rule.model_copy(
        update={"id": "", "why": "", "finding": ""}
    )
    if same:
        message = f"{here}: rule '{rule.id}' repeats '{earlier.id}'."
        return ConfigError(message, hint="remove one of them.")
    message = (
        f"{here}: rule '{rule.id}' contradicts '{earlier.id}': the same cases go to {rule.route} and {earlier.route}."
    )
    return ConfigError(message, hint="keep one of them, or narrow its 'when'.")


def _actions(file: RoutingFile) -> list[tuple[tuple[str, ...], Action]]:
    rules: list[tuple[tuple[str, ...], Action]] = [(("rules", str(n)), rule) for n, rule in enumerate(file.rules)]
    return [*rules, (("default",), file.default)]


def _targets_exist(file: RoutingFile, place: tuple[str, ...], action: Action) -> None:
    here = file.where(*place)
    called = f"rule '{action.id}'" if isinstance(action, RoutingRule) else "the default"
    for target in action.targets:
        _known_target(file, here, f"{called} names", target)
    wanted = ((action.target, action.route == "hosted"), (action.fallback.target, True))
    for name, hosted in wanted:
        if name is not None and file.targets[name].hosted != hosted:
            is_, should = ("local", "hosted") if hosted else ("hosted", "local")
            message = f"{here}: {called} sends cases to '{name}' as {should}, but that target is {is_}."
            raise ConfigError(message, hint=f"name a target with hosted: {str(hosted).lower()}, or change the route.")


def _known_target(file: RoutingFile, here: str, said: str, target: str) -> None:
    if target not in file.targets:
        message = f"{here}: {said} the unknown target '{target[:60]}'."
        raise ConfigError(message, hint=hint_for(target, file.targets, noun="targets"))
