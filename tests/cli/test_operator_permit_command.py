"""``milo-bench operator permit`` and ``operator report`` as installed: exit codes, files, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from milo_bench.core.records import Episode
from milo_bench.operator.permit.holds import read_permits
from milo_bench.operator.trials import OperatorRun
from milo_bench.operator.worlds.policies import oracle
from milo_bench.store.stored_text import TextPolicy
from tests.cli.commands import Said
from tests.cli.commands import milo as started
from tests.operator.operator_logs import CORE, broken, run_by, run_of, write_log


def milo(*words: str | Path) -> Said:
    """The installed program; every path here is absolute."""
    return started(*[str(word) for word in words], folder=Path(__file__).parent)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(run_by(oracle, CORE, 12), tmp_path_factory.mktemp("logs") / "good.jsonl")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = run_of(CORE, 1, lambda task, seed, variant, repeat: broken(task, seed, variant, repeat=repeat))
    return write_log(run, tmp_path_factory.mktemp("logs") / "tiny.jsonl")


def test_permit_writes_a_file_that_the_gateway_can_read(good: Path, tmp_path: Path) -> None:
    out = tmp_path / "permit.json"
    said = milo("operator", "permit", good, "--on", "2026-03-05", "--out", out)
    assert said.code == 0, said.err
    (permit,) = read_permits(out.read_bytes())
    assert permit.target == "local_8b" and permit.expires == "2026-04-01"
    assert permit.evidence.regraded == permit.evidence.episodes == 18 * 12
    assert permit.level_for("config") == "read_only" and "read-only operator" in said.out
    assert "next: " in said.err


def test_require_is_exit_1_where_it_is_not_met_and_0_where_it_is(good: Path, tiny: Path) -> None:
    assert milo("operator", "permit", good, "--on", "2026-03-05", "--require", "read-only:config").code == 0
    said = milo("operator", "permit", tiny, "--on", "2026-03-05", "--require", "drafting:deploy")
    assert said.code == 1 and "runtime could not complete the harness" in said.out
    assert milo("operator", "permit", tiny, "--on", "2026-03-05").code == 0  # none is a result


def test_json_is_the_permit_file_and_nothing_else(tiny: Path) -> None:
    said = milo("operator", "permit", tiny, "--on", "2026-03-05", "--json")
    document = json.loads(said.out)
    assert document["schema_version"] == 1
    assert {kind["level"] for kind in document["permits"][0]["kinds"]} == {"none"}


@pytest.mark.parametrize(
    ("asked", "said"),
    [("root:deploy", "Unknown level 'root'"), ("operator:dploy", "Unknown kind"), ("operator", "is not LEVEL:KIND")],
)
def test_an_unknown_requirement_is_a_usage_error_with_a_suggestion(tiny: Path, asked: str, said: str) -> None:
    result = milo("operator", "permit", tiny, "--require", asked)
    assert result.code == 2 and said in result.error and result.hint


def test_points_that_were_changed_in_the_log_are_found_by_playing_it_again(tmp_path: Path) -> None:
    run = run_by(oracle, ["version_conflict"])
    cheated = msgspec.structs.replace(run.episodes[0], points=20)
    path = write_log(OperatorRun(run.name, run.header, (cheated,)), tmp_path / "cheat.jsonl")
    said = milo("operator", "permit", path)
    assert said.code == 2 and "20 points are recorded, but its event log gives 25" in said.error

    at = next(at for at, line in enumerate(run.episodes[0].log) if line["type"] == "result")
    log = [*run.episodes[0].log]
    log[at] = log[at] | {"data": {"version": "9.9.9"}}
    other = msgspec.structs.replace(run.episodes[0], log=tuple(log))
    path = write_log(OperatorRun(run.name, run.header, (other,)), tmp_path / "other.jsonl")
    assert "does not match its replayed calls" in milo("operator", "permit", path).error


def test_a_redacted_log_still_gives_a_permit_that_says_what_was_not_checked(tmp_path: Path) -> None:
    run = run_by(oracle, ["version_conflict"])
    policy = TextPolicy("redacted", lambda text: text.replace("a", "*"))
    kept = tuple(episode for episode in map(policy.stored, run.episodes) if isinstance(episode, Episode))
    header = msgspec.structs.replace(run.header, store_text="redacted")
    path = write_log(OperatorRun(run.name, header, kept), tmp_path / "redacted.jsonl")
    said = milo("operator", "permit", path, "--on", "2026-03-05")
    assert said.code == 0
    assert "Episodes taken as recorded, without regrading: 2" in " ".join(said.out.split())


def test_a_log_without_episodes_and_a_missing_policy_are_one_error_each(tiny: Path, tmp_path: Path) -> None:
    run = run_by(oracle, ["version_conflict"])
    empty = write_log(OperatorRun(run.name, run.header, ()), tmp_path / "empty.jsonl")
    assert "no operator episode" in milo("operator", "permit", empty).error
    assert milo("operator", "permit", tiny, "--policy", tmp_path / "none.yaml").code == 2


def test_the_shipped_policy_can_be_written_changed_and_given_back(tiny: Path, tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    assert milo("policy", "new", "--operator", "--out", path).code == 0
    assert "already exists" in milo("policy", "new", "--operator", "--out", path).error  # never over a file of yours
    path.write_text(path.read_text(encoding="utf-8").replace("name: default", "name: ours"), encoding="utf-8")
    said = milo("operator", "permit", tiny, "--on", "2026-03-05", "--policy", path, "--json")
    assert said.json()["permits"][0]["policy"] == "ours"
    assert milo("operator", "permit").code == 2


def test_report_writes_a_folder_and_says_where(tiny: Path, tmp_path: Path) -> None:
    said = milo("operator", "report", tiny, "--out", tmp_path / "board", "--on", "2026-03-05")
    assert said.code == 0, said.err
    assert Path(said.out.strip()) == tmp_path / "board" / "index.html"
    assert len(list((tmp_path / "board" / "episodes").iterdir())) == 18
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert milo("operator", "report", tiny, "--out", blocked).code == 3
