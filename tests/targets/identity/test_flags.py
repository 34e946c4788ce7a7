"""A command line in, its flags by one name each out; what changes no answer, and secrets, left out."""

from __future__ import annotations

from milo_bench.targets.identity.llama_flags import cache_types, read_flags, shown_flags


def test_short_long_and_joined_flags_are_one_flag() -> None:
    for argv in (["s", "-ctk", "q8_0"], ["s", "--cache-type-k", "q8_0"], ["s", "--cache-type-k=q8_0"]):
        assert cache_types(read_flags(argv, {})) == "k=q8_0, v=f16"


def test_a_variable_counts_and_an_argument_wins_over_it() -> None:
    variables = {"LLAMA_ARG_CACHE_TYPE_V": "q4_0", "LLAMA_ARG_CTX_SIZE": "512"}
    flags = read_flags(["s", "-c", "4096"], variables)
    assert cache_types(flags) == "k=f16, v=q4_0" and flags["ctx-size"] == "4096"


def test_numbers_below_zero_are_values_and_a_switch_is_on() -> None:
    flags = read_flags(["s", "--seed", "-1", "--jinja", "-ngl", "99"], {})
    assert flags == {"seed": "-1", "jinja": "on", "gpu-layers": "99"}


def test_addresses_logs_and_keys_are_no_part_of_what_is_served() -> None:
    argv = "s --host 0.0.0.0 --port 1 --api-key sk-12345678 --log-file x -hft hf_abcdefgh --rope-scale 2 -m a.gguf"
    assert shown_flags(read_flags(argv.split(), {})) == {"rope-scale": "2"}
