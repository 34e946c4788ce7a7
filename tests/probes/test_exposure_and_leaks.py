"""Exposure, egress, memory growth and leaked prompts: each caught where it is there, passed where not."""

from __future__ import annotations

import base64
import gzip
import mmap
import socket
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from milo_bench.config.settings import TargetConfig
from milo_bench.core.records import ProbeResult
from milo_bench.probes.builtin.memory_growth import MemoryGrowth
from milo_bench.probes.canary import CanarySource, blocks_of
from milo_bench.probes.context import ProbeContext, ProbeOptions
from milo_bench.probes.log_search import CanarySearch, search_logs
from milo_bench.targets import open_target
from milo_bench.targets.fake.server import start_fake
from tests.probes.conftest import RunProbe
from tests.probes.servers import Asked, pages, say, serving


def local(port: int) -> str:
    return f"http://127.0.0.1:{port}/v1"


async def correct(asked: Asked) -> None:
    if not pages(asked):
        say(asked, "pong")


# ---------------------------------------------------------------- exposure


async def test_a_server_on_loopback_that_no_page_can_read_passes(run_probe: RunProbe) -> None:
    async with serving(correct) as port:
        result = await run_probe("exposure", local(port))
    assert result.outcome == "pass", result.finding


async def test_listening_beyond_loopback_without_a_key_is_critical(run_probe: RunProbe) -> None:
    async with serving(correct, host="0.0.0.0") as port:
        result = await run_probe("exposure", local(port))
    assert result.outcome == "fail" and result.severity == "critical"
    assert f":{port}" in result.finding


