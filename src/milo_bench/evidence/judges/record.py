"""A run log, a rubric and a target in; a judgement in the log for each answer that lacks one out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from milo_bench.config.rubric import Rubric
from milo_bench.config.settings import RunConfig, TargetConfig
from milo_bench.core.errors import DataError, UsageError
from milo_bench.core.hashing import sha256_text
from milo_bench.core.records import Attempt, Fixture, JudgeLicence, JudgementVerdict, ModelJudgement
from milo_bench.core.records.judgements import VERIFIER, latest_judgements
from milo_bench.core.suggest import hint_for
from milo_bench.core.version import __version__
from milo_bench.evidence.judges.asking import Answer, JudgeRequest, connected
from milo_bench.evidence.judges.wording import JudgedItem, judge_digest
from milo_bench.evidence.judging import final_attempts, without_retry
from milo_bench.run.event_loop import run_to_end
from milo_bench.run.serving.leaving import may_be_sent, require_allowed
from milo_bench.store.log.reader import RunLog, read_run_log
from milo_bench.store.log.writer import RunLogWriter

_SAID: Mapping[JudgementVerdict, str] = {
    "accept": "accepted",
    "reject": "rejected",
    "unread": "unreadable",
    "failed": "failed",
}
_VERDICTS: Mapping[str, JudgementVerdict] = {"yes": "accept", "no": "reject", "unread": "unread"}
# Answers that are judged before the log is synced: what a kill can lose.
_GROUP = 16


@dataclass
class JudgedAnswers:
    """What was recorded just now, by verdict. ``withheld`` are sensitive answers that a hosted judge must not get."""

    log: Path
    name: str
    judge: str = ""
    counts: dict[JudgementVerdict, int] = field(default_factory=dict)
    withheld: int = 0
    already: int = 0
    licensed: bool = False  # a calibration of exactly this judge is in the log

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def as_record(self) -> dict[str, object]:
        """Plain data."""
        return {
            "log": str(self.log),
            "name": self.name,
            "judge": self.judge,
            "judged": self.total,
            "verdicts": dict(sorted(self.counts.items())),
            "already": self.already,
            "withheld": self.withheld,
            "licensed": self.licensed,
        }

    def lines(self) -> list[str]:
        """What a person reads at the end."""
        said = ", ".join(f"{count:,} {_SAID[verdict]}" for verdict, count in sorted(self.counts.items()))
        lines = [f"{self.log}: {self.total:,} answers judged by '{self.name}'{f' ({said})' if said else ''}"]
        if self.total and not self.counts.keys() & {"accept", "reject"}:
            lines.append("no answer got a verdict: use a judge that answers in JSON (see 'milo-bench judge calibrate')")
        if self.already:
            lines.append(f"{self.already:,} answers were judged before")
        if self.withheld:
            lines.append(f"{self.withheld:,} sensitive answers were not sent to the hosted judge")
        if not self.licensed and not self.name.startswith(VERIFIER):
            lines.append("without a licence in the log, these verdicts stay out of every rate")
        return lines


@dataclass(frozen=True)
class JudgeRunOptions:
    """What of the log is judged. ``against`` names the target whose answers a rubric for pairs compares with."""

    workloads: tuple[str, ...] = ()
    against: str = ""
    name: str = ""  # instead of the rubric's
    unless: str = ""  # the target whose own answers are left out
    concurrency: int = 1
    allow_hosted: bool = False


def judge_log_answers(
    path: Path,
    rubric: Rubric,
    config: TargetConfig,
    env: Mapping[str, str],
    *,
    limits: RunConfig,
    options: JudgeRunOptions | None = None,
    licence: JudgeLicence | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> JudgedAnswers:
    """Judge the answers of the log at ``path`` that this very judge has not judged yet, and add what it says.

    A rerun goes on where it was stopped. Raises UsageError for a hosted judge that was not allowed and for names that
    the log lacks, DataError for a log without its texts or a licence of another judge, TargetError where the judge
    cannot be reached.
    """
    options = options or JudgeRunOptions()
    require_allowed(
        [config.name] if config.hosted else [], allowed=options.allow_hosted, what="answers and cases would leave"
    )
    log = read_run_log(path)
    _check(log, rubric, options)
    return run_to_end(_judge(log, rubric, config, env, limits, options, licence, progress))


def _check(log: RunLog, rubric: Rubric, options: JudgeRunOptions) -> None:
    if log.header.store_text != "full":
        message = f"{log.path} was stored without its full text, so its answers cannot be judged."
        raise DataError(message, hint="run again with privacy.store_text: full.")
    if not log.attempts:
        message = f"{log.path} has no answers to judge."
        raise DataError(message, hint="give a log that 'milo-bench run' or 'milo-bench import' wrote.")
    known = [workload.name for workload in log.header.workloads]
    for name in options.workloads:
        if name not in known:
            message = f"{log.path} has no workload '{name[:60]}'."
            raise UsageError(message, hint=hint_for(name, known, noun="workloads"))
    targets = [target.name for target in log.header.targets]
    if (rubric.form == "pairwise") != bool(options.against):
        message = f"The rubric '{rubric.name}' compares two answers." if not options.against else ""
        message = message or f"The rubric '{rubric.name}' judges one answer, so there is nothing to compare with."
        hint = f"add --against TARGET: {', '.join(targets)}." if not options.against else "leave out --against."
        raise UsageError(message, hint=hint)
    if options.against and options.against not in targets:
        message = f"{log.path} has no target '{options.against[:60]}'."
        raise UsageError(message, hint=hint_for(options.against, targets, noun="targets"))


async def _judge(
    log: RunLog,
    rubric: Rubric,
    config: TargetConfig,
    env: Mapping[str, str],
    limits: RunConfig,
    options: JudgeRunOptions,
    licence: JudgeLicence | None,
    progress: Callable[[int, int], None],
) -> JudgedAnswers:
    name = options.name or rubric.name
    found = JudgedAnswers(log.path, name)
    async with connected(rubric, config, env, limits=limits, concurrency=options.concurrency) as judge:
        found.judge = judge_digest(rubric, judge.record)
        if licence is not None:
            _require_same(licence, found.judge, log.path)
        todo = list(_todo(log, rubric, options, found, hosted=config.hosted))
        writer = RunLogWriter.add_to(log.path, __version__)
        try:
            done = 0

            def take(place: int, answer: Answer) -> None:
                nonlocal done
                attempt, _ = todo[place]
                row = _judgement(attempt, name, found.judge, judge.record.name, rubric, options.against, answer)
                writer.append(row)
                found.counts[row.verdict] = found.counts.get(row.verdict, 0) + 1
                done += 1
                if done % _GROUP == 0:
                    writer.flush()
                progress(done, len(todo))

            await judge.judge([JudgeRequest(item) for _, item in todo], take)
            if licence is not None and licence not in log.licences:
                writer.append(licence)
        finally:
            writer.close()
    found.licensed = licence is not None or any(one.judge == found.judge for one in log.licences)
    return found


def _require_same(licence: JudgeLicence, judge: str, log: Path) -> None:
    if licence.judge != judge:
        message = "The calibration is of another judge: its model, prompt or rubric differs."
        raise DataError(message, hint="calibrate this judge, or leave out --licence and judge without one.")


def _todo(
    log: RunLog, rubric: Rubric, options: JudgeRunOptions, found: JudgedAnswers, *, hosted: bool
) -> Iterator[tuple[Attempt, JudgedItem]]:
    latest = latest_judgements(log.judgements)
    tasks = {workload.name: workload.prompt_source for workload in log.header.workloads}
    others: dict[tuple[str, int, str], str] = {}
    if options.against:
        others = {
            (one.key.fixture, one.key.repeat, one.key.decoding): one.output
            for one in final_attempts(log)
            if one.key.target == options.against and _answered(one)
        }
    for attempt in final_attempts(log):
        fixture = log.fixtures[attempt.key.fixture]
        if not _answered(attempt) or (options.workloads and fixture.workload not in options.workloads):
            continue
        if attempt.key.target in (options.against, options.unless):
            continue
        known = latest.get(without_retry(attempt.key), {}).get(found.name)
        answer_hash = sha256_text(attempt.output)
        if known is not None and _is_of(known, found.judge, answer_hash, options.against):
            found.already += 1
            continue
        if not may_be_sent(fixture, hosted=hosted):
            found.withheld += 1
            continue
        other = others.get((attempt.key.fixture, attempt.key.repeat, attempt.key.decoding)) if others else None
        if options.against and other is None:
            continue
        yield attempt, _item(fixture, attempt, rubric, other, tasks[fixture.workload])


def _is_of(known: ModelJudgement, judge: str, answer_hash: str, against: str) -> bool:
    """Whether this judge has judged this answer already; a request that failed is sent again."""
    same = (known.judge, known.answer_hash, known.against) == (judge, answer_hash, against)
    return same and known.verdict != "failed"


def _answered(attempt: Attempt) -> bool:
    return attempt.failure is None and not attempt.bypass and not attempt.erased


def _item(fixture: Fixture, attempt: Attempt, rubric: Rubric, other: str | None, task: str) -> JudgedItem:
    answer = attempt.output
    if not answer.strip() and attempt.tool_calls:
        answer = "\n".join(f"{call.name}({call.arguments})" for call in attempt.tool_calls)
    expected = fixture.expect.get(rubric.compare_with) if rubric.compare_with else fixture.expect
    return JudgedItem(fixture.input, answer, other, expected, task)


def _judgement(
    attempt: Attempt, name: str, judge: str, target: str, rubric: Rubric, against: str, answer: Answer
) -> ModelJudgement:
    return ModelJudgement(
        key=without_retry(attempt.key),
        name=name,
        judge=judge,
        target=target,
        verdict="failed" if answer.failure else _VERDICTS[answer.reply.said],
        answer_hash=sha256_text(attempt.output),
        method=rubric.method,
        against=against,
        score=answer.score,
        prompt_tokens=answer.prompt_tokens,
        output_tokens=answer.output_tokens,
        took_s=answer.took_s,
        reason=answer.failure or answer.reply.reason,
    )
