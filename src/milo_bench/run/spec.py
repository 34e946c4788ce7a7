"""What a run is made of in, the first line of its log out; who shares a machine with whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from msgspec import Struct, field

from milo_bench.core.errors import UsageError
from milo_bench.core.hashing import sha256_data
from milo_bench.core.records import (
    Fixture,
    FixtureSelection,
    Plan,
    RunHeader,
    StoreText,
    SuiteRef,
    TargetRecord,
    Workload,
)
from milo_bench.core.records.contract import contract_digests, fixture_digests
from milo_bench.run.budget import Budget
from milo_bench.run.serving.leaving import may_be_sent, require_allowed

_LOOPBACK = frozenset({"", "localhost", "127.0.0.1", "::1", "0.0.0.0"})  # noqa: S104  compared, never bound
_THIS_MACHINE = "this machine"


class RunSpec(Struct, frozen=True):
    """All that ``execute`` needs to know. ``fixtures`` and ``workloads`` by id and name; more than the plan's are fine.

    ``grace_s`` is what attempts in flight get to end after a first stop request; ``telemetry_s``
    the time between samples.
    """

    suite: SuiteRef
    workloads: Mapping[str, Workload]
    fixtures: Mapping[str, Fixture]
    plan: Plan
    tool_version: str
    store_text: StoreText = "full"
    inventory: str = ""
    suite_folder: str = ""
    selection: FixtureSelection | None = None
    allow_hosted: bool = False
    grace_s: float = 2.0
    telemetry_s: float = 1.0
    budget: Budget = field(default_factory=Budget)
    fingerprint: bool = False  # whether to ask each target the fixed prompts before the first attempt

    def planned_fixtures(self) -> tuple[Fixture, ...]:
        """In plan order; what a log carries."""
        return tuple(self.fixtures[id_] for id_ in self.plan.fixtures)

    def header(self, targets: Sequence[TargetRecord], *, now: datetime) -> RunHeader:
        """The ``run`` line. The run id is a time and a hash of what is run: two runs never share one."""
        used = dict.fromkeys(fixture.workload for fixture in self.planned_fixtures())
        created_at = now.isoformat(timespec="microseconds")
        digest = sha256_data([created_at, self.suite, self.plan, list(targets)])
        return RunHeader(
            run_id=f"{now:%Y%m%dT%H%M%S}-{digest[:8]}",
            created_at=created_at,
            tool_version=self.tool_version,
            suite=self.suite,
            workloads=tuple(self.workloads[name] for name in used),
            targets=tuple(targets),
            plan=self.plan,
            store_text=self.store_text,
            inventory=self.inventory,
            suite_folder=self.suite_folder,
            selection=self.selection,
            digests={name: self._digests(name) for name in used},
        )

    def _digests(self, workload: str) -> dict[str, str]:
        """Of the contract of ``workload`` and of all its fixtures that the suite has, planned or not."""
        fixtures = (fixture for fixture in self.fixtures.values() if fixture.workload == workload)
        return contract_digests(self.workloads[workload]) | fixture_digests(fixtures)


def check_hosted(spec: RunSpec, targets: Sequence[TargetRecord]) -> None:
    """Nothing leaves for a hosted target unless the run says so, and no sensitive fixture ever does.

    Raises UsageError otherwise.
    """
    hosted = [target.name for target in targets if target.hosted]
    require_allowed(hosted, allowed=spec.allow_hosted)
    for name in hosted:
        withheld = frozenset(spec.plan.withheld.get(name, ()))
        for fixture in spec.planned_fixtures():
            if not may_be_sent(fixture, hosted=True) and fixture.id not in withheld:
                message = f"The plan would send the sensitive fixture '{fixture.id}' to the hosted target '{name}'."
                raise UsageError(message, hint="make the plan with make_plan, or redact the suite first.")


def is_this_machine(address: str) -> bool:
    """Whether an http address, or none, is that of the machine itself."""
    return (urlsplit(address).hostname or "") in _LOOPBACK


def lane_of(target: TargetRecord) -> str:
    """Targets with one lane share a machine, as far as their endpoints tell; a hosted one has its own."""
    if target.hosted:
        return f"hosted {target.name}"
    return _THIS_MACHINE if is_this_machine(target.endpoint) else urlsplit(target.endpoint).hostname or ""


def server_of(target: TargetRecord) -> str:
    """What names the server that a target asks: its host and port, one however loopback is spelled (localhost,
    127.0.0.1, ::1); a target without an address has a server of its own.
    """
    if not target.endpoint:
        return f"own {target.name}"
    parts = urlsplit(target.endpoint)
    host = _THIS_MACHINE if is_this_machine(target.endpoint) else parts.hostname or ""
    return f"{host} {parts.port or (443 if parts.scheme == 'https' else 80)}"
