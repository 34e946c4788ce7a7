"""Graded attempts in, columns of numbers out: what gates, slices and replayed policies are worked out from.

A column holds one entry for each final attempt of one candidate (workload, target, variant,
decoding), so a million attempts need tens of megabytes, and any subset of rows can be measured.
No text of an answer is kept.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace
from numpy.typing import NDArray

from milo_bench.core.cases.facts import CaseFacts
from milo_bench.core.records import Attempt, Decoding, Fixture, Graded, JudgementVerdict, ModelJudgement, Price, Verdict
from milo_bench.core.records.judgements import JUDGED
from milo_bench.run.asked.alike import Contracts, find_alike
from milo_bench.stats.cases.cache import CacheRule
from milo_bench.stats.cases.keywords import KeywordColumn

Int8 = NDArray[np.int8]
NOT_JUDGED = -1
UNJUDGED = -2  # a check that was asked for could not read what it needs
UNKNOWN_WORDS = -1
UNSUPPORTED_CHECKS = frozenset({"unsupported_facts", "citation_support"})
POLICY_CHECKS = frozenset({"banned_commitments", "policy_text", "template_current", "unresolved_request"})
LABEL_CHECKS = frozenset({"label", "multiple_choice"})  # they record what was expected and what was given
# Columns that every row has, with the same meaning in every piece of a candidate.
PLAIN = (
    "fixture", "repeat", "retry", "outcome", "bypassed", "flagged", "unsupported", "policy_broken", "latency_s",
    "ttft_s", "cost_usd", "prompt_tokens", "output_tokens", "decode_tokens_per_s", "cut", "warm_latency_s",
    "warm_ttft_s", "cached_share",
)  # fmt: skip
_VERDICT: Final[Mapping[JudgementVerdict, int]] = {"accept": 1, "reject": 0, "unread": UNJUDGED, "failed": NOT_JUDGED}
_KNOWN_ANSWERS: Final = 4_096  # of one candidate, a kilobyte each
_FEW_VERDICTS: Final = 40  # answers with more are long, and seldom the same
COLUMNS = (*PLAIN, "failure_kind", "want", "got")


class FixtureTable(Struct, frozen=True):
    """What can be known of each fixture before any model answers; a fixture's place in ``ids`` is its number."""

    ids: tuple[str, ...]
    hashes: tuple[str, ...]
    workloads: tuple[str, ...]
    words: NDArray[np.int64]  # of all texts of the input
    sensitive: NDArray[np.bool_]
    keyword: NDArray[np.bool_] | KeywordColumn  # a keyword is in the input
    tags: Mapping[str, NDArray[np.bool_]]
    # The keyword sets of which each fixture has a word; empty: unknown which.
    keyword_sets: Mapping[str, NDArray[np.bool_] | KeywordColumn] = field(default_factory=dict)
    # The different facts of cases and each fixture's place in them; none: nothing is known of any case.
    case_kinds: tuple[CaseFacts, ...] = ()
    case: NDArray[np.int64] | None = None
    # The cluster of each fixture: the number of the first of its workload and group. None where each stands alone.
    group: NDArray[np.int32] | None = None

    def clusters(self, fixture: NDArray[np.int32]) -> NDArray[np.int32]:
        """The cluster of each row, from its fixture."""
        return fixture if self.group is None else self.group[fixture]

    def numbers(self) -> dict[str, int]:
        return {id: number for number, id in enumerate(self.ids)}


