"""Keywords are looked for in the fixtures that a rule asks for, and in no others."""

from __future__ import annotations

import numpy as np
import pytest

from milo_bench.core.keyword_sets import KEYWORD_SETS
from milo_bench.core.records import Fixture
from milo_bench.evidence import gather
from milo_bench.evidence.gather import describe_fixtures
from milo_bench.stats.cases.keywords import KeywordColumn

FIRST, SECOND = KEYWORD_SETS[:2]


def test_a_column_gives_the_rows_that_are_asked_for_in_their_order() -> None:
    sets: dict[int, frozenset[str]] = {0: frozenset(), 1: frozenset({FIRST}), 2: frozenset({SECOND})}
    any_of_them, regulator = KeywordColumn(sets.__getitem__), KeywordColumn(sets.__getitem__, FIRST)
    asked = np.array([2, 0, 1, 2])
    assert any_of_them[asked].tolist() == [True, False, True, True]
    assert regulator[asked].tolist() == [False, False, True, False]
    assert bool(regulator[1]) and not bool(regulator[0])


def test_a_text_is_read_once_and_only_if_its_keywords_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def sets_in(text: str) -> frozenset[str]:
        read.append(text)
        return frozenset({FIRST}) if "ombudsman" in text else frozenset()

    monkeypatch.setattr(gather, "keyword_sets_in", sets_in)
    notes = ("The ombudsman wrote again.", "Paid and closed.", "A long packet that no rule on keywords is for.")
    table = describe_fixtures([Fixture(f"n{number}", "notes", {"note": note}) for number, note in enumerate(notes)])
    assert read == []
    assert table.keyword[np.array([0, 1, 0])].tolist() == [True, False, True]
    assert table.keyword_sets[FIRST][np.array([1, 0])].tolist() == [False, True]
    assert read == list(notes[:2])
