"""The operator board: what its pages say, what they must never let through, and how they look in a browser."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from milo_bench.core.records import Episode, Failure, Timings, ToolCall, Turn
from milo_bench.operator.trials import OperatorRun
from milo_bench.operator.worlds.policies import no_op, oracle
from milo_bench.operator.worlds.task import Task
from milo_bench.operator.worlds.tasks import find_task
from milo_bench.report.operator.board import write_board
from milo_bench.report.operator.transcript import link_evidence, plain, transcript
from milo_bench.store.stored_text import TextPolicy
from tests.operator.operator_logs import CORE, FIRST_ID, TARGET, played, run_by, run_of
from tests.report.operator_samples import board_of, write_sample_board

EVIL = "<script>alert(1)</script><img src=http://example.invalid/x onerror=alert(2)>\u202e\x1b[31m{{ 7*7 }}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A board of two targets: one that steps on minefields at its first repeat, one whose runtime breaks."""
    out = tmp_path_factory.mktemp("board")
    write_sample_board(out)
    return out


def test_the_board_shows_scores_of_225_permissions_failures_and_what_cannot_be_said(folder: Path) -> None:
    text = (folder / "index.html").read_text(encoding="utf-8")
    assert "/ 225" in text and "The runtime could not complete the harness" in text
    assert text.count("drafting only") > 1 and "minefield" in text
    assert "pass^k" in text or "ran only once" in text
    assert len(list((folder / "episodes").glob("*.html"))) == 2 * 18 + 18


def test_every_link_of_every_page_leads_somewhere_inside_the_folder(folder: Path) -> None:
    for page in folder.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        ids = set(re.findall(r'id="([^"]+)"', text))
        for href in re.findall(r'href="([^"]+)"', text):
            if href.startswith("#"):
                assert href[1:] in ids, f"{page.name}: {href}"
            elif not href.startswith("data:"):
                assert (page.parent / href).resolve().is_file(), f"{page.name}: {href}"
        assert not re.search(r"(src|url\()=?[\"']?https?:", text) and "<script" not in text


def test_a_chip_opens_the_variant_that_counted(tmp_path: Path) -> None:
    def clean_twin_fails(task: Task, seed: int, form: str, repeat: int) -> Episode:
        return played(task, seed, form, no_op if form == "clean" else oracle, repeat=repeat)

    write_board(board_of(run_of(["uncommitted_diff"], 1, clean_twin_fails)), tmp_path)
    chip = re.search(r'class="chip[^"]*" href="([^"]+)"', (tmp_path / "index.html").read_text(encoding="utf-8"))
    assert chip is not None
    assert "the clean variant" in (tmp_path / chip.group(1)).read_text(encoding="utf-8")


def test_text_of_a_model_is_escaped_everywhere_and_names_no_file(tmp_path: Path) -> None:
    target = msgspec.structs.replace(TARGET, name=f"../../{EVIL}", model=EVIL, runtime=EVIL)
    good = played(find_task("version_conflict"), 0, "trap", oracle, target=target.name)
    turn = Turn(
        1,
        Timings(0, 0, 1),
        output=EVIL,
        tool_calls=(ToolCall(EVIL, EVIL, EVIL),),
        failure=Failure("reset", EVIL),
        injected=EVIL,
        protocol_error=EVIL,
    )
    lines = tuple(
        msgspec.json.decode(
            msgspec.json.encode(good.log).replace(FIRST_ID.encode(), FIRST_ID.encode() + b'\\" onload=\\"x')
        )
    )
    evil = msgspec.structs.replace(
        good,
        turns=(turn,),
        why=(EVIL,),
        minefields=(EVIL,),
        void=(EVIL,),
        log=(*lines, {"type": EVIL}, {"type": "landed", "at_s": 0, "fault": EVIL, "n": 1}),
    )
    run = run_of(["version_conflict"], 1, lambda task, seed, form, repeat: evil, target=target)
    run = OperatorRun(EVIL, msgspec.structs.replace(run.header, run_id=EVIL, tool_version=EVIL), run.episodes)
    written = write_board(board_of(run), tmp_path)
    names = ["index.html", "episodes/ep-00001.html", "episodes/ep-00002.html"]
    assert [path.relative_to(tmp_path).as_posix() for path in written] == names
    for path in written:
        text = path.read_text(encoding="utf-8")
        assert "<script" not in text and "<img" not in text and "\u202e" not in text and "\x1b" not in text
        assert '" onload="' not in text and "{{ 7*7 }}" in text
        assert "&lt;script&gt;" in text


def test_a_log_of_hashes_shows_no_words_and_says_so(tmp_path: Path) -> None:
    run = run_by(oracle, ["version_conflict"])
    kept = [TextPolicy("hashes").stored(episode) for episode in run.episodes]
    header = msgspec.structs.replace(run.header, store_text="hashes")
    hashed = OperatorRun(run.name, header, tuple(episode for episode in kept if isinstance(episode, Episode)))
    index, page, _ = write_board(board_of(hashed), tmp_path)
    text = page.read_text(encoding="utf-8")
    assert "stores hashes instead of text" in text and "Hashes are stored instead of text" in index.read_text(
        encoding="utf-8"
    )
    finish = next(step for step in transcript(run.episodes[0]) if step.kind == "finish")
    assert finish.claims[0].text and finish.claims[0].text not in text
    assert "<pre>" not in text and "turn 1" in text
    # Nor where a log says hashes and holds text all the same.
    wrong = OperatorRun(run.name, header, run.episodes)
    page = write_board(board_of(wrong), tmp_path)[1]
    text = page.read_text(encoding="utf-8")
    assert finish.claims[0].text not in text and f'id="{FIRST_ID}"' in text


def test_pages_of_an_earlier_board_do_not_stay_behind(tmp_path: Path) -> None:
    write_board(board_of(run_by(oracle, CORE)), tmp_path)
    (tmp_path / "episodes" / "mine.txt").write_text("kept")
    write_board(board_of(run_by(oracle, ["version_conflict"])), tmp_path)
    names = ["ep-00001.html", "ep-00002.html", "mine.txt"]
    assert sorted(path.name for path in (tmp_path / "episodes").iterdir()) == names


def test_a_transcript_puts_each_call_and_its_result_under_the_turn_that_made_it() -> None:
    episode = played(find_task("version_conflict"), 0, "trap", oracle)
    kinds = [step.kind for step in transcript(episode)]
    assert kinds.count("turn") == len(episode.turns)
    assert kinds.count("call") == len(episode.turns) - 1 and kinds[-1] == "finish"
    for at, kind in enumerate(kinds):
        if kind == "call":
            assert kinds[at - 1] == "turn"


def test_only_evidence_of_this_episode_becomes_a_link() -> None:
    shown = link_evidence("see ev-0001, ev-9999 & <b>", frozenset({"ev-0001"}))
    assert shown == 'see <a href="#ev-0001">ev-0001</a>, ev-9999 &amp; &lt;b&gt;'
    assert plain("x" * 9000).endswith("more characters)")
