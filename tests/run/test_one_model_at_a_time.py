"""A runtime that holds one model at a time: how often a run makes it load one."""

from __future__ import annotations

from pathlib import Path

import pytest

from milo_bench.core.chat import ChatRequest, Exchange
from milo_bench.core.records import Behaviour, TargetRecord, Timeouts
from milo_bench.run.execute import execute
from milo_bench.run.plan import PlanRequest
from milo_bench.run.spec import server_of
from milo_bench.store.log.reader import read_run_log
from tests.run.run_parts import TestTarget, make_fixtures, make_spec, opening

FIXTURES = 4


class Runtime:
    """One server, whose ``loads`` are the models that it loaded, in that order."""

    def __init__(self) -> None:
        self.loads: list[str] = []

    def need(self, model: str) -> None:
        if self.loads[-1:] != [model]:
            self.loads.append(model)


class Model(TestTarget):
    """A target of a runtime: whatever is asked of it needs its model."""

    def __init__(self, runtime: Runtime, name: str, endpoint: str) -> None:
        super().__init__(TargetRecord(name, "openai", f"model-{name}", endpoint=endpoint))
        self._runtime = runtime

    async def start(self) -> TargetRecord:
        self._runtime.need(self.record.model)
        return await super().start()

    async def ask(self, request: ChatRequest, *, timeouts: Timeouts, zero_s: float, intended_s: float) -> Exchange:
        self._runtime.need(self.record.model)
        return await super().ask(request, timeouts=timeouts, zero_s=zero_s, intended_s=intended_s)

    async def behaviour(self) -> Behaviour:
        self._runtime.need(self.record.model)
        return Behaviour()

    async def is_loaded(self) -> bool | None:
        return self._runtime.loads[-1] == self.record.model


@pytest.mark.parametrize(
    "endpoints",
    [
        ["http://127.0.0.1:8080"] * 3,
        ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"],
        ["http://gpu.internal", "http://gpu.internal:80", "http://GPU.internal"],
    ],
)
async def test_each_model_is_loaded_once_to_start_and_once_for_its_work(tmp_path: Path, endpoints: list[str]) -> None:
    runtime = Runtime()
    targets = {name: Model(runtime, name, at) for name, at in zip("abc", endpoints, strict=True)}
    spec = make_spec(
        PlanRequest(cache="cold"), make_fixtures(FIXTURES), [one.record for one in targets.values()], fingerprint=True
    )
    end = await execute(spec, targets=targets, open_log=opening(tmp_path / "run.jsonl", spec))
    assert end.complete
    first, second, third = "model-a", "model-b", "model-c"
    assert runtime.loads == [first, second, third, second, first], "the last to start works first: it is loaded"
    log = read_run_log(tmp_path / "run.jsonl")
    assert [one.target for one in log.warmups] == ["b", "a"] and len(log.attempts) == 3 * FIXTURES
    assert {target.cache for target in log.header.targets} == {"none found"}


async def test_targets_of_servers_of_their_own_are_looked_at_when_all_of_them_run(tmp_path: Path) -> None:
    runtimes = {name: Runtime() for name in "ab"}
    targets = {name: Model(runtimes[name], name, f"http://10.0.0.{at}:80") for at, name in enumerate("ab")}
    spec = make_spec(
        PlanRequest(cache="cold"), make_fixtures(FIXTURES), [one.record for one in targets.values()], fingerprint=True
    )
    end = await execute(spec, targets=targets, open_log=opening(tmp_path / "run.jsonl", spec))
    assert end.complete and [one.loads for one in runtimes.values()] == [["model-a"], ["model-b"]]
    log = read_run_log(tmp_path / "run.jsonl")
    assert not list(log.warmups) and {target.cache for target in log.header.targets} == {"none found"}


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("http://localhost:11434", "http://127.0.0.1:11434", True),
        ("http://localhost:11434", "http://localhost:11435", False),
        ("https://gpu.internal", "https://gpu.internal:443", True),
        ("http://gpu.internal", "http://gpu2.internal", False),
        ("", "", False),
    ],
)
def test_one_server_has_one_name_however_its_address_is_written(one: str, other: str, is_same: bool) -> None:
    names = [server_of(TargetRecord(name, "openai", "m", endpoint=at)) for name, at in (("a", one), ("b", other))]
    assert (names[0] == names[1]) is is_same
