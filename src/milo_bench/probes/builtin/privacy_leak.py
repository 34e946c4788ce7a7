"""Requests that each carry a fresh canary in; where the canaries turn up in logs out, without the text around them."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from milo_bench.core.chat import ChatRequest, Message
from milo_bench.core.records import ProbeResult
from milo_bench.probes.base import PROBES, Probe
from milo_bench.probes.canary import CanarySource, blocks_of
from milo_bench.probes.context import ProbeContext
from milo_bench.probes.log_search import Hit, LogSearch, search_logs

_MOST_CANARIES = 64  # searched block by block; the session's own blocks find the traces of all others
_FLUSH_S, _FLUSH_STEP_S = 3.0, 0.25


class PrivacyLeak(Probe):
    name = "privacy_leak"
    title = "Logs contain no prompt text"
    severity = "critical"
    order = 900
    limit_s = 300.0

    async def run(self, ctx: ProbeContext) -> ProbeResult:
        await ctx.start()
        before = len(ctx.canaries.issued)
        await self._send(ctx)
        own = ctx.canaries.issued[before:]
        logs = ctx.options.logs
        evidence: dict[str, Any] = {"canaries_sent": len(ctx.canaries.issued), "logs": list(logs)}
        if not logs:
            why = "No place to search: pass --logs FILE, FOLDER or journal:UNIT."
            return self.undecided(ctx, why, evidence)
        search = await self._search(ctx, logs, [*own, *ctx.canaries.malformed, *ctx.canaries.issued[:_MOST_CANARIES]])
        evidence |= {
            "searched": search.places[:100],
            "searched_bytes": search.searched_bytes,
            "unread": search.unread,
            "hits": [_shown(hit) for hit in search.hits],
        }
        if search.hits:
            # Of a request that was none, a server may quote the bytes in its complaint; still text in a log.
            # An address is no prompt: that an access log keeps it is what access logs are for.
            texts = [hit for hit in search.hits if not _only_of(hit, ctx.canaries, ctx.canaries.in_url)]
            usual = [hit for hit in texts if not _only_of(hit, ctx.canaries, ctx.canaries.malformed)]
            first = (usual or texts or search.hits)[0]
            evidence["hits_of_the_address"] = len(search.hits) - len(texts)
            passing = first.place == ctx.options.passing_log
            place = "the log of the server that Milo Bench started (kept with settings.log)" if passing else first.place
            whose = "Prompt text" if usual else "Text of malformed requests" if texts else "The query of an address"
            found = texts or search.hits
            files = len({hit.place for hit in found})
            finding = (
                f"{whose} is in {files} log{'s' if files > 1 else ''}, on {len(found)} "
                f"line{'s' if len(found) > 1 else ''}, e.g. {place} line {first.line} ({first.form})."
            )
            if not texts:
                finding += " No prompt text was found: an access log keeps addresses, so never put text into one."
            return self.fails(ctx, finding, evidence, "critical" if usual else "major" if texts else "minor")
        if search.unread or not search.places:
            why = f"Some places could not be searched: {'; '.join(search.unread) or 'they are empty'}."
            return self.undecided(ctx, why, evidence)
        where = "the searched log" if len(search.places) == 1 else f"the {len(search.places)} searched logs"
        finding = f"None of {len(ctx.canaries.issued)} canaries is in {where}."
        return self.passes(ctx, finding, evidence)

    async def _send(self, ctx: ProbeContext) -> None:
        """Right, failing, cut, abandoned: servers that log nothing of a good request may log a bad one whole."""
        ctx.canaries.long = True  # a cut piece of a long one is still known
        await ctx.ask("Say hello.", max_tokens=8)
        await ctx.ask("Say hello.", max_tokens=8, system=f"You are a clerk. {ctx.canaries.fresh()}")
        await ctx.ask(f"Repeat exactly: {ctx.canaries.fresh()}", max_tokens=48)
        await ctx.ask("Answer.", request=ChatRequest((), max_tokens=32, json_schema={"type": "object"}))
        canary = ctx.canaries.fresh(malformed=True)
        broken = f'{{"model": "x", "messages": [{{"role": "user", "content": "{canary}'
        await ctx.post(broken.encode())
        await ctx.post({**ctx.body("Say hello."), "max_tokens": "many"})
        await ctx.post({**ctx.body("Say hello."), "model": "milo-bench-no-such-model"})
        await ctx.fetch("GET", f"/milo-bench-no-such-page?q={ctx.canaries.fresh(in_url=True)}")
        window = ctx.target.record.context_window or 4096
        long = " ".join([ctx.canaries.fresh(), "river " * min(2 * window, 40_000)])
        await ctx.send(ChatRequest((Message("user", long),), max_tokens=1), limit_s=15.0)
        gone = asyncio.create_task(ctx.ask("Write a long story.", max_tokens=256))
        await asyncio.wait([gone], timeout=0.3)
        gone.cancel()
        await asyncio.wait([gone])

    async def _search(self, ctx: ProbeContext, logs: tuple[str, ...], canaries: list[str]) -> LogSearch:
        """Search at once, and again until servers had the time to write what they hold back."""
        end_s = time.monotonic() + (_FLUSH_S / 3 if ctx.quick else _FLUSH_S)
        while True:
            search = await search_logs(logs, canaries, since_s=ctx.began_at_s)
            if search.hits or time.monotonic() >= end_s:
                return search
            await asyncio.sleep(_FLUSH_STEP_S)


def _only_of(hit: Hit, canaries: CanarySource, some: set[str]) -> bool:
    """A line with fresh blocks of ``some`` canaries only; a line with the session's blocks alone is anybody's."""
    fresh = set(hit.blocks) - set(canaries.session)
    known = {block for canary in some for block in blocks_of(canary)}
    return bool(fresh) and fresh <= known


def _shown(hit: Hit) -> dict[str, Any]:
    return {"place": hit.place, "line": hit.line, "form": hit.form, "parts": len(hit.blocks)}


PROBES.add(PrivacyLeak.name, PrivacyLeak())
