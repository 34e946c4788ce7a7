"""A rubric, a target and labelled answers in, a judge's licence out; a log in, its answers judged, out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from milo_bench.api.settings import load_settings
from milo_bench.config.policy.file import load_policy
from milo_bench.config.policy.judges import JudgeTerms
from milo_bench.config.rubric import Rubric, load_rubric
from milo_bench.core.errors import UsageError
from milo_bench.core.files import require_new_file, write_file
from milo_bench.core.paths import AnyPath, AnyPaths, as_paths
from milo_bench.core.records import JudgeLicence
from milo_bench.evidence.judges.calibrate import CalibrationOptions, JudgeProgress, calibrate_judge, read_licence
from milo_bench.evidence.judges.labels import LabelledSet, labels_of_review, read_labels
from milo_bench.evidence.judges.record import JudgedAnswers, JudgeRunOptions, judge_log_answers
from milo_bench.evidence.reviewing import read_review
from milo_bench.probes.base import PROBES
from milo_bench.stats.judge_licence import JudgeFigures, judge_figures

_TAKEN = "choose another --out, or remove the file."


def _silent(done: int, total: int) -> None:
    return None


@dataclass(frozen=True)
class CalibrateOptions:
    """A judge to calibrate: ``labels`` is a labelled set, or ``review`` with its ``logs`` what people scored.

    ``policy`` has the terms under ``judges``; the built-in ones apply without it.
    """

    judge: str
    rubric: str
    out: AnyPath
    labels: AnyPath | None = None
    review: AnyPath | None = None
    logs: AnyPaths = ()
    question: str = "usefulness"
    accept_from: int = 4
    policy: AnyPath | None = None
    config: AnyPath | None = None
    calibration: CalibrationOptions = field(default_factory=CalibrationOptions)


def calibrate(
    options: CalibrateOptions, env: Mapping[str, str] | None = None, *, progress: JudgeProgress = _silent
) -> tuple[JudgeLicence, JudgeFigures]:
    """Measure a judge on what people labelled, and write its calibration to ``out``.

    Raises UsageError and DataError for what does not fit together, before anything is sent.
    """
    env = os.environ if env is None else env
    out = Path(options.out)
    require_new_file(out, taken=_TAKEN)
    settings = load_settings(None if options.config is None else Path(options.config), env)
    rubric = load_rubric(options.rubric)
    terms = load_policy(Path(options.policy), probes=PROBES.names()).judges if options.policy else JudgeTerms()
    found = calibrate_judge(
        rubric,
        settings.target(options.judge),
        _labels(options, rubric),
        env,
        limits=settings.run,
        options=options.calibration,
        now=datetime.now(UTC),
        progress=progress,
    )
    write_file(out, msgspec.json.encode(found))
    return found, judge_figures(found, terms)


def _labels(options: CalibrateOptions, rubric: Rubric) -> LabelledSet:
    if (options.labels is None) == (options.review is None):
        message = "A judge is calibrated on a labelled set or on a review."
        raise UsageError(message, hint="give either --labels FILE, or --review FILE with its logs.")
    if options.labels is not None:
        return read_labels(Path(options.labels), rubric)
    assert options.review is not None
    logs = as_paths(options.logs)
    if not logs:
        message = "The review names answers by their logs, and no log is given."
        raise UsageError(message, hint="add the logs that 'milo-bench review sample' drew from.")
    review = read_review(Path(options.review))
    return labels_of_review(review, logs, rubric, question=options.question, accept_from=options.accept_from)


def figures_of_licence(licence: JudgeLicence, policy: AnyPath | None = None) -> JudgeFigures:
    """The figures of a calibration, by the terms of ``policy`` or the built-in ones."""
    terms = load_policy(Path(policy), probes=PROBES.names()).judges if policy else JudgeTerms()
    return judge_figures(licence, terms)


def judge_answers(
    log: AnyPath,
    judge: str,
    rubric: str,
    env: Mapping[str, str] | None = None,
    *,
    options: JudgeRunOptions | None = None,
    licence: AnyPath | None = None,
    config: AnyPath | None = None,
    progress: JudgeProgress = _silent,
) -> JudgedAnswers:
    """Let the target ``judge`` judge the answers of a log by ``rubric``, a file or a built-in name, and record it.

    ``licence`` is a file that ``calibrate`` wrote: it is added to the log. Raises DataError where it is another
    judge's.
    """
    env = os.environ if env is None else env
    settings = load_settings(None if config is None else Path(config), env)
    return judge_log_answers(
        Path(log),
        load_rubric(rubric),
        settings.target(judge),
        env,
        limits=settings.run,
        options=options,
        licence=None if licence is None else read_licence(Path(licence)),
        progress=progress,
    )
