"""What leaves for other tools is opened by those tools."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from inspect_ai.log import read_eval_log, read_eval_log_sample_summaries
from rich.console import Console

from milo_bench import api
from milo_bench.core.chat import Message
from milo_bench.core.errors import UsageError
from milo_bench.core.records import (
    Attempt,
    AttemptKey,
    Failure,
    Fixture,
    Graded,
    Plan,
    RunHeader,
    SuiteRef,
    TargetRecord,
    Timings,
    Workload,
)
from milo_bench.guards.measured import figures_of
from milo_bench.report import terminal
from milo_bench.report.files.inspect_log import InspectSample, write_inspect_log
from milo_bench.report.files.scorecard import scorecards_csv, scorecards_json


def test_perfect_answers_pass_and_poor_ones_do_not(make_log: Callable[..., Path]) -> None:
    (card,) = api.score_logs([make_log()])
    for workload in ("extraction", "timeline", "drafting"):
        good, poor = card.find("pass_rate", workload, "good"), card.find("pass_rate", workload, "poor")
        assert good is not None and good.value == 1.0, workload
        assert poor is not None and poor.value is not None and poor.value < 1.0
    peak = card.find("peak_memory_bytes", "extraction", "good")
    assert peak is not None and peak.value == 300_000_000


def test_json_and_csv_hold_the_same_figures(make_log: Callable[..., Path]) -> None:
    cards = api.score_logs([make_log()])
    document = json.loads(scorecards_json(cards))
    rows = list(csv.DictReader(io.StringIO(scorecards_csv(cards))))
    measures = document["scorecards"][0]["measures"]
    assert document["schema"] == "milo-bench.scorecard/1"
    for row, measure in zip(rows, measures, strict=False):
        assert row["measure"] == measure["name"]
        assert row["value"] == ("" if measure["value"] is None else str(measure["value"]))
    rules = [(rule, name) for rule in document["scorecards"][0]["rules"] for name in ("recall", "precision")]
    assert {rule["check"] for rule, _ in rules} > {"banned_commitments", "unsupported_facts", "current_status"}
    for row, (rule, name) in zip(rows[len(measures) :], rules, strict=True):
        assert (row["workload"], row["measure"], row["slice"]) == (
            rule["workload"], f"{name}_of_rules", f"check={rule['check']}"
        )  # fmt: skip
        shown = [row[one] for one in ("value", "low", "high", "n")]
        assert shown == [str(one) for one in (rule[name], *rule[f"{name}_interval"], rule["n"])]


def test_junit_tells_failures_errors_and_passes_apart_and_stays_well_formed(make_log: Callable[..., Path]) -> None:
    root = ElementTree.fromstring(api.export_junit([make_log()], None))
    counts = {kind: sum(int(suite.get(kind, "0")) for suite in root) for kind in ("tests", "failures", "errors")}
    assert counts["tests"] == 24
    assert counts["errors"] == 1
    assert 0 < counts["failures"] < 12
    assert root.find(".//error").get("type") == "reset"


def test_inspect_reads_the_logs_that_we_write(make_log: Callable[..., Path], tmp_path: Path) -> None:
    written = api.export_inspect([make_log()], tmp_path / "inspect")
    assert len(written) == 6  # two targets, three workloads
    logs = [read_eval_log(str(path)) for path in written]
    for log in logs:
        assert log.status == "success"
        assert log.samples and log.results is not None
        assert log.results.scores[0].metrics["pass_rate"].value == pytest.approx(
            sum(bool(s.scores) and s.scores["milo_bench"].value == "C" for s in log.samples) / len(log.samples)
        )
    assert sum(sample.error is not None for log in logs for sample in log.samples) == 1
    extraction = next(log for log in logs if "extraction" in log.eval.task and "good" in log.eval.model)
    assert extraction.samples[0].messages[0].role == "system"


def test_inspects_summaries_read_logs_with_a_failed_attempt_and_no_two_messages_are_one(
    make_log: Callable[..., Path], tmp_path: Path
) -> None:
    written = [str(path) for path in api.export_inspect([make_log()], tmp_path / "inspect")]
    summaries = [one for path in written for one in read_eval_log_sample_summaries(path)]
    assert [one.completed for one in summaries].count(False) == 1
    assert all(one.error.startswith("reset: ") for one in summaries if one.error)
    messages = [message.id for path in written for sample in read_eval_log(path).samples for message in sample.messages]
    assert len(messages) == len(set(messages)), "Inspect knows messages by their ids, across samples"


def test_the_end_of_a_run_and_of_an_answer_are_inspects_own_words(tmp_path: Path) -> None:
    header = RunHeader(
        "r", "2026-01-01T00:00:00+00:00", "1", SuiteRef("s", "1", "h"), (Workload("w", "p", "", "", ()),),
        (TargetRecord("t", "openai", "m"),), Plan(("f",), ("t",)),
    )  # fmt: skip
    fixture = Fixture("f", "w", {})

    def stop_reason(finish: str, failure: Failure | None = None) -> str:
        attempt = Attempt(AttemptKey("f", "t"), "", Timings(0, 0, 1), finish_reason=finish, failure=failure)
        sample = InspectSample(attempt, fixture, Graded(attempt.key, "w", (), None), (Message("user", "hi"),))
        path = tmp_path / "one.eval"
        path.unlink(missing_ok=True)
        write_inspect_log(path, header, header.targets[0], "w", [sample])
        log = read_eval_log(str(path))
        assert log.status == "error" and log.error is not None, "a run without an end was killed"
        return str(log.samples[0].output.stop_reason)

    assert [stop_reason(one) for one in ("stop", "length", "tool_calls", "content_filter", "odd")] == [
        "stop", "max_tokens", "tool_calls", "content_filter", "unknown",
    ]  # fmt: skip
    assert stop_reason("", Failure("context_overflow", "")) == "model_length"
    assert stop_reason("", Failure("reset", "")) == "unknown"


def test_inspect_logs_need_a_folder(make_log: Callable[..., Path]) -> None:
    with pytest.raises(UsageError, match="needs a folder"):
        api.export_inspect([make_log()], None)


def test_a_scorecard_and_a_comparison_say_at_what_confidence_and_how_good_the_rules_are(
    make_log: Callable[..., Path],
) -> None:
    log = make_log()
    shown = io.StringIO()
    console = Console(file=shown, width=200)
    (card,) = api.score_logs([log])
    terminal.print_scorecard(card, console)
    (comparison,) = api.compare_logs([api.SideRef(log)])
    terminal.print_comparison(comparison, console)
    text = shown.getvalue()
    assert "Intervals are two-sided, at 95%." in text
    row = figures_of("promises_caught")
    said = f"banned_commitments, English: finds {100 * row.recall:.1f}% "
    assert text.count(said) == 2, "beside both"
    assert comparison.rules == card.rules
