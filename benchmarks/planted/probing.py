"""Planted faults of a server in, probe results of the real probes against it out, in the sample's probe log."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from benchmarks.planted.sample import PROBES, Sample
from milo_bench.api.probing import probe_target
from milo_bench.config.settings import TargetConfig
from milo_bench.probes.context import ProbeOptions

LATE_S = 7.4  # the planted lazy load: /health is ready long before the first token
_LOG = "server.log"
_STARTED = "server: model {model} opened, 4 slots, no request text is logged\n"


def probe_sample(sample: Sample, late: frozenset[str]) -> None:
    """Probe every local model of ``sample`` for readiness and for text in its log. Servers in ``late`` load lazily."""
    out = (sample.folder / PROBES).absolute()
    out.unlink(missing_ok=True)
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for one in sample.models:
                if one.hosted:
                    continue
                Path(_LOG).write_text(_STARTED.format(model=one.model), encoding="utf-8")
                health = f"health: {{ready_after_s: 0, load_after_s: {LATE_S if one.name in late else 0}}}"
                reply = 'reply: {text: "The claim is registered.", first_token_s: 0.05, gap_s: 0.005}'
                Path("script.yaml").write_text(f"models: [{one.model}]\n{health}\n{reply}\n", encoding="utf-8")
                config = TargetConfig(
                    name=one.name, api="fake", model=one.model, script="script.yaml", settings={"process": True}
                )
                options = ProbeOptions(logs=(_LOG,))
                probe_target(config, dict(os.environ), names=("readiness", "privacy_leak"), options=options, out=out)
        finally:
            os.chdir(here)
