"""The settings of each API: typed, and an unknown name gets the nearest valid one, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from milo_bench.config.settings import TargetConfig, load_settings
from milo_bench.core.errors import ConfigError
from milo_bench.targets import open_target

APIS = ("openai", "ollama", "llamacpp", "fake")


def loaded(tmp_path: Path, api: str, settings: str) -> None:
    file = tmp_path / "bench.yaml"
    needs = {"openai": "base_url: http://127.0.0.1:1/v1", "llamacpp": "weights: a.gguf", "fake": "script: a.yaml"}
    file.write_text(
        f"targets:\n  t:\n    api: {api}\n    model: m\n    {needs.get(api, 'family: f')}\n    settings: {settings}\n",
        encoding="utf-8",
    )
    load_settings(file, {}, apis=APIS)


@pytest.mark.parametrize(
    ("api", "settings", "message", "hint"),
    [
        ("ollama", "{numctx: 4096}", "unknown setting 'numctx'", "'num_ctx'"),
        ("ollama", "{num_ctx: big}", "num_ctx is 'big', not a whole number", "without quotes"),
        ("ollama", "{top_p: 1.5}", "top_p is 1.5, more than 1", "at most 1"),
        ("openai", "{extra_boddy: {}}", "unknown setting 'extra_boddy'", "'extra_body'"),
        ("openai", "{omit: temperature}", "omit is 'temperature', not a list", "brackets"),
        ("openai", "{stream_usage: maybe}", "stream_usage is 'maybe', not true or false", "true or false"),
        ("llamacpp", "{servers: 0}", "servers is 0, not above 0", "above 0"),
        ("fake", "{proces: true}", "unknown setting 'proces'", "'process'"),
    ],
)
def test_a_mistake_names_line_and_remedy(tmp_path: Path, api: str, settings: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, api, settings)
    assert "line 6" in caught.value.message and f"targets.t.settings: {message}" in caught.value.message
    assert hint in caught.value.hint


def test_a_target_made_in_python_is_checked_the_same_way() -> None:
    config = TargetConfig(name="t", api="ollama", model="m", settings={"num_ctx": -1, "keepalive": "5m"})
    with pytest.raises(ConfigError) as caught:
        open_target(config, {})
    said = [caught.value.message, *(other.message for other in caught.value.also)]
    assert any("num_ctx is -1" in one for one in said) and any("'keepalive'" in one for one in said)


@pytest.mark.parametrize("thinking", ["0", "-5", "sometimes", "[1]", "on"])
def test_thinking_is_tokens_an_effort_or_off(tmp_path: Path, thinking: str) -> None:
    file = tmp_path / "bench.yaml"
    file.write_text(f"targets: {{t: {{api: ollama, model: m, thinking: {thinking}}}}}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_settings(file, {}, apis=APIS)
    assert "thinking" in caught.value.message


@pytest.mark.parametrize(("written", "read"), [("off", "off"), ('"off"', "off"), ("4096", 4096)])
def test_off_is_a_word_whatever_yaml_makes_of_it(tmp_path: Path, written: str, read: object) -> None:
    file = tmp_path / "bench.yaml"
    file.write_text(f"targets: {{t: {{api: ollama, model: m, thinking: {written}}}}}\n", encoding="utf-8")
    assert load_settings(file, {}, apis=APIS).targets["t"].thinking == read
