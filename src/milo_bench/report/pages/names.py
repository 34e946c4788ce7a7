"""A decision in, the strings that its records hold and the names among them out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from milo_bench.config.policy.measures import split_slice
from milo_bench.core.text import visible
from milo_bench.decide.records import Decision

_EDGES = ".,;:!?()[]{}\"'“”‘’«»…–—"
_QUANTILE = re.compile(r"p\d\d|p999")
_DIGIT = re.compile("[0-9]")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def has_number(text: str) -> bool:
    """Whether any character of ``text`` is a digit or another numeral (``½``, ``٣``, ``Ⅷ``)."""
    if _DIGIT.search(text):
        return True
    return not text.isascii() and any(map(str.isnumeric, _NOT_ASCII.findall(text)))


class RecordedNames:
    """What may be shown as it stands: ``holds`` for whole recorded strings, ``free_of_numbers`` for sentences.

    ``plain`` is the decision as plain data. What a team named itself needs no letter: it may call a
    target "70" and a tag "2024", and then these words are names on its pages. What a server or file said does, so that
    no model called "94" lets a 94 through.
    """

    def __init__(self, decision: Decision, plain: dict[str, Any]) -> None:
        self._strings: set[str] = set()
        _add_strings(plain, self._strings)
        self._strings |= {without_command(one.result.finding) for one in decision.probes}
        found = [name for name in _names(decision) if any(map(str.isalpha, name))]
        names = {form for name in (*found, *_given(decision)) for form in (name, visible(name)) if has_number(form)}
        # In any case: a sentence may begin with a name.
        self._single = {_bare(name).casefold() for name in names if len(name.split()) == 1}
        several = sorted((name.split() for name in names if len(name.split()) > 1), key=len, reverse=True)
        # Whatever space a name has in it, a sentence may show another one.
        spaced = "|".join(r"\s+".join(map(re.escape, words)) for words in several)
        self._several = re.compile(rf"(?<!\w)(?:{spaced})(?![\w%])", re.IGNORECASE) if spaced else None

    def holds(self, text: str) -> bool:
        """Whether a record of the decision holds exactly this string."""
        return text in self._strings

    def number_in(self, text: str) -> str:
        """The first word of ``text`` that has a digit and is no recorded name; "" where there is none."""
        if not has_number(text):
            return ""
        rest = self._several.sub(" ", text) if self._several else text
        for word in rest.split():
            if has_number(word):
                bare = _bare(word)
                if bare.casefold() not in self._single and not _QUANTILE.fullmatch(bare):
                    return word
        return ""


def without_command(finding: str) -> str:
    """What a probe found, without the command that it ends with: Markdown cannot show one that can be pasted."""
    return finding.partition(" Use instead: ")[0]


def _bare(word: str) -> str:
    return word.strip(_EDGES)


def _add_strings(value: Any, found: set[str]) -> None:
    """Put every text of ``value``, keys included, into ``found``."""
    if isinstance(value, str):
        found.add(value)
    elif isinstance(value, dict):
        found.update(map(str, value))
        for inner in value.values():
            _add_strings(inner, found)
    elif isinstance(value, list | tuple):
        for inner in value:
            _add_strings(inner, found)


def _names(decision: Decision) -> Iterable[str]:
    """Names of things, as people and files gave them; never a sentence."""
    for target in decision.targets:
        yield from (target.model, target.quantisation, target.family, target.runtime, target.api)
        yield from (target.runtime_version, target.endpoint, target.model_digest, target.identity.licence)
    for log in decision.logs:
        yield from (log.path, log.run_id, log.suite.name, log.suite.version, *log.variants.values())
    for finding in decision.findings:
        yield from (finding.id, finding.workload, finding.rule, finding.candidate.variant)
        yield from (finding.candidate.text, finding.candidate.text.partition("/")[2])
        for gate in finding.gates:
            yield from (gate.id, gate.measure, gate.slice, gate.slice.rpartition("=")[2])
            for part in split_slice(gate.slice):  # words<=7500 is the name of a band, tag=x2 of a tag
                yield from (part, part.partition("=")[2] if not part.startswith("words") else "")
                yield part.replace("=", " ", 1)  # a class may be called 0, and is then named as class 0
    for text in decision.measures:
        yield from (text, text.partition("/")[2])
    for replay in decision.replays:
        yield from (replay.id, *_keywords(replay.rules))
    for figure in decision.figures.values():
        yield from (figure.id, figure.source.key)
        if figure.source.kind not in ("assumption", "economics"):
            yield figure.source.of
        if figure.source.kind == "measure":
            yield figure.source.key.partition("=")[2].removesuffix("]")
    for table in decision.confusions:
        yield from (*table.labels, table.candidate.text.partition("/")[2])
        yield from (f"class {label}" for label in table.labels)
    for share in decision.errors:
        yield from (share.check, share.category, share.candidate.text.partition("/")[2])
    for probe in decision.probes:
        yield from (probe.result.probe, probe.log)
    yield from decision.fixtures
    yield from (decision.policy.path, decision.economics.path if decision.economics else "", decision.tool_version)
    yield from decision.workload_titles.values()
    for judge in decision.judges:
        yield from (judge.name, judge.target, judge.model, judge.expires, judge.made_at)
    for permit in decision.permits:
        yield from (permit.id, permit.permit.target)
        yield from (task.task for task in permit.permit.total.tasks)
        for kind in permit.kinds:
            yield from (kind.kind, kind.title)
        for granted in permit.permit.kinds:  # a rule may name a task that was never played
            yield from (criterion.subject for result in granted.results for criterion in result.criteria)


def _given(decision: Decision) -> Iterable[str]:
    """What the team named: decision, rules, targets, workloads, titles, variants, tags, labels and fixtures."""
    yield from (target.name for target in decision.targets)
    yield decision.title
    yield from decision.workload_titles.values()
    yield from decision.fixtures
    for log in decision.logs:
        yield from (log.suite.name, log.suite.version, *log.variants.values())
    for finding in decision.findings:
        yield from (
            finding.workload,
            finding.rule,
            finding.candidate.target,
            finding.candidate.variant,
            finding.candidate.text,
        )
        for gate in finding.gates:
            yield from _tags(gate.slice)
    for figure in decision.figures.values():
        if figure.source.kind == "measure":
            yield from _tags(figure.source.key.partition("[")[2].removesuffix("]"))
    for table in decision.confusions:
        yield from table.labels


def _tags(slice: str) -> Iterable[str]:
    """``tag=2024`` and ``2024``, of a slice that may name others beside it."""
    for part in split_slice(slice):
        kind, _, name = part.partition("=")
        if kind == "tag":
            yield from (part, name, name.rpartition("=")[2])


def _keywords(rules: Iterable[dict[str, Any]]) -> Iterator[str]:
    for rule in rules:
        for key, value in rule.items():
            if key in ("name", "id", "target", "label", "labels", "keywords", "tags", "keyword_family"):
                strings: set[str] = set()
                _add_strings(value, strings)
                yield from strings
            elif isinstance(value, dict):
                yield from _keywords((value,))
