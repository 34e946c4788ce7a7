"""What a scripted policy has in its hands: the brief, the tools, and the replies to its own calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from milo_bench.operator.worlds.records import Claim, ClaimKind, Finish, FinishStatus, ToolReply, ToolResult
from milo_bench.operator.worlds.session import Session


class Desk:
    """The operator's side of a session; the truth behind the world is not reachable from here."""

    def __init__(self, session: Session, *, retries: int = 0) -> None:
        self._session = session
        self._retries = retries

    @property
    def brief(self) -> str:
        return self._session.brief

    @property
    def over(self) -> bool:
        return self._session.over

    def names(self, *, writes: bool | None = None) -> tuple[str, ...]:
        tools = self._session.tools.values()
        return tuple(tool.name for tool in tools if writes is None or tool.writes == writes)

    def schema(self, name: str) -> dict[str, Any]:
        return self._session.tools[name].schema()

    def call(self, name: str, **arguments: Any) -> ToolReply:
        """Make a call; a desk with retries makes it again, as it was, while it does not give a good result."""
        reply = self._session.call(name, arguments)
        for _ in range(self._retries):
            if isinstance(reply, ToolResult) and reply.ok:
                break
            reply = self._session.call(name, arguments)
        return reply

    def see(self, name: str, **arguments: Any) -> ToolResult:
        """``call`` for policies that go on whatever happens: anything but a result reads as an empty one."""
        reply = self.call(name, **arguments)
        if isinstance(reply, ToolResult):
            return reply
        return ToolResult("", name, reply.at_s, "", ok=False, error=reply.code, message=reply.message)

    def fact(self, name: str) -> str:
        """A value that the brief states under ``name``."""
        return self._session.stated[name].strip()

    @property
    def facts(self) -> tuple[str, ...]:
        """All values that the brief states."""
        return tuple(self._session.stated.values())

    def finish(self, status: FinishStatus, *claims: Claim) -> None:
        self._session.end(Finish(status, claims))


def claim(text: str, *evidence: ToolResult, kind: ClaimKind = "observed") -> Claim:
    return Claim(text, kind, tuple(item.id for item in evidence if item.id))


def brief_of(task: str, facts: Mapping[str, object]) -> str:
    """A brief: the order in prose, then its names and figures one a line."""
    return task.strip() + "\n\n" + "\n".join(f"{name}: {value}" for name, value in facts.items())
