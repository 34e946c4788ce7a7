"""A script file or plain data in, a checked script of answers, timings and faults out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Final, Literal, TypeAlias

from pydantic import Field, field_validator, model_validator

from milo_bench.config.checked import Checked, CheckedFile, FileKind, Mistake, check_data, load_checked
from milo_bench.config.written import Written, as_error

FaultKind: TypeAlias = Literal[
    "reset_before_headers",  # TCP reset once the request is read
    "reset_after_headers",
    "reset_mid_stream",  # after `after_chunks` content chunks
    "hang_before_headers",  # the connection stays open, nothing comes
    "hang_before_first_token",  # headers come, no content does
    "hang_after_first_token",
    "status",  # `status` with `retry_after_s` and `message`
    "malformed_json",  # one chunk that is not JSON, after `after_chunks`
    "cut_stream",  # an orderly close in the middle of the chunked body
    "missing_done",  # all is there but the end mark: "[DONE]", or Ollama's line with done: true
    "missing_finish",  # the body ends properly after the content: no finish reason, no end mark
    "wrong_content_type",  # 200 with a page of HTML
    "empty_answer",  # a complete stream without content
    "slow_drip",  # `drip_bytes` bytes every `drip_gap_s`
    "process_death",  # the server process exits mid-stream; in-process, every connection is reset
    "error_in_stream",  # 200, then an error object where a chunk should be
    "context_overflow",  # 400, in the words of the API
    "silent_truncation",  # the prompt is cut to `context_window` tokens and nobody is told
    "ignore_response_format",  # the answer is free text though JSON was asked for
]


class ToolCallScript(Checked):
    """A call that the fake model makes; ``arguments`` is sent as written, in two pieces."""

    name: str
    arguments: str = "{}"
    id: str = "call_1"


class UsageScript(Checked):
    """Token counts as the server shall state them; what is None is counted, or left out."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


class ScriptReply(Checked):
    """What is answered, and when.

    Content chunk ``i`` is written ``first_token_s + i * gap_s`` after the request was read, on
    an absolute schedule: a late write never moves the ones after it. ``gaps_s``, where given,
    replaces ``gap_s`` for the first chunks. Each chunk carries ``tokens_per_chunk`` tokens; a
    token is a word with the space before it. ``texts`` are given in turn, one a request;
    ``echo`` answers with the last user message. Where JSON is asked for by schema, the answer is
    ``constrained_text``, else the text if it fits the schema, else the smallest value that does.
    """

    text: str = "ok"
    texts: tuple[str, ...] = ()
    echo: bool = False
    constrained_text: str | None = None
    reasoning: str = ""
    tool_calls: tuple[ToolCallScript, ...] = ()
    finish_reason: str | None = None  # None: "stop", "length" or "tool_calls", as it happened
    usage: Literal["auto", "none"] | UsageScript = "auto"
    first_token_s: float = Field(default=0.0, ge=0)
    gap_s: float = Field(default=0.0, ge=0)
    gaps_s: tuple[float, ...] = ()
    end_s: float = Field(default=0.0, ge=0)  # from the last content chunk to the end of the stream
    tokens_per_chunk: int = Field(default=1, gt=0)
    role_chunk: bool = True  # a first chunk with a role alone, sent with the headers
    keep_alive_s: float | None = Field(default=None, gt=0)  # SSE comments until the first content
    split_bytes: bool = False  # every multi-byte character is split across two TCP writes
    last_chunk: dict[str, Any] = {}  # merged into the last chunk, e.g. llama-server's "timings"


class ScriptFault(Checked):
    """What goes wrong, on the wire."""

    kind: FaultKind
    after_chunks: int = Field(default=1, ge=0)
    status: int = Field(default=500, ge=400, le=599)
    retry_after_s: float | None = None
    message: str = "scripted fault"
    drip_bytes: int = Field(default=1, gt=0)
    drip_gap_s: float = Field(default=0.05, ge=0)


class When(Checked):
    """All that is given must hold. Requests count from 1, chat requests only."""

    contains: str | None = None  # in the last user message
    system_contains: str | None = None
    model: str | None = None
    requests: tuple[int, ...] = ()
    every: int | None = Field(default=None, gt=0)
    from_request: int = 1
    to_request: int | None = None
    probability: float | None = Field(default=None, ge=0, le=1)  # seeded, by request number


class ScriptRule(Checked):
    """A reply, a fault or both, for the requests that match. The first match wins, for each."""

    when: When = When()
    reply: ScriptReply | None = None
    fault: ScriptFault | None = None

    @field_validator("fault", mode="before", json_schema_input_type=FaultKind | ScriptFault | None)
    @classmethod
    def _fault_may_be_a_name(cls, fault: Any) -> Any:
        return {"kind": fault} if isinstance(fault, str) else fault

    @model_validator(mode="after")
    def _does_something(self) -> ScriptRule:
        if self.reply is None and self.fault is None:
            raise Mistake("a rule does nothing", "give reply, fault or both.")
        return self


class ScriptHealth(Checked):
    """When ``/health`` says ready and when answers really come, in seconds after the start.

    ``ready_after_s`` below ``load_after_s`` is a server that reports ready before its model is
    loaded: until then chat requests get 503.
    """

    ready_after_s: float = Field(default=0.0, ge=0)
    load_after_s: float = Field(default=0.0, ge=0)


class Script(CheckedFile):
    """Everything a fake server does. All chance is drawn from ``seed``.

    ``accept_key`` makes every request without that bearer token a 401. ``context_window`` is in
    tokens of the fake (words); a longer prompt is refused, or cut where ``overflow`` says so.
    """

    file_name: ClassVar[str] = "fake-script.yaml"

    models: tuple[str, ...] = ("fake-1",)
    only_listed_models: bool = False
    seed: int = 0
    accept_key: str | None = Field(default=None, repr=False)
    context_window: int | None = Field(default=None, gt=0)
    overflow: Literal["error", "truncate"] = "error"
    health: ScriptHealth = ScriptHealth()
    reply: ScriptReply = ScriptReply()
    rules: tuple[ScriptRule, ...] = ()

    @field_validator("models")
    @classmethod
    def _lists_a_model(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise Mistake("needs at least one model", "add a name.")
        return value


SCRIPT_FILE: Final = FileKind(
    Script,
    start="name reply: or rules:; an empty script is {}.",
    manual="docs/how-to/fake-server.md",
    where_from="give a YAML or JSON file of scripted answers.",
)


def load_script(path: Path) -> Script:
    """Read a YAML or JSON script. Raises ConfigError naming file, line and remedy of every mistake."""
    return load_checked(path, SCRIPT_FILE)


def parse_script(data: Any, *, where: str = "script") -> Script:
    """Check plain data. Raises ConfigError naming every mistake, with a suggestion."""
    found = check_data(Written(where, "", data, {}), SCRIPT_FILE)
    if isinstance(found, list):
        raise as_error(found)
    return found
