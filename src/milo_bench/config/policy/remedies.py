"""What a remedy is and where remedies are found; the other work that a backlog may hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from msgspec import Struct

from milo_bench.core.registry import Registry


class Work(Struct, frozen=True):
    """Work that a backlog may ask for: low, base and high hours if the policy states none, and when it is done.

    ``verb`` is what is done about its title, where the title has none: "add" of "more fixtures for notes".
    """

    hours: tuple[float, float, float]
    done_when: str
    verb: str = ""


class RemedyDefinition(Work, frozen=True, kw_only=True):
    """Everything that one remedy is. Each is a file of ``decide/remedies/builtin``, and nothing else names it.

    ``title`` names it within a sentence, ``says`` what it does, ``settings`` those of its settings in a
    policy. ``changes`` takes the ground to plan on (``decide.remedies.plans.Ground``), the remedy's name and
    its settings, and gives the ``RemedyChange`` to replay, one for each way to have it. ``follows`` is of a
    remedy of the runtime, which no routing can replay: it takes what was seen of a candidate
    (``decide.facts.CandidateFacts``) and the figures, and gives the ``Remedy`` if load or probes call for it.
    ``needs_variant``: it is another variant of the workload, which the policy has to name. ``splits``: it sends
    some of the cases another way. ``elsewhere``: another target answers. ``rewrites``: it changes the answers.
    """

    title: str
    short: str = ""  # for page one, in a list of things to do first
    step: str = ""  # for page one, as what to do: "Add a warm-start check"
    says: str
    settings: str = ""
    changes: Callable[[Any, str, Any], Iterator[Any]]
    follows: Callable[[Any, Any], Any] | None = None
    needs_variant: bool = False
    splits: bool = False
    elsewhere: bool = False
    rewrites: bool = False


REMEDIES: Final[Registry[RemedyDefinition]] = Registry("fix", "milo_bench.decide.remedies.builtin")

OTHER_WORK: Final[Mapping[str, Work]] = {
    "more_fixtures": Work((4.0, 8.0, 24.0), "a new run decides the named gates", "add"),
    "better_model": Work((8.0, 16.0, 40.0), "a run of another model or prompt decides the named gates", "try"),
    "label_answers": Work((1.0, 2.0, 8.0), "people have labelled a random sample of the answers", "give"),
    "run_probes": Work((1.0, 2.0, 4.0), "the named probes have passed or failed on this target"),
}


def work_names() -> tuple[str, ...]:
    """Everything that a policy may state hours for."""
    return (*REMEDIES.names(), *OTHER_WORK)


def find_work(name: str) -> Work:
    """A remedy or other work. Raises UsageError with a suggestion for an unknown name."""
    return OTHER_WORK[name] if name in OTHER_WORK else REMEDIES.get(name)
