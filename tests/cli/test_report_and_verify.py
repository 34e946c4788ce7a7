"""``milo-bench report`` and ``milo-bench verify`` as a person at a terminal meets them."""

from __future__ import annotations

from pathlib import Path

import pytest

from milo_bench import api
from tests.cli.commands import milo
from tests.report.sample_decision import sample_decision


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("package")
    api.write_decision(made / "decision.json", sample_decision())
    return made


def test_a_package_is_written_then_checked_and_a_changed_digit_is_named(folder: Path) -> None:
    said = milo("report", "decision.json", "--out", "my package", folder=folder)
    assert said.code == 0, said.err
    assert "open my package/index.html" in said.out
    assert "milo-bench verify 'my package'" in said.err

    # The logs of this decision do not exist: its pages are checked all the same.
    said = milo("verify", "my package", folder=folder)
    assert said.code == 3, said.out
    assert "run log runs/claims.jsonl" in said.out

    page = folder / "my package" / "index.html"
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace(">$86,674<", ">$96,674<", 1), encoding="utf-8")
    said = milo("verify", "my package", "--json", folder=folder)
    assert said.code == 1
    (one,) = said.json()["differences"]
    assert (one["figure"], one["file"]) == ("economics/quarter_net", "index.html")
    assert one["package"].startswith("$96,674")
    assert one["recomputed"].startswith("$86,674")


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (("report", "nothing.json"), 3, "Cannot read nothing.json"),
        (("report", "empty.json"), 2, "empty.json is not a decision"),
        (("report", "decision.json", "--out", "empty.json"), 2, "empty.json is a file"),
        (("verify", "nowhere"), 2, "There is no package at nowhere"),
        (("verify", "."), 2, ""),
    ],
)
def test_bad_input_is_said_in_one_line_with_a_hint(folder: Path, words: tuple[str, ...], code: int, error: str) -> None:
    (folder / "empty.json").write_text("{}", encoding="utf-8")
    (folder / "sub").mkdir(exist_ok=True)
    where = folder / "sub" if words == ("verify", ".") else folder
    said = milo(*words, folder=where)
    assert said.code == (3 if words == ("verify", ".") else code), said.err
    assert error in said.error
