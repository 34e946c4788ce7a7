"""The ``settings`` of a target as its API takes them: typed, explained, an unknown name refused with a suggestion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import ConfigDict, Field

from milo_bench.config.checked import Checked, mistakes_in
from milo_bench.core.errors import ConfigError

Fraction = Annotated[float, Field(ge=0, le=1)]


class _Exact(Checked):
    """Types as written: what is sent to a server is the person's own value, so "4096" is no number."""

    model_config = ConfigDict(strict=True)


class OpenAiSettings(_Exact):
    """``settings`` of an ``openai`` target."""

    extra_body: dict[str, Any] = Field(default={}, description="Fields to add to every request, e.g. `{top_p: 0.9}`.")
    omit: tuple[str, ...] = Field(
        default=(), strict=False, description="Fields to leave out for servers that refuse them, e.g. `[temperature]`."
    )
    max_tokens_field: str = Field(
        default="max_tokens",
        min_length=1,
        max_length=60,
        description="Field with the limit of the answer: `max_completion_tokens` for some hosted models.",
    )
    stream_usage: bool = Field(default=True, description="Whether to ask for token counts at the end of a stream.")


class OllamaSettings(_Exact):
    """``settings`` of an ``ollama`` target. All but the last five are options of the model in every request.

    Ollama silently cuts a prompt that does not fit, and shifts the window when an answer fills it. Requests turn both
    off unless you set them here.
    """

    num_ctx: int | None = Field(
        default=None, gt=0, description="Context window in tokens. Without it, the target's `context_window`."
    )
    num_gpu: int | None = Field(default=None, ge=-1, description="Layers on the GPU.")
    num_thread: int | None = Field(default=None, gt=0, description="Threads of the CPU.")
    num_batch: int | None = Field(default=None, gt=0, description="Tokens of a prompt in one batch.")
    num_keep: int | None = Field(default=None, ge=-1, description="First tokens that a shift of the window keeps.")
    top_k: int | None = Field(default=None, ge=0, description="Sample from this many of the most likely tokens.")
    top_p: Fraction | None = Field(default=None, description="Sample from the tokens that have this share together.")
    min_p: Fraction | None = Field(
        default=None, description="Least probability of a token, as a share of the most likely one's."
    )
    repeat_penalty: float | None = Field(default=None, gt=0, description="Penalty for tokens that repeat.")
    think: bool | Literal["low", "medium", "high"] | None = Field(
        default=None, description="Sent unchanged. The target's `thinking` sets it together with a budget."
    )
    keep_alive: int | str | None = Field(
        default=None, description="How long the model stays loaded: `5m`, seconds, or `-1` for no end."
    )
    truncate: bool | None = Field(default=None, description="Whether Ollama cuts a prompt that does not fit.")
    shift: bool | None = Field(default=None, description="Whether Ollama shifts a window that is full.")
    as_client: bool = Field(default=False, description="Send neither `truncate` nor `shift`, as most other clients do.")


class LlamaCppSettings(_Exact):
    """``settings`` of a ``llamacpp`` target, whose server the bench starts itself.

    The prompt cache is off, because a repeat would be answered sooner than the first time.
    """

    seed: int = Field(default=0, description="Seed of the server.")
    cache_prompt: bool = Field(default=False, description="Whether a slot keeps the beginning of its last prompt.")
    start_timeout_s: float = Field(
        default=300.0, gt=0, le=86_400, description="How long the server may take to start, in seconds."
    )
    servers: int = Field(default=1, gt=0, le=256, description="How many equal servers to start.")
    log: str | None = Field(default=None, description="File for the server's log.")
    extra_body: dict[str, Any] = Field(default={}, description="Fields to add to every request.")


class FakeSettings(_Exact):
    """``settings`` of a ``fake`` target."""

    process: bool = Field(default=False, description="Whether the scripted server is a process of its own.")


# Of the APIs that are built in; one that a package adds checks its own.
API_SETTINGS: Final[Mapping[str, type[Checked]]] = {
    "openai": OpenAiSettings,
    "ollama": OllamaSettings,
    "llamacpp": LlamaCppSettings,
    "fake": FakeSettings,
}

S = TypeVar("S", bound=Checked)


def typed_settings(model: type[S], name: str, settings: Mapping[str, Any]) -> S:
    """``settings`` of the target ``name``. Raises ConfigError naming every mistake."""
    found = mistakes_in(model, settings)
    if found:
        first, *rest = [ConfigError(f"Target '{name}', settings: {what}.", hint=hint) for _, what, hint in found]
        first.also = tuple(rest)
        raise first
    return model.model_validate(dict(settings))
