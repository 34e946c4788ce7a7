"""Evidence and a policy in, every model judge in it with the figures of its calibration out. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from milo_bench.config.policy.file import PolicyFile
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.judged import JudgeStanding, judge_standing
from milo_bench.decide.records import Figure, JudgeEvidence, Source
from milo_bench.stats.judge_calibration import CONFIDENCE
from milo_bench.stats.judge_licence import Bias, JudgeFigures, MeasuredShare

_SHARES: Final = {
    "agreement": "agreement with people",
    "sensitivity": "accepts what people accept",
    "specificity": "rejects what people reject",
    "flips": "verdicts that change with the order",
    "unrepeated": "verdicts that change on the same request",
}
_BIASES: Final = {
    "toward_longer": "bias toward longer answers",
    "toward_own": "bias toward its own family",
}


def judge_evidence(policy: PolicyFile, evidence: Evidence, figures: Figures) -> tuple[JudgeEvidence, ...]:
    """Each judge that recorded a verdict in the logs, once for each of its versions."""
    found: dict[tuple[str, str], list[str]] = {}
    standing: dict[tuple[str, str], JudgeStanding] = {}
    for candidate, cases in evidence.cases.items():
        for name, digests in cases.judges.items():
            place = (name, digests[0] if len(digests) == 1 else "")
            found.setdefault(place, []).append(candidate.text)
            standing.setdefault(place, judge_standing(policy, evidence, candidate, name))
    return tuple(
        _evidence(name, digest, tuple(sorted(of)), standing[name, digest], figures)
        for (name, digest), of in sorted(found.items())
    )


def _evidence(name: str, digest: str, of: tuple[str, ...], stands: JudgeStanding, figures: Figures) -> JudgeEvidence:
    calibration, measured = stands.calibration, stands.figures
    if calibration is None or measured is None:
        return JudgeEvidence(name, digest, of, stands.problem)
    return JudgeEvidence(
        name=name,
        judge=digest,
        of=of,
        problem=stands.problem,
        target=calibration.target,
        model=calibration.model,
        form=calibration.form,
        method=calibration.method,
        made_at=calibration.made_at,
        expires=calibration.expires,
        prompt=calibration.prompt,
        data=calibration.data,
        figures=dict(_figures(name, digest, measured, figures)),
        missing=measured.licence.lacks,
    )


def _figures(name: str, digest: str, measured: JudgeFigures, figures: Figures) -> Iterator[tuple[str, str]]:
    def place(part: str) -> str:
        return f"judge/{name}/{digest[7:19]}/{part}"

    yield (
        "labels",
        figures.add(
            Figure(
                place("labels"),
                "labels of people",
                float(measured.labelled.n),
                "count",
                Source("judge", "labels", name),
            )
        ),
    )
    for part, title in _SHARES.items():
        share: MeasuredShare = getattr(measured, part)
        if share.n:
            yield part, figures.add(_share(place(part), title, share, Source("judge", part, name)))
    for attack, share in measured.attacks.items():
        title = f"rejected answers that pass after the attack {attack}"
        key = f"attack {attack}"
        yield key, figures.add(_share(place(key), title, share, Source("judge", key, name)))
    for part, title in _BIASES.items():
        bias: Bias = getattr(measured, part)
        if bias.value is None:
            continue
        ends = bias.interval
        yield (
            part,
            figures.add(
                Figure(
                    id=place(part),
                    title=title,
                    value=bias.value,
                    unit="share",
                    source=Source("judge", part, name),
                    n=bias.n,
                    low=ends.low if ends else None,
                    high=ends.high if ends else None,
                    confidence=ends.confidence if ends else None,
                    method=ends.method if ends else "",
                )
            ),
        )


def _share(id: str, title: str, share: MeasuredShare, source: Source) -> Figure:
    low, high = share.ends if share.n else (None, None)
    return Figure(
        id=id,
        title=title,
        value=share.value,
        unit="share",
        source=source,
        n=share.n,
        k=share.k,
        low=low,
        high=high,
        confidence=CONFIDENCE if share.n else None,
        method="clopper_pearson, each end one-sided" if share.n else "",
    )
