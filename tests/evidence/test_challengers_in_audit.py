"""An audit with challengers gives paired figures, a verdict by the roles' margins, and what a promotion still needs."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from milo_bench.api import compare_challengers
from milo_bench.config.roles.file import PromotionPolicy
from milo_bench.core.errors import PrerequisiteError, UsageError
from milo_bench.decide.promotion.judge import judge_live
from milo_bench.decide.promotion.records import (
    ChallengerDecision,
    PromotionRecord,
    RoleDecision,
)
from milo_bench.evidence.audited.challengers import read_challengers
from milo_bench.roles.history import append_history
from milo_bench.store.audit.records import AuditedCall, AuditedRequest, AuditedShadow, AuditLine
from milo_bench.store.audit.writer import AuditWriter

POLICY = PromotionPolicy()


def request(n: int, target: str, *, ok: bool = True, **more: Any) -> AuditedRequest:
    call = AuditedCall(target, 200, took_s=0.5, failed_checks=() if ok else ("schema",))
    given: dict[str, Any] = {"calls": (call,), "outcome": "answered", "trial_checks": ("schema",), **more}
    return AuditedRequest(
        n=n, at="2026-11-29T00:00:00+00:00", request=f"r_{n}", status=200, workload="notes", rule="elsewhere",
        trial_rule="notes", table="t",
        **given,
    )  # fmt: skip


def shadow(n: int, of: int, *, ok: bool = True) -> AuditedShadow:
    call = AuditedCall("new", 200, took_s=0.2, failed_checks=() if ok else ("schema",))
    return AuditedShadow(
        n, "2026-11-29T00:00:00+00:00", f"r_{of}", "new", call, incumbent="small", workload="notes", rule="notes"
    )


def in_shadow(pairs: list[tuple[bool, bool]]) -> list[AuditLine]:
    found: list[AuditLine] = []
    for number, (mine, theirs) in enumerate(pairs):
        n = 2 * number + 1
        first = request(n, "small", ok=theirs, copied_to=("new",))
        second = shadow(n + 1, n, ok=mine)
        found += [first, second] if number % 2 else [second, first]  # a copy may be done first
    return found


def live(lines: list[AuditLine]) -> str:
    [work] = read_challengers(lines)
    return judge_live(work.pairs(POLICY), POLICY, error=0.05)[0]


def test_a_challenger_in_shadow_that_does_as_well_is_not_worse_and_a_bad_one_is_worse() -> None:
    assert live(in_shadow([(True, True)] * 200)) == "not_worse"
    assert live(in_shadow([(False, True)] * 30)) == "worse"
    assert live(in_shadow([(True, True)] * 5)) == "undecided"
    assert (
        live(in_shadow([(True, True)] * 190 + [(False, True)] * 9 + [(True, False)] * 8)) == "undecided"
    )  # behind so far


def test_a_canary_is_compared_with_the_incumbents_answers_of_its_own_stretch_of_time() -> None:
    random.seed(5)
    lines: list[AuditLine] = []
    for n in range(1, 4_001):
        rate = 0.9 if n < 2_000 else 0.5  # the work gets harder for both
        mine = random.random() < 0.1
        side = {"trial": "canary"} if mine else {"trial": "control"}
        lines.append(request(n, "new" if mine else "small", ok=random.random() < rate, **side))
    [work] = read_challengers(lines)
    assert work.incumbent == "small"
    assert sum(len(block.challenger) for block in work.blocks) == len(work.answers("challenger"))
    _, _, comparisons = judge_live(work.pairs(POLICY), POLICY, error=0.05)
    assert abs(comparisons[0].difference or 0.0) < 0.1
    assert comparisons[0].low < 0 < comparisons[0].high


def test_what_cannot_be_compared_is_left_out() -> None:
    lines: list[AuditLine] = [
        request(1, "new", trial="canary", outcome="cancelled"),
        request(2, "small", trial="control", outcome="rejected"),
        request(3, "new", trial="canary"),
        shadow(4, 99),
    ]
    shadowed, canary = read_challengers(lines)
    assert (shadowed.blocks, shadowed.unpaired) == ([], 1)
    assert (canary.blocks, canary.unpaired) == ([], 1)


def test_the_first_models_own_answer_counts_not_the_fallbacks() -> None:
    calls = (AuditedCall("new", 500, "HTTP 500"), AuditedCall("cloud", 200))
    lines: list[AuditLine] = [request(1, "small", trial="control"), request(2, "new", trial="canary", calls=calls)]
    [work] = read_challengers(lines)
    assert work.failed() == {"no answer": (1, 0)}


def _write(folder: Path, lines: list[AuditLine]) -> Path:
    writer = AuditWriter(folder / "audit", b"k" * 32)
    for line in lines:
        assert not isinstance(line, type(None))
        writer.write(lambda n, line=line: line)  # type: ignore[misc]
    writer.close()
    return folder / "audit"


def test_a_promotion_needs_live_work_and_a_look_of_the_roles(tmp_path: Path) -> None:
    audit = _write(tmp_path, in_shadow([(True, True)] * 200))
    registry = tmp_path / "registry.yaml"
    registry.write_text(
        "schema_version: 1\nroles:\n  notes:\n    workloads: {notes: 1}\n    incumbent: small\n    challengers: [new]\n"
    )
    [alone] = compare_challengers(audit)
    assert (alone.verdict, alone.live) == ("hold", "not_worse")
    assert "give --registry" in alone.missing[0]
    [without_look] = compare_challengers(audit, registry)
    assert (without_look.role, without_look.verdict) == ("notes", "hold")
    assert "has not compared them" in without_look.missing[0]
    for verdict, wanted in (("hold", "hold"), ("promote", "promote")):
        decided = ChallengerDecision("new", verdict, ("x",), further=40 if verdict == "hold" else None)  # type: ignore[arg-type]
        role = RoleDecision("notes", "small", "small", ("new",), (), (decided,), 3)
        record = PromotionRecord(kind="decision", at="2026-11-29T00:00:00+00:00", roles=(role,))
        append_history(tmp_path / "roles-history.jsonl", record)
        [trial] = compare_challengers(audit, registry)
        assert trial.verdict == wanted
    assert trial.missing == ()


def test_a_challenger_that_is_worse_on_live_work_is_rejected_whatever_a_look_said(tmp_path: Path) -> None:
    [trial] = compare_challengers(_write(tmp_path, in_shadow([(False, True)] * 40)))
    assert trial.verdict == "reject"
    assert trial.failed == {"schema": (40, 0)}


def test_an_audit_without_challengers_or_no_audit_is_named(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteError, match="contains no audit"):
        compare_challengers(tmp_path)
    with pytest.raises(UsageError, match="No challenger got work"):
        compare_challengers(_write(tmp_path, [request(2, "small")]))