async def test_listening_beyond_loopback_with_a_key_passes(
    run_probe: RunProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def handler(asked: Asked) -> None:
        if asked.headers.get("authorization") != "Bearer sesame":
            asked.reply(401, {"error": {"message": "no key"}})
        elif not pages(asked):
            say(asked, "pong")

    async with serving(handler, host="0.0.0.0") as port:
        config = TargetConfig(name="t", api="openai", model="m", base_url=local(port), api_key_env="KEY")
        ctx = ProbeContext.make(config, {"KEY": "sesame"}, ProbeOptions(), lambda c: open_target(c, {"KEY": "sesame"}))
        from milo_bench.probes.session import choose_probes

        try:
            result = await choose_probes(["exposure"])[0].run(ctx)
        finally:
            await ctx.close()
    assert result.outcome == "pass", result.finding
    assert "sesame" not in repr(result)


@pytest.mark.parametrize("allowed", ["*", "https://milo-bench.invalid"])
async def test_a_server_that_web_pages_can_read_is_a_failure(run_probe: RunProbe, allowed: str) -> None:
    async def handler(asked: Asked) -> None:
        if asked.path == "/v1/models":
            asked.reply(200, {"data": []}, {"Access-Control-Allow-Origin": allowed})
        elif not pages(asked):
            say(asked, "pong")

    async with serving(handler) as port:
        result = await run_probe("exposure", local(port))
    assert result.outcome == "fail" and result.severity == "major"
    assert "web page" in result.finding


# ---------------------------------------------------------------- egress


async def test_a_server_that_talks_to_nobody_passes(run_probe: RunProbe) -> None:
    async with serving(correct) as port:
        result = await run_probe("egress", local(port))
    assert result.outcome == "pass", result.finding
    assert result.evidence["samples"] >= 1


async def test_a_connection_opened_beyond_loopback_is_a_critical_failure(run_probe: RunProbe) -> None:
    beacon = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        beacon.connect(("192.0.2.77", 9))  # a documentation address; connecting a datagram socket sends nothing
    except OSError:
        beacon.close()
        pytest.skip("this machine has no route, so no socket can point beyond loopback")

    async with serving(correct) as port:
        try:
            result = await run_probe("egress", local(port))
        finally:
            beacon.close()
    assert result.outcome == "fail" and result.severity == "critical"
    assert "192.0.2.77 port 9 (udp" in result.finding


# ---------------------------------------------------------------- memory


def judged(samples: list[int]) -> ProbeResult:
    config = TargetConfig(name="t", api="openai", model="m", base_url="http://127.0.0.1:1/v1")
    ctx = ProbeContext.make(config, {}, ProbeOptions(), lambda c: open_target(c, {}))
    return MemoryGrowth()._judged(ctx, samples, 0)


def test_steady_growth_is_a_leak_with_its_slope() -> None:
    result = judged([10**9 + 200_000 * n + (n % 3) * 4096 for n in range(120)])
    assert result.outcome == "fail"
    low, high = result.evidence["interval"]
    assert low <= 200_000 <= high


def test_memory_that_stays_passes_and_a_warm_up_is_left_out() -> None:
    assert judged([10**9 + (n % 5) * 4096 for n in range(90)]).outcome == "pass"
    assert judged([10**9 + min(n, 30) * 2_000_000 for n in range(120)]).outcome == "pass"


def test_too_few_requests_leave_memory_undecided() -> None:
    assert judged([10**9] * 10).outcome == "undecided"


async def test_a_server_that_keeps_what_it_answered_is_caught(run_probe: RunProbe, tmp_path: Path) -> None:
    hoard: list[mmap.mmap] = []

    async def handler(asked: Asked) -> None:
        if not pages(asked):
            # Pages of their own: what earlier tests freed would take in ordinary bytes, and no memory would grow.
            kept = mmap.mmap(-1, 300_000)
            kept.write(b"x" * 300_000)
            hoard.append(kept)
            say(asked, "pong")

    async with serving(handler) as port:
        result = await run_probe("memory_growth", local(port))
    assert result.outcome == "fail", result.finding


async def test_a_server_whose_processes_are_unknown_leaves_memory_undecided(run_probe: RunProbe) -> None:
    async with serving(correct) as port:
        config = TargetConfig(name="t", api="openai", model="m", base_url=local(port))
        ctx = ProbeContext.make(config, {}, ProbeOptions(), lambda c: open_target(c, {}))
        await ctx.start()
        ctx.target.server_pids = lambda: ()  # type: ignore[method-assign]
        result = await MemoryGrowth().run(ctx)
        await ctx.close()
    assert result.outcome == "undecided"


# ---------------------------------------------------------------- privacy

CANARIES = CanarySource()
CANARIES.long = True
CANARY = CANARIES.fresh()


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("plain", CANARY.encode()),
        ("plain", b"... " + CANARY[7:27].encode() + b" (cut)"),
        ("upper case", CANARY.upper().encode()),
        ("URL-encoded", "".join(f"%{ord(c):02x}" for c in CANARY).encode()),
        ("plain", quote(f"a b/{CANARY}").encode()),
        ("base64", base64.b64encode(f"prompt: {CANARY} end".encode())),
        ("base64", base64.b64encode(f"prompt:: {CANARY} end".encode())),
        ("base64", base64.urlsafe_b64encode(f"prompt::: {CANARY} end".encode())),
        ("hex", CANARY.encode().hex().encode()),
        ("UTF-16", CANARY.encode("utf-16-le")),
    ],
    ids=[
        "plain",
        "cut",
        "upper case",
        "url",
        "url in text",
        "base64 at 0",
        "base64 at 1",
        "base64 url",
        "hex",
        "utf-16",
    ],
)
def test_a_canary_is_found_whole_cut_and_encoded(form: str, text: bytes) -> None:
    data = b"first line\nsecond " + text + b" tail\nthird\n"
    assert [(line, found) for line, found, _ in CanarySearch([CANARY]).lines(data)] == [(2, form)]


def test_any_nineteen_characters_of_a_canary_are_found() -> None:
    search = CanarySearch([CANARY])
    for start in range(len(CANARY) - 18):
        assert list(search.lines(CANARY[start : start + 19].encode())), start


