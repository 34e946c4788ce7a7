"""Measures, gates and counts in, short words out; the words that findings, backlog and verdict share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from milo_bench.decide.records import LinkedText, Ref, RemedyName

REMEDY_TITLES: dict[RemedyName, str] = {
    "constrained_decoding": "constrained decoding",
    "other_target": "another model or quantisation",
    "safer_prompt": "the safer prompt",
    "event_selection": "deterministic event selection",
    "extraction_first": "extraction instead of prose",
    "length_limit": "a length limit with a route for longer cases",
    "keyword_rule": "a keyword rule that the model cannot override",
    "guard_to_review": "a guard that sends failures to review",
    "citation_filter": "a citation filter",
    "mixed_routing": "a local draft with a stronger verifier",
    "human_review": "human review",
    "concurrency_cap": "a cap on concurrent requests",
    "readiness_probe": "a readiness probe",
}

# Of a gate that needs over ten times the fixtures it has; the number itself is a detail then.
TOO_CLOSE = "too close to call"


def readable(key: str) -> str:
    """``field accuracy of received_date`` for ``field_accuracy[field=received_date]``."""
    if key.startswith("probe:"):
        return f"the probe {key.removeprefix('probe:')}"
    name, _, slice = key.removesuffix("]").partition("[")
    words = _NAMES.get(name) or name.replace("_", " ")
    where = []
    for part in filter(None, slice.split(" & ")):
        kind, _, value = part.partition("=")
        if part.startswith("words") or kind == "tag":
            where.append(part if part.startswith("words") else value)
        else:
            words += {"field": " of ", "check": " of ", "class": " of ", "kind": " by "}[kind] + value
    return f"{words} where {listed(where)}" if where else words


_NAMES = {
    "latency_p50_s": "median latency",
    "latency_p95_s": "p95 latency",
    "ttft_p50_s": "median time to first token",
    "ttft_p95_s": "p95 time to first token",
    "decode_tokens_per_s": "decoding speed",
    "cost_usd_mean": "mean cost of an answer",
    "peak_memory_bytes": "peak memory",
    "json_valid_rate": "JSON validity",
    "cut_at_max_tokens_rate": "share of answers cut at max_tokens",
    "pass_rate_of_answers": "pass rate of answers",
    "prompt_tokens_mean": "mean prompt tokens",
    "output_tokens_mean": "mean output tokens",
}


def listed(words: Sequence[str], last: Literal["and", "or"] = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def joined(parts: Sequence[LinkedText], between: str = "; ") -> LinkedText:
    """Sentences in one, with ``between`` between them."""
    found: list[str | Ref] = []
    for number, part in enumerate(parts):
        found += [between, *part] if number else part
    return tuple(found)


def sentence_case(title: str) -> str:
    """The title with a capital letter."""
    return title[:1].upper() + title[1:]


def begun(text: LinkedText) -> LinkedText:
    """The sentence with a capital letter; a name with digits in it, such as p95, stays as it is."""
    first = text[0] if text and isinstance(text[0], str) else ""
    if not first or any(letter.isdigit() for letter in first.split(" ")[0]):
        return text
    return (first[0].upper() + first[1:], *text[1:])
