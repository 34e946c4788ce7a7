"""A share of live work is kept without personal data, and becomes fixtures and a run log that people can review."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml

from milo_bench import api
from milo_bench.config.settings import load_settings
from milo_bench.core.errors import ConfigError, UsageError
from milo_bench.gateway.control.sampling import TrafficSampler, streamed_text
from milo_bench.gateway.request import Question
from milo_bench.store.log.reader import read_run_log
from milo_bench.store.state.database import open_state
from milo_bench.store.state.samples import SampledWork, add_samples, erase_samples, read_samples
from milo_bench.suites.load import load_suite
from tests.gateway.running import APIS, RunningGateway, running_gateway
from tests.patience import WAIT_S

ORDERS = {
    "targets": {"local": {"model": "fake-1"}},
    "rules": [
        {"id": "orders", "when": {"workload": "orders"}, "route": "local", "target": "local", "guardrails": ["schema"]},
        {"id": "plain", "when": {"workload": "topics"}, "route": "local", "target": "local"},
    ],
    "default": {"route": "human_review"},
}
CASE = "Ms Maria Lopez (maria.lopez@example.org) asks where order MX-11111 is."
SAID = {"reply": {"text": '{"order": "MX-11111", "who": "maria.lopez@example.org"}'}}
SAMPLED = {"sample": "100 %"}


async def sampled(gateway: RunningGateway, count: int) -> tuple[SampledWork, ...]:
    engine = open_state(gateway.options.state)

    async def until() -> tuple[SampledWork, ...]:
        while len(found := read_samples(engine)) < count:  # noqa: ASYNC110  # a gateway writes it
            await asyncio.sleep(0.05)
        return found

    return await asyncio.wait_for(until(), WAIT_S)


async def test_a_sampled_request_is_kept_redacted_with_where_it_came_from(tmp_path: Path) -> None:
    served = running_gateway(tmp_path, ORDERS, {"local": SAID}, gateway=SAMPLED, suites=("demo_v1",))
    async with served as gateway, gateway.client() as client:
        body: dict[str, Any] = {"milo": {"workload": "orders", "input": {"message": CASE}, "tags": ["vip"]}}
        secret: dict[str, Any] = {"milo": {**body["milo"], "sensitive": True}}
        for one in (secret, body):
            await client.chat.completions.with_raw_response.create(model="milo", messages=[], extra_body=one)
        [found] = await sampled(gateway, 1)
        assert "MX-11111" in str(found.input)
        for text in (str(found.input), found.output):
            assert "maria.lopez" not in text
            assert "[EMAIL_1]" in text
        assert "Lopez" not in str(found.input)
        record = gateway.audit()[1]
        assert (found.request, found.rule, found.routing) == (record.request, "orders", record.table)
        assert (found.target, found.model, found.outcome) == ("local", "fake-1", record.outcome)
        assert found.redacted >= 3
        assert set(found.tags) == {"vip", "redacted"}


async def test_a_streamed_answer_is_sampled_as_it_was_said(tmp_path: Path) -> None:
    script = {"local": {"reply": {"text": "late"}}}
    async with running_gateway(tmp_path, ORDERS, script, gateway=SAMPLED, suites=("demo_v1",)) as gateway:
        async with gateway.client() as client:
            stream = await client.chat.completions.create(
                model="milo/topics", messages=[], stream=True, extra_body={"milo": {"input": {"message": CASE}}}
            )
            said = "".join([one.choices[0].delta.content or "" async for one in stream if one.choices])
        [found] = await sampled(gateway, 1)
        assert found.output == said == "late"


async def test_the_sample_becomes_a_suite_and_a_log_that_review_reads(tmp_path: Path) -> None:
    served = running_gateway(tmp_path / "gw", ORDERS, {"local": SAID}, gateway=SAMPLED, suites=("demo_v1",))
    async with served as gateway, gateway.client() as client:
        for n in (1, 2, 2):
            case = {"milo": {"workload": "orders", "input": {"message": f"Where is MX-0000{n}?"}}}
            await client.chat.completions.with_raw_response.create(model="milo", messages=[], extra_body=case)
        own: list[Any] = [{"role": "user", "content": "free words"}]
        await client.chat.completions.create(model="milo/topics", messages=own)
        await sampled(gateway, 4)
        state = gateway.options.state
    done = await asyncio.to_thread(api.export_sample, state, "demo_v1", tmp_path / "live")
    assert (done.fixtures, done.answers) == (2, 2)
    assert sum(done.left_out.values()) == 2
    suite = load_suite(str(done.suite))
    assert suite.ref.name == "demo_v1_live"
    assert {one.provenance["rule"] for one in suite.fixtures} == {"orders"}
    assert all("live" in one.tags and not one.expect for one in suite.fixtures)
    assert done.log is not None
    log = read_run_log(done.log)
    assert {one.key.target for one in log.attempts} == {"local"}
    with pytest.raises(UsageError, match="already exists"):
        api.export_sample(state, "demo_v1", tmp_path / "live")
    with pytest.raises(UsageError, match="no workload 'order'"):
        api.export_sample(state, "demo_v1", tmp_path / "other", workloads=("order",))


def work(n: int, **more: Any) -> SampledWork:
    said = {"input": {"message": f"case {n}"}, "output": "late", **more}
    return SampledWork(
        f"r_{n:016x}", float(n), "topics", "", (), said["input"], said["output"], "local", "m", "", "p", "r", "t",
        "answered", (), 0.1, 0,
    )  # fmt: skip


def test_the_newest_of_each_workload_are_kept_and_a_persons_can_be_erased(tmp_path: Path) -> None:
    engine = open_state(str(tmp_path / "state.db"))
    add_samples(engine, tuple(work(n) for n in range(1, 8)), most=5)
    assert [one.at for one in read_samples(engine)] == [3, 4, 5, 6, 7]
    assert erase_samples(engine, lambda text: "case 5" in text) == 1
    assert erase_samples(engine, lambda _: False, taken_before=5.0) == 2
    assert [one.at for one in read_samples(engine)] == [6, 7]


def question(**more: Any) -> Question:
    return Question("chat", "topics", "", {}, {"message": "x"}, frozenset(), sensitive=False, stream=False, **more)


def test_the_share_is_the_stated_one_and_texts_past_the_bound_are_counted() -> None:
    sampler = TrafficSampler(0.02, 10, lambda *_, **__: None)
    ids = [f"r_{(n * 0x9E3779B97F4A7C15) % 2**64:016x}" for n in range(20_000)]
    assert 350 < sum(sampler.wants(one, question()) for one in ids) < 450
    assert not any(TrafficSampler(0.0, 10, print).wants(one, question()) for one in ids[:100])
    sampler.take(None, question(), "x" * 70_000, "m", "")  # type: ignore[arg-type]  # not looked at
    assert sampler.left_out == 1


def test_the_text_of_a_stream_is_read_whatever_stands_between() -> None:
    pieces = [
        b'data: {"choices":[{"delta":{"content":"a"}}]}\n\ndata: {"cho', b'ices":[{"delta":{"content":"b"}}]}\n\n',
        b": ping\n\ndata: {}\n\ndata: {\n\n", b'data: {"choices":[{"text":"c"}]}\n\ndata: [DONE]\n\n',
    ]  # fmt: skip
    assert streamed_text(pieces) == "abc"


@pytest.mark.parametrize(("value", "share"), [("2 %", 0.02), ("0.5%", 0.005), (0.02, 0.02), (0, 0.0)])
def test_a_share_is_written_as_people_write_it(tmp_path: Path, value: Any, share: float) -> None:
    (tmp_path / "bench.yaml").write_text(yaml.safe_dump({"gateway": {"sample": value}}))
    assert load_settings(tmp_path / "bench.yaml", {}, apis=APIS).gateway.sample == pytest.approx(share)


@pytest.mark.parametrize("value", ["two", "200 %", 2, "x %", -0.1])
def test_a_share_that_is_none_is_refused(tmp_path: Path, value: Any) -> None:
    (tmp_path / "bench.yaml").write_text(yaml.safe_dump({"gateway": {"sample": value}}))
    with pytest.raises(ConfigError, match="sample"):
        load_settings(tmp_path / "bench.yaml", {}, apis=APIS)
