"""No secret of a command line or an environment reaches an inventory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_bench.core.hiding import HIDDEN, shown_argv, shown_value
from milo_bench.inventory.environment import read_environment

SECRET = "do-not-show-4711"


@pytest.mark.parametrize(
    "argv",
    [
        ["llama-server", "--api-key", SECRET, "--port", "8080"],
        ["llama-server", f"--api-key={SECRET}"],
        ["vllm", "serve", "m", "--api-key", SECRET, SECRET],
        ["llama-server", "-hft", SECRET],
        ["llama-server", "--hf-token", f"-{SECRET}"],
        ["env", f"HF_TOKEN={SECRET}", "vllm", "serve"],
        ["docker", "run", "-e", f"VLLM_API_KEY={SECRET}", "vllm/vllm-openai"],
        ["docker", "run", f"--env=ADMIN_PASSWORD={SECRET}", "x"],
        ["vllm", "serve", "--kv-transfer-config", f'{{"user": "a", "auth_token": "{SECRET}"}}'],
        ["curl", "-H", f"Authorization: Bearer {SECRET}"],
        ["vllm", "serve", "--model-url", f"https://user:{SECRET}@host/path"],
        ["x", f"https://host/path?api_key={SECRET}&a=1"],
        ["x", "sk-0123456789abcdef" + SECRET],
        ["x", "hf_0123456789abcdef" + SECRET],
    ],
)
def test_secrets_of_a_command_line_are_hidden(argv: list[str]) -> None:
    shown = " ".join(shown_argv(argv))
    assert SECRET not in shown
    assert HIDDEN in shown


def test_what_makes_a_start_command_reproducible_is_kept() -> None:
    argv = ["vllm", "serve", "m", "--max-num-batched-tokens", "8192", "--tokenizer", "org/t", "--max-model-len=16384",
            "--tokenizer-mode", "auto", "--api-key-file", "keys.txt", "-c", "8192"]  # fmt: skip
    assert shown_argv(argv) == tuple(argv)


def test_what_follows_a_hidden_key_is_shown_again() -> None:
    argv = ["llama-server", "--api-key", SECRET, "-c", "4096", "--max-tokens", "-1", "--use-auth-token", "--port", "80"]
    assert shown_argv(argv) == ("llama-server", "--api-key", HIDDEN, *argv[3:])


@given(
    before=st.lists(st.sampled_from(["-m", "x.gguf", "--port", "80", "A=1", "serve"]), max_size=4),
    flag=st.sampled_from(["--api-key", "--hf-token", "-hft", "--admin-password", "--client-secret"]),
    lead=st.sampled_from(["", "-", "=", "a=", "x:", "0"]),
    after=st.lists(st.sampled_from(["-c", "4096", "y", "B=2"]), max_size=3),
)
def test_the_value_of_a_secret_flag_is_hidden_wherever_it_stands(
    before: list[str], flag: str, lead: str, after: list[str]
) -> None:
    for words in ([flag, lead + SECRET], [f"{flag}={lead}{SECRET}"]):
        assert SECRET not in " ".join(shown_argv([*before, *words, *after]))


def test_variables_that_change_behaviour_are_kept_and_secret_ones_hidden() -> None:
    env = {
        "OLLAMA_NUM_PARALLEL": "4",
        "OLLAMA_KEEP_ALIVE": "5m",
        "CUDA_VISIBLE_DEVICES": "0,1",
        "VLLM_API_KEY": SECRET,
        "HF_TOKEN": SECRET,
        "VLLM_API_TOKENS": SECRET,
        "VLLM_MAX_TOKENS": "512",
        "HF_HUB_OFFLINE": "1",
        "LLAMA_ARG_HOST": f"http://me:{SECRET}@0.0.0.0",
        "OMP_NUM_THREADS": "8",
        "HOME": "/home/somebody",
        "OPENAI_API_KEY": SECRET,
        "LD_PRELOAD": "a\x1b[31mb",
    }
    shown = read_environment(env).variables
    assert SECRET not in str(shown)
    assert shown["OLLAMA_NUM_PARALLEL"] == "4" and shown["OLLAMA_KEEP_ALIVE"] == "5m"
    assert shown["VLLM_API_KEY"] == HIDDEN and shown["VLLM_MAX_TOKENS"] == "512"
    assert shown["LD_PRELOAD"] == "a⟦U+001B⟧[31mb"
    assert "HOME" not in shown and "OPENAI_API_KEY" not in shown


def test_an_empty_secret_is_shown_as_empty() -> None:
    assert shown_value("VLLM_API_KEY", "") == ""
