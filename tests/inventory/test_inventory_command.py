"""The whole command on this machine: one document, every section there, changes by exit code."""

import json
import os
from pathlib import Path

import pytest

from milo_bench.cli.entry import run_command
from milo_bench.cli.main import milo_bench
from milo_bench.inventory.records import Inventory


def run(*arguments: str) -> int:
    return run_command(milo_bench, "milo-bench", ["inventory", *arguments])


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.setenv("OLLAMA_API_KEY", "do-not-show-4711")
    for name in ("OLLAMA_HOST", "OPENAI_BASE_URL", "MILO_BENCH_CONFIG", "OLLAMA_MODELS", "HF_HOME", "HF_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return home


def test_json_is_one_document_with_every_section_and_the_packaged_weights(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--json") == 0
    out = capsys.readouterr().out
    document = json.loads(out)
    assert set(document) == set(Inventory.__struct_fields__)
    assert document["schema"] == "milo-bench.inventory/1"
    files = {Path(file["path"]).name: file for file in document["model_files"]["files"]}
    weights = files["SmolLM2-135M-Instruct.Q4_1.gguf"]
    assert (weights["architecture"], weights["quantisation"], weights["context_length"]) == ("llama", "Q4_1", 8192)
    assert len(weights["sha256"]) == 64 and weights["digest_from"] == "computed"
    assert "xllamacpp" in {item["name"] for item in document["runtimes"]["found"]}
    assert "do-not-show-4711" not in out


def test_markdown_never_leaves_a_section_empty(capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 0
    page = capsys.readouterr().out
    sections = page.split("\n## ")[1:]
    assert len(sections) == 13
    for section in sections:
        title, _, body = section.partition("\n")
        assert body.strip(), title
        assert "- " in body or "|" in body or "None found." in body, title


def test_what_changed_between_two_files_and_by_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    assert run("--json", "--out", str(first)) == 0
    document = json.loads(first.read_text())
    document["cpu"]["governor"] = "changed for the test"
    second.write_text(json.dumps(document))
    capsys.readouterr()
    assert run("--diff", str(first), str(first), "--fail-on-change") == 0
    assert capsys.readouterr().out.startswith("Nothing changed.\n")
    assert run("--diff", str(first), str(second)) == 0
    assert "→ changed for the test" in capsys.readouterr().out
    assert run("--diff", str(first), str(second), "--fail-on-change") == 1
    assert "1 thing changed" in capsys.readouterr().err
    assert run("--diff", str(first), str(second), "--fail-on-change", "--json") == 1
    said = json.loads(capsys.readouterr().out)
    assert [change["what"] for change in said["changes"]] == ["governor"]


@pytest.mark.parametrize(("words", "is_json"), [((), True), (("--json",), True), (("--markdown",), False)])
def test_a_name_that_ends_in_json_asks_for_json_unless_markdown_is_asked_for(
    words: tuple[str, ...], is_json: bool, tmp_path: Path
) -> None:
    out = tmp_path / "inventory.json"
    assert run(*words, "--out", str(out)) == 0
    assert out.read_text().startswith("{" if is_json else "# Inventory")


def test_mistakes_on_the_command_line_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--json", "--markdown") == 2
    assert run("--fail-on-change") == 2
    assert run("--diff", str(tmp_path / "no.json"), str(tmp_path / "no.json")) == 2
    assert "Cannot read" in capsys.readouterr().err
    (tmp_path / "file").touch()
    assert run("--out", str(tmp_path / "file" / "inventory.md")) == 3
    assert run("--config", str(tmp_path / "no.yaml")) == 2


def test_weights_named_in_bench_yaml_are_among_the_model_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.gguf").write_bytes(b"GGUF broken")
    config = tmp_path / "bench.yaml"
    config.write_text(f"targets:\n  own:\n    api: llamacpp\n    weights: {tmp_path / 'broken.gguf'}\n")
    assert run("--json", "--config", str(config)) == 0
    files = json.loads(capsys.readouterr().out)["model_files"]["files"]
    (mine,) = [file for file in files if file["path"] == str(tmp_path / "broken.gguf")]
    assert mine["problem"].startswith("no readable GGUF header")


def test_a_file_name_that_is_no_text_breaks_neither_the_json_nor_the_terminal(
    own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = own_home / ".lmstudio" / "models"
    models.mkdir(parents=True)
    for name in (b"\xff\xfe.gguf", b"a\x1b[2Jb\n.gguf", b"|`<b>.gguf"):
        (models / os.fsdecode(name)).write_bytes(b"GGUF")
    assert run("--json") == 0
    files = json.loads(capsys.readouterr().out)["model_files"]["files"]
    assert len([file for file in files if ".lmstudio" in file["path"]]) == 3
    assert run() == 0
    page = capsys.readouterr().out
    assert "\x1b" not in page and "a⟦U+001B⟧\\[2Jb" in page
