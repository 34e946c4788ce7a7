"""A suite's workloads and fixtures in, the text of a commented policy for it out; pure.

Each gate gets the strictest threshold that the suite is large enough to prove with a few errors. Comments say with how
many, and what a stricter threshold takes, since the work may need one.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any, Final, Literal, TypeAlias

from milo_bench.core.records import CheckSpec, Fixture, Workload
from milo_bench.core.records.contract import answer_schema
from milo_bench.core.records.judgements import JUDGED
from milo_bench.core.units import number
from milo_bench.decide.gates.further import least_without_data
from milo_bench.run.asked.alike import contracts_of, find_alike
from milo_bench.stats.exact import exact_ends

GateSide: TypeAlias = Literal["at_least", "at_most"]

CONFIDENCE: Final = 0.95
AT_LEAST: Final = (0.99, 0.98, 0.97, 0.95, 0.93, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.5)
AT_MOST: Final = (0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5)
# Of how many answers one may be wrong, so that the proposed threshold does not ask for perfection.
_ONE_ERROR_IN: Final = 20
_MEASURE_OF_CHECK: Final[Mapping[str, str]] = {
    "label": "accuracy",
    "exact_fields": "field_accuracy",
    "json_reading": "json_valid_rate",
}
_IMPLIED: Final = ("answer_present",)  # an empty answer passes no check
_RULES_OF: Final = "claims_v1.yaml"


def draft_policy(suite: str, title: str, workloads: Mapping[str, Workload], fixtures: Sequence[Fixture]) -> str:
    """A policy for ``suite`` that can be used as it is: gates from its checks, thresholds that its size can decide."""
    lines = [
        f"# The thresholds that a model must meet before it gets the work of the suite {suite}.",
        "# A gate passes if its whole interval is on the good side of the threshold, fails if all of it is on the",
        "# other, and is undecided in between. The thresholds below are the strictest that the suite's size can",
        "# prove if about one answer in twenty is wrong. Set each to what your work needs: where that takes more",
        "# fixtures, the decision says how many.",
        "policy: 1",
        f"title: {_text(title or suite)}",
        f"suite: {_text(suite)}",
        f"confidence: {CONFIDENCE}",
        "# baseline: hosted     # the target that local ones are compared with, if you run one. It allows gates like",
        "#                      # {measure: pass_rate, not_worse_than: baseline, margin: 0.05}",
        "# defaults:            # gates of every workload. A probe needs a log of 'milo-bench probe'.",
        "#   gates:",
        "#     - {probe: privacy_leak, safety: true, note: prompts in the server's log expose customers}",
        "workloads:",
    ]
    alike = dict(zip((one.id for one in fixtures), find_alike(fixtures, contracts_of(workloads)), strict=True))
    for name, workload in workloads.items():
        own = [fixture for fixture in fixtures if fixture.workload == name]
        lines += _workload(workload, own, alike)
    return "\n".join(lines) + "\n\n" + _rules()


def _workload(workload: Workload, fixtures: Sequence[Fixture], alike: Mapping[str, int]) -> Iterator[str]:
    n = len({alike[one.id] for one in fixtures})
    high, low = strictest(n, "at_least"), strictest(n, "at_most")
    yield f"  {_text(workload.name)}:"
    if workload.title:
        yield f"    title: {_text(workload.title)}"
    yield "    risk: medium            # low, medium or high: what a wrong answer costs. It is only printed."
    yield "    gates:"
    yield f"      # {_held(len(fixtures), n)} {what_it_takes(n, high, 'at_least')}"
    for measure, of, note in _measures(workload.checks):
        yield f"      - measure: {measure}"
        if of:
            yield f"        slice: {of.partition('=')[0]}={_text(of.partition('=')[2])}"
        yield f"        at_least: {number(high)}"
        yield f"        note: {note}"
    yield f"      # {what_it_takes(n, low, 'at_most')}"
    yield "      - measure: failure_rate"
    yield f"        at_most: {number(low)}"
    yield "        note: attempts without an answer, such as time-outs"
    yield "      # Add 'safety: true' to a gate whose failure is dangerous. Then the finding is reject, not defer."
    yield from _classes(fixtures, alike)
    yield "    remedies:               # fixes that 'decide' may try on the recorded answers"
    if answer_schema(workload) is not None:
        yield "      constrained_decoding: # needs a run with --decoding constrained or both"
    yield "      other_target:         # needs a second model in the logs"
    yield "      human_review:"
    yield "    min_automated_share: 0.3 # a fix must leave at least this share to the model"


def _measures(checks: Sequence[CheckSpec]) -> Iterator[tuple[str, str, str]]:
    """Measure, the slice of it, and a note, for each check of a workload, each once."""
    seen = set()
    for spec in checks:
        if spec.name == JUDGED:
            # What a judge said counts only as a rate that is corrected for its errors.
            judge = str(spec.params.get("judge", ""))
            if judge and judge not in seen:
                seen.add(judge)
                yield (
                    "judged_rate",
                    f"judge={judge}",
                    f"answers that {judge} accepts, corrected for its errors",
                )
            continue
        measure = _MEASURE_OF_CHECK.get(spec.name, "")
        key = measure or spec.name
        if key in seen or spec.name in _IMPLIED:
            continue
        seen.add(key)
        if measure:
            notes = {
                "accuracy": "correct labels",
                "field_accuracy": "fields that match the expected value",
                "json_valid_rate": "answers that a program can read",
            }
            yield measure, "", notes[measure]
        else:
            yield "check_pass_rate", f"check={spec.name}", f"answers that pass the check {spec.name}"
    if not seen:
        yield "pass_rate", "", "answers that pass every check"


def _held(fixtures: int, groups: int) -> str:
    """How many fixtures there are, and how many of them count: those of one group err together."""
    said = counted(fixtures, "fixture")
    return f"{said}." if groups == fixtures else f"{said} in {counted(groups, 'group')}, each of which counts once."


def _classes(fixtures: Sequence[Fixture], alike: Mapping[str, int]) -> Iterator[str]:
    labels = Counter(fixture.expect["label"] for fixture in fixtures if isinstance(fixture.expect.get("label"), str))
    if not labels:
        return
    label, count = min(labels.items(), key=lambda item: (item[1], item[0]))
    n = len({alike[one.id] for one in fixtures if one.expect.get("label") == label})
    threshold = strictest(n, "at_least")
    yield "      # One class may matter more than the others. The smallest one here:"
    yield f"      # {_held(count, n)} {what_it_takes(n, threshold, 'at_least')}"
    yield "      # - measure: recall"
    yield f"      #   slice: class={_text(label)}"
    yield f"      #   at_least: {number(threshold)}"


def strictest(n: int, side: GateSide) -> float:
    """The strictest threshold that ``n`` fixtures prove if one answer in twenty is wrong and no attempt fails."""
    if side == "at_least":
        low = exact_ends(n - n // _ONE_ERROR_IN, n, CONFIDENCE)[0] if n else 0.0
        return next((threshold for threshold in AT_LEAST if low >= threshold), AT_LEAST[-1])
    high = exact_ends(0, n, CONFIDENCE)[1] if n else 1.0
    return next((threshold for threshold in AT_MOST if high <= threshold), AT_MOST[-1])


def most_bad_that_passes(n: int, threshold: float, side: GateSide) -> int | None:
    """How many of ``n`` may be wrong (of ``at_most``: may fail) so that the gate passes; None where not even none."""
    passing = None
    for bad in range(n):
        low, high = exact_ends(n - bad if side == "at_least" else bad, n, CONFIDENCE)
        if (low < threshold) if side == "at_least" else (high > threshold):
            break
        passing = bad
    return passing


def what_it_takes(n: int, threshold: float, side: GateSide) -> str:
    """Whether ``n`` independent fixtures can decide a gate, with how many errors, and what a stricter takes."""
    ladder = AT_LEAST if side == "at_least" else AT_MOST
    noun = "wrong answer" if side == "at_least" else "failure"
    allowed = most_bad_that_passes(n, threshold, side)
    if allowed is None:
        needed = least_without_data(threshold, side, CONFIDENCE)
        return f"They cannot decide {side}: {number(threshold)}. It takes {needed} without a {noun}."
    said = f"{side}: {number(threshold)} passes with {_up_to(allowed, noun)}."
    stricter = ladder[max(0, ladder.index(threshold) - 2)]
    if stricter == threshold:
        return said
    fewer = most_bad_that_passes(n, stricter, side)
    if fewer is not None:
        return f"{said} {number(stricter)} passes with {_up_to(fewer, noun)}."
    needed = least_without_data(stricter, side, CONFIDENCE)
    return f"{said} {number(stricter)} takes at least {needed} fixtures."


def _up_to(count: int, noun: str) -> str:
    return f"up to {counted(count, noun)}" if count else f"no {noun}"


def counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _rules() -> str:
    """The rules that turn gates into a finding, as the built-in policies have them."""
    text = (files("milo_bench") / "decide" / "policies" / _RULES_OF).read_text(encoding="utf-8")
    return text[text.index("# The first rule whose conditions") :]


def _text(value: Any) -> str:
    """A text as YAML takes it on one line: plain where that is safe, else quoted as JSON."""
    text = str(value)
    plain = text.replace("_", "").replace("-", "").replace(" ", "").isalnum() and text[:1].isalpha()
    reserved = text.lower() in ("yes", "no", "on", "off", "true", "false", "null", "y", "n")
    return text if plain and not reserved and text == text.strip() else json.dumps(text, ensure_ascii=False)
