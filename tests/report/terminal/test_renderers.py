"""Each renderer of the terminal: exact text, the same words without colour, within the screen, nothing acted on."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from milo_bench import api
from milo_bench.core.records import Attempt, AttemptKey, Failure, Plan, RunEnd, RunHeader, SuiteRef, Timings
from milo_bench.inventory.diff import compare_inventories
from milo_bench.inventory.fingerprint import fingerprint
from milo_bench.report.terminal import inventory as inventory_text
from milo_bench.report.terminal.comparison import print_comparison
from milo_bench.report.terminal.console import VisibleConsole
from milo_bench.report.terminal.decision import print_decision
from milo_bench.report.terminal.load import print_load
from milo_bench.report.terminal.operators.permit import print_permit
from milo_bench.report.terminal.probes import print_probes, probes_json
from milo_bench.report.terminal.progress import LiveProgress, PlainProgress
from milo_bench.report.terminal.scorecard import print_scorecard
from milo_bench.run.events import (
    AttemptFinished,
    AttemptStarted,
    FixturesWithheld,
    RunEnded,
    RunEvent,
    RunStarted,
    RunStopping,
    TargetsStarting,
    TargetStopped,
)
from milo_bench.run.load.capacity import CapacityResult
from tests.inventory.sample_inventory import GIB, inventory
from tests.report.load_windows import KNEE, window
from tests.report.sample_decision import sample_decision
from tests.report.sample_operations import sample_probes, sample_targets
from tests.screens import assert_screen

SCREENS = Path(__file__).parent / "screens"
RUN_LOG = Path(__file__).parents[2] / "data" / "logs-0.1.0" / "run.jsonl"
OPERATOR_LOG = RUN_LOG.with_name("operator.jsonl")
EVIL = "\x1b[31m[bold]red[/bold]\u202e\x07"
WIDTHS = (80, 120)
# Sentences of these are wrapped by the terminal itself, so that they can be copied whole.
WRAPPED_BY_THE_TERMINAL = ("decision", "decision in brief")


def load(console: Console) -> None:
    print_load([window(1), window(4, failing=3)], console, degradation=[KNEE], capacity=CapacityResult(4, 5, "client"))


def probes(console: Console) -> None:
    print_probes([evidence.result for evidence in sample_probes()], console)


def scorecard(console: Console) -> None:
    for card in api.score_logs([RUN_LOG]):
        print_scorecard(card, console)


def comparison(console: Console) -> None:
    for one in api.compare_logs([api.SideRef(RUN_LOG)]):
        print_comparison(one, console)


def decision(console: Console) -> None:
    print_decision(sample_decision(), console)


def decision_in_brief(console: Console) -> None:
    print_decision(sample_decision(), console, brief=True)


def permit_with_reasons(console: Console) -> None:
    for permit in api.permit_operators([OPERATOR_LOG], today=date(2026, 3, 5)):
        print_permit(permit, console, why=True)


RENDERERS: dict[str, Callable[[Console], None]] = {
    one.__name__.replace("_", " "): one
    for one in (load, probes, scorecard, comparison, decision, decision_in_brief, permit_with_reasons)
}


def printed(renderer: Callable[[Console], None], width: int, *, colour: bool = False) -> str:
    file = io.StringIO()
    system = "truecolor" if colour else None
    renderer(VisibleConsole(file=file, width=width, highlight=False, force_terminal=colour, color_system=system))  # type: ignore[arg-type]
    return re.sub(r"[ \t]+\n", "\n", file.getvalue())


@pytest.mark.parametrize("name", RENDERERS)
def test_a_renderer_shows_exactly_this_in_a_hundred_columns(name: str) -> None:
    assert_screen(SCREENS / f"{name.replace(' ', '-')}.txt", printed(RENDERERS[name], 100))


@pytest.mark.parametrize("name", RENDERERS)
@pytest.mark.parametrize("width", WIDTHS)
def test_colour_adds_nothing_to_the_words_and_no_line_runs_off_the_screen(name: str, width: int) -> None:
    plain = printed(RENDERERS[name], width)
    coloured = printed(RENDERERS[name], width, colour=True)
    without = re.sub(r"[ \t]+\n", "\n", re.sub(r"\x1b\[[0-9;]*m", "", coloured))
    assert without == plain
    assert name in WRAPPED_BY_THE_TERMINAL or max(map(len, plain.splitlines())) <= width


def test_a_finding_of_a_probe_and_names_in_a_load_table_cannot_act_on_the_terminal() -> None:
    results = [msgspec.structs.replace(evidence.result, finding=EVIL, probe=EVIL) for evidence in sample_probes()]
    named = msgspec.structs.replace(window(1), target=EVIL)
    for shown in (
        printed(lambda console: print_probes(results, console), 100),
        printed(lambda console: print_load([named], console), 100),
    ):
        assert "[bold]red[/bold]" in shown
        assert not re.search("[\x1b\x07\u202e]", shown)


def test_probes_as_json_count_what_they_list() -> None:
    results = [evidence.result for evidence in sample_probes()]
    document = json.loads(probes_json("local_8b", results))
    assert document["target"] == "local_8b" and len(document["results"]) == len(results)
    assert sum(document["counts"].values()) == len(results)


def test_an_inventory_and_a_difference_read_like_this() -> None:
    before = inventory()
    after = msgspec.structs.replace(before, memory=msgspec.structs.replace(before.memory, total_bytes=32 * GIB))
    after = msgspec.structs.replace(after, fingerprint=fingerprint(after))
    shown = inventory_text.inventory_markdown(before).replace(before.fingerprint, "FINGERPRINT")
    assert_screen(SCREENS / "inventory.txt", shown)
    difference = compare_inventories(before, after)
    said = inventory_text.difference_text(difference)
    for one, name in ((before, "BEFORE"), (after, "AFTER")):
        said = said.replace(one.fingerprint[:12], name)
    assert_screen(SCREENS / "inventory-difference.txt", said + "\n")
    assert json.loads(inventory_text.inventory_json(before))["fingerprint"] == before.fingerprint
    assert len(json.loads(inventory_text.difference_json(difference))["changes"]) == len(difference.changes) == 1


# ---------------------------------------------------------------- progress


def attempt(number: int, failure: Failure | None = None) -> Attempt:
    key = AttemptKey(f"q-{number}", "local_8b")
    return Attempt(key, "x", Timings(0.0, 0.0, 1.0), "" if failure else "fine", "stop", failure=failure)


def events() -> list[RunEvent]:
    """A run of four that loses its target after two and is then stopped."""
    plan = Plan(tuple(f"q-{number}" for number in range(4)), ("local_8b",))
    header = RunHeader("r", "2026-03-01T00:00:00Z", "0", SuiteRef("s", "1", "h"), (), sample_targets()[:1], plan)
    reset = Failure("reset", "the connection was reset")
    end = RunEnd("2026-03-01T01:00:00Z", 2, 1, False, "interrupted")
    return [
        TargetsStarting(("local_8b",)),
        RunStarted(header, 4, 1, ("resuming",)),
        FixturesWithheld("hosted", ("q-0", "q-1")),
        AttemptStarted(AttemptKey("q-1", "local_8b"), 0.0),
        AttemptFinished(attempt(1)),
        AttemptFinished(attempt(2, reset)),
        TargetStopped("local_8b", "reset", 1, 1),
        RunStopping(1, 5.0),
        RunEnded(end, 1),
    ]


def test_piped_progress_is_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(float(second) for second in range(0, 10_000, 20))
    monkeypatch.setattr("time.monotonic", lambda: next(now))
    file = io.StringIO()
    view = PlainProgress(file)
    for event in events():
        view.listen(event)
    view.close()
    assert_screen(SCREENS / "progress-in-a-pipe.txt", file.getvalue())


def test_live_progress_ends_with_what_was_not_sent_and_prints_notices_above_its_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    view = LiveProgress()
    for event in events():
        view.listen(event)
    view.close()
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", capsys.readouterr().err)
    for said in ("starting local_8b", "withheld from hosted target hosted", "1 not sent", "failures: reset 1", "3/4"):
        assert said in shown, shown
