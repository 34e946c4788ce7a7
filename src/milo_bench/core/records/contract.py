"""A workload's contract in, a digest of each of its parts out; two such sets in, what differs in words out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

from milo_bench.core.hashing import sha256_data, sha256_text
from milo_bench.core.records import Fixture, Workload

Digests: TypeAlias = Mapping[str, str]

LABEL: Final = "label"  # the check that reads an answer as one of a list

# What answers are asked with.
_ASKED: Final = frozenset({"prompt", "sampling", "prepare", "chunks"})
# Of all fixtures of a suite: they change with a fixture added, which leaves the others as they were.
_FIXTURES: Final = frozenset({"inputs", "gold", "tags", "groups"})


def answer_schema(workload: Workload) -> dict[str, Any] | None:
    """What constrained decoding holds an answer of ``workload`` to; None where there is nothing to hold it to.

    Its own JSON schema, or else one of the labels that its check names: a JSON string, which that check reads.
    """
    if workload.json_schema is not None:
        return workload.json_schema
    for check in workload.checks:
        labels = check.params.get("labels")
        if check.name == LABEL and not check.params.get("field") and isinstance(labels, list) and labels:
            return {"type": "string", "enum": [str(label) for label in labels]}
    return None


def contract_digests(workload: Workload) -> dict[str, str]:
    """SHA-256 of each part of ``workload``, worked out from what it holds and not from the hashes that it states.

    Parts are ``prompt``, ``schema``, ``sampling`` (temperature, stop words, most tokens), ``prepare``, ``chunks``,
    ``own checks``, ``check NAME`` for each check's settings and ``resource NAME`` for each policy text, template set or
    corpus.
    A part that the workload lacks has no digest.
    """
    found = {
        "prompt": sha256_data([workload.prompt_name, workload.prompt_source]),
        "sampling": sha256_data([workload.max_tokens, workload.temperature, list(workload.stop)]),
    }
    if workload.json_schema is not None:
        found["schema"] = sha256_data(workload.json_schema)
    if workload.prepare:
        found["prepare"] = sha256_data(workload.prepare)
    if workload.chunks is not None:
        found["chunks"] = sha256_data(workload.chunks)
    if workload.own is not None:
        found["own checks"] = sha256_text(workload.own.source)
    settings: dict[str, list[object]] = defaultdict(list)
    for check in workload.checks:
        settings[check.name].append(check.params)
    found |= {f"check {name}": sha256_data(params) for name, params in settings.items()}
    found |= {f"resource {name}": sha256_data(value) for name, value in workload.resources.items()}
    return found


def fixture_digests(fixtures: Iterable[Fixture]) -> dict[str, str]:
    """SHA-256 of ``inputs``, ``gold``, ``tags`` and ``groups`` of one workload's ``fixtures``, in any order."""
    ordered = sorted(fixtures, key=lambda fixture: fixture.id)
    return {
        "inputs": sha256_data([[fixture.id, fixture.input] for fixture in ordered]),
        "gold": sha256_data([[fixture.id, fixture.expect] for fixture in ordered]),
        "tags": sha256_data([[fixture.id, list(fixture.tags)] for fixture in ordered]),
        "groups": sha256_data([[fixture.id, fixture.group] for fixture in ordered]),
    }


def contract_changes(workload: str, before: Digests, now: Digests) -> tuple[str, ...]:
    """What differs between two contracts of ``workload``, a phrase each: ``check date_format of extraction changed``.

    Parts that only one of the two sides can tell, because the other is of a version without digests, are left out.
    """
    found = []
    both_tell = _FIXTURES & before.keys() & now.keys()
    for part in dict.fromkeys((*before, *now)):
        if part in _FIXTURES and part not in both_tell:
            continue
        if before.get(part) != now.get(part):
            how = "added" if part not in before else "removed" if part not in now else "changed"
            found.append(f"{part} of {workload} {how}")
    return tuple(found)


def judged_otherwise(before: Digests, now: Digests) -> bool:
    """Whether a part differs that every answer is judged by: a check, a schema, a resource, the suite's own Python."""
    return any(before.get(part) != now.get(part) for part in {*before, *now} - _ASKED - _FIXTURES)


def fixture_changes(before: Fixture, now: Fixture) -> tuple[str, ...]:
    """Which of ``input``, ``gold`` and ``tags`` differ, as far as both logs keep the texts."""
    found = []
    kept = bool(before.input) and bool(now.input)
    if before.hash != now.hash and not kept:
        found.append("input or gold")
    if kept and before.input != now.input:
        found.append("input")
    if kept and before.expect != now.expect:
        found.append("gold")
    if before.tags != now.tags:
        found.append("tags")
    return tuple(found)
