"""A policy and the fixtures of a suite in, the gates that no run of these fixtures can pass out. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from milo_bench.config.policy.file import PolicyFile
from milo_bench.config.policy.measures import known_measures, parse_slice
from milo_bench.config.policy.models import GateConfig
from milo_bench.core.records import Fixture
from milo_bench.decide.gates.detectors import unfound_by
from milo_bench.decide.gates.family import shared_confidence
from milo_bench.decide.gates.further import least_without_data
from milo_bench.decide.replay.split import FIT_SHARE
from milo_bench.grade.languages.unspoken import language_of_work
from milo_bench.run.asked.alike import Contracts, find_alike


@dataclass(frozen=True)
class ShortGate:
    """A gate that needs ``needed`` fixtures without a mistake and has ``held``; ``fixed`` of them count for a fix.

    ``undecidable``: even without a mistake the gate stays undecided. Else only a fix cannot pass it, because a fix is
    judged on the fixtures that did not choose it. Fixtures of one story count once: they err together.
    """

    workload: str
    gate: str
    threshold: float
    held: int
    fixed: int
    needed: int

    @property
    def undecidable(self) -> bool:
        return self.held < self.needed


def short_gates(
    policy: PolicyFile, fixtures: Sequence[Fixture], *, targets: int = 1, contracts: Contracts | None = None
) -> Iterator[ShortGate]:
    """Gates on rates that too few fixtures can decide, with ``targets`` of each workload compared.

    Fixtures that ask a model the same under ``contracts`` count once.

    Counts a slice by tag or by expected label; of others all fixtures of the workload, so nothing is named that
    might be decided.
    """
    confidence = shared_confidence(policy, targets)
    alike = find_alike(fixtures, contracts)
    cluster = {one.id: first for one, first in zip(fixtures, alike, strict=True)}
    for name, config in policy.workloads.items():
        mine = [one for one in fixtures if one.workload == name]
        every = [gate for use in config.uses.values() for gate in use.gates] or list(policy.gates_of(name))
        for gate in every if mine else ():
            bound = gate.at_least if gate.at_least is not None else gate.at_most
            if gate.probe or gate.against == "baseline" or bound is None:
                continue
            if known_measures()[gate.measure].kind != "rate":
                continue
            contract = contracts[name][0] if gate.safety and contracts and name in contracts else None
            unfound = unfound_by(gate, contract, language_of_work(contract, mine) if contract else "")
            needed = least_without_data(bound, gate.direction, confidence, unfound=unfound)
            held = len({cluster[one.id] for one in mine if _in_slice(gate, one)})
            fixed = math.floor(held * (1 - FIT_SHARE)) if config.remedies else held
            if needed is not None and min(held, fixed) < needed:
                yield ShortGate(name, gate.key, bound, held, fixed, needed)


def _in_slice(gate: GateConfig, fixture: Fixture) -> bool:
    for part in parse_slice(gate.slice, gate.measure):
        if part.name == "tag" and part.value not in fixture.tags:
            return False
        label = fixture.expect.get("label")
        if part.name == "class" and isinstance(label, str) and label != part.value:
            return False
    return True
