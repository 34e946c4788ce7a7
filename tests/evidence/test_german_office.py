"""A German office with known truth is decided as planted, and answers that no rule reads decide nothing."""

from __future__ import annotations

from benchmarks.languages.server import planted_rows


def test_each_server_is_decided_as_its_answers_deserve() -> None:
    assert [row for row in planted_rows() if row.wanted != row.found] == []
