"""An operator's calls in, replies out: every call is checked, bounded and logged, and none can crash the episode."""

from __future__ import annotations

import hmac
import random
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from milo_bench.core.suggest import hint_for
from milo_bench.core.text import one_line
from milo_bench.operator.worlds.draw import Draw
from milo_bench.operator.worlds.faults import ProviderFailure
from milo_bench.operator.worlds.phrasing import phrase_brief, stated_facts
from milo_bench.operator.worlds.records import (
    FINISH,
    CallMade,
    EpisodeFinished,
    Finish,
    Form,
    LogLine,
    Notice,
    Rejected,
    Started,
    ToolReply,
    ToolResult,
)
from milo_bench.operator.worlds.task import Start, Task
from milo_bench.operator.worlds.world import Seen, Tool, ToolFailure, World

if TYPE_CHECKING:
    from milo_bench.operator.worlds.grade import Score

BENCH_VERSION = 3
VERSIONS = (1, 2, BENCH_VERSION)  # those whose episodes can be played again
CALL_LIMIT = 150
ARGUMENT_BYTES = 64 * 1024
# Tab and newline are text; the rest of the control range moves cursors, ends strings and hides words.
_ALLOWED_CONTROLS = "\t\n\r"


class _Refuse(Exception):
    def __init__(self, rejected: Rejected) -> None:
        super().__init__(rejected.message)
        self.rejected = rejected


