"""Metrics at a port or in a textfile, spans at a collector: numbers and names, never text."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from milo_bench import api
from milo_bench.core.errors import PrerequisiteError, UsageError
from milo_bench.telemetry.lines import opened_events, write_stderr
from milo_bench.telemetry.prometheus import Counter, metrics_page
from milo_bench.telemetry.publishing import published
from milo_bench.telemetry.spans import open_spans
from tests.gateway.running import running_gateway

SECRET = "a word that no span may carry"


class Collector:
    """An OTLP collector that keeps what it is sent."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True, kwargs={"poll_interval": 0.05}).start()

    @property
    def env(self) -> dict[str, str]:
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.server.server_address[1]}"}

    def spans(self) -> list[tuple[Any, dict[str, Any]]]:
        found = []
        for body in self.bodies:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        found.append((span, {one.key: _value(one.value) for one in span.attributes}))
        return found


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    return [_value(one) for one in value.array_value.values] if kind == "array_value" else getattr(value, kind)


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    made = Collector()
    for name, value in made.env.items():  # the exporter reads the process's environment, as its documentation says
        monkeypatch.setenv(name, value)
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    script = {"reply": {"text": SECRET}}
    (tmp_path / "script.yaml").write_text(yaml.safe_dump(script))
    target = {"api": "fake", "model": "fake-1", "script": str(tmp_path / "script.yaml")}
    (tmp_path / "bench.yaml").write_text(yaml.safe_dump({"targets": {"small": target}}))
    return tmp_path


def options(folder: Path) -> api.RunOptions:
    return api.RunOptions(suite="demo_v1", models=("small",), limit=6, out=folder / "run.jsonl",
                          config=folder / "bench.yaml")  # fmt: skip


def test_a_run_leaves_its_counts_in_a_textfile_and_a_span_for_each_request(bench: Path, collector: Collector) -> None:
    place = bench / "milo.prom"
    said: list[str] = []
    with api.observe_run(str(place), collector.env, said.append) as listeners:
        assert "milo_run_running 0" in place.read_text()
        api.run_suite(options(bench), {}, listeners=listeners)
    page = place.read_text()
    assert 'milo_run_attempts_total{target="small",outcome="answered"} 6\n' in page
    assert "milo_run_done 6\n" in page
    assert "milo_run_complete 1\n" in page
    assert not list(bench.glob(".milo.prom*"))
    spans = collector.spans()
    [root] = [span for span, _ in spans if span.name == "milo-bench run"]
    calls = [(span, about) for span, about in spans if span.name == "chat fake-1"]
    assert len(calls) == 6
    for span, about in calls:
        assert span.parent_span_id == root.span_id
        assert root.start_time_unix_nano <= span.end_time_unix_nano <= root.end_time_unix_nano
        assert about["gen_ai.operation.name"] == "chat"
        assert about["gen_ai.request.model"] == "fake-1"
        assert about["gen_ai.usage.output_tokens"] > 0
    assert not said
    assert not any(SECRET.encode() in body for body in collector.bodies)
    assert SECRET not in page


def test_a_load_counts_each_request_and_sends_a_span_for_each_window(bench: Path, collector: Collector) -> None:
    load = api.LoadOptions(suite="demo_v1", model="small", concurrency=(2,), duration_s=0.3, warmup_s=0.0,
                           out=bench / "load.jsonl", config=bench / "bench.yaml")  # fmt: skip
    said: list[str] = []
    with api.observe_load("0", collector.env, said.append) as listeners:
        api.load_target(load, {}, listeners=listeners)
        [address] = [line.removeprefix("Metrics: ") for line in said]
        with urllib.request.urlopen(address, timeout=10) as reply:
            page = reply.read().decode()
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(address.removesuffix("metrics"), timeout=10)
    assert 'milo_load_requests_total{target="small",mode="closed",level="2",outcome="answered"}' in page
    spans = collector.spans()
    assert [span.name for span, _ in spans].count("milo-bench load") == 1
    assert any(span.name == "chat fake-1" and about["gen_ai.usage.output_tokens"] > 0 for span, about in spans)
    assert not any(SECRET.encode() in body for body in collector.bodies)


