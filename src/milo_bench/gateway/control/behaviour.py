"""Served targets in, whether each answers fixed prompts as when it was measured out; where not, its routes close."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from milo_bench.core.records import Behaviour
from milo_bench.core.text import one_line
from milo_bench.core.units import p_value
from milo_bench.gateway.upstream.targets import Upstream
from milo_bench.stats.model_equality import LEVEL, EqualityTest, compare_behaviour
from milo_bench.store.audit.records import AuditedFingerprint
from milo_bench.store.state import StateError, kind_of
from milo_bench.store.state.behaviours import keep_behaviour, kept_behaviour

if TYPE_CHECKING:
    from milo_bench.gateway.serving import Gateway, Serving

_LOOK_S: Final = 0.5
_QUIET_S: Final = 60.0  # how long a moment without requests is waited for
_CONFIRMING: Final = 2  # times that the prompts are asked again before a route is closed


@dataclass
class _Known:
    """What is known of one target: when it was asked last, against what, and how often a difference was confirmed."""

    asked_s: float
    reference: Behaviour | None
    confirmations: int = 0
    task: asyncio.Task[None] | None = None


class BehaviourWatch:
    """Asks each target at the start, every ``interval_s`` seconds (0: never), and once it is back after it was lost.

    A difference closes a route only if new answers confirm it, at a level that shrinks with every confirmation: the
    chance that an unchanged target is ever closed is at most 1%, however long the gateway runs.
    """

    def __init__(self, gateway: Gateway, interval_s: float) -> None:
        self._gateway, self._interval_s = gateway, interval_s
        self._known: dict[str, _Known] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._interval_s > 0:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        tasks = [self._task, *(known.task for known in self._known.values())]
        left = [task for task in tasks if task is not None]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def accept(self, target: str) -> None:
        """A person has closed the incident: the route opens, and the target is asked again at once.

        Where a decision says how it answered when it was measured, only the measured answers keep it open.
        """
        upstream = self._gateway.serving.upstreams.get(target)
        if upstream is not None:
            upstream.health.behaviour_reason = ""
        known = self._known.pop(target, None)
        if known is not None and known.task is not None:
            known.task.cancel()  # it compares with what was just forgotten

    async def _run(self) -> None:
        while True:
            serving = self._gateway.serving
            for name, one in serving.upstreams.items():
                if serving.table.file.validity.void_when != "never" and self._is_due(serving, one):
                    known = self._known[name]
                    known.task = asyncio.get_running_loop().create_task(self._look(serving, one, known))
            await asyncio.sleep(_LOOK_S)

    def _is_due(self, serving: Serving, one: Upstream) -> bool:
        health, now_s = one.health, time.monotonic()
        if health.token_s is None or health.open_reason or now_s < health.cool_until_s:
            return False  # it does not answer: it is asked once it does
        reference = serving.table.behaviours.get(one.name)
        known = self._known.get(one.name)
        if known is None:
            self._known[one.name] = _Known(now_s, reference)
            return True
        if known.task is not None and not known.task.done():
            return False
        back = health.came_back and now_s - known.asked_s > health.interval_s / 2
        renewed = known.reference is not reference and known.reference != reference
        due = back or renewed or now_s - known.asked_s > self._interval_s
        if due:
            known.asked_s, known.reference = now_s, reference
        return due

    async def _look(self, serving: Serving, one: Upstream, known: _Known) -> None:
        one.health.came_back = False
        waited_s = 0.0
        while serving.gate(one.name).inside and waited_s < _QUIET_S:  # batches change the answers of some servers
            await asyncio.sleep(_LOOK_S)
            waited_s += _LOOK_S
        try:
            await self._compare(serving, one, known)
        except StateError as error:
            self._gateway.say("fingerprint_failed", target=one.name, reason=kind_of(error))
        except Exception as error:
            self._gateway.report_fault(f"fingerprint/{one.name}", error)

    async def _compare(self, serving: Serving, one: Upstream, known: _Known) -> None:
        gateway = self._gateway
        now = await one.behaviour()
        model = _model_of(serving, one.name)
        before = known.reference or await self._database(kept_behaviour, gateway.engine, one.name, model)
        if not now.openings:
            self._write(one, EqualityTest("unknown", why=now.problem or "it gave no answer"))
            return
        if before is None:
            await self._database(keep_behaviour, gateway.engine, one.name, model, now, time.time())
            self._write(one, EqualityTest("unknown", prompts=len(now.openings), why="the first answers were kept"))
            return
        test = await self._judge(before, now, LEVEL)
        if test.outcome == "another":
            known.confirmations += 1
            again = joined([await one.behaviour() for _ in range(_CONFIRMING)])
            level = LEVEL * 6 / (math.pi * known.confirmations) ** 2  # the levels of all add up to LEVEL
            test = await self._judge(before, again, level) if again.openings else EqualityTest("unknown", why="it left")
        if test.outcome == "another":
            p = f" ({p_value(test.p)})" if test.p is not None else ""
            then = "when it was measured" if known.reference is not None else "when the gateway first asked them"
            reason = f"{test.differing} of {test.prompts} fixed prompts get another answer than {then}{p}"
            one.health.behaviour_reason = reason
        elif test.outcome == "same":
            one.health.behaviour_reason = ""
        serving.forget_health()
        gateway.serving.forget_health()
        self._write(one, test)

    async def _judge(self, before: Behaviour, now: Behaviour, level: float) -> EqualityTest:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._gateway.judges, lambda: compare_behaviour(before, now, level=level))

    def _write(self, one: Upstream, test: EqualityTest) -> None:
        gateway, record = self._gateway, one.record
        closed = bool(one.health.behaviour_reason)
        gateway.say("fingerprint", target=one.name, outcome=test.outcome, p=test.p, why=test.why, closed=closed)
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = AuditedFingerprint(
            0, at, one.name, test.outcome, test.prompts, test.differing, test.p, one_line(test.why, 200), record.model,
            record.model_digest, closed,
        )  # fmt: skip
        try:
            gateway.audit.write(lambda n: msgspec.structs.replace(line, n=n))
        except OSError as error:
            gateway.report_unrecorded(error)

    async def _database(self, operation: Any, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._gateway.database, operation, *arguments)


def joined(asked: list[Behaviour]) -> Behaviour:
    """Answers of several times as one; none where one of them has none."""
    first = asked[0]
    if any(len(one.openings) != len(first.openings) or one.version != first.version for one in asked):
        return Behaviour(problem="it stopped answering")
    openings = tuple(
        tuple(opening for one in asked for opening in one.openings[place]) for place in range(len(first.openings))
    )
    return Behaviour(first.version, openings, first.problem)


def _model_of(serving: Serving, name: str) -> str:
    target = serving.table.file.targets[name]
    return f"{target.model} {target.model_digest}"[:400]
