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
    """``settings`` of an ``openai`` target.

    ``extra_body`` has fields that are added to every request, e.g. ``{top_p: 0.9}``; ``omit`` names fields that are
    left out for servers that refuse them, e.g. ``[temperature]``. ``max_tokens_field`` is the name under which the
    server takes the limit of the answer (``max_completion_tokens`` for some hosted models). ``stream_usage`` asks for
    token counts at the end of a stream.
    """

    extra_body: dict[str, Any] = {}
    omit: Annotated[tuple[str, ...], Field(strict=False)] = ()
    max_tokens_field: Annotated[str, Field(min_length=1, max_length=60)] = "max_tokens"
    stream_usage: bool = True


class OllamaSettings(_Exact):
    """``settings`` of an ``ollama`` target; all but the last five are options of the model that go into every request.

    ``num_ctx`` falls back to the target's ``context_window``. Ollama silently cuts a prompt that does not fit, and
    shifts the window when an answer fills it; ``truncate: false`` and ``shift: false`` are sent unless set here.
    ``as_client: true`` leaves both out, as the requests of most other clients do. ``keep_alive`` is how long the model
    stays loaded (``5m``, or seconds, ``-1`` for ever). ``think`` is sent as it is; the target's ``thinking`` is the
    way to set it together with a budget.
    """

    num_ctx: int | None = Field(default=None, gt=0)
    num_gpu: int | None = Field(default=None, ge=-1)
    num_thread: int | None = Field(default=None, gt=0)
    num_batch: int | None = Field(default=None, gt=0)
    num_keep: int | None = Field(default=None, ge=-1)
    top_k: int | None = Field(default=None, ge=0)
    top_p: Fraction | None = None
    min_p: Fraction | None = None
    repeat_penalty: float | None = Field(default=None, gt=0)
    think: bool | Literal["low", "medium", "high"] | None = None
    keep_alive: int | str | None = None
    truncate: bool | None = None
    shift: bool | None = None
    as_client: bool = False


class LlamaCppSettings(_Exact):
    """``settings`` of a ``llamacpp`` target, whose server the bench starts itself.

    ``cache_prompt`` lets a slot keep the beginning of its last prompt; it is off, because a repeat would be answered
    sooner than the first time. ``servers`` above 1 starts as many equal servers. ``log`` is a file for its log.
    ``extra_body`` has fields that are added to every request.
    """

    seed: int = 0
    cache_prompt: bool = False
    start_timeout_s: float = Field(default=300.0, gt=0, le=86_400)
    servers: int = Field(default=1, gt=0, le=256)
    log: str | None = None
    extra_body: dict[str, Any] = {}


class FakeSettings(_Exact):
    """``settings`` of a ``fake`` target. ``process: true`` starts the scripted server as a process of its own."""

    process: bool = False


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
