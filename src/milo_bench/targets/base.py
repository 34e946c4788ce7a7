"""What a target must do, whichever API it speaks: take a chat request, give back an exchange."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, TypeAlias, runtime_checkable

from milo_bench.config.settings import TargetConfig
from milo_bench.core.chat import ChatRequest, Exchange
from milo_bench.core.records import Behaviour, TargetRecord, Timeouts
from milo_bench.core.registry import Registry


class Target(Protocol):
    """A model as served. Used as ``start``, any number of ``ask`` at once, ``stop``."""

    @property
    def record(self) -> TargetRecord:
        """What is known so far; complete after ``start``."""
        ...

    async def start(self) -> TargetRecord:
        """Connect or launch, wait until one token was really generated, and say what is served.

        Raises TargetError with a hint where that is not possible.
        """
        ...

    async def ask(
        self,
        request: ChatRequest,
        *,
        timeouts: Timeouts,
        zero_s: float,
        intended_s: float,
        on_end: OnEnd | None = None,
    ) -> Exchange:
        """Send ``request`` and wait for the whole answer. Never raises for a broken server.

        ``zero_s`` is the run's zero on the monotonic clock; ``intended_s`` and every time in the
        exchange count from it. Cancelling the task closes the connection. ``on_end`` is called, at
        most once, when the last byte of an answer is in and before we read it; not for one that broke. It gets
        the bytes of memory that the answer takes unread, and may give back what reading is to wait for.
        """
        ...

    async def models(self) -> tuple[str, ...]:
        """Names of the models that the server lists."""
        ...

    def server_pids(self) -> tuple[int, ...]:
        """Process ids of a server that runs on this machine, where they are known."""
        ...

    async def stop(self) -> None:
        """Close connections; end the server if ``start`` launched it."""
        ...


@runtime_checkable
class Fingerprinted(Protocol):
    """A target whose behaviour can be asked for: a scripted one has none."""

    async def behaviour(self) -> Behaviour:
        """The first tokens of its answers to the prompts of ``targets.fingerprint``. Never raises for a server."""
        ...


@runtime_checkable
class Loading(Protocol):
    """A target whose runtime may hold other models in its place."""

    async def is_loaded(self) -> bool | None:
        """Whether its model is in memory now; None where the runtime does not say. Never raises for a server."""
        ...


@runtime_checkable
class SendsCold(Protocol):
    """A target that can keep its server from answering out of its cache of prompts, where the server lets it."""

    def send_cold(self) -> None:
        """From now on no prompt, nor the beginning of one, is answered from what was sent before."""
        ...


@runtime_checkable
class Embeds(Protocol):
    """A target whose server gives embeddings of texts."""

    async def describe_embeddings(self) -> TargetRecord:
        """What is served, without a request for a token: such a server may speak to nobody. Raises TargetError."""
        ...

    async def embed(self, texts: Sequence[str]) -> tuple[tuple[float, ...], ...]:
        """One vector for each text, in their order. Raises TargetError where the server gives none."""
        ...


@runtime_checkable
class Shared(Protocol):
    """A target whose server may work for others too, and says for how many."""

    async def requests_at_work(self) -> int | None:
        """Requests that its server runs or keeps waiting now, whoever sent them; None where it does not say."""
        ...


OnEnd: TypeAlias = Callable[[int], Awaitable[object] | None]
TargetFactory: TypeAlias = Callable[[TargetConfig, Mapping[str, str]], Target]

TARGET_APIS: Registry[TargetFactory] = Registry(
    "target api", "milo_bench.targets.apis", installed="milo_bench.targets", needs=("__call__",)
)
