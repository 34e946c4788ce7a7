"""Caps concurrent requests at the lower end of the knee's interval."""

from __future__ import annotations

from milo_bench.config.policy.remedies import REMEDIES, RemedyDefinition
from milo_bench.decide.facts import CandidateFacts
from milo_bench.decide.figures import Figures
from milo_bench.decide.load_evidence import knee_cap
from milo_bench.decide.records import LinkedText, Remedy
from milo_bench.decide.remedies.plans import not_replayable
from milo_bench.decide.wording import capitalise


def _cap(seen: CandidateFacts, figures: Figures) -> Remedy | None:
    target = seen.candidate.target
    cap = knee_cap(target, figures)
    if not cap:
        return None
    reason: LinkedText = (
        "throughput stops growing at ", figures.ref(f"load/{target}/knee", whole=True),
        ", so the cap is the lower end of its interval, ", figures.ref(cap),
    )  # fmt: skip
    streams = figures[cap].value
    title = REMEDIES.get("concurrency_cap").title
    return Remedy("concurrency_cap", title, capitalise(reason), params={"streams": int(streams or 1)})


REMEDIES.add(
    "concurrency_cap",
    RemedyDefinition(
        title="a cap on concurrent requests",
        short="cap on requests",
        step="Cap concurrent requests",
        says="caps concurrent requests at the lower end of the knee's interval",
        hours=(2.0, 4.0, 6.0),
        done_when="concurrent requests stay within the cap and a load run meets its service level",
        changes=not_replayable("it changes how the target runs, not which cases it gets"),
        follows=_cap,
    ),
)