async def test_a_request_through_the_gateway_is_a_span_with_its_calls_under_the_clients_trace(
    tmp_path: Path, collector: Collector
) -> None:
    routing = {
        "targets": {"local": {"model": "fake-1"}},
        "rules": [{"id": "notes", "when": {"workload": "notes"}, "route": "local", "target": "local"}],
        "default": {"route": "refuse"},
    }
    trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    scripts = {"local": {"reply": {"text": SECRET}}}
    async with (
        running_gateway(tmp_path, routing, scripts, env=collector.env) as gateway,
        gateway.client() as client,
    ):
        for stream in (False, True):
            answer = await client.chat.completions.create(
                model="milo/notes", messages=[{"role": "user", "content": SECRET}], stream=stream,
                extra_headers={"traceparent": f"00-{trace}-{parent}-01"},
            )  # fmt: skip
            if stream:
                async for _ in answer:
                    pass
    spans = collector.spans()
    served = [(span, about) for span, about in spans if span.name == "POST /v1/chat/completions"]
    calls = [(span, about) for span, about in spans if span.name == "chat fake-1"]
    assert (len(served), len(calls)) == (2, 2)
    for (span, about), (call, inner) in zip(served, calls, strict=True):
        assert (span.trace_id.hex(), span.parent_span_id.hex()) == (trace, parent)
        assert call.parent_span_id == span.span_id
        assert span.start_time_unix_nano <= call.start_time_unix_nano <= call.end_time_unix_nano
        assert (about["milo.rule"], about["milo.outcome"]) == ("notes", "answered")
        assert inner["http.response.status_code"] == 200
        assert inner["server.address"] == "127.0.0.1"
    assert not any(SECRET.encode() in body for body in collector.bodies)


@asynccontextmanager
async def recording_upstream() -> AsyncIterator[tuple[str, list[str]]]:
    """A server that answers every chat; the ``traceparent`` of each, "" for none."""
    seen: list[str] = []
    body = b'{"model":"fake-1","choices":[{"index":0,"message":{"content":"yes"},"finish_reason":"stop"}]}'

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                fields = dict(line.split(": ", 1) for line in head.lower().split("\r\n")[1:] if ": " in line)
                await reader.readexactly(int(fields.get("content-length", 0)))
                if "/chat/completions" in head:
                    seen.append(fields.get("traceparent", ""))
                    kind, status, said = "application/json", "200 OK", body
                else:
                    kind, status, said = "text/plain", "404 Not Found", b""
                writer.write(
                    f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(said)}\r\n\r\n".encode() + said
                )
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", seen
    finally:
        server.close()


TRACED = {
    "targets": {"local": {"model": "fake-1"}},
    "rules": [{"id": "notes", "when": {"workload": "notes"}, "route": "local", "target": "local"}],
    "default": {"route": "refuse"},
}
CLIENTS = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"


@pytest.mark.parametrize(
    ("sent", "passed"),
    [
        (CLIENTS, CLIENTS),
        ("", ""),
        ("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", ""),
        ("00-XYZ", ""),
        (f"{CLIENTS}-more", ""),
        (CLIENTS.upper(), ""),
    ],
)
async def test_a_clients_trace_goes_on_to_the_model_and_nothing_that_is_not_one(
    tmp_path: Path, sent: str, passed: str
) -> None:
    async with recording_upstream() as (url, seen):
        served = running_gateway(tmp_path, TRACED, {"local": {}}, targets={"local": {"base_url": url}})
        async with served as gateway, gateway.client() as client:
            seen.clear()
            await client.chat.completions.create(
                model="milo/notes", messages=[{"role": "user", "content": "hi"}],
                extra_headers={"traceparent": sent} if sent else {},
            )  # fmt: skip
        assert seen == [passed]


