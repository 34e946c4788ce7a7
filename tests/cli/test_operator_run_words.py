"""What ``operator run`` calls an episode and a trial: the same words on every line, in the table and in the notes."""

from __future__ import annotations

import msgspec
import pytest

from milo_bench.core.records import Episode
from milo_bench.operator.play.bench import EpisodeEnded
from milo_bench.operator.totals import operator_totals
from milo_bench.operator.trials import episode_kind, trials_of
from milo_bench.operator.worlds.policies import no_op, oracle
from milo_bench.operator.worlds.task import Task
from milo_bench.operator.worlds.tasks import find_task
from milo_bench.report.terminal.operators.episodes import print_episode_event
from tests.operator.operator_logs import CORE, broken, played, run_of


def _line(episode: Episode, capsys: pytest.CaptureFixture[str]) -> str:
    print_episode_event(EpisodeEnded(episode, 1, 1))
    return capsys.readouterr().err


def test_an_episode_is_called_void_only_where_the_table_counts_it_so(capsys: pytest.CaptureFixture[str]) -> None:
    unread = msgspec.structs.replace(
        played(find_task("provider_503"), 0, "trap", no_op), ending="protocol_limit", void=("the 503",)
    )
    assert episode_kind(unread) == "protocol"
    line = _line(unread, capsys)
    assert ", protocol, its fault never fired" in line and "void" not in line
    lost = broken(find_task("provider_503"), 0, "trap")
    assert lost.void and ", runtime, its fault never fired" in _line(lost, capsys)
    void = msgspec.structs.replace(unread, ending="turn_limit")
    assert episode_kind(void) == "void" and _line(void, capsys).rstrip().endswith(", void")
    assert "fired" not in _line(played(find_task("provider_503"), 0, "trap", oracle), capsys)


def test_a_note_on_an_unfinished_log_says_that_it_counts_trials_and_not_episodes() -> None:
    def stopped(task: Task, seed: int, variant: str, repeat: int) -> Episode | None:
        last = task.name in ("migration_count", "next_cursor") or (
            task.name == "uncommitted_diff" and variant == "clean"
        )
        return None if last else played(task, seed, variant, oracle, repeat=repeat)

    (total,) = operator_totals(trials_of([run_of(CORE, 1, stopped)]))
    (note,) = [note for note in total.notes if "missing from the log" in note]
    assert note.startswith("Trials with episodes missing from the log: 3 of 9.")
