"""A run log in which an incumbent rejected reviews in; the answers of its escalation chain in a log of its own out."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
import yaml

from milo_bench.api.running import RunOptions, run_suite
from milo_bench.api.settings import load_settings
from milo_bench.config.roles.file import RegistryFile, RoleConfig, load_registry
from milo_bench.core.errors import DataError, UsageError
from milo_bench.core.files import write_file
from milo_bench.core.records import Attempt, Fixture, Price
from milo_bench.core.records.roles import EscalationAnswer, EscalationReport
from milo_bench.decide.promotion.escalation import make_step
from milo_bench.evidence.judging import GradedAttempt, judge_log
from milo_bench.grade.answer import read_json_answer
from milo_bench.roles.outcomes import outcome_of
from milo_bench.run.events import RunListener
from milo_bench.store.log.reader import read_run_log
from milo_bench.suites.fixtures import fixture_line

TAG: Final = "turbo-escalation"
_KINDS: Final = frozenset({"code-review", "security-review"})


def escalate_roles(
    log: Path,
    registry: Path,
    *,
    config: Path | None = None,
    allow_hosted: bool = False,
    steps: Collection[str] | None = None,
    env: Mapping[str, str] | None = None,
    listeners: Sequence[RunListener] = (),
) -> tuple[EscalationReport, ...]:
    """Ask each role's escalation chain about the reviews that its incumbent rejected in ``log``.

    Each step is a run log beside ``log``, whose fixtures are tagged ``turbo-escalation``. A step is asked about what
    the one before it rejected or could not answer. With ``steps``, only those targets of a chain are asked. Before
    anything is sent, raises UsageError for a hosted step without ``allow_hosted``, or one that bench.yaml lacks.
    """
    env = os.environ if env is None else env
    file = load_registry(registry)
    if not any(role.escalation for role in file.roles.values()):
        message = f"No role in {registry} has an escalation chain."
        raise UsageError(message, hint="add 'escalation: [TARGET]' to the role.")
    settings = load_settings(config, env)
    chains = {
        name: tuple(target for target in role.escalation if steps is None or target in steps)
        for name, role in file.roles.items()
    }
    for name, chain in chains.items():
        hosted = [target for target in chain if settings.target(target).hosted]
        if hosted and not allow_hosted:
            message = f"The escalation chain of '{name}' has the hosted target {hosted[0]}: it would send text outside."
            raise UsageError(message, hint="add --allow-hosted to allow that.")
    reports = []
    for name, role in file.roles.items():
        if chains[name]:
            asked = role.model_copy(update={"escalation": chains[name]})
            reports.append(_role(name, asked, file, log, config, allow_hosted, env, listeners))
    kept = msgspec.json.format(msgspec.json.encode(reports), indent=1)
    write_file(escalation_file(log), kept)
    return tuple(reports)


def escalation_file(log: Path) -> Path:
    """Where the report on the escalations of a log is kept."""
    return log.with_suffix(f".{TAG}.json")


def read_escalations(logs: Sequence[Path]) -> tuple[EscalationReport, ...]:
    """The reports that are beside ``logs``."""
    found: list[EscalationReport] = []
    for log in logs:
        place = escalation_file(log)
        if place.is_file():
            try:
                found += msgspec.json.decode(place.read_bytes(), type=list[EscalationReport])
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise DataError(f"{place} cannot be read: {error}.", hint="escalate the log again.") from None
    return tuple(found)


def _role(
    name: str,
    role: RoleConfig,
    file: RegistryFile,
    log: Path,
    config: Path | None,
    allow_hosted: bool,
    env: Mapping[str, str],
    listeners: Sequence[RunListener],
) -> EscalationReport:
    read = read_run_log(log)
    reviews: dict[str, dict[str, EscalationAnswer]] = {}  # by target and fixture
    fixtures: dict[str, Fixture] = {}
    open_ones: list[Fixture] = []
    prices = {target.name: target.price for target in read.header.targets}
    for judged in judge_log(read):
        fixture, key = judged.fixture, judged.attempt.key
        mine = fixture.workload in role.workloads and not key.repeat and key.decoding == "free"
        if not mine or not _KINDS & set(fixture.tags):
            continue
        reviews.setdefault(key.target, {})[fixture.id] = _answer(judged, file, prices[key.target])
        if key.target == role.incumbent:
            fixtures[fixture.id] = fixture
            if rejects(judged.attempt):
                open_ones.append(fixture)
    own = tuple(reviews.get(role.incumbent, {}).values())
    rejected = len(open_ones)
    steps = []
    for number, target in enumerate(role.escalation, start=1):
        if not open_ones:
            break
        out = log.with_suffix(f".{TAG}-{name}-{number}.jsonl")
        with tempfile.TemporaryDirectory(prefix="milo-escalation-") as folder:
            suite = _suite_of(Path(read.header.suite_folder), Path(folder) / "suite", open_ones)
            options = RunOptions(suite=suite, models=(target,), out=out, config=config, allow_hosted=allow_hosted)
            run_suite(options, env, listeners=listeners)
        written = read_run_log(out)
        [record] = written.header.targets
        answers = [_answer(judged, file, record.price) for judged in judge_log(written)]
        also = reviews.get(target, {})
        at_once = tuple(also.values()) if also.keys() == fixtures.keys() else ()
        steps.append(make_step(target, number, answers, own, log=out.name, at_once=at_once))
        accepted = {one.fixture for one in answers if one.accepts}
        open_ones = [fixture for fixture in open_ones if fixture.id not in accepted]
    return EscalationReport(name, role.incumbent, len(own), rejected, tuple(steps), len(open_ones), own)


def _answer(judged: GradedAttempt, file: RegistryFile, price: Price | None) -> EscalationAnswer:
    attempt, fixture = judged.attempt, judged.fixture
    outcome = outcome_of(attempt, fixture, judged.graded, file.policy.minutes, price)
    return EscalationAnswer(
        fixture=fixture.id,
        passed=outcome is not None and outcome.accepted,
        accepts=attempt.failure is None and _says(attempt, "accept"),
        faulty="faulty" in fixture.tags,
        answered=attempt.failure is None,
        cost_usd=None if outcome is None else outcome.cost_usd,
        latency_s=None if attempt.failure is not None else attempt.timings.latency_s,
    )


def rejects(attempt: Attempt) -> bool:
    """Whether an answer's verdict is reject."""
    return attempt.failure is None and _says(attempt, "reject")


