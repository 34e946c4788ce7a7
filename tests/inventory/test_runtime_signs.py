"""Command lines, images and unit lines are recognised by what they start."""

import pytest

from milo_bench.inventory.runtimes.installed import parse_version
from milo_bench.inventory.runtimes.signs import runtime_of, runtime_of_image, runtime_started_by


@pytest.mark.parametrize(
    ("line", "runtime"),
    [
        ("/usr/local/bin/ollama serve", "ollama"),
        ("/usr/local/bin/ollama runner --model /x --port 4000", "ollama"),
        ("ollama pull llama3", None),
        ("/opt/llama.cpp/build/bin/llama-server -m x.gguf", "llama.cpp"),
        ("llama-cli -m x.gguf", None),
        ("/srv/venv/bin/python3.11 /srv/venv/bin/vllm serve org/model", "vllm"),
        ("python -m vllm.entrypoints.openai.api_server --model m", "vllm"),
        ("python3 -u -m sglang.launch_server --model-path m", "sglang"),
        ("python -m mlx_lm.server --model m", "mlx"),
        ("python -m milo_bench.targets.llamacpp.server", "xllamacpp"),
        ("python -m vllm_notes", None),
        ("/bin/sh /opt/bin/llama-server -c 4096", "llama.cpp"),
        ("grep llama-server /var/log/syslog", None),
        ("vim ollama", None),
        ("python train.py --model vllm", None),
    ],
)
def test_a_process_is_known_by_what_it_runs(line: str, runtime: str | None) -> None:
    assert runtime_of(line.split()) == runtime


@pytest.mark.parametrize(
    ("line", "runtime"),
    [
        ("/usr/local/bin/ollama serve", "ollama"),
        ("/bin/bash -c 'source /x/activate && vllm serve org/model --port 8000'", "vllm"),
        ("/usr/bin/docker run --rm -p 11434:11434 ollama/ollama:0.5.1", "ollama"),
        ("OLLAMA_HOST=0.0.0.0 ollama serve", "ollama"),
        ("numactl -N 0 /opt/llama-server -m x", "llama.cpp"),
        ("/usr/bin/backup --skip ollama", None),
        ("/usr/sbin/sshd -D", None),
        ("", None),
    ],
)
def test_a_unit_is_known_by_what_it_starts(line: str, runtime: str | None) -> None:
    assert runtime_started_by(line) == runtime


@pytest.mark.parametrize(
    ("image", "runtime"),
    [
        ("ollama/ollama:0.5.1", "ollama"),
        ("ollama/ollama", "ollama"),
        ("registry.example/mirror/vllm-openai:v0.6.1", "vllm"),
        ("ghcr.io/ggml-org/llama.cpp:server-cuda", "llama.cpp"),
        ("lmsysorg/sglang:latest", "sglang"),
        ("postgres:16", None),
        ("open-webui-ollama-proxy:1", None),
    ],
)
def test_a_container_is_known_by_its_image(image: str, runtime: str | None) -> None:
    assert runtime_of_image(image) == runtime


def test_versions_are_given_as_printed() -> None:
    said = "Warning: could not connect to a running Ollama instance\nWarning: client version is 0.5.1\n"
    assert parse_version("ollama", said) == "0.5.1"
    assert (
        parse_version("llama-server", "ggml_cuda_init: found 1\nversion: 4567 (a1b2c3d)\nbuilt with gcc\n")
        == "4567 (a1b2c3d)"
    )
    assert parse_version("ollama", "Segmentation fault") == ""
