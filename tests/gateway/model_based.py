"""Random policies and requests in, where the gateway and the pure replay send each of them out, side by side."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httptools
import msgspec
import yaml

from milo_bench.config.routing.file import RoutingFile, check_routing
from milo_bench.config.routing.rule import RUNTIME_CHECKS
from milo_bench.config.settings import load_settings
from milo_bench.core.errors import MiloError
from milo_bench.core.records import Attempt, AttemptKey, Fixture, Timings
from milo_bench.decide.replay.recorded import EMPTY
from milo_bench.decide.routing.rules import AnswerFacts, RequestFacts, Routed
from milo_bench.decide.routing.walk import walk
from milo_bench.gateway.doors import Doors
from milo_bench.gateway.serving import Gateway, GatewayLimits, Serving
from milo_bench.gateway.table import RoutingTable
from milo_bench.gateway.upstream.targets import Upstream, open_upstreams
from milo_bench.gateway.wire.listener import WireLimits, WireListener
from milo_bench.grade.engine import grade_attempt, known_served
from milo_bench.guards.keywords import keyword_risk
from milo_bench.store.audit.records import AuditedRequest
from milo_bench.store.audit.writer import AuditWriter
from milo_bench.store.state.database import open_state
from milo_bench.suites.load import Suite, load_suite
from tests.gateway.running import APIS

TARGETS = {"small": False, "large": False, "hosted": True}
CHECKS = ("answer_present", "json_reading", "schema", "in_source")
LABELS = ("late", "damaged", "return", "invoice")
HOURS = (
    {"after": "18:00", "before": "08:00"}, {"days": ["sat", "sun"], "zone": "Asia/Tokyo"},
    {"after": "09:00", "before": "17:30", "days": ["mon", "tue", "wed"], "zone": "Europe/Berlin"},
)  # fmt: skip
PERSON = "maria.lopez@example.org"
# What a target's server does with a request: an answer, or how it fails.
KINDS = ("good", "prose", "other", "empty", "status 500", "status 429", "cut", "html", "no choices", *LABELS)


class ScriptedServer(asyncio.Protocol):
    """Answers as the request's own text says for the model that it names: ``[[{"small": "good"}]]``."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)
        self.body = b""

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        if not self.body:  # a look at what is served
            self.transport.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return
        data, self.body = json.loads(self.body), b""
        if "content" in data:  # a count of tokens: here, its words
            body = json.dumps({"tokens": data["content"].split()}).encode()
            self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            return
        said = " ".join(str(message["content"]) for message in data["messages"])
        plan = json.loads(said.partition("[[")[2].partition("]]")[0] or "{}") if "[[" in said else {}
        kind = plan.get(data["model"], "good")
        status, text = 200, answer_text(kind, said)
        if kind.startswith("status"):
            status = int(kind.split()[1])
        body = json.dumps(
            {"id": "x", "choices": [] if kind == "no choices" else [
                {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]}
        ).encode()  # fmt: skip
        size = len(body) + (50 if kind == "cut" else 0)
        kind_of = "text/html" if kind == "html" else "application/json"
        if kind == "html":
            body = b"<p>log in</p>" + b" " * (size - 13)
        head = f"HTTP/1.1 {status} OK\r\nContent-Type: {kind_of}\r\nContent-Length: {size}\r\n\r\n"
        self.transport.write(head.encode() + body)
        if kind == "cut":
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)


def answer_text(kind: str, said: str) -> str:
    """The text of an answer. "good" fits the contract of orders, a label that of topics."""
    match kind:
        case "good":
            return '{"order": "MX-11111"}'
        case "other":
            return '{"order": "MX-22222"}'
        case "prose":
            return "It is about an order, I think."
        case "empty":
            return ""
        case _:
            return kind


