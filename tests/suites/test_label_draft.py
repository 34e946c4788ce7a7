"""A folder without labels: a table to fill in, and what becomes of the rows that stay empty."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path

import pytest

from milo_bench import api
from milo_bench.cli.commands.suite import suite
from milo_bench.cli.entry import run_command
from milo_bench.core.errors import DataError, UsageError


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "letters"
    (folder / "more").mkdir(parents=True)
    for name in ("a.txt", "=b.txt", "more/c.txt", ".DS_Store"):
        (folder / name).write_text(f"The letter {name} is about a parcel that never came.")
    return folder


def rows_of(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_the_table_names_each_document_and_imports_as_it_is_filled_in(documents: Path, tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    draft = api.write_labels(documents, table)
    assert draft.documents == 3
    rows = rows_of(table)
    assert rows[0] == ["file", "label"]
    assert sorted(name for name, _ in rows[1:]) == ["./=b.txt", "a.txt", "more/c.txt"]
    filled = [[name, {"a.txt": "lost", "./=b.txt": "late"}.get(name, "")] for name, _ in rows[1:]]
    table.write_text("file,label\n" + "".join(f"{name},{label}\n" for name, label in filled))
    report = api.import_suite(
        api.ImportRequest(documents, labels=table), out=tmp_path / "suite", options=api.ImportOptions()
    )
    assert (report.fixtures, report.not_carried, report.broken) == (3, (), ())
    assert any("1 of 3 cases has no expected answer" in guess for guess in report.guesses)


def test_columns_are_named_once_and_nothing_is_written_over(documents: Path, tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    api.write_labels(documents, table, columns=("total", "due"))
    assert rows_of(table)[0] == ["file", "total", "due"]
    with pytest.raises(UsageError, match="already exists"):
        api.write_labels(documents, table)
    for columns in (("File",), ("a", "A"), (" ",)):
        with pytest.raises(UsageError):
            api.write_labels(documents, tmp_path / "other.csv", columns=columns)
    assert not (tmp_path / "other.csv").exists()


def test_a_zip_has_a_table_too_and_a_folder_of_labels_alone_has_none(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "letters.zip", "w") as archive:
        archive.writestr("a.txt", "A letter about a parcel.")
        archive.writestr("labels.csv", "file,label\na.txt,lost\n")
    draft = api.write_labels(tmp_path / "letters.zip", tmp_path / "labels.csv")
    assert rows_of(draft.path) == [["file", "label"], ["a.txt", ""]]
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "labels.csv").write_text("file,label\n")
    for source, error in (("empty", DataError), ("absent", UsageError), ("labels.csv", DataError)):
        with pytest.raises(error):
            api.write_labels(tmp_path / source, tmp_path / "other.csv")


def test_an_import_without_labels_names_the_command_that_writes_them(
    documents: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(suite, "milo-bench suite", ("import", str(documents), "--out", str(tmp_path / "suite"))) == 2
    assert f"milo-bench suite labels {documents} --out labels.csv" in capsys.readouterr().err
    words = ("labels", str(documents), "--out", str(tmp_path / "l.csv"), "--column", "total")
    assert run_command(suite, "milo-bench suite", words) == 0
    out, err = capsys.readouterr()
    assert "3 documents" in out
    assert "--expect total" in err
