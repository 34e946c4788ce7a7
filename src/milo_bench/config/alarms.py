"""alarms.yaml in, what to watch in the gateway's traffic and how often it is still usual out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, ClassVar, Final, Literal, TypeAlias

from pydantic import Field

from milo_bench.config.checked import Checked, CheckedFile, FileKind, load_checked, read_checked
from milo_bench.config.routing.rule import DriftStep, RuleName, ServedCheck
from milo_bench.config.routing.use_names import name_of_use
from milo_bench.config.written import Problem
from milo_bench.core.records import Frozen

# All of them are known while work is served, without a right answer.
AlarmMeasure: TypeAlias = Literal["no_answer", "slow", "failed_check", "queued"]


class Alarm(Checked):
    """What is counted, and the rate at which it is still usual."""

    id: RuleName
    workload: str = Field(min_length=1, max_length=200, description="workload whose requests are counted")
    use: str = Field(default="", max_length=40, description="use whose requests are counted (empty: all of the work)")
    target: str = Field(default="", max_length=200, description="target whose calls are counted (empty: requests)")
    measure: AlarmMeasure = Field(description="what is counted")
    check: ServedCheck | None = Field(default=None, description="the check that a call failed, for failed_check")
    slower_than_s: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="seconds for a whole answer, for slow"
    )
    at_most: Annotated[float, Field(gt=0, lt=1)] = Field(
        description="largest rate that is still usual: the upper end of the measured interval"
    )
    then: DriftStep = Field(
        default="report",
        description="what a gateway does beside opening an incident: report (or what the rule says), or roll_back",
    )
    baseline: str = Field(default="", max_length=400, description="what was measured, for people")

    @property
    def work(self) -> str:
        """``timeline``, or ``timeline:preview`` of one use."""
        return name_of_use(self.workload, self.use)


class AlarmsFile(CheckedFile):
    """All of alarms.yaml."""

    file_name: ClassVar[str] = "alarms.yaml"

    schema_version: Literal[1] = 1
    false_alarms: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.01, description="chance at most that any alarm ever rings while nothing changed"
    )
    alarms: tuple[Alarm, ...] = ()

    def problems(self) -> Iterable[Problem]:
        seen: set[str] = set()
        for number, alarm in enumerate(self.alarms):
            where = self.where("alarms", number)
            if alarm.id in seen:
                yield Problem(where, f"the alarm '{alarm.id}' is there twice", "give each alarm an id of its own.")
            seen.add(alarm.id)
            if alarm.measure == "failed_check" and alarm.check is None:
                yield Problem(where, f"the alarm '{alarm.id}' names no check", "add 'check: schema' or another check.")
            if alarm.measure == "slow" and alarm.slower_than_s is None:
                yield Problem(
                    where, f"the alarm '{alarm.id}' has no slower_than_s", "add the seconds, e.g. 'slower_than_s: 20'."
                )
            if alarm.then == "roll_back" and not alarm.target:
                said = f"the alarm '{alarm.id}' names no target to roll back"
                yield Problem(where, said, "add 'target: NAME', or write 'then: report'.")

    @property
    def chance_each(self) -> float:
        """The part of ``false_alarms`` of each alarm's live watch: the other half is in the measured intervals."""
        return self.false_alarms / 2 / max(1, len(self.alarms))


AlarmState: TypeAlias = Literal["alarm", "usual"]


class AlarmCount(Frozen, frozen=True, omit_defaults=False):
    """What one alarm counted: ``seen`` of the latest ``requests``, at most 100, and how many it has watched in all.

    ``evidence`` is the wealth of the bets against "at most ``at_most``". It alarms at ``needed``, and stays so.
    """

    alarm: str
    workload: str
    target: str
    measure: str
    state: AlarmState
    seen: int
    requests: int
    watched: int
    at_most: float
    evidence: float
    needed: float
    then: DriftStep
    baseline: str


ALARMS_FILE: Final = FileKind(
    AlarmsFile,
    start="start it with 'alarms:' and a list of alarms.",
    manual="docs/how-to/gateway-operations.md",
    where_from="'milo-bench report' writes one from the measurements.",
)


def load_alarms(path: Path) -> AlarmsFile:
    """Read ``path``. Raises ConfigError with every mistake."""
    return load_checked(path, ALARMS_FILE)


def read_alarms(text: str, *, name: str = AlarmsFile.file_name) -> AlarmsFile:
    """The checked content of ``text``; ``name`` is what errors call it. Raises ConfigError."""
    return read_checked(text, ALARMS_FILE, name=name)