def random_policy(draw: random.Random) -> RoutingFile | None:
    """A table that the checks of routing.yaml accept, None where this draw gave none."""

    def action(*, when: bool) -> dict[str, Any]:
        route = draw.choice(["local", "local", "hosted", "mixed", "human_review", "refuse", "assist"])
        made: dict[str, Any] = {"route": route, "why": "because"}
        if route in ("local", "assist"):
            made["target"] = draw.choice(["small", "large"])
        elif route == "hosted":
            made["target"] = "hosted"
        elif route == "mixed":
            made["target"], made["verifier"] = draw.sample(["small", "large", "hosted"], 2)
            if made["target"] == "hosted":
                made["target"], made["verifier"] = made["verifier"], "hosted"
        if "target" in made:
            if route == "assist" or draw.random() < 0.2:
                made["flag"] = draw.choice(["one", "two"])
            made["guardrails"] = draw.sample(CHECKS, draw.randint(0, 3))
            if draw.random() < 0.3:
                made["redact"] = True
            if draw.random() < 0.3:
                made["limits"] = {"max_words": draw.randint(5, 40)}
            if draw.random() < 0.5:
                made["fallback"] = draw.choice(
                    [{"route": "hosted", "target": "hosted"}, {"route": "human_review"}, {"route": "refuse"}]
                )
        return made

    def condition() -> dict[str, Any]:
        when: dict[str, Any] = {"workload": draw.choice([["orders"], ["topics"], ["orders", "topics"]])}
        for name, value, chance in (
            ("words", {"over": draw.randint(5, 40)}, 0.2),
            ("tokens", {"under": draw.randint(10, 50), "target": draw.choice(list(TARGETS))}, 0.2),
            ("hours", draw.choice(HOURS), 0.2),
            ("tags", ["vip"], 0.15),
            ("keywords", draw.choice([["any"], ["litigation"], ["injury", "threat"]]), 0.2),
            ("sensitive", draw.random() < 0.5, 0.2),
            ("use", ["preview"], 0.1),
            ("target_health", {draw.choice(list(TARGETS)): ["down", "degraded"]}, 0.2),
        ):
            if draw.random() < chance:
                when[name] = value
        if draw.random() < 0.3:
            when["failed_checks"] = draw.sample((*CHECKS, "label"), draw.randint(1, 2))
        if draw.random() < 0.15:
            when |= {"workload": ["topics"], "local_label": draw.sample(LABELS, 2)}
        return when

    rules = [{"id": f"r{n}", "when": condition(), **action(when=True)} for n in range(draw.randint(1, 8))]
    for rule in rules:
        if rule["route"] == "mixed":
            rule["when"]["workload"] = ["topics"]
        if "topics" in rule["when"]["workload"] and "guardrails" in rule:  # topics has two checks that can be guards
            rule["guardrails"] = [name for name in rule["guardrails"] if name == "answer_present"]
            if rule["when"]["workload"] == ["topics"] and draw.random() < 0.5:
                rule["guardrails"].append("label")
    data = {
        "targets": {name: {"model": name, "hosted": hosted} for name, hosted in TARGETS.items()},
        "sensitive_to_hosted": draw.random() < 0.1,
        "rules": rules,
        "default": draw.choice([{"route": "human_review"}, {"route": "refuse"}]),
        "flags_file": "flags.yaml",
        "challengers": [
            {"target": draw.choice([name for name in TARGETS if name != rule["target"]]), "rule": rule["id"],
             "mode": mode, "share": 1}
            for rule in rules
            if rule["route"] in ("local", "hosted")
            for mode in draw.sample(["canary", "shadow"], 1)
            if draw.random() < 0.5
        ],
    }  # fmt: skip
    try:
        file = RoutingFile.model_validate(data)
        check_routing(file)
    except (ValueError, MiloError):
        return None
    return file


def random_requests(draw: random.Random, count: int) -> Iterator[dict[str, Any]]:
    """Bodies of requests that name their workload, and what each target does with them."""
    for _ in range(count):
        plan = {name: draw.choice(KINDS) for name in TARGETS}
        words = ["Where", "is", "my", "parcel", "MX-11111", *["please"] * draw.randint(0, 40)]
        if draw.random() < 0.3:
            words.append(PERSON)
        if draw.random() < 0.2:
            words.append(draw.choice(["lawyer", "hospital", "kill", "ombudsman"]))
        message = f"{' '.join(words)} [[{json.dumps(plan)}]]"
        milo: dict[str, Any] = {"workload": draw.choice(["orders", "topics"]), "input": {"message": message}}
        if draw.random() < 0.2:
            milo["tags"] = draw.choice([["vip"], ["sensitive"], ["vip", "sensitive"]])
        if draw.random() < 0.1:
            milo["sensitive"] = True
        if draw.random() < 0.2:
            milo["use"] = "preview"
        yield {"model": "milo", "messages": [], "milo": milo, "stream": draw.random() < 0.3, "plan": plan}


