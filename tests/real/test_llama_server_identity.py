"""What answers behind a name, on llama.cpp's own server with two blocks of the weights: found where it is another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks.servers.cut_weights import cut_weights
from benchmarks.servers.kinds import KINDS, llama_server, serving
from benchmarks.servers.tried import Desk
from milo_bench.config.settings import TargetConfig
from milo_bench.core.hashing import sha256_file
from milo_bench.core.records import TargetRecord
from milo_bench.core.weights.served import differences
from milo_bench.run.serving.live_targets import start_targets
from milo_bench.run.stop import StopSignal
from milo_bench.stats.model_equality import compare_behaviour
from milo_bench.store.log.reader import read_run_log
from milo_bench.targets import open_target

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def cut(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cut_weights(weights, tmp_path_factory.mktemp("cut") / "cut.gguf")


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as open_stack:
        yield open_stack


async def served(stack: ExitStack, folder: Path, *arguments: str) -> TargetRecord:
    root = llama_server([*arguments, "-c", "1024"], folder, stack)
    target = open_target(TargetConfig(name="t", api="openai", model="m", base_url=f"{root}/v1"), {})
    (record,) = await start_targets([target], StopSignal(), fingerprint=True)
    await target.stop()
    return record


async def test_another_cache_template_or_weights_under_one_name_is_found(
    cut: Path, weights: Path, stack: ExitStack, tmp_path: Path
) -> None:
    plain = await served(stack, tmp_path, "-m", str(cut))
    assert plain.model_digest == f"sha256:{sha256_file(cut)}" and plain.identity.licence == "apache-2.0"
    assert not plain.identity.unknown and plain.context_window == 1024
    same = await served(stack, tmp_path, "-m", str(cut))
    assert differences(plain, same) == () and compare_behaviour(plain.behaviour, same.behaviour).outcome == "same"

    other = cut_weights(weights, tmp_path / "three.gguf", blocks=3)
    template = tmp_path / "other.jinja"
    template.write_text("{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant:")
    for part, arguments in (
        ("cache", ("-m", str(cut), "-ctk", "q8_0", "-ctv", "q8_0")),
        ("chat template", ("-m", str(cut), "--chat-template-file", str(template))),
        ("weights", ("-m", str(other))),
    ):
        now = await served(stack, tmp_path, *arguments)
        assert part in [name for name, *_ in differences(plain, now)], part
        assert now.configuration != plain.configuration or part == "weights"
        assert compare_behaviour(plain.behaviour, now.behaviour).outcome == "another", part


def test_a_router_that_holds_one_model_is_asked_for_one_after_another(cut: Path, tmp_path: Path) -> None:
    kind = next(kind for kind in KINDS if "router" in kind.name)
    with serving(kind, cut, tmp_path) as at:
        desk = Desk(tmp_path, at)
        words = ("run", "--suite", "claims_v1", "--workload", "escalation", "--limit", "4", "--models", "alpha,beta")
        said = desk.milo(*words, "--out", "log.jsonl")
        assert said.returncode == 0, said.stderr
    log = read_run_log(tmp_path / "log.jsonl")
    order = [attempt.key.target for attempt in log.attempts]
    assert order == ["beta"] * 4 + ["alpha"] * 4 and not any(attempt.failure for attempt in log.attempts)
    assert [warmup.target for warmup in log.warmups] == ["alpha"], "one load for the work, apart from any answer"
    assert all(target.context_window == 4096 for target in log.header.targets)
