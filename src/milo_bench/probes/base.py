"""What a probe is and what it is given: a context with the target in, one result with its evidence out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from msgspec import Struct

from milo_bench.core.hiding import shown_argv
from milo_bench.core.records import ProbeResult
from milo_bench.core.registry import Registry

if TYPE_CHECKING:
    from milo_bench.probes.context import ProbeContext

Severity: TypeAlias = Literal["info", "minor", "major", "critical"]
ProbeOutcome: TypeAlias = Literal["pass", "fail", "undecided"]


class ProbeCase(Struct, frozen=True):
    """One thing that a probe looked at: what came of it, and a sentence that says so."""

    name: str
    outcome: ProbeOutcome
    said: str


class Probe(ABC):
    """One operational question about a runtime. A subclass is one file and one registration line.

    Probes run in the order of ``order``: what needs a cold server first (below 100), what ends
    servers late (from 800), and the search for what others sent last (from 900). ``severity`` is
    that of a failure unless the probe says otherwise. ``limit_s`` bounds a whole run of the probe;
    past it the outcome is undecided. Whatever cannot be judged is undecided, with the reason;
    nothing passes by default.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    version: ClassVar[str] = "1"
    severity: ClassVar[Severity] = "major"
    order: ClassVar[int] = 500
    limit_s: ClassVar[float] = 120.0

    @abstractmethod
    async def run(self, ctx: ProbeContext) -> ProbeResult:
        """Put the question to ``ctx.target``. Raises TargetError where the target cannot be reached."""
        ...

    def passes(self, ctx: ProbeContext, finding: str, evidence: Mapping[str, Any]) -> ProbeResult:
        return self._result(ctx, "pass", finding, evidence, None)

    def fails(
        self, ctx: ProbeContext, finding: str, evidence: Mapping[str, Any], severity: Severity | None = None
    ) -> ProbeResult:
        return self._result(ctx, "fail", finding, evidence, severity)

    def undecided(self, ctx: ProbeContext, why: str, evidence: Mapping[str, Any] | None = None) -> ProbeResult:
        return self._result(ctx, "undecided", why, evidence or {}, None)

    def judge(
        self,
        ctx: ProbeContext,
        cases: Iterable[ProbeCase],
        *,
        good: str,
        evidence: Mapping[str, Any],
        severity: Severity | None = None,
    ) -> ProbeResult:
        """One failed case fails the probe; one undecided case keeps it from passing; no case at all is undecided."""
        seen = list(cases)
        kept = {**evidence, "cases": {case.name: {"outcome": case.outcome, "said": case.said} for case in seen}}
        failed = [case.said for case in seen if case.outcome == "fail"]
        open_ones = [f"{case.name}: {case.said}" for case in seen if case.outcome == "undecided"]
        if failed:
            return self.fails(ctx, _sentences(failed), kept, severity)
        if open_ones or not seen:
            return self.undecided(ctx, _sentences(open_ones or ["Nothing could be checked"]), kept)
        return self.passes(ctx, good, kept)

    def _result(
        self,
        ctx: ProbeContext,
        outcome: ProbeOutcome,
        finding: str,
        evidence: Mapping[str, Any],
        severity: Severity | None,
    ) -> ProbeResult:
        return ProbeResult(
            target=ctx.config.name,
            probe=self.name,
            version=self.version,
            outcome=outcome,
            severity=severity or self.severity,
            finding=finding,
            evidence={**evidence, **_given(ctx)},
        )


def _given(ctx: ProbeContext) -> dict[str, Any]:
    """What the person asked for, so that the same command can be run again; secrets of a command are hidden."""
    options = ctx.options
    logs = [one for one in options.logs if one != options.passing_log]
    given = {
        "logs": logs,
        "restart_command": list(shown_argv(options.restart_command)),
        "probes": list(options.probes),
        "quick": options.quick,
    }
    kept = {name: value for name, value in given.items() if value}
    return {"given": kept} if kept else {}


def _sentences(parts: Iterable[str]) -> str:
    return " ".join(part if part.endswith((".", "!", "?")) else f"{part}." for part in parts)


PROBES: Registry[Probe] = Registry(
    "probe",
    "milo_bench.probes.builtin",
    installed="milo_bench.probes",
    needs=("name", "title", "version", "severity", "order", "limit_s", "run"),
)