def _says(attempt: Attempt, verdict: str) -> bool:
    answer = read_json_answer(attempt.output)
    return answer.usable and isinstance(answer.value, dict) and answer.value.get("verdict") == verdict


def _suite_of(folder: Path, out: Path, fixtures: Sequence[Fixture]) -> Path:
    """The suite in ``folder`` with these fixtures alone, each tagged; their hashes stay, since tags are not in them."""
    if not (folder / "suite.yaml").is_file():
        message = f"The suite of the log, {folder}, is not there any more."
        raise DataError(message, hint="restore the folder that 'milo-bench roles mine' made.")
    out.mkdir(parents=True)
    for part in ("prompts", "schemas"):
        if (folder / part).is_dir():
            shutil.copytree(folder / part, out / part)
    manifest = yaml.safe_load((folder / "suite.yaml").read_text(encoding="utf-8"))
    used = {fixture.workload for fixture in fixtures}
    manifest["workloads"] = {name: one for name, one in manifest["workloads"].items() if name in used}
    manifest["fixtures"] = ["fixtures.jsonl"]
    write_file(out / "suite.yaml", json.dumps(manifest))
    tagged = [msgspec.structs.replace(fixture, tags=(*fixture.tags, TAG)) for fixture in fixtures]
    write_file(out / "fixtures.jsonl", "".join(fixture_line(one) + "\n" for one in tagged))
    return out
