"""What answered, beyond its name: what could be proven of the weights and how they are served, and how it behaves."""

from __future__ import annotations

from milo_bench.core.records.frozen import Frozen


class Adapter(Frozen, frozen=True):
    """A LoRA adapter that is loaded beside the weights. ``digest`` is "sha256:…" of its file, "" where unknown."""

    name: str
    digest: str = ""
    scale: float = 1.0


class Identity(Frozen, frozen=True):
    """How the weights are served, as far as it could be proven.

    Digests are "sha256:…". ``adapters`` is None where the runtime does not say which are loaded; ``flags`` are the
    server's arguments that change answers or speed, by their long names. ``unknown`` maps a part (weights, adapters,
    chat template, cache, flags, parameters, licence) to the reason why it is not known: a change there goes unnoticed.
    """

    weights_from: str = ""  # how the digest of the weights is known
    adapters: tuple[Adapter, ...] | None = None
    chat_template: str = ""
    cache: str = ""  # types of the key-value cache: "k=f16, v=f16"
    flags: dict[str, str] = {}
    parameters: str = ""  # digest of the defaults that the runtime adds to every request
    licence: str = ""  # of the weights, as their metadata says
    licence_from: str = ""
    unknown: dict[str, str] = {}


class Opening(Frozen, frozen=True):
    """The first tokens of one answer at temperature 0. ``logprobs`` are natural logarithms, empty where not given."""

    tokens: tuple[str, ...]
    logprobs: tuple[float, ...] = ()


class Behaviour(Frozen, frozen=True):
    """The openings of the answers to the fixed prompts, ``openings[i]`` those of prompt i, one for each time asked.

    ``version`` is that of the prompts: only equal ones can be compared. ``problem`` says why there are none.
    """

    version: int = 0
    openings: tuple[tuple[Opening, ...], ...] = ()
    problem: str = ""
