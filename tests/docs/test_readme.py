"""The lines on the first screen of the README work, as they stand there, in a shell."""

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
FIRST, OWN_WORK = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)[:2]
TICKETS = {
    "billing": ("My invoice is wrong", "I was charged twice", "Where is my refund"),
    "shipping": ("The parcel is late", "The label has another address", "The package arrived broken"),
    "account": ("I cannot log in", "Please reset my password", "Delete my account"),
}


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder with a table of tickets, and a model called NAME that is right on one queue of three."""
    rows = [f"{text} ({number}),{queue}" for queue, texts in TICKETS.items() for text in texts for number in range(4)]
    (tmp_path / "tickets.csv").write_text("\n".join(["text,queue", *rows]) + "\n", encoding="utf-8")
    (tmp_path / "script.yaml").write_text("reply: {text: billing}\n", encoding="utf-8")
    (tmp_path / "bench.yaml").write_text("targets:\n  NAME: {api: fake, script: script.yaml}\n", encoding="utf-8")
    return tmp_path


def _run(folder: Path, lines: Iterable[str]) -> str:
    command = 'milo-bench() { "$PYTHON" -m milo_bench.cli.main "$@"; }'
    script = "\n".join(["set -e", command, *lines])
    environment = {**os.environ, "PYTHON": sys.executable}
    done = subprocess.run(["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_four_lines_lead_from_a_table_to_a_decision(work: Path) -> None:
    lines = OWN_WORK.splitlines()
    assert [line.split()[1] for line in lines] == ["suite", "run", "policy", "decide"]
    printed = _run(work, lines)
    assert re.search(r"^classify +NAME +reject +human_review", printed, flags=re.MULTILINE)
    assert (work / "my_suite/policy.yaml").exists()


def test_the_line_that_runs_a_built_in_suite_ends_in_a_decision(work: Path) -> None:
    demo, init, run = FIRST.splitlines()
    assert (demo.split()[:2], init.split()[:2]) == (["make", "demo"], ["milo-bench", "init"])
    printed = _run(work, [run])
    assert re.search(r"^extraction +NAME +reject", printed, flags=re.MULTILINE)


def test_the_first_screen_has_a_sentence_a_picture_and_these_lines() -> None:
    first_screen = README.partition("## What you get")[0]
    paragraphs = [
        part for part in re.sub(r"```.*?```", "", first_screen, flags=re.DOTALL).split("\n\n") if part.strip()
    ]
    assert paragraphs[0].strip() == "# Milo Bench"
    assert paragraphs[1].strip().count(".") == 1
    assert paragraphs[2].strip().startswith("![")
    assert len(first_screen.splitlines()) < 35
