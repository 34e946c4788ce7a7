"""Passes if the answer's label is the expected one. Records both for a confusion matrix.

``expect``: ``label`` is the correct label.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Fixture, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.json_places import show_value
from milo_bench.grade.reading.labels import LabelSaid, labels_said
from milo_bench.grade.unreadable import unread_expectation
from milo_bench.guards.languages.marks import folded
from milo_bench.guards.quotes import plain_typography

_MOST_KEPT_CHARS: Final = 100
_LIST_MARK: Final = re.compile(r"(?:[-*•>]\s+|#{1,6}\s+)+")
_AROUND: Final = "\"'`*_.,;:!“”„‘’‚«»‹› \t\n"
_BRACKETS: Final = (("(", ")"), ("[", "]"), ("<", ">"), ("{", "}"))
_INVISIBLE: Final = re.compile("[\u200b\u200c\u200d\u2060\ufeff\u00ad]")


class LabelParams(Params, frozen=True):
    """``field``: the key of a JSON answer that holds the label; "" where the answer is the label, or says what it is:
    ``Label: refund``, ``{"label": "refund"}``.

    ``labels``: what may be answered, so that anything else is told apart from a wrong label.
    """

    field: str = ""
    labels: list[str] = []
    casefold: bool = True


class Label:
    name = "label"
    version = "7"
    known_served = frozenset({"malformed_json", "unknown_label"})

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        rules = read_params(self.name, params, LabelParams)
        compared = [folded(label) if rules.casefold else label for label in rules.labels]
        if len(set(compared)) != len(compared):
            message = f"The check '{self.name}' lists a label twice."
            raise ConfigError(message, hint="remove one, or set casefold: false if case distinguishes labels.")

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        gold = fixture.expect.get("label")
        readable = isinstance(gold, str) and bool(gold)
        return unread_expectation(fixture, "label", readable=readable, what="expected label")

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, LabelParams)
        expected = case.fixture.expect.get("label")
        if not isinstance(expected, str):
            return [Verdict(self.name, self.version, "skip", reason="the fixture gives no expected label")]
        said = _said(case, rules)
        if said is None:
            return [self._unread(case, expected)]
        return [self._verdict(expected, said, rules)]

    def served_gap(self, params: Mapping[str, Any]) -> str:
        rules = read_params(self.name, params, LabelParams)
        return "" if rules.labels or rules.field else "it lists no labels"

    def judge_served(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, LabelParams)
        said = _said(case, rules)
        if said is None:
            return [self._unread(case, "")]
        label, got = _read(said, tuple(rules.labels), rules)
        if rules.labels and label is None:
            shown = _bare(got)[:100]
            reason = f"the answer is not a valid label: {shown!r}"
            return [Verdict(self.name, self.version, "fail", "unknown_label", reason, got=shown)]
        return [Verdict(self.name, self.version, "skip", reason="the expected label is unknown")]

    def _unread(self, case: GradeCase, expected: str) -> Verdict:
        reason = f"no readable label: {case.json.problem or 'the answer is JSON, but not an object'}"
        return Verdict(self.name, self.version, "fail", "malformed_json", reason, expected=expected)

    def _verdict(self, expected: str, said: Iterable[LabelSaid], rules: LabelParams) -> Verdict:
        label, got = _read(said, (*rules.labels, expected), rules)
        if label is not None and _folded(label, rules) == _folded(expected, rules):
            return Verdict(self.name, self.version, "pass", expected=expected, got=expected)
        shown = label or _bare(got)[:100]
        if rules.labels and label is None:
            reason = f"the answer is not a valid label: {shown!r}, expected {expected}"
            return Verdict(self.name, self.version, "fail", "unknown_label", reason, expected=expected, got=shown)
        reason = f"the label is {shown}, expected {expected}"
        return Verdict(self.name, self.version, "fail", "wrong_label", reason, expected=expected, got=shown)


def _read(said: Iterable[LabelSaid], labels: tuple[str, ...], rules: LabelParams) -> tuple[str | None, str]:
    """The first of ``labels`` that is said, None where none is; and the text that was last taken for one."""
    known = _known(labels, rules.casefold)
    whole = got = ""
    for place, (got, beside) in enumerate(said):
        if place == 0:
            whole = got
            if whole in labels:  # a label of marks, such as "+" beside "+.", is told by all of it first
                return whole, whole
        label = known.get(_folded(got, rules))
        if label is not None:
            rivals = {known.get(_folded(one, rules), label) for one in beside}
            return (label, got) if rivals <= {label} else (None, whole)
    return None, got


@lru_cache(maxsize=256)
def _known(labels: tuple[str, ...], casefold: bool) -> Mapping[str, str]:
    """Each label by how it is compared."""
    return {_fold.__wrapped__(label, casefold): label for label in labels}


def label_said(case: GradeCase, params: Mapping[str, Any]) -> str:
    """The label that an answer names, as the suite spells it where it knows it; "" where none can be read."""
    rules = read_params(Label.name, params, LabelParams)
    label, got = _read(_said(case, rules) or (), tuple(rules.labels), rules)
    return got if label is None else label


def _said(case: GradeCase, rules: LabelParams) -> Iterable[LabelSaid] | None:
    """What of the answer may be its label; None where a JSON answer cannot be read."""
    if not rules.field:
        return labels_said(case)
    answer = case.json
    if not answer.usable or not isinstance(answer.value, dict):
        return None
    value = answer.value.get(rules.field)
    return (LabelSaid((value if isinstance(value, str) else show_value(value)).strip()),)


def _bare(label: str) -> str:
    """A label without the marks that models put around it; one made of such marks alone is left as it is."""
    plain = _LIST_MARK.sub("", label.strip()).strip(_AROUND)
    for opening, closing in _BRACKETS:
        if plain.startswith(opening) and plain.endswith(closing):
            plain = plain[1:-1].strip(_AROUND)
    return plain or label.strip()


def _folded(label: str, rules: LabelParams) -> str:
    fold = _fold if len(label) <= _MOST_KEPT_CHARS else _fold.__wrapped__
    return fold(label, rules.casefold)


@lru_cache(maxsize=4096)  # a million answers name the same few labels
def _fold(label: str, casefold: bool) -> str:
    written = plain_typography(unicodedata.normalize("NFKC", _INVISIBLE.sub("", label)))
    plain = " ".join(_bare(written).split())
    return folded(plain) if casefold else plain


CHECKS.add(Label.name, Label())
