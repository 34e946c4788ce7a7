"""Measures, gates and counts in, short words out; the words that findings, backlog and verdict share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from milo_bench.config.policy.measures import known_measures, split_slice
from milo_bench.decide.records import GateResult, LinkedText, Ref

# Of a gate that needs over ten times the fixtures it has; the number itself is a detail then.
TOO_CLOSE = "too close to call"
OF_USE = ": "  # between a use and a gate of it, in the name by which a log knows the gate


def spell_out(key: str) -> str:
    """``field accuracy of received_date`` for ``field_accuracy[field=received_date]``."""
    if key.startswith("probe:"):
        return f"the probe {key.removeprefix('probe:')}"
    name, _, slice = key.removesuffix("]").partition("[")
    known = known_measures().get(name)
    words = known.phrase or known.title if known else name.replace("_", " ")
    where = []
    for part in split_slice(slice):
        kind, _, value = part.partition("=")
        if part.startswith("words") or kind == "tag":
            where.append(part if part.startswith("words") else value)
        elif kind == "check":
            words = f"{words.removeprefix('check ')} of the check {value}"
        elif kind == "class" and not any(map(str.isalpha, value)):
            words += f" of class {value}"  # "recall of 0" would read as a figure
        else:
            words += {"field": " of ", "class": " of ", "kind": " by ", "judge": " by "}[kind] + value
    return f"{words} where {join_words(where)}" if where else words


def readable_category(category: str) -> str:
    """``confused with effective date`` for ``confused_with:effective_date``."""
    return category.replace("_", " ").replace(":", " ")


def more_of(gate: GateResult) -> str:
    """The noun of what an undecided gate needs more of."""
    return "labelled answer" if gate.by_people else "fixture"


def spell_out_gate(name: str) -> str:
    """``pass rate`` for ``pass_rate at least``, ``pass rate (preview)`` for ``preview: pass_rate at least``."""
    key = name.rpartition(" at ")[0]
    use, between, rest = key.partition(OF_USE)
    if not between or "[" in use:  # a tag may have a colon too
        return spell_out(key)
    return f"{spell_out(rest)} ({use})"


def join_words(words: Sequence[str], last: Literal["and", "or"] = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def join_sentences(parts: Sequence[LinkedText], between: str = "; ") -> LinkedText:
    """Sentences in one, with ``between`` between them."""
    found: list[str | Ref] = []
    for number, part in enumerate(parts):
        found += [between, *part] if number else part
    return tuple(found)


def sentence_case(title: str) -> str:
    """The title with a capital letter; a name with digits in it, such as aya_32b, stays as it is."""
    return title if any(letter.isdigit() for letter in title.split(" ")[0]) else title[:1].upper() + title[1:]


def capitalise(text: LinkedText) -> LinkedText:
    """The sentence with a capital letter; a name with digits in it, such as p95, stays as it is."""
    first = text[0] if text and isinstance(text[0], str) else ""
    if not first or any(letter.isdigit() for letter in first.split(" ")[0]):
        return text
    return (first[0].upper() + first[1:], *text[1:])


def decapitalise(text: LinkedText) -> LinkedText:
    """The sentence as it follows other words; an abbreviation such as JSON stays as it is."""
    first = text[0] if text and isinstance(text[0], str) else ""
    return (first[0].lower() + first[1:], *text[1:]) if first[1:2].islower() or first[1:2] == " " else text