class Session:
    """One episode: a task at a seed, its world, and everything that was said.

    ``visible`` is what an operator may see of the episode so far; a provider failure can empty it.
    """

    def __init__(
        self,
        task: Task,
        seed: int,
        form: Form = "trap",
        *,
        secret: str | None = None,
        version: int = BENCH_VERSION,
    ) -> None:
        """``secret`` makes the evidence ids; another one is drawn for each episode unless it is played again."""
        self.version = version
        self._secret = draw_secret() if secret is None else secret
        self.task = task
        self.seed = seed
        self.form: Form = form
        self.start: Start = task.start(Draw(task.name, seed), form)
        self.world = World(self.start.state, offset_s=self.start.offset_s)
        self.world.log.append(Started(task.name, seed, form, version, self._secret if version > 1 else ""))
        self.tools: dict[str, Tool] = {item.name: item for item in self.start.tools}
        self.finish: Finish | None = None
        self.visible: list[ToolReply] = []
        self.evidence: dict[str, ToolResult] = {}
        self.result_of_call: dict[int, ToolResult] = {}
        self._turns = 0
        for fault in self.start.faults:
            fault.begin(self.world)

    @property
    def brief(self) -> str:
        """The order as the operator reads it; its names stand in sentences that are drawn for this episode."""
        if self.version == 1 or not self.task.phrased:
            return self.start.brief
        return phrase_brief(self.start.brief, random.Random(self._secret))  # noqa: S311  repeatable from the log

    @property
    def stated(self) -> dict[str, str]:
        """The names and figures of the brief, for scripted policies."""
        return stated_facts(self.start.brief)

    @property
    def log(self) -> tuple[LogLine, ...]:
        return tuple(self.world.log)

    @property
    def over(self) -> bool:
        """Whether the episode takes no more calls."""
        return self.finish is not None or self._turns >= CALL_LIMIT

    def call(self, tool: str, arguments: str | bytes | Mapping[str, Any]) -> ToolReply:
        """Make one tool call; ``arguments`` is JSON text as a model wrote it, or plain data.

        Never raises for anything that a caller can send: what cannot be read comes back as a
        Rejected with a code, takes no time in the world, and is no evidence.
        """
        try:
            reply = self._call(tool, arguments)
        except _Refuse as refusal:
            reply = refusal.rejected
            self.world.log.append(reply)
        self._turns += 1
        self.visible.append(reply)
        return reply

    def breaks_provider(self, tool: str, arguments: str | bytes | Mapping[str, Any]) -> bool:
        """Whether this call, made now, would meet a failure of the provider; asking changes and logs nothing.

        For whoever stands between a model and its operator and has to break the wire in time.
        """
        if self.over or tool not in self.tools or not any(f.breaks_provider_at(tool) for f in self.start.faults):
            return False
        try:
            msgspec.convert(self._data(arguments), self.tools[tool].arguments)
        except (_Refuse, msgspec.ValidationError, RecursionError):
            return False
        return True

    def end(self, finish: Finish) -> ToolReply:
        """End the episode with ``finish``, through the same checks as a model's own call."""
        return self.call(FINISH, msgspec.to_builtins(finish))

    def score(self) -> Score:
        """The points of the episode as it is now."""
        from milo_bench.operator.worlds.grade import grade

        return grade(self)

    def _call(self, name: str, arguments: str | bytes | Mapping[str, Any]) -> ToolReply:
        if self.finish is not None:
            self._refuse("after_finish", "The episode has ended; nothing was done.")
        if self._turns >= CALL_LIMIT:
            self._refuse("call_limit", f"The episode ended after {CALL_LIMIT} calls; nothing was done.")
        if name != FINISH and name not in self.tools:
            shown = one_line(str(name), 60)
            self._refuse("unknown_tool", f"Unknown tool '{shown}'.", hint_for(shown, [*self.tools, FINISH]))
        data = self._data(arguments)
        if name == FINISH:
            return self._finish(data)
        chosen = self.tools[name]
        try:
            checked = msgspec.convert(data, chosen.arguments)
        except (msgspec.ValidationError, RecursionError) as error:
            self._refuse("arguments_invalid", f"{name}: {one_line(str(error), 300)}", "see the tool's schema.")
        return self._run(chosen, checked)

    def _data(self, arguments: str | bytes | Mapping[str, Any]) -> dict[str, Any]:
        try:
            raw = arguments if isinstance(arguments, str | bytes) else msgspec.json.encode(dict(arguments))
            raw = raw.encode("utf-8") if isinstance(raw, str) else raw
            if len(raw) > ARGUMENT_BYTES:
                message = f"The arguments have {len(raw):,} bytes; at most {ARGUMENT_BYTES:,} are read."
                self._refuse("arguments_too_large", message)
            data = msgspec.json.decode(raw)
            if not isinstance(data, dict):
                self._refuse("arguments_not_json", "The arguments must be one JSON object.")
            has_controls = _has_controls(data)
        except (msgspec.MsgspecError, UnicodeError, TypeError, ValueError, RecursionError, OverflowError) as error:
            self._refuse("arguments_not_json", f"The arguments are no JSON object: {one_line(str(error), 200)}")
        if has_controls:
            self._refuse("control_characters", "A text holds control characters.", "only tab and line ends are taken.")
        return data

    def _finish(self, data: dict[str, Any]) -> ToolReply:
        try:
            finish = msgspec.convert(data, Finish)
        except (msgspec.ValidationError, RecursionError) as error:
            self._refuse("arguments_invalid", f"finish: {one_line(str(error), 300)}", "see the schema of finish.")
        self.finish = finish
        self.world.log.append(EpisodeFinished(self.world.now_s, finish))
        return Notice("finished", self.world.now_s, "The episode has ended.")

    def _run(self, chosen: Tool, checked: Any) -> ToolReply:
        world = self.world
        world.calls += 1
        call = CallMade(world.calls, world.now_s, chosen.name, msgspec.to_builtins(checked))
        world.call = call
        world.log.append(call)
        world.clock.advance(chosen.cost_s)
        reply: ToolReply
        try:
            self._require_known_evidence(chosen, checked)
            for fault in self.start.faults:
                fault.before(world, call)
            seen = chosen.run(world, checked)
            for fault in self.start.faults:
                seen = fault.after(world, call, seen)
            reply = self._evidence(call, seen)
        except ToolFailure as failure:
            reply = self._evidence(call, Seen(failure.details), error=failure.code, message=failure.message)
        except ProviderFailure as failure:
            reply = Notice(failure.code, world.now_s, failure.message)
            if failure.forgets:
                self.visible.clear()
        world.log.append(reply)
        return reply

    def _evidence(self, call: CallMade, seen: Seen, *, error: str = "", message: str = "") -> ToolResult:
        now_s = self.world.now_s
        # Through JSON and back, so that no reply holds a piece of the live state.
        data: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(seen.data))
        evidence = ToolResult(
            id=self._evidence_id(call.n),
            tool=call.tool,
            at_s=now_s,
            at=self.world.stamp(now_s),
            ok=not error,
            data=data,
            error=error,
            message=message,
            subjects=seen.subjects,
            as_of_s=seen.as_of_s,
        )
        self.evidence[evidence.id] = evidence
        self.result_of_call[call.n] = evidence
        return evidence

    def _evidence_id(self, number: int) -> str:
        """An id that nobody can name before it exists; of version 1, the number of the call."""
        if self.version == 1:
            return f"ev-{number:04d}"
        drawn = hmac.digest(self._secret.encode(), str(number).encode(), "sha256").hex()
        return f"ev-{drawn[:10]}"

    def _require_known_evidence(self, chosen: Tool, checked: Any) -> None:
        """What is written down can only rest on results that were there by then."""
        cited = getattr(checked, "evidence", None) if chosen.writes and self.version > 1 else None
        unknown = [key for key in cited if key not in self.evidence] if isinstance(cited, list | tuple) else []
        if unknown:
            message = f"{len(unknown)} of the evidence ids are not those of earlier results; nothing was changed."
            raise ToolFailure("unknown_evidence", message)

    def _refuse(self, code: Any, message: str, hint: str = "") -> NoReturn:
        raise _Refuse(Rejected(code, self.world.now_s, message, hint))


def draw_secret() -> str:
    """What the evidence ids of one episode are made from."""
    return secrets.token_hex(16)


def _has_controls(data: Any) -> bool:
    if isinstance(data, str):
        return any((ord(c) < 32 and c not in _ALLOWED_CONTROLS) or 127 <= ord(c) < 160 for c in data)
    if isinstance(data, dict):
        return any(_has_controls(key) or _has_controls(value) for key, value in data.items())
    if isinstance(data, list):
        return any(_has_controls(item) for item in data)
    return False
