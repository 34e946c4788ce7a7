"""Logs are judged alone or together, never mixed, and never without saying what differs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from milo_bench import api
from milo_bench.core.errors import DataError, UsageError


def test_the_same_log_twice_is_refused(make_log: Callable[..., Path]) -> None:
    log = make_log()
    with pytest.raises(DataError, match=r"the same attempt twice: \w+-\d+ of \w+/(good|poor)"):
        api.score_logs([log, log])


def test_two_targets_of_one_log_are_compared_within_it(make_log: Callable[..., Path]) -> None:
    (comparison,) = api.compare_logs([api.SideRef(make_log())])
    assert (comparison.first, comparison.second) == ("good", "poor")
    assert "model: model-a → model-b" in comparison.differs
    extraction = next(rate for rate in comparison.rates if rate.workload == "extraction")
    assert extraction.difference == 1.0


def test_one_target_alone_has_nothing_to_be_compared_with(make_log: Callable[..., Path]) -> None:
    with pytest.raises(UsageError, match="Only one side"):
        api.compare_logs([api.SideRef(make_log(), "good")])


def test_an_unknown_target_or_fixture_gets_a_suggestion(make_log: Callable[..., Path]) -> None:
    log = make_log()
    with pytest.raises(UsageError) as caught:
        api.compare_logs([api.SideRef(log, "god"), api.SideRef(log, "poor")])
    assert "Did you mean 'good'?" in caught.value.hint
    with pytest.raises(UsageError, match="no fixture 'extraction-0x'"):
        list(api.grade_logs([log], fixture="extraction-0x"))


def test_verdicts_can_be_saved_and_read_back(make_log: Callable[..., Path], tmp_path: Path) -> None:
    from milo_bench.store.verdicts import read_verdicts

    graded = [row.graded for row in api.grade_logs([make_log()])]
    assert api.save_verdicts(tmp_path / "v.jsonl", graded) == 24
    assert list(read_verdicts(tmp_path / "v.jsonl").values()) == graded


def test_a_log_without_texts_says_that_its_verdicts_are_missing(make_log: Callable[..., Path]) -> None:
    with pytest.raises(DataError, match=r"verdicts\.jsonl is missing"):
        api.score_logs([make_log(store_text="hashes")])


def test_free_and_constrained_answers_of_one_target_are_compared_with_each_other(make_log: Callable[..., Path]) -> None:
    log = make_log(decodings=("free", "constrained"))
    (comparison,) = api.compare_logs([api.SideRef(log, "good")])
    assert (comparison.first, comparison.second) == ("good, free", "good, constrained")
    (rate,) = comparison.rates
    assert rate.workload == "extraction"
    assert rate.pairs > 0 and rate.difference == 0.0
