"""A rubric, a target and labelled answers in, a calibration of the judge out: both orders, twice, and under attack."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np

from milo_bench.config.rubric import Rubric
from milo_bench.config.settings import RunConfig, TargetConfig
from milo_bench.core.errors import DataError, PrerequisiteError, TargetError
from milo_bench.core.files import read_whole
from milo_bench.core.records import AttackTrial, JudgeLicence, JudgeSaid, LabelledVerdict, TargetRecord
from milo_bench.core.version import __version__
from milo_bench.evidence.judges.asking import Answer, Judge, JudgeRequest, connected
from milo_bench.evidence.judges.attacks import ATTACKS
from milo_bench.evidence.judges.labels import Labelled, LabelledSet
from milo_bench.evidence.judges.wording import judge_digest, prompt_digest
from milo_bench.run.event_loop import run_to_end
from milo_bench.run.serving.leaving import require_allowed

JudgeProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class CalibrationOptions:
    """``attacked`` is how many rejected answers each kind of attack is tried on; ``valid_days`` how long it is good."""

    concurrency: int = 1
    attacked: int = 30
    valid_days: int = 90
    seed: int = 0
    allow_hosted: bool = False


def calibrate_judge(
    rubric: Rubric,
    config: TargetConfig,
    labels: LabelledSet,
    env: Mapping[str, str],
    *,
    limits: RunConfig,
    options: CalibrationOptions,
    now: datetime,
    progress: JudgeProgress = lambda done, total: None,
) -> JudgeLicence:
    """Ask the judge everything; what it said, beside the labels.

    Raises UsageError for a hosted judge that was not allowed, DataError where no label is left that may be sent
    there, TargetError where the judge cannot be reached or answered nothing.
    """
    require_allowed(
        [config.name] if config.hosted else [], allowed=options.allow_hosted, what="the labelled answers would leave"
    )
    items = [one for one in labels.items if not (config.hosted and one.sensitive)]
    if not items:
        message = f"Every labelled answer is sensitive, so none may be sent to '{config.name}'."
        raise DataError(message, hint="calibrate a judge inside your network.")
    found = run_to_end(_calibrate(rubric, config, items, labels.digest, env, limits, options, now, progress))
    return msgspec.structs.replace(found, copies=labels.copies)


async def _calibrate(
    rubric: Rubric,
    config: TargetConfig,
    items: Sequence[Labelled],
    data: str,
    env: Mapping[str, str],
    limits: RunConfig,
    options: CalibrationOptions,
    now: datetime,
    progress: JudgeProgress,
) -> JudgeLicence:
    async with connected(rubric, config, env, limits=limits, concurrency=options.concurrency) as judge:
        family = judge.record.family
        times = 1 if rubric.method == "likeness" else 3
        total = times * len(items) + len(ATTACKS) * options.attacked
        plain = [JudgeRequest(one.item) for one in items]
        asked = plain if times == 1 else [*plain, *plain, *(JudgeRequest(one.item, swapped=True) for one in items)]
        answers = await _ask(judge, asked, lambda done: progress(done, total))
        _require_replies(answers, config.name)
        said = [answers[place : place + len(items)] for place in range(0, len(answers), len(items))]
        rows = [_row(place, one, [each[place].reply.said for each in said], family) for place, one in enumerate(items)]
        attacks = await _attack(judge, items, rows, options, lambda done: progress(len(asked) + done, total))
        return _licence(rubric, judge.record, rows, attacks, data, now, options.valid_days)


async def _ask(judge: Judge, asked: Sequence[JudgeRequest], progress: Callable[[int], None]) -> list[Answer]:
    found: dict[int, Answer] = {}

    def done(place: int, answer: Answer) -> None:
        found[place] = answer
        progress(len(found))

    await judge.judge(asked, done)
    return [found[place] for place in range(len(asked))]


def _require_replies(answers: Sequence[Answer], name: str) -> None:
    failed = [answer.failure for answer in answers if answer.failure]
    if len(failed) > len(answers) // 2:
        worst = max(set(failed), key=failed.count)
        message = f"'{name}' answered {len(answers) - len(failed)} of {len(answers)} requests ({worst})."
        raise TargetError(message, hint="read the server's log, then calibrate again. Nothing was written.")


def _row(place: int, one: Labelled, said: Sequence[JudgeSaid], family: str) -> LabelledVerdict:
    item = one.item
    mine = [bool(family) and family.casefold() == other.casefold() for other in one.families]
    longer = len(item.answer) - len(item.other) if item.other is not None else len(item.answer)
    verdict, again, swapped = said if len(said) == 3 else (said[0], "", "")
    return LabelledVerdict(
        item=place,
        workload=one.workload,
        label=one.label,
        verdict=verdict,
        again=again,
        swapped=swapped,
        longer=longer,
        own=int(mine[0]) - int(mine[1]),
    )


async def _attack(
    judge: Judge,
    items: Sequence[Labelled],
    rows: Sequence[LabelledVerdict],
    options: CalibrationOptions,
    progress: Callable[[int], None],
) -> list[AttackTrial]:
    """Each kind on the same answers: those that people and judge rejected, in a seeded order."""
    pairs = items[0].item.other is not None
    found: list[tuple[str, int, JudgeSaid, JudgeRequest]] = []
    order = np.random.default_rng(options.seed).permutation(len(items)).tolist()
    # Of a pair the worse answer is attacked: where the label is yes that is the second one.
    rejected = [place for place in order if pairs or not rows[place].label]
    resisted = [place for place in rejected if _before(rows[place], pairs) != "yes"] or rejected
    for name, change in ATTACKS.items():
        for number, place in enumerate(resisted[: options.attacked]):
            item = items[place].item
            if pairs and rows[place].label:
                assert item.other is not None
                attacked = replace(item, other=change(item.other, number))
            else:
                attacked = replace(item, answer=change(item.answer, number))
            found.append((name, place, _before(rows[place], pairs), JudgeRequest(attacked)))
    answers = await _ask(judge, [asked for *_, asked in found], progress)
    trials = []
    for (name, place, before, _), answer in zip(found, answers, strict=True):
        after = _turned(answer.reply.said) if pairs and rows[place].label else answer.reply.said
        trials.append(AttackTrial(name, place, before, after))
    return trials


def _before(row: LabelledVerdict, pairs: bool) -> JudgeSaid:
    """What the judge said of the answer that people rejected."""
    return _turned(row.verdict) if pairs and row.label else row.verdict


def _turned(said: JudgeSaid) -> JudgeSaid:
    return "no" if said == "yes" else "yes" if said == "no" else said


def _licence(
    rubric: Rubric,
    record: TargetRecord,
    rows: Sequence[LabelledVerdict],
    attacks: Sequence[AttackTrial],
    data: str,
    now: datetime,
    valid_days: int,
) -> JudgeLicence:
    return JudgeLicence(
        name=rubric.name,
        judge=judge_digest(rubric, record),
        form=rubric.form,
        method=rubric.method,
        target=record.name,
        model=record.model,
        prompt=prompt_digest(rubric),
        data=data,
        made_at=now.isoformat(timespec="seconds"),
        expires=f"{now + timedelta(days=valid_days):%Y-%m-%d}",
        rows=tuple(rows),
        attacks=tuple(attacks),
        model_digest=record.model_digest,
        family=record.family,
        hosted=record.hosted,
        tool_version=__version__,
    )


def read_licence(path: Path) -> JudgeLicence:
    """A calibration that ``judge calibrate`` wrote. Raises PrerequisiteError and DataError."""
    hint = "write one with 'milo-bench judge calibrate'."
    try:
        return msgspec.json.decode(read_whole(path), type=JudgeLicence)
    except OSError as error:
        message = f"Cannot read {path}: {error.strerror}."
        raise PrerequisiteError(message, hint=hint) from None
    except msgspec.MsgspecError as error:
        message = f"{path} is not a calibration of a judge ({str(error)[:200]})."
        raise DataError(message, hint=hint) from None
