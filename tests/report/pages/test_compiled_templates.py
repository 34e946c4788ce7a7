"""Templates of pages are compiled once for all processes of a user, and never by code that somebody else wrote."""

from __future__ import annotations

from pathlib import Path

import jinja2
import pytest

from milo_bench.report.pages.render import CompiledTemplates


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "milo-bench"


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []
    compile_ = jinja2.Environment.compile

    def noted(self: jinja2.Environment, source: str, name: str, filename: str) -> object:
        names.append(name)
        return compile_(self, source, name, filename)

    monkeypatch.setattr(jinja2.Environment, "compile", noted)
    return names


def shown(source: str = "{{ who }} said so.") -> str:
    """The page as a process shows it that has shown none before."""
    loader = jinja2.DictLoader({"page": source})
    environment = jinja2.Environment(loader=loader, bytecode_cache=CompiledTemplates("html"), autoescape=True)
    return environment.get_template("page").render(who="<Ann>")


def test_the_second_process_compiles_nothing(cache: Path, compiled: list[str]) -> None:
    assert shown() == shown() == "&lt;Ann&gt; said so."
    assert compiled == ["page"]
    folder = next(cache.iterdir())
    assert len(list(folder.iterdir())) == 1  # nothing half written is left
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("fault", ["cut", "empty", "other", "shared"])
def test_what_cannot_be_trusted_or_read_is_compiled_anew(cache: Path, compiled: list[str], fault: str) -> None:
    shown()
    folder = next(cache.iterdir())
    file = next(folder.iterdir())
    if fault == "shared":
        folder.chmod(0o777)  # anybody may have written what is in it
    else:
        file.write_bytes({"cut": file.read_bytes()[:-9], "empty": b"", "other": b"no code"}[fault])
    assert shown() == "&lt;Ann&gt; said so."
    assert compiled == ["page", "page"]


def test_a_template_that_changed_is_compiled_anew_and_takes_the_place_of_the_old_one(
    cache: Path, compiled: list[str]
) -> None:
    assert [shown(), shown("{{ who }} denied it."), shown("{{ who }} denied it.")] == [
        "&lt;Ann&gt; said so.", "&lt;Ann&gt; denied it.", "&lt;Ann&gt; denied it.",
    ]  # fmt: skip
    assert compiled == ["page", "page"]
    assert len(list(next(cache.iterdir()).iterdir())) == 1


def test_a_cache_that_cannot_be_written_costs_time_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiled: list[str]
) -> None:
    (tmp_path / "milo-bench").write_text("a file where the folder should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert shown() == shown() == "&lt;Ann&gt; said so."
    assert compiled == ["page", "page"]