def replayed(
    file: RoutingFile,
    request: Mapping[str, Any],
    suite: Suite,
    health: Mapping[str, str],
    flags: frozenset[str],
    at: datetime,
    rolled_back: frozenset[str],
) -> Routed:
    """Where the pure functions send it, with the answers judged as a run log's are: by every check of the contract."""
    milo = request["milo"]
    message = milo["input"]["message"]
    tags = frozenset(milo.get("tags", ()))
    sensitive = bool(milo.get("sensitive")) or "sensitive" in tags
    redacts = any(rule.redact and milo["workload"] in rule.when.workload for rule in file.rules)
    unseen = redacts or (sensitive and not file.sensitive_to_hosted)  # a hosted target may not even count its tokens
    counted = [name for name, hosted in TARGETS.items() if not (hosted and unseen)]
    facts = RequestFacts(
        workload=milo["workload"], use=milo.get("use", ""), words=len(message.split()), tags=tags,
        keywords=frozenset(hit.keyword_set for hit in keyword_risk(message)),
        sensitive=sensitive, health=health, flags=flags,
        at=at, rolled_back=rolled_back, tokens=dict.fromkeys(counted, len(message.split())),
        canaries={one.rule or "": one.target for one in file.challengers if one.mode == "canary"},
    )  # fmt: skip
    steps = walk(file, facts)
    try:
        routed = next(steps)
        while True:
            answer = _recorded(routed.target, request, suite)
            guards = set(routed.action.checks) if routed.action is not None else set()
            if routed.route == "mixed" and answer.answered and not answer.failed & guards:
                second = _recorded(routed.verifier, request, suite)
                spoke = second.answered and second.label
                answer = msgspec.structs.replace(answer, verified=second.label == answer.label if spoke else None)
            routed = steps.send(answer)
    except StopIteration as end:
        final: Routed = end.value
        return final


def _recorded(target: str, request: Mapping[str, Any], suite: Suite) -> AnswerFacts:
    kind = request["plan"][target]
    if kind in ("cut", "html", "no choices") or kind.startswith("status"):
        return AnswerFacts(answered=False)
    workload = suite.workload(request["milo"]["workload"])
    expect = {"label": "late"} if workload.name == "topics" else {"fields": {"order": "MX-11111"}}
    fixture = Fixture("f", workload.name, request["milo"]["input"], expect)
    attempt = Attempt(AttemptKey("f", target), "", Timings(0, 0, 0), output=answer_text(kind, ""))
    graded = grade_attempt(workload, fixture, attempt)
    failed = {
        one.check
        for one in graded.verdicts
        if one.outcome in ("fail", "flag", "unjudged")
        and ((known := known_served(one.check)) is None or one.category in (*known, EMPTY))
    }
    label = next((one.got for one in graded.verdicts if one.check == "label"), "")
    return AnswerFacts(label=label, failed=frozenset(failed & set(RUNTIME_CHECKS)))