class Cases(Struct, frozen=True, dict=True):
    """All final attempts of one candidate in columns of equal length.

    ``outcome`` is 1 where the attempt passed, 0 where it did not, -1 where it failed (nothing to
    judge), -2 where a check could not judge the answer. ``held[check]``, ``fields[field]``, ``unsupported``
    and ``policy_broken`` are 1, 0, -1 (does not apply) or -2 (the check could not judge).
    ``parts[check]`` are (held, asked). ``want`` and ``got`` are places in ``labels``,
    -1 where there is none. Times are in seconds, infinite for a failure and NaN where no model was
    called, or the server took the prompt from a cache: those are in ``warm_latency_s`` and ``warm_ttft_s``.
    ``cached_share`` is of the prompt, NaN where the server does not say. ``cost_usd`` is NaN where no price is
    known. ``categories`` maps (check, category) to rows. ``judged[judge]`` is what a model judge recorded: 1 accepts,
    0 rejects, -1 nothing, -2 a verdict that could not be read; ``judges[judge]`` are the digests of who judged.
    ``judge_calls[judge]`` has prompt tokens, output tokens and seconds of the call, a row for each attempt.
    ``partly_unjudged[check]`` is 1 where the check judged one part of the answer and could not judge another.
    ``thinking`` is empty unless the model thought: then ``first_text_s``, seconds to the first text of the answer, is
    as ``ttft_s``, and ``reasoning_tokens`` is NaN where nobody counted them.
    """

    workload: str
    target: str
    variant: str
    decoding: Decoding
    fixture: NDArray[np.int32]
    repeat: NDArray[np.int16]
    retry: Int8
    outcome: Int8
    bypassed: NDArray[np.bool_]
    flagged: NDArray[np.bool_]
    unsupported: Int8
    policy_broken: Int8
    latency_s: NDArray[np.float64]
    ttft_s: NDArray[np.float64]
    cost_usd: NDArray[np.float64]
    prompt_tokens: NDArray[np.int32]
    output_tokens: NDArray[np.int32]
    decode_tokens_per_s: NDArray[np.float64]
    cut: NDArray[np.bool_]
    warm_latency_s: NDArray[np.float64]
    warm_ttft_s: NDArray[np.float64]
    cached_share: NDArray[np.float64]
    failure_kind: NDArray[np.int16]
    failure_kinds: tuple[str, ...]
    held: Mapping[str, Int8]
    fields: Mapping[str, Int8]
    parts: Mapping[str, tuple[NDArray[np.int32], NDArray[np.int32]]]
    labels: tuple[str, ...]
    want: NDArray[np.int16]
    got: NDArray[np.int16]
    categories: Mapping[tuple[str, str], NDArray[np.int64]]
    judged: Mapping[str, Int8] = field(default_factory=dict)
    judges: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    judge_calls: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    thinking: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    partly_unjudged: Mapping[str, Int8] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.fixture)

    @cached_property
    def expected(self) -> tuple[NDArray[np.int32], NDArray[np.int16]]:
        """The fixtures whose label the answers show, in order, and the place of each label in ``labels``."""
        known = self.want >= 0
        labels = np.full(int(self.fixture.max(initial=-1)) + 1, NOT_JUDGED, dtype=np.int16)
        labels[self.fixture[known]] = self.want[known]
        fixtures = np.flatnonzero(labels >= 0)
        return fixtures.astype(np.int32), labels[fixtures]

    def take(self, keep: NDArray[np.bool_]) -> Cases:
        """The rows where ``keep`` is true, in their order."""
        place = np.cumsum(keep) - 1
        columns = {name: getattr(self, name)[keep] for name in COLUMNS}
        return replace(
            self,
            **columns,
            held={check: column[keep] for check, column in self.held.items()},
            fields={name: column[keep] for name, column in self.fields.items()},
            parts={check: (held[keep], asked[keep]) for check, (held, asked) in self.parts.items()},
            categories={key: place[rows[keep[rows]]] for key, rows in self.categories.items()},
            judged={name: column[keep] for name, column in self.judged.items()},
            judge_calls={name: calls[keep] for name, calls in self.judge_calls.items()},
            thinking={name: values[keep] for name, values in self.thinking.items()},
            partly_unjudged={check: column[keep] for check, column in self.partly_unjudged.items()},
        )


class _Sparse:
    """A column of small whole numbers that many rows lack."""

    def __init__(self, kind: str = "b", missing: int = NOT_JUDGED) -> None:
        self._kind, self._missing = kind, missing
        self.values = array(kind)

    def put(self, row: int, value: int) -> None:
        gap = row - len(self.values)
        if gap > 0:
            self.values.extend([self._missing] * gap)
        if gap < 0:
            self.values[row] = value
        else:
            self.values.append(value)

    def get(self, row: int) -> int:
        return self.values[row] if row < len(self.values) else self._missing

    def column(self, rows: int, dtype: Any) -> NDArray[Any]:
        self.values.extend([self._missing] * (rows - len(self.values)))
        return np.array(self.values, dtype=dtype)


