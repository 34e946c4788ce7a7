"""Headers of model files are read exactly, and no file can crash or stall the reader."""

import json
import random
import struct
import time
from pathlib import Path

import gguf
import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milo_bench.core.weights.gguf_header import BadHeader, read_gguf_header
from milo_bench.inventory.models.safetensors import read_safetensors_header
from milo_bench.targets.llamacpp.gguf import read_gguf
from milo_bench.targets.llamacpp.weights import find_smollm2


def gguf_string(text: bytes) -> bytes:
    return struct.pack("<Q", len(text)) + text


def gguf_start(entries: int, tensors: int = 0, version: int = 3) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensors, entries)


def small_gguf(path: Path) -> Path:
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("small")
    writer.add_context_length(4096)
    writer.add_array("tokenizer.ggml.tokens", ["a", "b", "c" * 50])
    writer.add_array("tokenizer.ggml.scores", [0.0] * 300)
    writer.add_tensor("norm", numpy.zeros(4, dtype=numpy.float32))
    writer.add_tensor("matrix", numpy.zeros((8, 64), dtype=numpy.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def safetensors(path: Path, header: object, *, length: int | None = None, body: bytes = b"\0" * 16) -> Path:
    data = json.dumps(header).encode()
    path.write_bytes((len(data) if length is None else length).to_bytes(8, "little") + data + body)
    return path


def test_the_packaged_weights_say_the_same_to_us_and_to_the_formats_own_reader() -> None:
    path = find_smollm2()
    assert path is not None
    ours, theirs = read_gguf_header(path), read_gguf(path)
    assert (ours.name, ours.architecture, ours.quantisation, ours.context_length) == (
        theirs.name,
        theirs.architecture,
        theirs.quantisation,
        theirs.context_length,
    )
    assert ours.context_length == 8192


def test_a_file_that_does_not_name_its_type_is_named_by_most_of_its_weights(tmp_path: Path) -> None:
    header = read_gguf_header(small_gguf(tmp_path / "small.gguf"))
    assert (header.name, header.architecture, header.quantisation, header.context_length) == (
        "small",
        "llama",
        "F16",
        4096,
    )


def test_a_gguf_of_a_big_endian_machine_is_read(tmp_path: Path) -> None:
    text = lambda value: struct.pack(">Q", len(value)) + value  # noqa: E731
    path = tmp_path / "big.gguf"
    path.write_bytes(
        b"GGUF" + struct.pack(">IQQ", 3, 0, 1) + text(b"general.architecture") + struct.pack(">I", 8) + text(b"llama")
    )
    assert read_gguf_header(path).architecture == "llama"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is incomplete"),
        (b"PK\x03\x04 a zip", "does not start with GGUF"),
        (b"GGUF", "is incomplete"),
        (gguf_start(0, version=9), "version 9"),
        (gguf_start(1 << 60), "entries"),
        (gguf_start(0, tensors=1 << 60), "tensors"),
        (gguf_start(1) + struct.pack("<Q", 1 << 62), "a text of"),
        (gguf_start(1) + gguf_string(b"k") + struct.pack("<I", 77), "unknown type 77"),
        (gguf_start(1) + gguf_string(b"k") + struct.pack("<IIQ", 9, 8, 1 << 61), "an array of"),
        (gguf_start(1) + gguf_string(b"k") + struct.pack("<IIQ", 9, 4, 1 << 61), "more than the file contains"),
        (
            gguf_start(1) + gguf_string(b"k") + struct.pack("<I", 9) + struct.pack("<IQ", 9, 1) * 50,
            "nested too deeply",
        ),
        (gguf_start(0, tensors=1) + gguf_string(b"t") + struct.pack("<I", 1 << 31), "dimensions"),
    ],
)
def test_a_hostile_gguf_is_refused_in_words(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "bad.gguf"
    path.write_bytes(content)
    with pytest.raises(BadHeader, match=said):
        read_gguf_header(path)


def test_every_cut_of_a_file_is_refused_or_read_but_never_crashes(tmp_path: Path) -> None:
    whole = small_gguf(tmp_path / "small.gguf").read_bytes()
    cut = tmp_path / "cut.gguf"
    refused = 0
    for length in range(0, len(whole), 7):
        cut.write_bytes(whole[:length])
        try:
            read_gguf_header(cut)
        except BadHeader:
            refused += 1
    assert refused > 20


def test_flipped_bytes_never_crash_and_never_stall(tmp_path: Path) -> None:
    chance = random.Random(7)
    whole = bytearray(small_gguf(tmp_path / "small.gguf").read_bytes())
    path = tmp_path / "flipped.gguf"
    started = time.process_time()
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(data)
        try:
            header = read_gguf_header(path)
            assert len(header.name) <= 200 and header.name.isprintable()
        except BadHeader:
            pass
    assert time.process_time() - started < 30


def test_a_file_that_is_all_array_is_left_within_seconds(tmp_path: Path) -> None:
    path = tmp_path / "wide.gguf"
    with path.open("wb") as file:
        file.write(gguf_start(1) + gguf_string(b"k") + struct.pack("<IIQ", 9, 8, 9_000_000))
        file.truncate(80_000_000)  # sparse: nine million empty strings
    with pytest.raises(BadHeader, match="an array of 9000000"):
        read_gguf_header(path)


def test_safetensors_with_its_config_give_architecture_type_and_context(tmp_path: Path) -> None:
    tensors = {
        "__metadata__": {"format": "pt"},
        "small": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
        "large": {"dtype": "BF16", "shape": [64, 64], "data_offsets": [8, 8200]},
    }
    path = safetensors(tmp_path / "model.safetensors", tensors)
    assert read_safetensors_header(path).quantisation == "BF16"
    config = {"model_type": "qwen2", "max_position_embeddings": 32768}
    (tmp_path / "config.json").write_text(json.dumps(config))
    header = read_safetensors_header(path)
    assert (header.architecture, header.quantisation, header.context_length) == ("qwen2", "BF16", 32768)
    (tmp_path / "config.json").write_text(
        json.dumps({**config, "quantization_config": {"quant_method": "awq", "bits": 4}})
    )
    assert read_safetensors_header(path).quantisation == "awq 4-bit"


def test_a_hostile_safetensors_file_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    with pytest.raises(BadHeader, match="claims"):
        read_safetensors_header(safetensors(path, {}, length=1 << 63))
    with pytest.raises(BadHeader, match="not a safetensors header"):
        read_safetensors_header(safetensors(path, ["no", "tensors"]))
    with pytest.raises(BadHeader, match="not a safetensors header"):
        read_safetensors_header(safetensors(path, {"t": {"dtype": 5, "shape": "wide"}}))
    path.write_bytes(b"\x01")
    with pytest.raises(BadHeader, match="claims"):
        read_safetensors_header(path)
    deep = b'{"a":' * 100_000
    path.write_bytes(len(deep).to_bytes(8, "little") + deep)
    with pytest.raises(BadHeader):
        read_safetensors_header(path)


def test_a_config_that_is_no_config_is_left_aside(tmp_path: Path) -> None:
    path = safetensors(tmp_path / "model.safetensors", {"t": {"dtype": "F16", "shape": [4]}})
    for text in ("[]", "{", '{"model_type": 7, "max_position_embeddings": -3, "architectures": {}}', '{"a":' * 90_000):
        (tmp_path / "config.json").write_text(text)
        header = read_safetensors_header(path)
        assert (header.architecture, header.quantisation, header.context_length) == ("", "F16", None)


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=300))
def test_bytes_from_anywhere_are_refused_or_read(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("any")
    for name, read in (("a.gguf", read_gguf_header), ("a.safetensors", read_safetensors_header)):
        path = folder / name
        path.write_bytes(b"GGUF\x03\0\0\0" + data if name == "a.gguf" else data)
        try:
            read(path)
        except BadHeader as error:
            assert str(error)
