"""Servers of the Python world, with the packaged weights as safetensors: vLLM's CPU build and transformers serve."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.servers.cut_weights import cut_weights
from benchmarks.servers.kinds import KINDS, serving
from benchmarks.servers.tried import Desk

pytestmark = pytest.mark.timeout(900)


@pytest.mark.parametrize(("name", "runtime"), [("vLLM", "vLLM"), ("transformers serve", "")])
def test_it_is_found_named_by_what_it_says_and_asked(name: str, runtime: str, weights: Path, tmp_path: Path) -> None:
    kind = next(kind for kind in KINDS if kind.name == name)
    if missing := kind.missing():
        pytest.xfail(f"{name} has an environment of its own: {missing}")
    with serving(kind, cut_weights(weights, tmp_path / "cut.gguf"), tmp_path) as served:
        steps = Desk(tmp_path, served).steps(kind)
    assert not [step for step in steps if not step.ok]
    header = json.loads((tmp_path / "run.jsonl").read_text().partition("\n")[0])
    (target,) = header["targets"]
    assert target.get("runtime", "") == runtime, "what it is comes from what it says, and not from its port"
    if runtime:
        assert target["model_digest"].startswith("sha256:") and target["identity"]["licence"] == "apache-2.0"
    else:
        assert "weights" in target["identity"]["unknown"]