async def test_a_model_is_told_the_gateways_own_span_where_spans_are_sent(tmp_path: Path, collector: Collector) -> None:
    async with recording_upstream() as (url, seen):
        served = running_gateway(
            tmp_path, TRACED, {"local": {}}, targets={"local": {"base_url": url}}, env=collector.env
        )
        async with served as gateway, gateway.client() as client:
            seen.clear()
            for header in (CLIENTS[:-2] + "01", ""):
                await client.chat.completions.create(
                    model="milo/notes", messages=[{"role": "user", "content": "hi"}],
                    extra_headers={"traceparent": header} if header else {},
                )  # fmt: skip
    calls = [span for span, _ in collector.spans() if span.name == "chat fake-1"]
    assert [f"00-{span.trace_id.hex()}-{span.span_id.hex()}-01" for span in calls] == seen
    assert seen[0].startswith(CLIENTS[:35])
    assert seen[1][3:35] != seen[0][3:35]


def test_a_run_writes_a_line_for_each_event_and_no_text(bench: Path) -> None:
    place = bench / "events.jsonl"
    for out in ("run.jsonl", "again.jsonl"):
        with api.observe_run("", {}, print, events=str(place)) as listeners:
            api.run_suite(replace(options(bench), out=bench / out), {}, listeners=listeners)
    lines = [json.loads(line) for line in place.read_text().splitlines()]
    kinds = [line["event"] for line in lines]
    assert kinds.count("run_started") == kinds.count("run_ended") == 2  # lines are added
    attempts = [line for line in lines if line["event"] == "attempt"]
    assert len(attempts) == 12
    assert attempts[0]["outcome"] == "answered"
    assert attempts[0]["completion_tokens"] > 0 and attempts[0]["took_s"] > 0
    assert lines[-1]["complete"] is True
    assert SECRET not in place.read_text()


def test_a_load_writes_a_line_for_each_window_on_standard_error(bench: Path, capsys: Any) -> None:
    load = api.LoadOptions(suite="demo_v1", model="small", concurrency=(1, 2), duration_s=0.2, warmup_s=0.0,
                           out=bench / "load.jsonl", config=bench / "bench.yaml")  # fmt: skip
    with api.observe_load("", {}, print, events="-") as listeners:
        api.load_target(load, {}, listeners=listeners)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    assert [(line["event"], line["level"]) for line in lines] == [("window", 1), ("window", 2)]
    assert all(line["answered"] == line["requests"] > 0 for line in lines)


def test_a_place_for_events_that_cannot_be_written_is_said_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteError), opened_events(str(tmp_path / "no" / "events.jsonl")):
        pass
    with opened_events("") as write:
        assert write is None


def test_without_configuration_there_are_no_spans_and_a_disabled_sdk_stays_off() -> None:
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
    assert open_spans({}, "x") == (None, "")
    assert open_spans({**env, "OTEL_SDK_DISABLED": "TRUE"}, "x") == (None, "")
    sink, said = open_spans({**env, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "x")
    assert sink is None
    assert "http/protobuf" in said


@pytest.mark.parametrize("place", ["metrics.txt", "-1", "9200x", "٩٢٠٠", "127.0.0.1:9200"])
def test_a_place_that_is_neither_a_port_nor_a_textfile_is_refused(place: str) -> None:
    with pytest.raises(UsageError, match="neither a port nor a file"), published(str, place):
        pass


@pytest.mark.parametrize("place", ["99999", "/proc/no/milo.prom"])
def test_a_place_that_cannot_be_used_is_said_before_the_run(place: str) -> None:
    with pytest.raises(PrerequisiteError), published(str, place):
        pass


def test_a_counter_beyond_a_million_keeps_every_digit() -> None:
    counter = Counter("tokens", "Tokens.", ("kind",))
    counter.add("prompt", by=12_345_678)
    counter.add("prompt", by=0.5)
    assert 'tokens{kind="prompt"} 12345678.5\n' in metrics_page([counter])


def test_a_log_on_a_full_disk_loses_lines_and_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr("sys.stderr", full)
        write_stderr("audit_failed", reason="x" * 10_000)
        monkeypatch.undo()
        with contextlib.suppress(OSError):
            full.close()
    monkeypatch.setattr("sys.stderr", full)  # closed
    write_stderr("audit_failed")