async def compare(folder: Path, *, policies: int, requests: int, seed: int) -> tuple[int, list[str]]:
    """How many requests took the same way, and each that did not."""
    draw = random.Random(seed)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(ScriptedServer, "127.0.0.1", 0)
    base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    targets = {
        name: {"api": "openai", "model": name, "base_url": base, "hosted": hosted} for name, hosted in TARGETS.items()
    }
    (folder / "bench.yaml").write_text(yaml.safe_dump({"targets": targets}))  # a test's own file
    settings = load_settings(folder / "bench.yaml", {}, apis=APIS)
    suite = load_suite("demo_v1")
    records: dict[str, AuditedRequest] = {}
    gateway: Gateway | None = None
    upstreams: dict[str, Upstream] = {}
    listener: WireListener | None = None
    checked, wrong = 0, []
    audit = AuditWriter(folder / "audit", b"k" * 32)
    try:
        while policies:
            file = random_policy(draw)
            if file is None:
                continue
            policies -= 1
            table = RoutingTable(file, "0" * 64, (suite,), frozenset({"orders", "topics"}))
            if not upstreams:
                upstreams = await open_upstreams(file, settings.targets, {}, 30.0)
            health = {name: draw.choice(["ready", "ready", "ready", "degraded", "down"]) for name in TARGETS}
            flags = frozenset(name for name in ("one", "two") if draw.random() < 0.6)
            serving = Serving(table, upstreams, GatewayLimits(), flags)
            serving._health = (float("inf"), health)  # held still, so that one call does not change the next one's way
            serving.forget_health = lambda: None  # type: ignore[method-assign]
            if gateway is None:
                gateway = Gateway(serving, settings, open_state(str(folder / "state.db")), audit)
                doors = Doors(gateway, {"localhost"})
                listener = WireListener(
                    doors.serve, limits=WireLimits(), check_head=doors.check_head, note_refusal=doors.note_refusal
                )
                port = await listener.listen("127.0.0.1", 0)
                gateway.metrics.count = lambda one: records.__setitem__(one.request, one)  # type: ignore[method-assign]
            gateway.serving = serving
            at = datetime(2026, 11, draw.randint(1, 30), draw.randint(0, 23), draw.randint(0, 59), tzinfo=UTC)
            gateway.now = lambda at=at: at  # type: ignore[misc]
            away = {name: frozenset(n for n in TARGETS if draw.random() < 0.1) for name in ("orders", "topics")}
            gateway.rolled_back = away
            bodies = list(random_requests(draw, requests))
            ids = await asyncio.gather(*(_ask(port, one) for one in _in_lanes(bodies, 8)))
            for body, (status, id) in zip(bodies, [pair for lane in ids for pair in lane], strict=True):
                checked += 1
                wanted = replayed(file, body, suite, health, flags, at, away[body["milo"]["workload"]])
                found = records.pop(id)
                redacts = wanted.action is not None and wanted.action.redact and found.calls and not wanted.second
                if redacts and bool(found.redacted) != (PERSON in body["milo"]["input"]["message"]):
                    wrong.append(f"{found.redacted} places redacted: {body['milo']}")
                here = (wanted.rule, wanted.route, "" if wanted.cause == "rule" else wanted.cause, wanted.target)
                there = (found.rule, found.route, found.cause, found.target)
                if found.sensitive and (found.trial == "canary" or found.copied_to):
                    seen = {call.target for call in found.calls[:1]} if found.trial else set(found.copied_to)
                    if any(TARGETS[name] for name in seen):
                        wrong.append(f"a hosted challenger saw sensitive work: {body['milo']}")
                if wanted.route == "refuse":  # the target of a refused request is of no account
                    here, there = here[:3], there[:3]
                if here != there or status not in _STATUSES[wanted.route]:
                    wrong.append(f"{here} against {there} with {status}: {body['milo']} {body['plan']}")
    finally:
        if listener is not None:
            await listener.stop(5.0)
        if gateway is not None:
            await gateway.shadows.stop()
        for one in upstreams.values():
            await one.stop()
        if gateway is not None:
            gateway.close()
        server.close()
    return checked, wrong


_STATUSES = {
    "local": (200,), "hosted": (200,), "mixed": (200,), "assist": (202,), "human_review": (202,),
    "refuse": (422, 503, 429),
}  # fmt: skip


def _in_lanes(bodies: list[dict[str, Any]], lanes: int) -> list[list[dict[str, Any]]]:
    size = -(-len(bodies) // lanes)
    return [bodies[at : at + size] for at in range(0, len(bodies), size)]


async def _ask(port: int, bodies: list[dict[str, Any]]) -> list[tuple[int, str]]:
    """Each body over one connection, one after the other: status and the request's id."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    found = []
    for body in bodies:
        data = json.dumps({name: value for name, value in body.items() if name != "plan"}).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(data)}\r\n"
        head += "Content-Type: application/json\r\n\r\n"
        writer.write(head.encode() + data)
        answer = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in answer[1:])}
        if "content-length" in headers:
            await reader.readexactly(int(headers["content-length"]))
        else:
            while (size := int(await reader.readuntil(b"\r\n"), 16)) > 0:
                await reader.readexactly(size + 2)
            await reader.readexactly(2)
        found.append((int(answer[0].split()[1]), headers["x-milo-request"]))
    writer.close()
    return found
