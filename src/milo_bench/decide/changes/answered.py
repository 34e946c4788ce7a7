"""What answered then and now in, whether it is one model by its answers to fixed prompts out. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from milo_bench.core.records import Frozen, TargetRecord
from milo_bench.core.units import p_value
from milo_bench.core.weights.served import differences
from milo_bench.stats.model_equality import LEVEL, compare_behaviour
from milo_bench.stats.paired import holm


class AnsweredModel(Frozen, frozen=True, omit_defaults=False):
    """Whether the model that answered behind ``target`` is the one that was measured, by its answers to fixed prompts.

    ``p`` is adjusted for the targets compared (Holm 1979); None where nothing could be compared.
    """

    target: str
    standing: Literal["held", "regressed", "undecided"]
    reason: str
    p: float | None = None


def check_answered(before: Mapping[str, TargetRecord], now: Mapping[str, TargetRecord]) -> tuple[AnsweredModel, ...]:
    """One for each target of both. Another behaviour has regressed where nothing that is known of it changed: then the
    model behind the name was swapped. Where weights, template, cache or flags changed, that is the reason.
    """
    names = sorted(before.keys() & now.keys())
    tests = {name: compare_behaviour(before[name].behaviour, now[name].behaviour) for name in names}
    compared = [name for name in names if tests[name].p is not None]
    adjusted = dict(zip(compared, holm([tests[name].p or 0.0 for name in compared]), strict=True))
    found = []
    for name in names:
        test, p = tests[name], adjusted.get(name)
        if p is None:
            found.append(AnsweredModel(name, "undecided", f"cannot be compared: {test.why}"))
        elif p > LEVEL:
            found.append(AnsweredModel(name, "held", f"the same answers to {test.prompts} fixed prompts", p))
        else:
            differing = f"{test.differing} of {test.prompts} fixed prompts get another answer ({p_value(p)})"
            known = [part for part, old, new in differences(before[name], now[name]) if "unknown" not in (old, new)]
            if known:
                found.append(AnsweredModel(name, "held", f"{differing}, because of another {', '.join(known)}", p))
            else:
                said = f"another model answers behind this name: {differing}, and nothing known of it changed"
                found.append(AnsweredModel(name, "regressed", said, p))
    return tuple(found)
