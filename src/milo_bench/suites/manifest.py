"""The text of suite.yaml in, a checked manifest with the line of every key out; mistakes come back as problems."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

from pydantic import ConfigDict, Field, field_validator

from milo_bench.config.checked import Checked, CheckedFile, FileKind, Mistake, check_text
from milo_bench.config.written import Problem, read_text
from milo_bench.core.errors import ConfigError
from milo_bench.core.locale import parse_locale

MANIFEST_NAME = "suite.yaml"
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
QUESTION_PATTERN: Final = r"[a-z][a-z0-9_]{0,39}"
NO_QUESTIONS: Final = ("item", "workload", "input", "output", "reviewer", "comment")  # other columns of a sheet
LONGEST_QUESTION: Final = 300


class ChunksConfig(Checked):
    """How a long input is split, each part summarised, and the summaries merged. Prompts are files of the suite."""

    input: str
    max_words: int = Field(gt=0, le=1_000_000_000)
    part: str
    merge: str
    max_tokens: int = Field(default=512, gt=0, le=1_000_000_000)


class VariantConfig(Checked):
    """What a variant replaces of its workload; only the keys that are written count."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    title: str = ""
    prompt: str = ""
    answer_schema: str | dict[str, Any] | None = Field(default=None, alias="schema")
    max_tokens: int = Field(default=512, gt=0, le=1_000_000_000)
    temperature: float = Field(default=0.0, ge=0, le=2)
    stop: list[str] = []
    prepare: dict[str, Any] = {}
    resources: dict[str, Any] = {}
    chunks: ChunksConfig | None = None
    checks: list[str | dict[str, dict[str, Any] | None]] = []

    @field_validator("checks")
    @classmethod
    def _one_name_each(cls, checks: list[str | dict[str, dict[str, Any] | None]]) -> Any:
        for check in checks:
            if isinstance(check, dict) and len(check) != 1:
                said = "a check must have one name"
                raise Mistake(said, "write '- NAME', or '- NAME: {…}' with parameters.")
        return checks


class WorkloadConfig(VariantConfig):
    """One workload of suite.yaml. ``prompt`` and ``schema`` are files in the suite's folder."""

    prompt: str
    locale: str = ""
    variants: dict[str, VariantConfig] = {}

    @field_validator("locale")
    @classmethod
    def _known_locale(cls, locale: str) -> str:
        if not locale:
            return locale
        try:
            return str(parse_locale(locale))
        except ConfigError as error:
            raise Mistake(error.message.rstrip("."), error.hint) from None


class Manifest(CheckedFile):
    """suite.yaml as its author wrote it. ``seed`` is what the shipped fixtures were generated from.

    ``own_checks`` is a Python file in the suite's folder, with a function for each check of its own.
    """

    file_name: ClassVar[str] = MANIFEST_NAME

    model_config = ConfigDict(coerce_numbers_to_str=True)

    name: str = Field(pattern=NAME_PATTERN, description="letters, digits, '_', '-' and '.'")
    version: str = Field(json_schema_extra={"type": ["string", "number"]})
    title: str = ""
    description: str = ""
    license: str = ""
    source: str = ""
    fixtures: list[str] = Field(min_length=1)
    workloads: dict[str, WorkloadConfig] = Field(min_length=1)
    own_checks: str = ""
    review: dict[str, str] = Field(default={}, max_length=9)
    generator: str = ""
    seed: int = 0

    @field_validator("review")
    @classmethod
    def _plain_questions(cls, review: dict[str, str]) -> dict[str, str]:
        for name, ask in review.items():
            if not re.fullmatch(QUESTION_PATTERN, name) or name in NO_QUESTIONS:
                said = f"'{name[:60]}' cannot name a question of the review"
                raise Mistake(said, f"use small letters, digits and '_', and none of {', '.join(NO_QUESTIONS)}.")
            if not ask.strip() or len(ask) > LONGEST_QUESTION:
                said = f"the question '{name}' has no text, or too much"
                raise Mistake(said, f"say in up to {LONGEST_QUESTION} characters what a 5 means.")
        return review


# What each key of suite.yaml is for; the reference page is made of it.
MEANINGS: Final[Mapping[str, str]] = {
    "name": "name of the suite: letters, digits, `_`, `-` and `.`",
    "version": "text. Change it when fixtures or prompts change",
    "title": "shown on pages",
    "description": "what the suite measures",
    "license": "licence of its fixtures",
    "source": "where its fixtures come from",
    "fixtures": "fixture files in the suite's folder, one JSON object per line",
    "workloads": "the kinds of work, by name",
    "review": "what people score from 1 to 5, by name: what a 5 means. Without it, the built-in questions",
    "own_checks": "Python file in the suite's folder with checks of its own",
    "generator": "name of the generator that made the fixtures",
    "seed": "seed that the fixtures were made from",
    "locale": "language and country of the workload's texts, dates, numbers and amounts, such as `de-DE`",
    "prompt": "prompt file in the suite's folder",
    "schema": "JSON Schema of the answer: a file in the suite's folder, or the schema itself",
    "max_tokens": "most tokens of an answer",
    "temperature": "0 always takes the most likely token",
    "stop": "texts that end an answer",
    "prepare": "deterministic steps before the prompt, by name, with their parameters",
    "resources": "data for the prompt as `resources.NAME`: values, or .json, .jsonl, .yaml, .txt or .md files",
    "chunks": "splits a long input into parts, summarises each and merges the summaries",
    "input": "input of the fixtures that is split, such as `packet`",
    "max_words": "most words of a part. A shorter input is sent whole, with `prompt`",
    "part": "prompt file for one part",
    "merge": "prompt file that makes one answer of `prepared.parts`, the summaries in order",
    "checks": "checks of an answer: a name, or a name with parameters",
    "variants": "other prompts, schemas, checks or settings of the workload, by name",
}

SUITE_FILE: Final = FileKind(
    Manifest,
    start="start it with 'name:', 'version:', 'fixtures:' and 'workloads:'.",
    manual="docs/how-to/own-suite.md",
    where_from="make one with 'milo-bench suite import'.",
    texts=("name", "version"),
)


def read_manifest(path: Path) -> Manifest | list[Problem]:
    """The checked manifest at ``path``, or everything that is wrong with it."""
    text = read_text(path, where_from=SUITE_FILE.where_from)
    return [text] if isinstance(text, Problem) else check_text(text, SUITE_FILE, name=str(path))
