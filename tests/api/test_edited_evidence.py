"""Thirteen ways to make evidence look better after a run, and which of them verify finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.soundness.edits import EDITS, WAYS, Edit, is_found

# What nobody can tell from a log that was written anew by this tool, unless its seals were signed before.
ONLY_BY_SIGNATURE = {"gold inserted into answers", "every time of an answer halved", "policy changed, decided anew"}


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
@pytest.mark.parametrize(("way", "sealed_anew", "signed"), WAYS)
def test_an_edit_is_found(edit: Edit, way: str, sealed_anew: bool, signed: bool, tmp_path: Path) -> None:
    found = is_found(edit, tmp_path, sealed_anew=sealed_anew, signed=signed)
    assert found is not (sealed_anew and not signed and edit.name in ONLY_BY_SIGNATURE), way


@pytest.mark.parametrize("signed", [False, True])
def test_evidence_that_was_left_alone_has_nothing_to_find(tmp_path: Path, signed: bool) -> None:
    assert not is_found(Edit("nothing"), tmp_path, sealed_anew=False, signed=signed)