class _Entries(NamedTuple):
    """What some verdicts come to: a value for each of some columns, and the categories that get the row."""

    verdicts: tuple[Verdict, ...]
    values: tuple[tuple[_Sparse, int], ...]
    categories: tuple[array[int], ...]
    flagged: bool


class CasesBuilder(Struct):
    """Takes the final attempts of one candidate one at a time; a row each."""

    workload: str
    target: str
    variant: str
    decoding: Decoding
    price: Price | None = None
    cache: CacheRule = field(default_factory=CacheRule)
    fixture: array[int] = field(default_factory=lambda: array("i"))
    repeat: array[int] = field(default_factory=lambda: array("h"))
    retry: array[int] = field(default_factory=lambda: array("b"))
    outcome: array[int] = field(default_factory=lambda: array("b"))
    bypassed: array[int] = field(default_factory=lambda: array("b"))
    flagged: array[int] = field(default_factory=lambda: array("b"))
    times: array[float] = field(
        default_factory=lambda: array("d")
    )  # latency, ttft, cost, decoding speed, then warm latency and ttft, cached share a row
    tokens: array[int] = field(default_factory=lambda: array("i"))  # prompt, output a row
    cut: array[int] = field(default_factory=lambda: array("b"))
    sparse: dict[str, _Sparse] = field(default_factory=dict)
    partly: dict[str, _Sparse] = field(default_factory=dict)
    fields: dict[str, _Sparse] = field(default_factory=dict)
    parts: dict[str, tuple[_Sparse, _Sparse]] = field(default_factory=dict)
    unsupported: _Sparse = field(default_factory=_Sparse)
    policy_broken: _Sparse = field(default_factory=_Sparse)
    labels: dict[str, int] = field(default_factory=dict)
    want: _Sparse = field(default_factory=lambda: _Sparse("h"))
    got: _Sparse = field(default_factory=lambda: _Sparse("h"))
    kinds: dict[str, int] = field(default_factory=dict)
    failure: _Sparse = field(default_factory=lambda: _Sparse("h"))
    categories: dict[tuple[str, str], array[int]] = field(default_factory=dict)
    judged: dict[str, _Sparse] = field(default_factory=dict)
    judges: dict[str, dict[str, None]] = field(default_factory=dict)
    judge_calls: dict[str, dict[int, tuple[float, float, float]]] = field(default_factory=dict)
    first_text: dict[int, float] = field(default_factory=dict)
    reasoning: dict[int, int] = field(default_factory=dict)
    known: dict[int, _Entries] = field(default_factory=dict)  # by the identity of the verdicts, which it keeps

    def judge(self, judgements: Mapping[str, ModelJudgement]) -> None:
        """What model judges recorded of the attempt that was added last, by the judge's name."""
        for name, judgement in judgements.items():
            self.judged.setdefault(name, _Sparse()).put(len(self.fixture) - 1, _VERDICT[judgement.verdict])
            self.judges.setdefault(name, {})[judgement.judge] = None
            call = (float(judgement.prompt_tokens), float(judgement.output_tokens), judgement.took_s)
            self.judge_calls.setdefault(name, {})[len(self.fixture) - 1] = call

    def add(self, attempt: Attempt, graded: Graded, number: int) -> None:
        """One attempt on the fixture with that number: the last retry of its key."""
        row = len(self.fixture)
        failure = attempt.failure
        self.fixture.append(number)
        self.repeat.append(attempt.key.repeat)
        self.retry.append(attempt.key.retry)
        unjudged = failure is None and graded.passed is None
        self.outcome.append(NOT_JUDGED if failure is not None else UNJUDGED if unjudged else int(graded.passed is True))
        self.bypassed.append(bool(attempt.bypass))
        self._times(attempt)
        self._thinking(row, attempt)
        self.cut.append(failure is None and not attempt.bypass and attempt.finish_reason == "length")
        if failure is not None:
            self.failure.put(row, self.kinds.setdefault(failure.kind, len(self.kinds)))
            self.flagged.append(False)
            return
        self.flagged.append(self._verdicts(row, graded.verdicts))

    def _times(self, attempt: Attempt) -> None:
        usage, nan = attempt.usage, float("nan")
        prompt, output = usage.prompt_tokens, usage.completion_tokens
        if attempt.bypass:
            self.times.extend((nan,) * 7)
        elif attempt.source is not None:
            self.times.extend(
                (nan, nan, self._cost(prompt, output), nan, nan, nan, nan)
            )  # another client's times are not ours
        elif attempt.failure is not None:
            self.times.extend((float("inf"), float("inf"), nan, nan, nan, nan, nan))
        else:
            times, cost = attempt.timings, self._cost(prompt, output)
            first_s, ended_s = times.first_content_s, times.ended_s
            latency = ended_s - times.intended_s
            ttft = latency if first_s is None else first_s - times.intended_s
            decode_s = 0.0 if first_s is None else ended_s - first_s
            # The first token's time belongs to the prompt, so it is counted in neither.
            speed = (output - 1) / decode_s if output is not None and output > 1 and decode_s > 0 else nan
            if attempt.in_blocks:
                ttft = speed = nan  # of a proxy's buffer, not of the server
            share = self.cache.share(attempt)
            if self.cache.is_warm(attempt, share):
                self.times.extend((nan, nan, cost, speed, latency, ttft, share))
            else:
                self.times.extend((latency, ttft, cost, speed, nan, nan, share))
        self.tokens.append(NOT_JUDGED if prompt is None else prompt)
        self.tokens.append(NOT_JUDGED if output is None else output)

    def _thinking(self, row: int, attempt: Attempt) -> None:
        times, tokens = attempt.timings, attempt.usage.reasoning_tokens
        if tokens:
            self.reasoning[row] = tokens
        if times.first_text_s is None:
            return
        is_ours = attempt.failure is None and attempt.source is None and not attempt.in_blocks
        if is_ours and not self.cache.is_warm(attempt):
            self.first_text[row] = times.first_text_s - times.intended_s

    def _thought(self, ttft_s: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """The columns of thinking, where any answer had some: an answer without it began with its first token."""
        found = {}
        if self.first_text:
            found["first_text_s"] = ttft_s.copy()
            found["first_text_s"][list(self.first_text)] = list(self.first_text.values())
        if self.reasoning:
            found["reasoning_tokens"] = np.full(len(ttft_s), np.nan)
            found["reasoning_tokens"][list(self.reasoning)] = list(self.reasoning.values())
        return found

    def _cost(self, prompt: int | None, output: int | None) -> float:
        if self.price is None or prompt is None or output is None:
            return float("nan")
        return (prompt * self.price.input_usd_per_mtok + output * self.price.output_usd_per_mtok) / 1e6

    def _verdicts(self, row: int, verdicts: tuple[Verdict, ...]) -> bool:
        """Equal answers to one fixture share their verdicts, and what those come to in each column."""
        entries = self.known.get(id(verdicts))
        if entries is None or entries.verdicts is not verdicts:
            entries = self._entries(verdicts)
            if len(verdicts) <= _FEW_VERDICTS:
                if len(self.known) >= _KNOWN_ANSWERS:
                    self.known.clear()
                self.known[id(verdicts)] = entries
        for column, value in entries.values:
            column.put(row, value)
        for rows in entries.categories:
            rows.append(row)
        return entries.flagged

    def _entries(self, verdicts: tuple[Verdict, ...]) -> _Entries:
        flagged = looked = False
        values: list[tuple[_Sparse, int]] = []
        held_by_check: dict[str, bool] = {}
        unread_by: dict[str, None] = {}  # those that are unjudged, in order: a set has another one in each process
        parts: dict[str, tuple[int, int]] = {}
        fields: dict[str, bool] = {}
        categories: dict[tuple[str, str], array[int]] = {}
        labels: tuple[int, int] | None = None
        for verdict in verdicts:
            outcome, check = verdict.outcome, verdict.check
            if check == JUDGED:
                continue  # what a model said is in ``judged``, and enters no rate as it is
            looked |= check in UNSUPPORTED_CHECKS
            if outcome == "unjudged":
                unread_by[check] = None
            if verdict.parts is not None and verdict.parts > 0:
                # Of several counts in one check, each has a subject.
                part = f"{check}.{verdict.subject}" if verdict.subject else check
                held_parts, asked_parts = parts.get(part, (0, 0))
                parts[part] = (held_parts + (verdict.parts_held or 0), asked_parts + verdict.parts)
            if outcome in ("skip", "unjudged"):
                continue
            held = outcome == "pass"
            flagged |= outcome == "flag"
            held_by_check[check] = held_by_check.get(check, True) and held
            if not held:
                category = (check, verdict.category or ("flagged" if outcome == "flag" else "failed"))
                categories[category] = self.categories.setdefault(category, array("q"))
            if outcome == "flag":
                continue
            if verdict.subject and check == "exact_fields":
                fields[verdict.subject] = held
            if check in LABEL_CHECKS:
                want = self.labels.setdefault(verdict.expected, len(self.labels))
                labels = want, self.labels.setdefault(verdict.got, len(self.labels))
        for part, counts in parts.items():
            columns = self.parts.setdefault(part, (_Sparse("i", 0), _Sparse("i", 0)))
            values += zip(columns, counts, strict=True)
        values += [(self.fields.setdefault(name, _Sparse()), held) for name, held in fields.items()]
        if labels is not None:
            values += zip((self.want, self.got), labels, strict=True)
        values += [(self.sparse.setdefault(check, _Sparse()), held) for check, held in held_by_check.items()]
        values += [(self.partly.setdefault(check, _Sparse()), 1) for check in unread_by if check in held_by_check]
        unjudged = [check for check in unread_by if check not in held_by_check]
        values += [(self.sparse.setdefault(check, _Sparse()), UNJUDGED) for check in unjudged]
        if looked:
            # Such a check skips where it finds nothing; the answer was looked at all the same.
            wrong = any(not held_by_check[check] for check in held_by_check.keys() & UNSUPPORTED_CHECKS)
            unseen = not UNSUPPORTED_CHECKS.isdisjoint(unjudged)
            values.append((self.unsupported, UNJUDGED if unseen and not wrong else wrong))
        policies = held_by_check.keys() & POLICY_CHECKS
        unread = not POLICY_CHECKS.isdisjoint(unjudged)
        if policies or unread:
            wrong = not all(held_by_check[check] for check in policies)
            values.append((self.policy_broken, UNJUDGED if unread and not wrong else wrong))
        return _Entries(verdicts, tuple(values), tuple(categories.values()), flagged)

    def build(self) -> Cases:
        rows = len(self.fixture)
        times = np.frombuffer(self.times, dtype=np.float64).reshape(rows, 7)
        tokens = np.frombuffer(self.tokens, dtype=np.int32).reshape(rows, 2)
        return Cases(
            workload=self.workload,
            target=self.target,
            variant=self.variant,
            decoding=self.decoding,
            fixture=np.array(self.fixture, dtype=np.int32),
            repeat=np.array(self.repeat, dtype=np.int16),
            retry=np.array(self.retry, dtype=np.int8),
            outcome=np.array(self.outcome, dtype=np.int8),
            bypassed=np.array(self.bypassed, dtype=np.bool_),
            flagged=np.array(self.flagged, dtype=np.bool_),
            unsupported=self.unsupported.column(rows, np.int8),
            policy_broken=self.policy_broken.column(rows, np.int8),
            latency_s=times[:, 0].copy(),
            ttft_s=times[:, 1].copy(),
            cost_usd=times[:, 2].copy(),
            prompt_tokens=tokens[:, 0].copy(),
            output_tokens=tokens[:, 1].copy(),
            decode_tokens_per_s=times[:, 3].copy(),
            warm_latency_s=times[:, 4].copy(),
            warm_ttft_s=times[:, 5].copy(),
            cached_share=times[:, 6].copy(),
            cut=np.array(self.cut, dtype=np.bool_),
            failure_kind=self.failure.column(rows, np.int16),
            failure_kinds=tuple(self.kinds),
            held={check: column.column(rows, np.int8) for check, column in self.sparse.items()},
            fields={name: column.column(rows, np.int8) for name, column in self.fields.items()},
            parts={
                check: (held.column(rows, np.int32), asked.column(rows, np.int32))
                for check, (held, asked) in self.parts.items()
            },
            labels=tuple(self.labels),
            want=self.want.column(rows, np.int16),
            got=self.got.column(rows, np.int16),
            categories={key: np.array(rows_, dtype=np.int64) for key, rows_ in self.categories.items()},
            judged={name: column.column(rows, np.int8) for name, column in self.judged.items()},
            judges={name: tuple(digests) for name, digests in self.judges.items()},
            judge_calls={
                name: np.array([calls.get(row, (0.0, 0.0, 0.0)) for row in range(rows)], dtype=np.float64)
                for name, calls in self.judge_calls.items()
            },
            thinking=self._thought(times[:, 1]),
            partly_unjudged={check: column.column(rows, np.int8) for check, column in self.partly.items()},
        )


class RepeatedAttempt(ValueError):
    """One attempt is in the columns twice; ``fixture`` is the number of its fixture."""

    def __init__(self, fixture: int) -> None:
        super().__init__("the same attempt is in the columns twice")
        self.fixture = fixture


def final_retries(cases: Cases) -> Cases:
    """Only the last retry of each fixture and repeat. Raises RepeatedAttempt."""
    key = cases.fixture.astype(np.int64) << 16 | cases.repeat.astype(np.int64)
    order = np.lexsort((cases.retry, key))
    same = key[order][1:] == key[order][:-1]
    twice = np.flatnonzero(same & (cases.retry[order][1:] == cases.retry[order][:-1]))
    if len(twice):
        raise RepeatedAttempt(int(cases.fixture[order][twice[0]]))
    keep = np.ones(len(cases), dtype=np.bool_)
    keep[order[:-1][same]] = False
    return cases if keep.all() else cases.take(keep)


def fixture_table(
    fixtures: Sequence[Fixture],
    *,
    words: Sequence[int] | None = None,
    keyword: Sequence[bool] | KeywordColumn | None = None,
    keyword_sets: Mapping[str, KeywordColumn] | None = None,
    cases: Sequence[CaseFacts] | None = None,
    contracts: Contracts | None = None,
    same_as: Mapping[str, str] | None = None,
) -> FixtureTable:
    """The table of ``fixtures``; without ``words`` and keywords, slices of length and routing know neither.

    ``contracts`` say what a model was asked, so which fixtures are one cluster; without them, the whole input does.
    ``same_as`` names fixtures, by id, that were alike to others when their texts were still there.
    """
    tags = dict.fromkeys(tag for fixture in fixtures for tag in fixture.tags)
    alike = find_alike(fixtures, contracts, same_as=same_as)
    kinds = {kind: place for place, kind in enumerate(dict.fromkeys(cases or ()))}
    return FixtureTable(
        ids=tuple(fixture.id for fixture in fixtures),
        hashes=tuple(fixture.hash for fixture in fixtures),
        workloads=tuple(fixture.workload for fixture in fixtures),
        words=np.array([UNKNOWN_WORDS] * len(fixtures) if words is None else words, dtype=np.int64),
        sensitive=np.array([fixture.sensitive for fixture in fixtures], dtype=np.bool_),
        keyword=keyword
        if isinstance(keyword, KeywordColumn)
        else np.array([False] * len(fixtures) if keyword is None else keyword, dtype=np.bool_),
        tags={tag: np.array([tag in fixture.tags for fixture in fixtures], dtype=np.bool_) for tag in tags},
        keyword_sets=dict(keyword_sets or {}),
        case_kinds=tuple(kinds),
        case=None if cases is None else np.array([kinds[kind] for kind in cases], dtype=np.int64),
        group=None if alike == list(range(len(fixtures))) else np.array(alike, dtype=np.int32),
    )
