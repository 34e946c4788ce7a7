"""Imported cases in, a stratified sample of them or the secrets in them out."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from milo_bench.config.written import Problem
from milo_bench.suites.importing.importer import Imported, ImportedCase

DoubtFinder: TypeAlias = Callable[[str, str], str]  # a value and the text that it belongs to; why it is in doubt, or ""
SecretFinder: TypeAlias = Callable[[str], Iterable[tuple[str, int]]]  # kind and place in the text


@dataclass(frozen=True)
class SampleOf:
    """How many cases to keep, chosen with ``seed``, with the same share of each label as there was."""

    count: int
    seed: int = 0


def take_sample(imported: Imported, sample: SampleOf) -> None:
    """Keep ``sample.count`` of the cases in their order; of a label with a case at least one, if they are enough."""
    cases = imported.cases
    if sample.count >= len(cases):
        return
    by_label: dict[str, list[ImportedCase]] = defaultdict(list)
    for case in cases:
        by_label[f"{case.workload}\0{case.expect.get('label', '')}"].append(case)
    chance = random.Random(sample.seed)  # noqa: S311 - a sample, no secret
    shares = {name: sample.count * len(group) / len(cases) for name, group in by_label.items()}
    counts = {name: max(int(share), 1 if sample.count >= len(by_label) else 0) for name, share in shares.items()}
    while sum(counts.values()) > sample.count:
        counts[max(counts, key=lambda name: (counts[name] - shares[name], name))] -= 1
    behind = sorted(counts, key=lambda name: (counts[name] - shares[name], name))
    for name in behind[: sample.count - sum(counts.values())]:
        counts[name] += 1
    kept = {case.id for name, group in by_label.items() for case in chance.sample(group, min(counts[name], len(group)))}
    imported.cases = [case for case in cases if case.id in kept]
    imported.guesses.append(f"{len(imported.cases)} of {len(cases)} cases, by label, seed {sample.seed}")


def list_secrets(imported: Imported, find: SecretFinder) -> list[Problem]:
    """Each secret by its kind and place, never by what it says."""
    found = []
    for case in imported.cases:
        for where, text in (*_texts(case.input, "input"), *_texts(case.expect, "expect")):
            for kind, start in find(text):
                line = text.count("\n", 0, start) + 1
                said = f"{kind} in {where}, line {line}"
                hint = "import again with --redact, or change the secret."
                found.append(Problem(f"fixture '{case.id}'", said, hint, "warning", "data"))
    return found


def list_doubts(imported: Imported, doubt: DoubtFinder) -> list[str]:
    """The fields whose expected values could be read in two ways, with the first such value of each."""
    first: dict[str, tuple[str, str, str]] = {}
    counts: Counter[str] = Counter()
    for case in imported.cases:
        fields = case.expect.get("fields")
        for name, value in fields.items() if isinstance(fields, dict) else ():
            if isinstance(value, str) and (why := doubt(value, "\n".join(text for _, text in _texts(case.input, "")))):
                first.setdefault(str(name), (case.id, value, why))
                counts[str(name)] += 1
    said = "\n".join(imported.guesses)
    return [
        f"'{name}' has values in doubt ({counts[name]}): '{value[:40]}' of '{case}' {why}. "
        "Give the workload a locale in suite.yaml, such as de-DE"
        for name, (case, value, why) in first.items()
        if f"'{name}' has values in doubt" not in said
    ]


def _texts(value: Any, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, dict):
        for name, item in value.items():
            # A bare value after the name that gives it away: {"password": "…"}.
            yield from _texts(f"{name}: {item}" if isinstance(item, str) else item, f"{where}.{name}")
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _texts(item, f"{where}[{number}]")
