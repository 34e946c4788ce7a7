"""One streamed and one whole answer in; whether both keep to the API out: events, finish reason, usage, end mark."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from milo_bench.core.records import ProbeResult
from milo_bench.core.records.buffering import LEAST_CHUNKS, generated_s, is_buffered
from milo_bench.core.units import seconds
from milo_bench.probes.base import PROBES, Probe, ProbeCase, Severity
from milo_bench.probes.context import ProbeContext
from milo_bench.probes.held_back import Compared, compare, has_content
from milo_bench.targets.http.answer import decode_json, finite_numbers
from milo_bench.targets.http.events.sse import read_sse
from milo_bench.targets.http.reply import HttpReply

_QUESTION = "Count from one to twelve in words."
_TOKENS = 24


class Streaming(Probe):
    name = "streaming"
    title = "Streams follow the API: events, finish reason, usage, end mark"
    severity = "major"
    order = 130

    async def run(self, ctx: ProbeContext) -> ProbeResult:
        await ctx.start()
        body = ctx.body(_QUESTION, max_tokens=_TOKENS, stream=True)
        reply = await ctx.post({**body, "stream_options": {"include_usage": True}}, limit_s=ctx.options.ask_limit_s)
        if reply.broken is not None and reply.status != 200:
            return self.undecided(ctx, f"The streamed request was not answered: {reply.broken}.")
        if reply.status == 404:
            return self.undecided(ctx, f"The server does not have {ctx.chat_path}.")
        if reply.status != 200:
            return self.fails(ctx, f"A streamed request is refused with HTTP {reply.status}.", {"status": reply.status})
        seen = _Stream(reply)
        whole = await ctx.post(ctx.body(_QUESTION, max_tokens=_TOKENS), limit_s=ctx.options.ask_limit_s)
        cases = [*seen.cases(), _whole(whole)]
        failed = {case.name for case in cases if case.outcome == "fail"}
        severity: Severity = "minor" if failed <= {"usage", "end mark"} else "major"
        good = f"Streams follow the API: {seen.content} content events, finish reason, usage and [DONE]."
        evidence = seen.evidence()
        held = seen.buffered
        compared: Compared | None = None
        if seen.bunched and (held or seen.generated_s is None):
            # Said of somebody else's proxy, so tried: the figures of a first token would be those of a whole answer.
            compared = await compare(ctx, _QUESTION)
            held = held if compared.held is None else compared.held
            evidence |= {"compared": compared.facts} if compared.facts else {}
            if compared.held is None and not held:
                cases.append(ProbeCase("buffering", "undecided", "answers end too soon to tell whether they are held"))
        if held:
            cases.append(ProbeCase("buffering", "fail", seen.blocks(compared)))
            severity = "major"
        return self.judge(ctx, cases, good=good, evidence=evidence, severity=severity)


class _Stream:
    """What one streamed reply held."""

    def __init__(self, reply: HttpReply) -> None:
        self.content_type = reply.content_type
        self.broken = reply.broken
        self.pieces = len(reply.pieces)
        self.content = self.not_json = self.after_end = 0
        self.role_only_first = self.done = False
        self.finish: list[str] = []
        self.usage: dict[str, Any] | None = None
        self.error = False
        self.stamps_ns: list[int] = []
        self.generated_s: float | None = None
        self.started_ns = reply.started_ns
        for number, event in enumerate(read_sse(reply.pieces)):
            if event.data.strip() == b"[DONE]":
                self.done = True
                continue
            self.after_end += self.done
            try:
                data = decode_json(event.data)
            except ValueError:
                self.not_json += 1
                continue
            if isinstance(data, dict):
                before = self.content
                self._take(number, data)
                if self.content > before:
                    self.stamps_ns.append(event.at_ns)
            else:
                self.not_json += 1

    def _take(self, number: int, data: dict[str, Any]) -> None:
        self.error = self.error or "error" in data
        if isinstance(data.get("usage"), dict):
            self.usage = data["usage"]
        if "timings" in data:
            self.generated_s = generated_s(finite_numbers(data["timings"]))
        for choice in data.get("choices") or ():
            delta = choice.get("delta") or {}
            told = has_content({"choices": [choice]})
            self.content += told
            if number == 0 and "role" in delta and not told:
                self.role_only_first = True
            if choice.get("finish_reason"):
                self.finish.append(str(choice["finish_reason"]))

    def cases(self) -> list[ProbeCase]:
        kind = self.content_type
        ended = "" if self.broken is None else f", then {self.broken}"
        return [
            _case("content type", kind == "text/event-stream", f"a stream comes as '{kind}', not text/event-stream"),
            _case("events", self.not_json == 0, f"{self.not_json} events are not JSON objects"),
            _case("error", not self.error, "a stream that started with 200 contains an error object"),
            # Undecided where nothing was generated: a model may have nothing to say.
            ProbeCase(
                "content", "pass" if self.content > 1 else "fail" if self.content else "undecided", self._streamed()
            ),
            _case("finish reason", len(self.finish) == 1, f"{len(self.finish)} finish reasons in one stream{ended}"),
            _case("end mark", self.done and not self.after_end, "the stream does not end with [DONE]"),
            _case("usage", _counts(self.usage), "usage was requested (include_usage) but is not reported"),
            _case("framing", self.broken is None, f"the stream broke: {self.broken}"),
        ]

    @property
    def bunched(self) -> bool:
        """Whether most events came together with the one before, for whatever reason."""
        gaps_ns = [after - before for before, after in pairwise(self.stamps_ns)]
        return len(gaps_ns) >= LEAST_CHUNKS - 1 and 2 * gaps_ns.count(0) > len(gaps_ns)

    @property
    def buffered(self) -> bool:
        """By the measure of runs and loads."""
        waited_s = (self.stamps_ns[0] - self.started_ns) / 1e9 if self.stamps_ns else None
        gaps_s = [(after - before) / 1e9 for before, after in pairwise(self.stamps_ns)]
        return is_buffered(gaps_s, waited_s, self.generated_s)

    def blocks(self, compared: Compared | None) -> str:
        reads = len(set(self.stamps_ns))
        how = f"{self.content} content events arrived in {'one read' if reads == 1 else f'{reads} reads'}"
        if compared is None or compared.later_s is None or compared.whole:
            what = "buffers whole answers, so the time to the first token is the time of the answer"
        else:
            late_s = seconds(compared.later_s)
            what = f"collects tokens before it sends them, so the first content of a long answer is {late_s} late"
        return f"{how}: something between {what} (nginx: proxy_buffering off, HAProxy: option http-no-delay)"

    def _streamed(self) -> str:
        if self.content > 1:
            return f"{self.content} content events"
        return "The whole answer came in one event: nothing is streamed" if self.content else "no content came"

    def evidence(self) -> dict[str, Any]:
        return {
            "content_type": self.content_type,
            "content_events": self.content,
            "content_reads": len(set(self.stamps_ns)),
            "reads": self.pieces,
            "role_only_first_chunk": self.role_only_first,
            "finish_reasons": self.finish,
            "usage": self.usage,
            "done": self.done,
        }


def _counts(usage: Any) -> bool:
    return isinstance(usage, dict) and all(
        isinstance(usage.get(name), int) and usage[name] > 0 for name in ("prompt_tokens", "completion_tokens")
    )


def _whole(reply: HttpReply) -> ProbeCase:
    """The same question without a stream."""
    name = "whole answer"
    if reply.broken is not None or reply.status != 200:
        return ProbeCase(name, "fail", f"with stream false the server gives {reply.broken or f'HTTP {reply.status}'}")
    try:
        data = decode_json(reply.body())
        text = data["choices"][0]["message"]["content"]
        finish = data["choices"][0]["finish_reason"]
    except (ValueError, KeyError, IndexError, TypeError):
        return ProbeCase(name, "fail", "with stream false the answer is not a chat completion")
    if not isinstance(text, str) or not finish:
        return ProbeCase(name, "fail", "with stream false content or finish reason is missing")
    if not _counts(data.get("usage")):
        return ProbeCase("usage", "fail", "with stream false usage is not reported")
    return ProbeCase(name, "pass", "a chat completion with usage")


def _case(name: str, held: bool, wrong: str) -> ProbeCase:
    return ProbeCase(name, "pass", "as in the API") if held else ProbeCase(name, "fail", wrong[0].upper() + wrong[1:])


PROBES.add(Streaming.name, Streaming())
