"""A promptfoo assertion that a model decides in, the rubric and the demand that a judge of milo-bench reads out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from milo_bench.config.written import Written, read_written

_SHOWS_ANSWER: Final = re.compile(r"\{\{-?\s*output\b")
LIKENESS_KEY: Final = "alike"
_ALIKE: Final = 0.75  # promptfoo's own threshold of 'similar'
# What the judge is told; {} is the assertion's value. Each of these needs one.
_WORDED: Final[Mapping[str, str]] = {
    "llm-rubric": "{}",
    "g-eval": "{}",
    "model-graded-closedqa": "The answer meets this criterion: {}",
    "factuality": "The facts of the answer agree with this: {}",
    "model-graded-factuality": "The facts of the answer agree with this: {}",
}
_FIXED: Final[Mapping[str, str]] = {
    "answer-relevance": "The answer answers the question in the input.",
    "context-faithfulness": "Every statement of the answer is supported by the context in the input.",
    "conversation-relevance": "The answer is relevant to the conversation in the input.",
    "is-refusal": "The answer refuses to do what was asked, or is empty.",
}
_SQL: Final[Mapping[str, str]] = {
    "is-sql": "The whole answer is valid SQL.",
    "contains-sql": "The answer is valid SQL, or contains a code block of valid SQL.",
}


@dataclass(frozen=True)
class JudgedBy:
    """``name`` is what the check ``judged`` calls the rubric; ``file`` is the rubric's own file."""

    name: str
    file: str

    @staticmethod
    def demands() -> JudgedBy:
        """The rubric that compares an answer with the demands that its fixture expects."""
        rubric = {
            "rubric": 1,
            "name": "meets_demands",
            "question": "Does the answer meet every one of the demands in the expectation?",
            "accept": "It meets each of the demands listed under 'demands'.",
            "reject": "It fails one of them, or it is empty.",
            "shows_expected": True,
        }
        return JudgedBy("meets_demands", yaml.safe_dump(rubric, sort_keys=False, allow_unicode=True, width=110))


def likeness(threshold: float | None) -> JudgedBy:
    """The rubric that compares embeddings, with that cosine as its least."""
    least = _ALIKE if threshold is None else max(-1.0, min(1.0, threshold))
    name = f"alike_{round(abs(least) * 100)}"
    rubric = {"rubric": 1, "name": name, "method": "likeness", "compare_with": LIKENESS_KEY, "at_least": least}
    return JudgedBy(name, yaml.safe_dump(rubric, sort_keys=False))


def rubric_text(written: Any) -> str:
    """What a judge's own prompt asks of the answer: its text, or the texts of its messages but for the answer's."""
    read: Any = written
    if isinstance(written, str) and written.lstrip().startswith(("[", "- ")):
        found = read_written(written, name="rubricPrompt", form="yaml-1.2")
        read = found.data if isinstance(found, Written) else written
    if isinstance(read, str):
        return str(read)
    texts = [one.get("content") for one in read if isinstance(one, Mapping)] if isinstance(read, list) else []
    return "\n".join(text for text in texts if isinstance(text, str) and not _SHOWS_ANSWER.search(text))


def judged_demand(kind: str, value: Any) -> list[str]:
    """What the assertion asks, in words that a judge reads; none for one that no judge decides."""
    if kind in _FIXED:
        return [_FIXED[kind]]
    if kind in _SQL:
        return [_SQL[kind], *_allowed_in_sql(value)]
    said = value if isinstance(value, list) else [value]
    if kind not in _WORDED or not all(isinstance(one, str) and one.strip() for one in said):
        return []
    return [_WORDED[kind].format(one.strip()) for one in said]


def _allowed_in_sql(value: Any) -> list[str]:
    """What else the assertion says of the SQL: its dialect, and the tables and columns that it may touch."""
    if not isinstance(value, Mapping):
        return []
    worded = {
        "databaseType": "It is SQL of this database: {}",
        "allowedTables": "It uses only these tables, as operation::database::table: {}",
        "allowedColumns": "It uses only these columns, as operation::table::column: {}",
    }
    said = {key: value[key] for key in worded if value.get(key)}
    listed = {key: ", ".join(map(str, one)) if isinstance(one, list) else str(one) for key, one in said.items()}
    return [worded[key].format(one) for key, one in listed.items()]
