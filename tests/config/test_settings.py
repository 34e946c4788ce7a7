"""bench.yaml is checked, and every mistake names its line and its remedy."""

from pathlib import Path

import pytest

from milo_bench.config.settings import load_settings
from milo_bench.config.written import Written, read_written
from milo_bench.core.errors import ConfigError, UsageError

APIS = ("openai", "ollama", "llamacpp", "fake")


def load(tmp_path: Path, text: str | bytes):
    file = tmp_path / "bench.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_settings(file, {}, apis=APIS)


@pytest.mark.parametrize(
    ("text", "line", "said", "hint"),
    [
        ("targets:\n  a:\n    api: opnai\n", 3, "targets.a.api is 'opnai'", "Did you mean 'openai'?"),
        (
            "targets:\n  a: {api: openai, base_url: 'http://x', modle: y}\n",
            2,
            "unknown setting 'targets.a.modle'",
            "Did you mean 'model'?",
        ),
        ("targets:\n  'a,b': {api: fake, script: s}\n", 2, "the target name 'a,b' contains a comma", "another name"),
        ("targets:\n  ' a': {api: fake, script: s}\n", 2, "begins or ends with a space", ""),
        ('targets:\n  "a\\nb": {api: fake, script: s}\n', 2, "contains a control character or line break", ""),
        ("targets:\n  '': {api: fake, script: s}\n", 2, "the target name '' is empty", ""),
        ("run: {repeats: 1" + ":1" * 500_000 + "}\n", 1, "run.repeats is 1:1:1", "write a smaller number"),
        ("targts: {}\n", 1, "unknown setting 'targts'", "Did you mean 'targets'?"),
        ("run:\n  concurrency: 0\n", 2, "run.concurrency", ""),
        ("run:\n  concurrency: 2\n  concurrency: 3\n", 3, "duplicate key 'concurrency'", ""),
        ("targets:\n  a: {api: openai, model: m}\n", 2, "needs base_url", ""),
        (
            "targets:\n  a: {api: openai, model: m, base_url: localhost}\n",
            2,
            "'localhost' is not an http(s) address",
            "",
        ),
        ("targets: [\n", 2, "", "check indentation"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_to_write_instead(
    tmp_path: Path, text: str, line: int, said: str, hint: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert f"line {line}" in caught.value.message
    assert said in caught.value.message
    assert hint in caught.value.hint


def test_a_key_in_the_file_is_refused_without_repeating_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, "targets:\n  a:\n    api: openai\n    api_key: sk-very-secret\n")
    assert "keys do not belong in files" in caught.value.message
    assert "api_key_env" in caught.value.hint
    assert "sk-very-secret" not in str(caught.value.as_record())


def test_without_a_file_the_targets_of_the_demo_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert set(load_settings(None, {}, apis=APIS).targets) == {"smollm2", "smollm2_q4_0"}


def test_the_environment_can_name_the_file(tmp_path: Path) -> None:
    file = tmp_path / "other.yaml"
    file.write_text("targets: {big: {api: ollama, model: m}}\n")
    assert "big" in load_settings(None, {"MILO_BENCH_CONFIG": str(file)}, apis=APIS).targets


def test_a_named_file_that_is_missing_or_not_utf8_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        load_settings(tmp_path / "none.yaml", {}, apis=APIS)
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(tmp_path, b"targets: \xff\n")


def test_an_unknown_target_gets_a_suggestion(tmp_path: Path) -> None:
    settings = load(tmp_path, "targets: {local_8b_q6: {api: ollama, model: m}}\n")
    with pytest.raises(UsageError) as caught:
        settings.target("local_8b_q4")
    assert "Did you mean 'local_8b_q6'?" in caught.value.hint


def test_anchors_that_grow_without_bound_are_read_once(tmp_path: Path) -> None:
    rows = ["a: &a [x, x]"] + [
        f"{c}: &{c} [*{p}, *{p}]" for p, c in zip("abcdefghijklmnopqrst", "bcdefghijklmnopqrstu", strict=True)
    ]
    with pytest.raises(ConfigError, match="200,000 values once its aliases are written out"):
        load(tmp_path, "\n".join(rows) + "\n")


def test_a_value_that_cannot_be_read_is_one_error_and_no_traceback(tmp_path: Path) -> None:
    file = tmp_path / "bench.yaml"
    for text, said in (("targets: {a: {model: 2026-13-40}}\n", "cannot be read"), ("path: here\n", "unknown setting")):
        file.write_text(text)
        with pytest.raises(ConfigError, match=said):
            load_settings(file, {}, apis=APIS)


def test_a_version_is_text_as_written() -> None:
    written = read_written("version: 1.10\nname: 2024\nother: 1.10\n", name="suite.yaml", texts=("version", "name"))
    assert isinstance(written, Written) and written.data == {"version": "1.10", "name": "2024", "other": 1.1}
