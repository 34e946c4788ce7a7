"""A session's visible replies in, the messages of the next request and their size in tokens out."""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from milo_bench.core.chat import Exchange, Message
from milo_bench.core.records import ToolCall
from milo_bench.operator.play.prompt import Protocol, error_text, reply_text, system_text, tool_definitions
from milo_bench.operator.play.protocol import ModelCall
from milo_bench.operator.worlds.records import ToolReply
from milo_bench.operator.worlds.task import OpenSession

# What a model wrote goes back to it up to here; beyond that it would fill its own context with one answer.
ECHO_CHARACTERS = 8192
# Evidence ids, digests and JSON are dense: two bytes a token errs on the side of ending an episode too early.
BYTES_A_TOKEN = 2
_MESSAGE_TOKENS = 8
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Answered:
    """One call and what came back for it; ``reply`` None where the bench itself refused it, with ``refusal``."""

    call: ModelCall
    reply: ToolReply | None
    refusal: str = ""

    @property
    def text(self) -> str:
        return reply_text(self.reply) if self.reply is not None else self.refusal


class Transcript:
    """The conversation as the operator may see it. A provider that forgets empties it, but for the opening."""

    def __init__(self, session: OpenSession, protocol: Protocol) -> None:
        self._protocol = protocol
        self._opening = (Message("system", system_text(session, protocol)), Message("user", session.brief))
        self._tools = msgspec.json.encode(tool_definitions(session)) if protocol == "tools" else b""
        self._later: list[Message] = []
        self._calls = 0
        self._sent_bytes = 0
        self._tokens_a_byte: float | None = None

    def messages(self) -> tuple[Message, ...]:
        """All messages; user messages in a row are one, because some chat templates refuse two."""
        merged: list[Message] = []
        for message in (*self._opening, *self._later):
            if merged and message.role == "user" and merged[-1].role == "user":
                merged[-1] = Message("user", f"{merged[-1].content}\n\n{message.content}")
            else:
                merged.append(message)
        return tuple(merged)

    def add_calls(self, exchange: Exchange, answered: list[Answered]) -> None:
        """A turn whose calls were answered."""
        if self._protocol == "fenced":
            self._later.append(Message("assistant", _echo(exchange.text)))
            self._later.append(Message("user", answered[0].text))
            return
        calls = []
        for item in answered:
            self._calls += 1
            calls.append(ToolCall(f"call_{self._calls}", _safe_name(item.call.tool), _safe_arguments(item.call)))
        self._later.append(Message("assistant", _echo(exchange.text), tool_calls=tuple(calls)))
        for call, item in zip(calls, answered, strict=True):
            self._later.append(Message("tool", item.text, tool_call_id=call.id))

    def add_error(self, exchange: Exchange, code: str, message: str) -> None:
        """A turn that could not be read as a call."""
        if exchange.text.strip():
            self._later.append(Message("assistant", _echo(exchange.text)))
        self._later.append(Message("user", error_text(code, message)))

    def add_notice(self, reply: ToolReply) -> None:
        """A provider failure: the answer that was under way is no message, so what is known of it is told."""
        self._later.append(Message("user", reply_text(reply)))

    def forget(self) -> None:
        """Drop all but the opening."""
        self._later.clear()

    # ------------------------------------------------------------ size

    def sent(self) -> None:
        self._sent_bytes = self._bytes()

    def counted(self, prompt_tokens: int | None) -> None:
        """The server's own count of the request that was last sent."""
        if prompt_tokens:
            self._tokens_a_byte = prompt_tokens / max(1, self._sent_bytes)

    def tokens(self) -> int | None:
        """The next request's size: the server's count for what it has seen, and a cautious guess for the rest.

        None before the server has counted anything: then it is the server's to say what does not fit.
        """
        if self._tokens_a_byte is None:
            return None
        size = self._bytes()
        known = min(size, self._sent_bytes)
        new_messages = _MESSAGE_TOKENS if size > known else 0
        return round(known * self._tokens_a_byte) + (size - known) // BYTES_A_TOKEN + new_messages

    def _bytes(self) -> int:
        return len(self._tools) + sum(_size(message) for message in (*self._opening, *self._later))


def _size(message: Message) -> int:
    calls = sum(len(call.name) + len(call.arguments.encode("utf-8", "replace")) for call in message.tool_calls)
    return len(message.content.encode("utf-8", "replace")) + calls


def _echo(text: str) -> str:
    if len(text) <= ECHO_CHARACTERS:
        return text
    return f"{text[:ECHO_CHARACTERS]}… (cut, {len(text):,} characters)"


def _safe_name(name: str) -> str:
    """Servers refuse a conversation that names a tool in other characters; the reply says what was wrong."""
    return name if _NAME.fullmatch(name) else "unreadable_name"


def _safe_arguments(call: ModelCall) -> str:
    """Chat templates parse what stands here and fail on what is no object; the reply says what was wrong."""
    if len(call.arguments) > ECHO_CHARACTERS:
        return "{}"
    try:
        data = msgspec.json.decode(call.arguments)
    except (msgspec.MsgspecError, UnicodeError, ValueError, RecursionError):
        return "{}"
    return call.arguments if isinstance(data, dict) else "{}"
