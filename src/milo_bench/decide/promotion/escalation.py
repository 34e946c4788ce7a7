"""What escalation bought in, the sentences that report and terminal print out; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from milo_bench.core import units
from milo_bench.core.records.roles import EscalationReport


def escalation_sentences(reports: Sequence[EscalationReport]) -> Iterator[str]:
    """One sentence or more for each role and step."""
    for report in reports:
        yield (
            f"{report.role}: the incumbent {report.incumbent} rejected {report.rejected} of {report.reviews} reviews. "
            f"After escalation {report.left} {'is' if report.left == 1 else 'are'} still rejected."
        )
        for step in report.steps:
            missing = f" {step.failed} of {step.asked} requests got no answer." if step.failed else ""
            each = f", {_usd(step.cost_per_accepted_usd)} per answer that passed" if step.accepted else ""
            yield (
                f"{report.role}, step {step.number}, {step.target}: {step.accepted} of {step.asked} answers passed, "
                f"{step.overturned} accepted the change.{missing} The incumbent was wrong and this step right in "
                f"{step.incumbent_wrong}, the reverse in {step.incumbent_right}. The step cost {_usd(step.cost_usd)}"
                f"{each}. Sending it all {report.reviews} reviews at once would cost {_usd(step.all_at_once_usd)}. "
                f"Latency p50 {_seconds(step.latency_p50_s)}."
            )


def _usd(value: float | None) -> str:
    return "an unknown amount" if value is None else units.dollars(value)


def _seconds(value: float | None) -> str:
    return "unknown" if value is None else units.seconds(value)
