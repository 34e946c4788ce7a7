"""Scripted models answer with calls that were made in advance, so the evidence ids of their episodes are known."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def known_evidence_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each episode draws the same secret; what a real one draws is tested by itself."""
    monkeypatch.setattr("milo_bench.operator.worlds.session.draw_secret", lambda: "test")
    monkeypatch.setattr("milo_bench.operator.play.commitments.episode_secret", lambda run_secret, key: "test")
