"""llama.cpp's own server, as its users start it: found, listed, measured, probed and put under load."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from benchmarks.office.documents import PICTURE_FORMATS, Page
from milo_bench.store.log.reader import read_run_log
from tests.cli.commands import BIN, Said, environment

pytestmark = pytest.mark.timeout(1800)
MODEL = "smollm2-135m"


def milo(folder: Path, server: str, *words: str) -> Said:
    """``milo-bench WORDS`` with the server named in the environment, and all the time that it needs."""
    env = environment() | {"OPENAI_BASE_URL": server}
    done = subprocess.run(
        [str(BIN / "milo-bench"), *words], cwd=folder, env=env, capture_output=True, text=True, timeout=1500
    )
    return Said(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def desk(llama_server: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the bench.yaml that ``init`` wrote."""
    folder = tmp_path_factory.mktemp("desk")
    said = milo(folder, llama_server, "init")
    assert said.code == 0, said.err
    return folder


@pytest.fixture(scope="module")
def name(desk: Path) -> str:
    """What bench.yaml calls the server's model."""
    import yaml

    targets = yaml.safe_load((desk / "bench.yaml").read_text(encoding="utf-8"))["targets"]
    (found,) = (name for name, target in targets.items() if target.get("model") == MODEL)
    return str(found)


def test_init_finds_the_server_and_its_model(desk: Path, name: str, llama_server: str) -> None:
    assert llama_server in (desk / "bench.yaml").read_text(encoding="utf-8")
    said = milo(desk, llama_server, "targets")
    assert said.code == 0 and name in said.out


def test_a_run_is_whole_and_its_times_are_the_servers_own(desk: Path, name: str, llama_server: str) -> None:
    words = (
        "run",
        "--suite",
        "case_ops_v1",
        "--workload",
        "extraction",
        "--models",
        name,
        "--limit",
        "3",
        "--first-token-timeout",
        "900",
        "--timeout",
        "1200",
    )
    said = milo(desk, llama_server, *words, "--out", "run.jsonl", "--json")
    assert said.code == 0, said.err
    log = read_run_log(desk / "run.jsonl")
    assert log.end is not None and log.end.complete and len(log.attempts) == 3
    for attempt in log.attempts:
        assert attempt.failure is None and attempt.usage.completion_tokens
        # The server's own clock and ours saw the same answer.
        assert attempt.server_timings["prompt_ms"] / 1000 <= attempt.timings.latency_s + 0.05
    assert milo(desk, llama_server, "score", "run.jsonl").code == 0


def test_probes_find_what_this_server_does(desk: Path, name: str, llama_server: str) -> None:
    names = ("truncation", "structured_output", "streaming")
    words = ("probe", name, "--quick", *(word for one in names for word in ("--probe", one)), "--json")
    said = milo(desk, llama_server, *words)
    outcomes = {result["probe"]: result["outcome"] for result in said.json()["results"]}
    assert set(outcomes) == set(names)
    assert "fail" not in outcomes.values(), said.out


def test_load_gives_a_window_for_each_level(desk: Path, name: str, llama_server: str) -> None:
    words = ("load", "--suite", "claims_v1", "--workload", "escalation", "--model", name, "--concurrency", "1,2")
    said = milo(desk, llama_server, *words, "--duration", "5s", "--out", "load.jsonl", "--json")
    assert said.code == 0, said.err
    assert [window["level"] for window in json.loads(said.out)["windows"]] == [1, 2]


def test_the_inventory_names_the_server_and_what_it_serves(desk: Path, llama_server: str) -> None:
    said = milo(desk, llama_server, "inventory", "--json")
    assert said.code == 0, said.err
    assert llama_server.removesuffix("/v1") in said.out and MODEL in said.out


def test_a_model_that_cannot_see_refuses_a_picture_and_the_log_says_so(desk: Path, name: str) -> None:
    import yaml

    folder = desk / "share"
    folder.mkdir()
    (folder / "a.png").write_bytes(PICTURE_FORMATS["png"](Page("Claim 17", ("Amount: 45.00",))))
    (folder / "labels.csv").write_text("file,label\na.png,motor\n")
    assert milo(desk, "", "suite", "import", "share", "--forms", "picture", "--out", "pictures").code == 0
    run = ("run", "--suite", "pictures", "--models", name, "--retries", "0", "--out", "pictures.jsonl")
    said = milo(desk, "", *run)
    assert said.code == 2 and "not known to see pictures" in said.err
    bench = yaml.safe_load((desk / "bench.yaml").read_text(encoding="utf-8"))
    bench["targets"][name]["sees"] = True  # a claim that its server knows better
    (desk / "seeing.yaml").write_text(yaml.safe_dump(bench), encoding="utf-8")
    milo(desk, "", *run, "--config", "seeing.yaml")
    (attempt,) = read_run_log(desk / "pictures.jsonl").attempts
    assert attempt.failure is not None and "image" in attempt.failure.message