def test_other_canaries_of_the_session_are_found_by_its_blocks_and_other_text_is_not() -> None:
    search = CanarySearch([CANARY])
    assert list(search.lines(CANARIES.fresh().encode()))
    assert not list(search.lines((CanarySource().fresh() * 3).encode()))
    assert len(blocks_of(CANARY)) == 4


async def test_folders_and_packed_files_are_searched_and_old_ones_skipped(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.log").write_text(f"x\n{CANARY}\n")
    (tmp_path / "old.log.gz").write_bytes(gzip.compress(f"{CANARY}\n".encode()))
    search = await search_logs([str(tmp_path)], [CANARY], since_s=time.time())
    assert sorted((Path(hit.place).name, hit.line) for hit in search.hits) == [("a.log", 2), ("old.log.gz", 1)]
    later = await search_logs([str(tmp_path)], [CANARY], since_s=time.time() + 60)
    assert later.hits == []


async def test_a_unit_name_that_is_an_option_is_refused(tmp_path: Path) -> None:
    search = await search_logs(["journal:--output=x"], [CANARY], since_s=0)
    assert search.unread and "not a unit name" in search.unread[0]


@pytest.mark.parametrize(
    ("writes", "outcome", "severity"),
    [("prompts", "fail", "critical"), ("bad", "fail", "major"), ("sizes", "pass", "")],
)
async def test_prompts_in_a_log_are_found_and_their_text_is_not_repeated(
    run_probe: RunProbe, tmp_path: Path, writes: str, outcome: str, severity: str
) -> None:
    log = tmp_path / "server.log"
    log.write_text("started\n")
    written: list[str] = []

    async def handler(asked: Asked) -> None:
        if pages(asked):
            return
        with log.open("a") as file:
            try:
                prompt = asked.prompt
            except (ValueError, KeyError):
                file.write(f"cannot parse {asked.raw!r}\n" if writes != "sizes" else "cannot parse\n")
                asked.reply(400, {"error": {"message": "bad"}})
                return
            file.write(f"prompt {prompt!r}\n" if writes == "prompts" else f"{len(prompt)} characters\n")
            written.append(prompt)
        say(asked, "pong")

    async with serving(handler) as port:
        result = await run_probe("privacy_leak", local(port), ProbeOptions(quick=True, logs=(str(log),)))
    assert result.outcome == outcome, result.finding
    if outcome == "fail":
        assert result.severity == severity and f"{log} line" in result.finding
        canary = written[0].partition("Ref ")[2][:40]
        assert all(block not in repr(result) for block in blocks_of(canary))


async def test_an_access_log_keeps_addresses_and_that_is_a_minor_matter_of_its_own(
    run_probe: RunProbe, tmp_path: Path
) -> None:
    log = tmp_path / "access.log"
    log.write_text("started\n")

    async def handler(asked: Asked) -> None:
        with log.open("a") as file:
            file.write(f'127.0.0.1 "{asked.method} {asked.path} HTTP/1.1" 200\n')
        if not pages(asked):
            say(asked, "pong")

    async with serving(handler) as port:
        result = await run_probe("privacy_leak", local(port), ProbeOptions(quick=True, logs=(str(log),)))
    assert (result.outcome, result.severity) == ("fail", "minor"), result.finding
    assert "The query of an address" in result.finding and "No prompt text was found" in result.finding


async def test_without_logs_privacy_is_undecided_and_a_missing_log_too(run_probe: RunProbe, tmp_path: Path) -> None:
    async with start_fake({}) as fake:
        result = await run_probe("privacy_leak", fake.base_url)
        assert result.outcome == "undecided" and "--logs" in result.finding
        missing = ProbeOptions(quick=True, logs=(str(tmp_path / "none.log"),))
        result = await run_probe("privacy_leak", fake.base_url, missing)
        assert result.outcome == "undecided" and "none.log" in result.finding
