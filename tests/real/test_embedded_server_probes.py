"""The embedded server in, what its own probes find out: nothing cut, nothing leaked, the dead missed and replaced."""

from __future__ import annotations

import pytest

from milo_bench import api
from milo_bench.config.settings import TargetConfig
from milo_bench.probes.base import PROBES

NAMES = ("readiness", "truncation", "structured_output", "errors", "recovery", "privacy_leak")


@pytest.mark.model
@pytest.mark.timeout(1800)
def test_the_embedded_server_is_judged_by_its_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(NAMES) < set(PROBES.names())
    for name in NAMES:  # how long a probe may take is not what is judged here
        monkeypatch.setattr(type(PROBES.get(name)), "limit_s", 1200.0)
    target = TargetConfig(
        name="small", api="llamacpp", model="small", weights="builtin:smollm2", context_window=512, threads=1
    )
    options = api.ProbeOptions(quick=True, ask_limit_s=600.0)
    results = {result.probe: result for result in api.probe_target(target, {}, names=list(NAMES), options=options)}
    found = {name: (result.outcome, result.finding) for name, result in results.items()}
    # What this server really does: it answers for unknown models.
    assert found["errors"][0] == "fail"
    for name in ("truncation", "structured_output", "privacy_leak"):
        assert found[name][0] == "pass", found[name]
    # These two judge by seconds, and other work on the machine may make them slow; what was seen is the same.
    start, back = results["readiness"].evidence, results["recovery"].evidence
    assert start["refused_after_ready"] == 0 and start["token_s"] > 0, found["readiness"]
    assert back["lost_by_kind"] == {"server_died": back["in_flight"]}, found["recovery"]
    assert back["back_to_first_token_s"] > 0, found["recovery"]
