"""Requests with mistakes in; whether each gets a JSON error of its own, in time, and the server lives on, out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import msgspec

from milo_bench.core.records import ProbeResult
from milo_bench.core.units import seconds
from milo_bench.probes.base import PROBES, Probe, ProbeCase, Severity
from milo_bench.probes.context import ProbeContext
from milo_bench.targets.http.answer import decode_json
from milo_bench.targets.http.failures import read_error
from milo_bench.targets.http.reply import HttpReply

_LIMIT_S = 15.0
_HUGE_BYTES, _QUICK_HUGE_BYTES = 4 << 20, 1 << 20


class Errors(Probe):
    name = "errors"
    title = "Invalid requests get a JSON error in time, and the server keeps running"
    severity = "minor"
    order = 230
    limit_s = 180.0

    async def run(self, ctx: ProbeContext) -> ProbeResult:
        await ctx.start()
        if not await ctx.answers():
            return self.undecided(ctx, "The server does not answer a valid request.")
        if (await ctx.post(ctx.body("ping", max_tokens=1))).status == 404:
            return self.undecided(ctx, f"The server does not have {ctx.chat_path}.")
        cases: list[ProbeCase] = []
        evidence: dict[str, Any] = {}
        grave = False
        for name, body in _mistakes(ctx):
            began_s = time.monotonic()
            reply = await ctx.post(body, limit_s=_LIMIT_S)
            case, severe = _case(name, reply)
            took_s = round(time.monotonic() - began_s, 3)
            evidence[name] = {
                "status": reply.status,
                "broken": reply.broken,
                "type": reply.content_type,
                "took_s": took_s,
            }
            cases.append(case)
            grave |= severe
            if not await ctx.answers(_LIMIT_S):
                cases.append(ProbeCase(f"after {name}", "fail", f"After {name} the server stops responding"))
                grave = True
                break
        severity: Severity = "major" if grave else "minor"
        within = seconds(_LIMIT_S)
        good = f"All {len(cases)} invalid requests got a JSON error within {within}, and the server kept running."
        return self.judge(ctx, cases, good=good, evidence={"replies": evidence}, severity=severity)


def _mistakes(ctx: ProbeContext) -> Iterator[tuple[str, bytes]]:
    encode = msgspec.json.encode
    yield (
        "bad JSON",
        b'{"model": "x", "messages": [{"role": "user", "content": "' + ctx.canaries.fresh(malformed=True).encode(),
    )
    yield "no body", b""
    body = ctx.body("ping")
    yield "messages as text", encode({**body, "messages": "hello"})
    yield "messages missing", encode({name: value for name, value in body.items() if name != "messages"})
    yield "max_tokens as text", encode({**body, "max_tokens": "many"})
    yield "an unknown role", encode({**body, "messages": [{"role": "wizard", "content": "ping"}]})
    yield "an unknown model", encode({**body, "model": "milo-bench-no-such-model"})
    size = _QUICK_HUGE_BYTES if ctx.quick else _HUGE_BYTES
    yield "a huge body", encode(ctx.body("river " * (size // 6)))


def _case(name: str, reply: HttpReply) -> tuple[ProbeCase, bool]:
    """The case, and whether it is graver than a wrong word."""
    if reply.broken is not None and reply.status == 0:
        if name == "a huge body" and reply.broken == "reset":
            return ProbeCase(name, "fail", "A huge body gets a reset connection, not an error"), False
        hang = reply.broken in ("total_timeout", "first_token_timeout")
        said = (
            f"{name} gets no reply within {seconds(_LIMIT_S)}" if hang else f"{name} gets {reply.broken}, not an error"
        )
        return ProbeCase(name, "fail", said[0].upper() + said[1:]), True
    shown = name[0].upper() + name[1:]
    if reply.status < 400:
        wrong_model = name == "an unknown model"
        tail = "is silently answered by another model" if wrong_model else f"is accepted (HTTP {reply.status})"
        return ProbeCase(name, "fail", f"{shown} {tail}"), False
    if reply.status >= 500:
        return ProbeCase(name, "fail", f"{shown} is reported as a server error (HTTP {reply.status})"), False
    try:
        said, codes = read_error(decode_json(reply.body()))
    except ValueError:
        return ProbeCase(name, "fail", f"{shown} gets HTTP {reply.status} without a JSON error"), False
    if not said and not codes:
        return ProbeCase(name, "fail", f"{shown} gets HTTP {reply.status} without a message"), False
    return ProbeCase(name, "pass", f"HTTP {reply.status}"), False


PROBES.add(Errors.name, Errors())
