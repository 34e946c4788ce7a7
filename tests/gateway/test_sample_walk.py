"""The shipped sample with its planted models shows the openai SDK every outcome (docs/how-to/gateway-sample.md)."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from pathlib import Path

import yaml

from benchmarks.planted.sample import SAMPLE
from benchmarks.planted.serve import PlantedServer
from milo_bench.config.settings import load_settings
from milo_bench.gateway.options import ServeOptions
from milo_bench.gateway.run import Listening, serve
from milo_bench.run.stop import StopSignal
from milo_bench.store.audit.chain import read_key
from milo_bench.store.audit.records import AuditedRequest
from milo_bench.store.audit.verify import read_audit, verify_audit
from milo_bench.store.audit.writer import head_path, key_path
from tests.gateway.running import APIS

SCRIPT = Path(__file__).parents[2] / "examples" / "gateway" / "four_outcomes.py"


async def test_the_sample_answers_cuts_queues_and_refuses_as_its_table_says(tmp_path: Path) -> None:
    claims = SAMPLE / "claims"
    models = await PlantedServer(speed=1_000).start(0)
    address = f"http://127.0.0.1:{models.sockets[0].getsockname()[1]}/v1"
    targets = yaml.safe_load((claims / "bench.yaml").read_text())["targets"]
    moved = {name: one | {"base_url": address} for name, one in targets.items()}
    (tmp_path / "bench.yaml").write_text(yaml.safe_dump({"targets": moved}))
    options = ServeOptions(
        routing=claims / "routing.yaml", audit=tmp_path / "audit", state=str(tmp_path / "state.db"), port=0,
        admin_port=0,
    )  # fmt: skip
    stop, started = StopSignal(), asyncio.get_running_loop().create_future()
    settings = load_settings(tmp_path / "bench.yaml", {}, apis=APIS)
    serving = asyncio.ensure_future(serve(options, settings, {}, stop, started.set_result, lambda _: None))
    try:
        await asyncio.wait({serving, started}, return_when=asyncio.FIRST_COMPLETED)
        listening: Listening = started.result()
        walk = await asyncio.create_subprocess_exec(
            sys.executable, SCRIPT, f"{listening.address}/v1", stdout=asyncio.subprocess.PIPE
        )
        said = (await walk.communicate())[0].decode().splitlines()
    finally:
        stop.request()
        stop.request()
        await serving
        models.close()
    assert [line.split()[0] for line in said] == ["answered", "cut", "queued", "refused"]
    answered, cut, queued, refused = said
    assert "rule packet_summary:triage.answer, by local_27b" in answered
    assert "rule handoff:preview.answer, by local_27b, without [" in cut
    assert "rule escalation." in queued and "/v1/milo/queue/q_" in queued
    assert "a file under legal hold is read by counsel" in refused
    lines = [line for line in read_audit(options.audit) if isinstance(line, AuditedRequest)]
    outcomes = Counter(line.outcome for line in lines)
    assert (outcomes["edited"], outcomes["refused"]) == (1, 1)
    assert all(not line.calls for line in lines if line.outcome == "refused"), "no model saw it"
    assert verify_audit(options.audit, read_key(key_path(options.audit)), head=head_path(options.audit)).ok
