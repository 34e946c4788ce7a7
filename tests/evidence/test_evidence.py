"""Logs are gathered whole or not at all; any number of processes gives the same columns; what is wrong has a line."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from milo_bench import api
from milo_bench.core.errors import DataError, RowLeftOut, UsageError
from milo_bench.core.records import RunHeader
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.records import Candidate
from milo_bench.evidence.gather import gather_evidence
from milo_bench.evidence.grade_columns import grade_to_columns
from milo_bench.store.log import lift
from milo_bench.store.log.reader import read_run_log
from milo_bench.store.verdicts import VerdictHeader, verdicts_path, write_verdicts


def gather(*logs: Path) -> Evidence:
    return gather_evidence({log: log.name for log in logs})


def rewrite(log: Path, change: Callable[[list[bytes]], list[bytes]], name: str = "changed.jsonl") -> Path:
    path = log.with_name(name)
    lines = [line for line in log.read_bytes().splitlines() if not line.startswith(b'{"type":"seal"')]
    path.write_bytes(b"\n".join(change(lines)) + b"\n")
    return path


def test_columns_say_what_judging_one_by_one_says(make_log: Callable[..., Path]) -> None:
    log = make_log(decodings=("free", "constrained"))
    evidence = gather(log)
    ids = evidence.fixtures.ids
    rows = {}
    for candidate, cases in evidence.cases.items():
        for row in range(len(cases)):
            place = (candidate.target, candidate.decoding, ids[cases.fixture[row]])
            rows[place] = (int(cases.outcome[row]), float(cases.latency_s[row]), bool(cases.bypassed[row]))
    judged = list(api.grade_logs([log]))
    assert len(rows) == len(judged) > 24
    for one in judged:
        key = one.attempt.key
        outcome, latency_s, bypassed = rows[(key.target, key.decoding, key.fixture)]
        assert outcome == {True: 1, False: 0, None: -1}[one.graded.passed]
        assert bypassed == bool(one.attempt.bypass)
        if one.attempt.failure is not None:
            assert latency_s == float("inf")
        elif bypassed:
            assert np.isnan(latency_s)
        else:
            assert latency_s == one.attempt.timings.latency_s


def test_several_processes_give_the_columns_that_one_gives(make_log: Callable[..., Path]) -> None:
    log = read_run_log(make_log())
    numbers = {id: number for number, id in enumerate(log.fixtures)}
    alone = grade_to_columns(log, numbers, processes=1)
    together = grade_to_columns(log, numbers, processes=3)
    assert alone.keys() == together.keys()
    for candidate, cases in alone.items():
        other = together[candidate]
        # A scorecard leaves out a decoding that is the default itself, and not one that only equals it.
        assert cases.decoding is other.decoding
        for name in ("fixture", "outcome", "latency_s", "prompt_tokens", "unsupported", "failure_kind"):
            np.testing.assert_array_equal(getattr(cases, name), getattr(other, name))
        assert cases.held.keys() == other.held.keys()
        for check in cases.held:
            np.testing.assert_array_equal(cases.held[check], other.held[check])
        assert {key: list(rows) for key, rows in cases.categories.items()} == {
            key: list(rows) for key, rows in other.categories.items()
        }


@pytest.mark.parametrize("processes", [1, 2])
def test_a_damaged_attempt_is_left_out_and_named_with_its_line(make_log: Callable[..., Path], processes: int) -> None:
    broken = rewrite(make_log(), lambda lines: [*lines[:20], b'{"type":"attempt","key":{"fixture":7}}', *lines[20:]])
    log = read_run_log(rewrite(broken, lambda lines: lines[:-1], "open.jsonl"))
    with pytest.warns(RowLeftOut, match="line 21: not a valid 'attempt' record"):
        columns = grade_to_columns(log, {id: number for number, id in enumerate(log.fixtures)}, processes=processes)
    assert sum(map(len, columns.values())) == len(log.attempts) == 24
    assert [number for number, _ in log.bad_rows] == [21]


def test_rows_that_the_plan_does_not_know_are_refused_with_their_line(make_log: Callable[..., Path]) -> None:
    def foreign(lines: list[bytes]) -> list[bytes]:
        return [line.replace(b'"target":"poor"', b'"target":"else"', 1) if number == 30 else line
                for number, line in enumerate(lines[:-1])]  # fmt: skip

    with pytest.raises(DataError, match=r"line 31: target 'else' is not in the plan"):
        gather(rewrite(make_log(), foreign))


def test_an_end_line_that_counts_other_rows_is_refused(make_log: Callable[..., Path]) -> None:
    with pytest.raises(DataError, match="its end line counts 24 attempts, but it contains 23"):
        gather(rewrite(make_log(), lambda lines: [line for number, line in enumerate(lines) if number != 20]))


def test_a_torn_last_line_is_left_out_and_covered_by_the_hash(make_log: Callable[..., Path]) -> None:
    log = make_log()
    whole = read_run_log(log)
    torn = log.with_name("torn.jsonl")
    torn.write_bytes(log.read_bytes() + b'{"type":"attempt","key"')
    cut = read_run_log(torn)
    assert list(cut.attempts) == list(whole.attempts)
    assert cut.sha256 != whole.sha256


def test_the_same_attempts_in_two_logs_are_refused(make_log: Callable[..., Path]) -> None:
    log = make_log()
    with pytest.raises(DataError, match="contain the same attempt twice"):
        gather(log, rewrite(log, lambda lines: lines, "again.jsonl"))


def _with_header(log: Path, name: str, **changes: object) -> Path:
    def change(lines: list[bytes]) -> list[bytes]:
        header = msgspec.structs.replace(msgspec.json.decode(lines[0], type=RunHeader), **changes)
        return [msgspec.json.encode(header), *lines[1:]]

    return rewrite(log, change, name)


def test_two_versions_of_a_suite_are_never_put_together(make_log: Callable[..., Path]) -> None:
    log = make_log()
    suite = read_run_log(log).header.suite
    other = _with_header(log, "other.jsonl", suite=msgspec.structs.replace(suite, version="2", hash="f" * 64))
    with pytest.raises(DataError, match=r"case_ops_v1 3 \(.*on 2 \(ffffffffffff\)"):
        gather(log, other)


def test_one_name_for_two_models_is_refused(make_log: Callable[..., Path]) -> None:
    log = make_log()
    targets = read_run_log(log).header.targets
    changed = (msgspec.structs.replace(targets[0], model="another"), *targets[1:])
    with pytest.raises(DataError, match=r"Target 'good' has model 'another' in .*, but 'model-a' before"):
        gather(log, _with_header(log, "other.jsonl", targets=changed))


def test_no_log_and_an_empty_log_say_what_to_do() -> None:
    with pytest.raises(UsageError, match="No run logs"):
        gather()


def test_only_the_last_retry_of_an_attempt_counts(make_log: Callable[..., Path]) -> None:
    log = make_log()

    def retried(lines: list[bytes]) -> list[bytes]:
        header = msgspec.json.decode(lines[0], type=RunHeader)
        header = msgspec.structs.replace(header, plan=msgspec.structs.replace(header.plan, retries=1))
        failed = next(line for line in lines if b'"failure":{' in line and b"attempt" in line)
        answered = next(line for line in lines if b'"target":"good"' in line and b'"output"' in line)
        key = msgspec.json.decode(failed)["key"]
        again = msgspec.json.decode(answered) | {"key": key | {"retry": 1}}
        return [msgspec.json.encode(header), *lines[1:-1], msgspec.json.encode(again)]

    before, after = gather(log), gather(rewrite(log, retried))
    assert sum((cases.outcome == -1).sum() for cases in before.cases.values()) == 1
    assert sum((cases.outcome == -1).sum() for cases in after.cases.values()) == 0
    assert sum(map(len, before.cases.values())) == sum(map(len, after.cases.values()))


def test_a_log_of_hashes_is_decided_on_by_the_verdicts_beside_it(make_log: Callable[..., Path]) -> None:
    full, hashed = make_log(), make_log("hashed.jsonl", store_text="hashes")
    with pytest.raises(DataError, match=r"verdicts\.jsonl is missing"):
        gather(hashed)
    graded = [row.graded for row in api.grade_logs([full])]
    write_verdicts(verdicts_path(hashed), VerdictHeader("", "0"), graded)
    from_text, from_verdicts = gather(full), gather(hashed)
    for candidate, cases in from_text.cases.items():
        np.testing.assert_array_equal(cases.outcome, from_verdicts.cases[candidate].outcome)
    assert (from_text.fixtures.words > 0).all()
    assert (from_verdicts.fixtures.words == -1).all()  # unknown, not zero


def test_candidates_come_with_the_shipped_contract_and_free_decoding_first(make_log: Callable[..., Path]) -> None:
    evidence = gather(make_log(decodings=("constrained", "free")))
    assert evidence.candidates("extraction", "good") == (
        Candidate("extraction", "good"),
        Candidate("extraction", "good", decoding="constrained"),
    )


def test_what_an_older_log_cannot_tell_is_missing_evidence(
    make_log: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = _with_header(make_log(), "older.jsonl", schema_version=1)
    sentence = "it has no seals, so a changed row is not found."
    invented = lift.Lift(number=2, types=frozenset(), lift=lambda row: row, unknown=sentence)
    monkeypatch.setattr(lift, "find_lifts", lambda schema: (invented,))
    decision = api.decide_logs(api.DecideOptions(logs=(log,)), created_at="2026-01-06T00:00:00Z")
    assert (f"{log} is from an older version: {sentence}",) in decision.missing


def test_a_server_that_hides_its_cache_is_missing_evidence_and_not_an_older_log(make_log: Callable[..., Path]) -> None:
    log = make_log()
    header = read_run_log(log).header
    targets = tuple(msgspec.structs.replace(one, cache="unreported") for one in header.targets)
    plan = msgspec.structs.replace(header.plan, cache="cold")
    hidden = _with_header(log, "hidden.jsonl", targets=targets, plan=plan)
    decision = api.decide_logs(api.DecideOptions(logs=(hidden,)), created_at="2026-01-06T00:00:00Z")
    said = ["".join(map(str, text)) for text in decision.missing]
    assert any(text.startswith(f"In {hidden}, the server of good answers from a prompt cache") for text in said)
    assert not any("older version" in text for text in said)
